//! Upstream connections that many exchanges share.
//!
//! Each [`ReuseKey`] has a [`Place`] where its open connections are. An exchange takes a stream on one that has room, or waits for one that is
//! being made, or makes one. A task of the runtime on which a connection was made drives it; what that task is told by the origin (its limits, that
//! it closes) is known before the next exchange asks.

mod answered;
mod drive;
mod farewell;
#[cfg(fuzzing)]
pub(super) mod fuzzing;
mod place;
mod screen;
mod session;
mod stats;
mod toll;
mod trailers;
mod watched;

pub(super) use place::{Entry, Place};
pub(super) use session::Lease;
pub use stats::SessionStats;
pub(super) use watched::Greeting;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::ThreadId;

use simplon_pool::Sharing;
use tokio::time::Instant;

use super::session_limits::SessionLimits;
use crate::connect::{Peer, ReuseKey};
use stats::Counters;

/// So that workers seldom meet.
const SHARDS: usize = 16;
/// Keys that a shard remembers without a connection; beyond it those without one are forgotten.
const REMEMBERED: usize = 256;

/// All that is shared, by key.
#[derive(Debug)]
pub(super) struct Sessions {
    shards: [Mutex<HashMap<Key, Arc<Place>>>; SHARDS],
    limits: Arc<SessionLimits>,
    counters: Arc<Counters>,
    sharing: Sharing,
}

/// Where connections stay with the thread that made them, each thread has a place of its own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Key {
    key: ReuseKey,
    thread: Option<ThreadId>,
}

impl Sessions {
    pub(super) fn new(limits: SessionLimits, sharing: Sharing) -> Self {
        let shards = std::array::from_fn(|_| Mutex::default());
        Self { shards, limits: Arc::new(limits), counters: Arc::default(), sharing }
    }

    /// The place of a peer.
    pub(super) fn place(&self, peer: &Peer) -> Arc<Place> {
        let thread = match self.sharing {
            Sharing::AcrossThreads => None,
            Sharing::SameThread => Some(std::thread::current().id()),
        };
        let key = Key { key: peer.key().clone(), thread };
        let mut shard = self.shard(peer.key());
        if let Some(place) = shard.get(&key) {
            return Arc::clone(place);
        }
        if shard.len() >= REMEMBERED {
            let now = Instant::now();
            shard.retain(|_, place| Arc::strong_count(place) > 1 || !place.is_vacant(Some(now)));
        }
        if shard.len() >= REMEMBERED {
            shard.retain(|_, place| Arc::strong_count(place) > 1 || !place.is_vacant(None));
        }
        let place = || Arc::new(Place::new(Arc::clone(&self.limits), Arc::clone(&self.counters)));
        Arc::clone(shard.entry(key).or_insert_with(place))
    }

    /// What was counted.
    pub(super) fn stats(&self) -> SessionStats {
        self.counters.read()
    }

    /// Connections without exchanges.
    pub(super) fn at_rest(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).values().map(|place| place.at_rest()).sum::<usize>()).sum()
    }

    /// Closes the connections without exchanges; gives how many. The tasks that drive them do it.
    pub(super) fn let_go(&self) -> usize {
        self.places().iter().map(|place| place.let_go()).sum()
    }

    /// Closes the one that has been without exchanges for the longest time, of one key or of all; false if there is none.
    pub(super) fn let_go_oldest(&self, key: Option<&ReuseKey>) -> bool {
        let places = match key {
            Some(key) => {
                self.shard(key).iter().filter(|(it, _)| it.key == *key).map(|(_, place)| Arc::clone(place)).collect()
            }
            None => self.places(),
        };
        let resting = places.into_iter().filter_map(|place| Some((place.at_rest_since()?, place)));
        resting.min_by_key(|(since, _)| *since).is_some_and(|(_, place)| place.let_go_oldest())
    }

    fn places(&self) -> Vec<Arc<Place>> {
        self.shards.iter().flat_map(|shard| lock(shard).values().map(Arc::clone).collect::<Vec<_>>()).collect()
    }

    /// No new exchange on connections to this peer; those that run, finish.
    pub(super) fn forget(&self, peer: &Peer) {
        let shard = self.shard(peer.key());
        shard.iter().filter(|(key, _)| key.key == *peer.key()).for_each(|(_, place)| place.clear());
    }

    fn shard(&self, key: &ReuseKey) -> MutexGuard<'_, HashMap<Key, Arc<Place>>> {
        // The remainder is below the number of shards.
        lock(&self.shards[(key.spread() % SHARDS as u64) as usize])
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
