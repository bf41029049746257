//! A token bucket for each key, in a table that does not grow.

use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use crate::{Allowance, Decision};

/// A rate limit for each key.
///
/// The table is split into sets of some 16 places with a lock each. A key belongs to one set, chosen by a hash that
/// nobody outside can foresee.
#[derive(Debug)]
pub struct RateLimit<K> {
    allowance: Allowance,
    sets: Box<[Mutex<Vec<Bucket<K>>>]>,
    places: usize,
    hasher: RandomState,
}

#[derive(Debug)]
struct Bucket<K> {
    key: K,
    /// When it will be full again: the only state that a bucket has. In the past: full.
    full: Instant,
}

impl<K: Hash + Eq + Clone> RateLimit<K> {
    /// The same allowance for every key, remembering at most `keys` of them (at least one).
    pub fn new(allowance: Allowance, keys: usize) -> Self {
        let sets = (keys / PLACES).max(1);
        Self {
            allowance,
            sets: (0..sets).map(|_| Mutex::default()).collect(),
            places: (keys / sets).max(1),
            hasher: RandomState::new(),
        }
    }

    /// May `key` do something of this `cost` now? If so it is paid for; 0 is to ask only.
    ///
    /// Shape:   `now` should not go backwards; where it does by a little, the key waits that much longer.
    /// Gives:   exact decisions as long as the key stays in the table. When its set is full, a new key takes the place
    ///          of the one there that is nearest to a full bucket, which costs that one the least: at best nothing,
    ///          at worst its debt is forgotten and it may burst again. Whoever is denied is never the nearest as long
    ///          as somebody in the set is not, so inventing keys does not clear one's own record.
    /// Cost:    one lock of one set, a search through some 16 places. Clones the key when it enters the table.
    pub fn check(&self, key: &K, now: Instant, cost: u32) -> Decision {
        let mut set = lock(&self.sets[self.set_of(key)]);
        if let Some(bucket) = set.iter_mut().find(|bucket| bucket.key == *key) {
            return self.allowance.spend(&mut bucket.full, now, cost);
        }
        let mut bucket = Bucket { key: key.clone(), full: now };
        let decision = self.allowance.spend(&mut bucket.full, now, cost);
        // A full bucket is as good as none.
        let replaced = if bucket.full > now { enter(&mut set, bucket, self.places) } else { Some(bucket) };
        drop(set);
        drop(replaced);
        decision
    }

    /// Forgets the keys whose buckets are full again, which changes no decision, and gives how many.
    pub fn sweep(&self, now: Instant) -> usize {
        let sweep = |set: &Mutex<Vec<Bucket<K>>>| {
            let mut set = lock(set);
            let before = set.len();
            set.retain(|bucket| bucket.full > now);
            let swept = before - set.len();
            set.shrink_to_fit();
            swept
        };
        self.sets.iter().map(sweep).sum()
    }

    /// How many keys are remembered.
    pub fn len(&self) -> usize {
        self.sets.iter().map(|set| lock(set).len()).sum()
    }

    /// Whether no key is remembered.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many keys can be remembered; never more than asked for, but for one.
    pub fn capacity(&self) -> usize {
        self.sets.len() * self.places
    }

    fn set_of(&self, key: &K) -> usize {
        // Multiplying maps the hash evenly to any number of sets.
        let spread = u128::from(self.hasher.hash_one(key)) * self.sets.len() as u128;
        usize::try_from(spread >> u64::BITS).unwrap_or(0)
    }
}

/// Puts a bucket into a set, in the place of the one that is nearest to full if there is no other.
fn enter<K>(set: &mut Vec<Bucket<K>>, bucket: Bucket<K>, places: usize) -> Option<Bucket<K>> {
    if set.len() < places {
        set.push(bucket);
        return None;
    }
    set.iter_mut().min_by_key(|old| old.full).map(|nearest| std::mem::replace(nearest, bucket))
}

fn lock<T>(set: &Mutex<T>) -> MutexGuard<'_, T> {
    set.lock().unwrap_or_else(PoisonError::into_inner)
}

/// About how many keys share a lock.
const PLACES: usize = 16;

#[cfg(test)]
mod tests;
