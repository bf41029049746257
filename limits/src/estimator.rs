//! Counting more keys than there are counters.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

/// A count-min sketch: `rows` × `slots` counters, and each key counts in one slot of every row.
///
/// The smallest of a key's counters is its estimate. Others may count in the same slots, so it is never below the
/// true count; it is above by more than `e / slots` of all that was counted with a probability of `e^-rows`.
/// (Cormode and Muthukrishnan, 2005.) The hash is secret, so that nobody can aim at somebody else's slots.
#[derive(Debug)]
pub struct Estimator {
    rows: Box<[Box<[AtomicU64]>]>,
    hasher: RandomState,
}

/// The slots of one key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place(u64);

impl Estimator {
    /// So many rows and slots, of each at least one; `rows * slots * 8` octets.
    pub fn new(rows: usize, slots: usize) -> Self {
        let row = || (0..slots.max(1)).map(|_| AtomicU64::new(0)).collect();
        Self { rows: (0..rows.max(1)).map(|_| row()).collect(), hasher: RandomState::new() }
    }

    /// Counts `n` for `key` and gives the new estimate. A counter that is full stays full.
    pub fn add<K: Hash + ?Sized>(&self, key: &K, n: u64) -> u64 {
        self.add_at(self.place_of(key), n)
    }

    /// Takes `n` back that was counted before, and gives the new estimate.
    pub fn subtract<K: Hash + ?Sized>(&self, key: &K, n: u64) -> u64 {
        self.subtract_at(self.place_of(key), n)
    }

    /// What was counted for `key`, or more.
    pub fn estimate<K: Hash + ?Sized>(&self, key: &K) -> u64 {
        self.estimate_at(self.place_of(key))
    }

    /// Sets all counters to 0. What is counted at the same time may be lost.
    pub fn reset(&self) {
        self.rows.iter().flatten().for_each(|counter| counter.store(0, Ordering::Relaxed));
    }

    pub(crate) fn place_of<K: Hash + ?Sized>(&self, key: &K) -> Place {
        Place(self.hasher.hash_one(key))
    }

    /// Counts `n` in every row before it looks at any: of several that do this together, the last to have counted sees all of them.
    ///
    /// A row that is looked at while it is counted in tells of those who counted there before; another, that has not yet
    /// come to a later row, may take that one for free in the same moment. All of this is in one order (`SeqCst`): who
    /// counts first in one row and last in another would otherwise miss the other in one, and be missed in the other.
    pub(crate) fn add_at(&self, place: Place, n: u64) -> u64 {
        self.smallest(place, |counter| change(counter, |count| count.saturating_add(n)));
        self.estimate_at(place)
    }

    pub(crate) fn subtract_at(&self, place: Place, n: u64) -> u64 {
        self.smallest(place, |counter| change(counter, |count| count.saturating_sub(n)))
    }

    pub(crate) fn estimate_at(&self, place: Place) -> u64 {
        self.smallest(place, |counter| counter.load(Ordering::SeqCst))
    }

    fn smallest(&self, place: Place, visit: impl Fn(&AtomicU64) -> u64) -> u64 {
        let each = self.rows.iter().zip(0..).map(|(row, number)| visit(&row[place.slot(number, row.len())]));
        each.min().unwrap_or(0)
    }
}

impl Place {
    /// Two halves of one hash give as many as are needed. (Kirsch and Mitzenmacher, 2006.)
    fn slot(self, row: u32, slots: usize) -> usize {
        let (first, step) = (self.0 as u32, (self.0 >> 32) as u32 | 1);
        let mixed = u64::from(first.wrapping_add(step.wrapping_mul(row)));
        // Multiplying maps 32 bits evenly to any number of slots.
        usize::try_from((u128::from(mixed) * slots as u128) >> u32::BITS).unwrap_or(0)
    }
}

fn change(counter: &AtomicU64, to: impl Fn(u64) -> u64) -> u64 {
    let mut count = counter.load(Ordering::Relaxed);
    loop {
        let changed = to(count);
        match counter.compare_exchange_weak(count, changed, Ordering::SeqCst, Ordering::Relaxed) {
            Ok(_) => return changed,
            Err(now) => count = now,
        }
    }
}

#[cfg(test)]
mod tests;
