//! A bound that many hold together without meeting at one counter.
//!
//! Every connection at rest holds a permit. Holders (a shard, or a key's bucket in a shard) borrow permits in
//! batches and keep a few when a connection is taken, because it mostly comes back. So the permits lent out are an
//! upper bound of what rests, exactly, and the shared counter is touched once in a batch. Who finds it at zero
//! calls the spare ones of the others in before anything is evicted.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The permits that nobody holds.
#[derive(Debug)]
pub(crate) struct Quota {
    free: AtomicUsize,
    batch: usize,
}

/// The permits that a holder has and does not use.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Spare(usize);

impl Quota {
    /// `limit` permits for about `holders` holders.
    pub(crate) fn new(limit: usize, holders: usize) -> Self {
        let batch = (limit / holders.max(1) / 8).clamp(1, LARGEST_BATCH);
        Self { free: AtomicUsize::new(limit), batch }
    }

    fn lend(&self) -> usize {
        let take = |free: usize| (free > 0).then(|| free - free.min(self.batch));
        self.free.fetch_update(Ordering::AcqRel, Ordering::Relaxed, take).map_or(0, |free| free.min(self.batch))
    }

    fn give_back(&self, permits: usize) {
        if permits > 0 {
            self.free.fetch_add(permits, Ordering::AcqRel);
        }
    }

    #[cfg(test)]
    pub(crate) fn free(&self) -> usize {
        self.free.load(Ordering::Acquire)
    }
}

impl Spare {
    /// Uses one permit, a spare one or a borrowed one; false if there is none.
    #[must_use]
    pub(crate) fn spend(&mut self, quota: &Quota) -> bool {
        if self.0 == 0 {
            self.0 = quota.lend();
        }
        let spent = self.0 > 0;
        self.0 -= usize::from(spent);
        spent
    }

    /// A permit is not used any more.
    pub(crate) fn keep(&mut self, quota: &Quota) {
        self.0 += 1;
        if self.0 > 2 * quota.batch {
            quota.give_back(self.0 - quota.batch);
            self.0 = quota.batch;
        }
    }

    /// Gives all spare permits back; false if there were none.
    pub(crate) fn call_in(&mut self, quota: &Quota) -> bool {
        let permits = std::mem::take(&mut self.0);
        quota.give_back(permits);
        permits > 0
    }
}

const LARGEST_BATCH: usize = 16;

#[cfg(test)]
mod tests;
