//! Numbered places that are used again, and lists through them.

/// Values in numbered places. A place that is left is the next to be filled.
#[derive(Debug)]
pub(crate) struct Slots<T> {
    places: Vec<Option<T>>,
    free: Vec<u32>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slots<T> {
    /// Values beyond the 2^32 - 1st would have no number; the bounds of a pool keep far below.
    pub(crate) fn insert(&mut self, value: T) -> u32 {
        if let Some(at) = self.free.pop() {
            self.places[at as usize] = Some(value);
            return at;
        }
        self.places.push(Some(value));
        u32::try_from(self.places.len() - 1).unwrap_or(NOWHERE)
    }

    pub(crate) fn remove(&mut self, at: u32) -> Option<T> {
        let value = self.places.get_mut(at as usize)?.take()?;
        self.free.push(at);
        Some(value)
    }

    pub(crate) fn get(&self, at: u32) -> Option<&T> {
        self.places.get(at as usize)?.as_ref()
    }

    pub(crate) fn get_mut(&mut self, at: u32) -> Option<&mut T> {
        self.places.get_mut(at as usize)?.as_mut()
    }

    pub(crate) fn len(&self) -> usize {
        self.places.len() - self.free.len()
    }

    /// One more than the highest number ever in use.
    pub(crate) fn end(&self) -> u32 {
        u32::try_from(self.places.len()).unwrap_or(NOWHERE)
    }

    /// Whether so few of many places are filled that moving together pays.
    pub(crate) fn is_sparse(&self) -> bool {
        self.places.len() > SMALL && self.len() * 4 < self.places.len()
    }
}

/// Which of the lists through an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chain {
    /// All entries of a shard.
    Shard = 0,
    /// The entries of one key.
    Key = 1,
}

/// The neighbours of an entry in each list.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Links([Pair; 2]);

/// The two ends of a list; the newest entry was put last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ends {
    pair: Pair,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Pair {
    older: u32,
    newer: u32,
}

impl Default for Pair {
    fn default() -> Self {
        Self { older: NOWHERE, newer: NOWHERE }
    }
}

/// What can be an element of the lists.
pub(crate) trait Linked {
    fn links(&mut self) -> &mut Links;
}

impl Links {
    pub(crate) fn older(&self, chain: Chain) -> u32 {
        self.0[chain as usize].older
    }

    pub(crate) fn newer(&self, chain: Chain) -> u32 {
        self.0[chain as usize].newer
    }
}

impl Ends {
    // An end has no neighbour beyond it, so its pair is free to point inwards: `newer` at the oldest entry.
    pub(crate) fn newest(&self) -> u32 {
        self.pair.older
    }

    pub(crate) fn oldest(&self) -> u32 {
        self.pair.newer
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.newest() == NOWHERE
    }

    pub(crate) fn push<T: Linked>(&mut self, slots: &mut Slots<T>, chain: Chain, at: u32) {
        let before = self.newest();
        *self.pair_of(slots, chain, at) = Pair { older: before, newer: NOWHERE };
        self.pair_of(slots, chain, before).newer = at;
        self.pair.older = at;
    }

    pub(crate) fn unlink<T: Linked>(&mut self, slots: &mut Slots<T>, chain: Chain, at: u32) {
        let Pair { older, newer } = *self.pair_of(slots, chain, at);
        self.pair_of(slots, chain, older).newer = newer;
        self.pair_of(slots, chain, newer).older = older;
    }

    /// The pair of an entry, or that of the list itself beyond its ends.
    fn pair_of<'a, T: Linked>(&'a mut self, slots: &'a mut Slots<T>, chain: Chain, at: u32) -> &'a mut Pair {
        match slots.get_mut(at) {
            Some(entry) => &mut entry.links().0[chain as usize],
            None => &mut self.pair,
        }
    }
}

/// No place has this number.
pub(crate) const NOWHERE: u32 = u32::MAX;
/// Not worth moving together.
const SMALL: usize = 64;

#[cfg(test)]
mod tests;
