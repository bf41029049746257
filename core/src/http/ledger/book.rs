//! Who has how many connections, and who waits: no lock, no clock, no task.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::connect::ReuseKey;

/// Where a key has no bound of its own, it has at most so many times as many as are left.
const SHARE: usize = 7;
/// Where nothing is said of it, the queue has so many places, however few connections there may be.
const LEAST_QUEUE: usize = 1_024;

/// A number of connections that may be open, and how many are.
#[derive(Debug)]
pub(super) struct Total {
    pub(super) most: AtomicUsize,
    pub(super) open: AtomicUsize,
}

impl Total {
    pub(super) const fn new(most: usize) -> Self {
        Self { most: AtomicUsize::new(most), open: AtomicUsize::new(0) }
    }

    fn left(&self) -> usize {
        self.most.load(Ordering::Relaxed).saturating_sub(self.open.load(Ordering::Relaxed))
    }

    fn take(&self) -> bool {
        let most = self.most.load(Ordering::Relaxed);
        let more = |open: usize| (open < most).then_some(open + 1);
        self.open.fetch_update(Ordering::AcqRel, Ordering::Relaxed, more).is_ok()
    }

    /// Counts one that is not bounded here.
    pub(super) fn note(&self) {
        self.open.fetch_add(1, Ordering::AcqRel);
    }

    pub(super) fn give_back(&self) {
        self.open.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Whether a key may have another connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Verdict {
    Yes,
    /// It has as many as it may.
    KeyFull,
    /// It may, but there is none: one at rest would have to go.
    TotalFull,
}

/// Counts by key, and queues.
#[derive(Debug)]
pub(super) struct Book<W> {
    per_key: Option<usize>,
    most_waiting: Option<usize>,
    keys: HashMap<ReuseKey, Entry<W>>,
    open: usize,
    waiting: usize,
    turn: u64,
}

#[derive(Debug)]
struct Entry<W> {
    open: usize,
    queue: VecDeque<(u64, W)>,
}

impl<W> Default for Entry<W> {
    fn default() -> Self {
        Self { open: 0, queue: VecDeque::new() }
    }
}

impl<W> Book<W> {
    pub(super) fn new(per_key: Option<usize>, most_waiting: Option<usize>) -> Self {
        Self { per_key, most_waiting, keys: HashMap::new(), open: 0, waiting: 0, turn: 0 }
    }

    /// Open connections.
    pub(super) const fn open(&self) -> usize {
        self.open
    }

    /// Those who wait.
    pub(super) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// Those who wait for this key.
    pub(super) fn waiting_for(&self, key: &ReuseKey) -> usize {
        self.keys.get(key).map_or(0, |entry| entry.queue.len())
    }

    /// Whether this key may have another connection, where so many of all rest.
    pub(super) fn verdict(&self, key: &ReuseKey, total: &Total, resting: usize) -> Verdict {
        self.judge(self.keys.get(key).map_or(0, |entry| entry.open), total, resting)
    }

    fn judge(&self, open: usize, total: &Total, resting: usize) -> Verdict {
        let left = total.left();
        let may = match self.per_key {
            Some(most) => open < most,
            // What rests can go: it is left, too. If there is none, it depends on who has none.
            None => open < SHARE.saturating_mul(left.saturating_add(resting).max(1)),
        };
        match (may, left) {
            (false, _) => Verdict::KeyFull,
            (true, 0) => Verdict::TotalFull,
            (true, _) => Verdict::Yes,
        }
    }

    /// One more connection for a newcomer, if its key may and nobody was before it.
    pub(super) fn open_now(&mut self, key: &ReuseKey, total: &Total, resting: usize) -> Verdict {
        if self.waiting_for(key) > 0 {
            return Verdict::KeyFull;
        }
        match self.verdict(key, total, resting) {
            Verdict::Yes if self.open_one(key, total) => Verdict::Yes,
            Verdict::Yes => Verdict::TotalFull,
            other => other,
        }
    }

    fn open_one(&mut self, key: &ReuseKey, total: &Total) -> bool {
        let opened = total.take();
        if opened {
            self.keys.entry(key.clone()).or_default().open += 1;
            self.open += 1;
        }
        opened
    }

    /// One connection less. Somebody may be next.
    pub(super) fn closed(&mut self, key: &ReuseKey, total: &Total) {
        total.give_back();
        self.open -= 1;
        if let Some(entry) = self.keys.get_mut(key) {
            entry.open -= 1;
        }
        self.forget_if_empty(key);
    }

    /// A place in the queue; gives the waiter back if there is none.
    pub(super) fn enqueue(&mut self, key: &ReuseKey, waiter: W, total: &Total) -> Result<u64, W> {
        let most = self.most_waiting.unwrap_or_else(|| total.most.load(Ordering::Relaxed).max(LEAST_QUEUE));
        let left = most.saturating_sub(self.waiting);
        if left == 0 || self.waiting_for(key) >= SHARE.saturating_mul(left) {
            return Err(waiter);
        }
        self.turn += 1;
        self.waiting += 1;
        self.keys.entry(key.clone()).or_default().queue.push_back((self.turn, waiter));
        Ok(self.turn)
    }

    /// Leaves the queue; `None` if its turn has come already.
    pub(super) fn leave(&mut self, key: &ReuseKey, turn: u64) -> Option<W> {
        let entry = self.keys.get_mut(key)?;
        let at = entry.queue.binary_search_by_key(&turn, |(turn, _)| *turn).ok()?;
        let left = entry.queue.remove(at);
        self.waiting -= 1;
        self.forget_if_empty(key);
        left.map(|(_, waiter)| waiter)
    }

    /// Who waits first for this key.
    pub(super) fn first_of(&self, key: &ReuseKey) -> Option<&W> {
        self.keys.get(key)?.queue.front().map(|(_, waiter)| waiter)
    }

    /// Takes that one out of the queue: it has what it waited for.
    pub(super) fn pop_first_of(&mut self, key: &ReuseKey) -> Option<W> {
        let (turn, _) = self.keys.get(key)?.queue.front()?;
        self.leave(key, *turn)
    }

    /// The first of those who can have another connection, which is counted.
    ///
    /// Cost: O(1) if nobody waits, O(keys) if some do.
    pub(super) fn open_next(&mut self, total: &Total, resting: usize) -> Option<(ReuseKey, W)> {
        if self.waiting == 0 {
            return None;
        }
        let key = self.first_with(Verdict::Yes, total, resting)?;
        if !self.open_one(&key, total) {
            return None;
        }
        let waiter = self.pop_first_of(&key)?;
        Some((key, waiter))
    }

    /// Whether somebody waits who would be next if one at rest went.
    pub(super) fn is_short(&self, total: &Total, resting: usize) -> bool {
        self.waiting > 0 && self.first_with(Verdict::TotalFull, total, resting).is_some()
    }

    fn first_with(&self, verdict: Verdict, total: &Total, resting: usize) -> Option<ReuseKey> {
        let turn = |entry: &Entry<W>| entry.queue.front().map(|(turn, _)| *turn);
        let fitting = self
            .keys
            .iter()
            .filter(|(_, entry)| !entry.queue.is_empty() && self.judge(entry.open, total, resting) == verdict);
        fitting.min_by_key(|(_, entry)| turn(entry)).map(|(key, _)| key.clone())
    }

    fn forget_if_empty(&mut self, key: &ReuseKey) {
        if self.keys.get(key).is_some_and(|entry| entry.open == 0 && entry.queue.is_empty()) {
            self.keys.remove(key);
        }
    }
}

#[cfg(test)]
mod tests;
