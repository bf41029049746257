//! How much is going on at the same time, per key.

use std::hash::Hash;
use std::sync::Arc;

use crate::Estimator;
use crate::estimator::Place;

/// Counts what is in flight for each key. Clones count together.
#[derive(Clone, Debug)]
pub struct Inflight {
    estimator: Arc<Estimator>,
}

/// Something in flight; it counts until this is dropped, on whatever thread.
#[derive(Debug)]
#[must_use = "what is dropped at once is not in flight"]
pub struct Guard {
    estimator: Arc<Estimator>,
    place: Place,
    n: u64,
}

impl Inflight {
    /// Four rows of 8,192 counters: 256 KiB; exact until thousands of keys are in flight at once.
    pub fn new() -> Self {
        Self::with_estimator(Estimator::new(4, 8_192))
    }

    /// In a table of another size.
    pub fn with_estimator(estimator: Estimator) -> Self {
        Self { estimator: Arc::new(estimator) }
    }

    /// Counts `n` for `key` until the guard is dropped; gives also how much is in flight now, this included.
    pub fn enter<K: Hash + ?Sized>(&self, key: &K, n: u64) -> (Guard, u64) {
        let place = self.estimator.place_of(key);
        let estimate = self.estimator.add_at(place, n);
        (Guard { estimator: self.estimator.clone(), place, n }, estimate)
    }

    /// Counts `n` for `key` unless there would be more than `most` in flight.
    ///
    /// Gives:   `None`: nothing is counted. Of several that come at the same moment and do not all fit, some or none
    ///          may be let in, never too many.
    pub fn admit<K: Hash + ?Sized>(&self, key: &K, n: u64, most: u64) -> Option<Guard> {
        let (guard, estimate) = self.enter(key, n);
        (estimate <= most).then_some(guard)
    }

    /// How much is in flight for `key`, or more.
    pub fn estimate<K: Hash + ?Sized>(&self, key: &K) -> u64 {
        self.estimator.estimate(key)
    }
}

impl Default for Inflight {
    fn default() -> Self {
        Self::new()
    }
}

impl Guard {
    /// How much is in flight for the same key now, this included.
    pub fn estimate(&self) -> u64 {
        self.estimator.estimate_at(self.place)
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.estimator.subtract_at(self.place, self.n);
    }
}

#[cfg(test)]
mod tests;
