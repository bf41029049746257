//! The pool itself: which shard, in which order, and what happens outside the locks.

use std::collections::HashSet;
use std::fmt;
use std::hash::Hash;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::evicted::{Counters, Observer};
use crate::keys::Keys;
use crate::quota::Quota;
use crate::seat::Seat;
use crate::shard::{Bounds, Full, Out, Resting, Shard};
use crate::{Evicted, Health, Idle, Limits, Pooled, Reason};

/// Connections at rest under keys of type `K`. Put it into an `Arc` to share it among threads.
///
/// Keys are compared by equality, so a key holds everything that makes connections interchangeable and nothing else.
pub struct Pool<K, C> {
    shards: Box<[Cell<K, C>]>,
    bounds: Bounds<K>,
    limits: Limits,
    sharing: Sharing,
    counters: Counters,
    observer: Option<Observer<K>>,
}

/// Whether a connection may go from one thread to another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// A thread that has none looks at those of the others: one work-stealing runtime.
    #[default]
    AcrossThreads,
    /// Only the thread that put a connection takes it: one runtime per thread, each with its own reactor.
    SameThread,
}

/// What became of a connection that was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It rests.
    Kept,
    /// It is gone, and the observer knows.
    Dropped(Reason),
}

/// Apart from its neighbours, so that two threads do not share a line of memory.
#[repr(align(128))]
struct Cell<K, C> {
    /// As of the last unlocking.
    len: AtomicUsize,
    shard: Mutex<Shard<K, C>>,
}

impl<K: Hash + Eq + Clone, C: Idle> Pool<K, C> {
    /// An empty pool, with about as many shards as the machine has processors.
    pub fn new(limits: Limits) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self::with_shards(limits, processors.saturating_add(1))
    }

    /// An empty pool for about so many threads; rounded up to a power of two, at most 256. More threads share.
    pub fn with_shards(limits: Limits, threads: usize) -> Self {
        let shards = threads.clamp(1, MOST_SHARDS).next_power_of_two();
        let total = limits.total.min(MOST_CONNECTIONS);
        Self {
            shards: (0..shards).map(|_| Cell::default()).collect(),
            bounds: Bounds { total: Quota::new(total, shards), keys: Keys::new(limits.per_key, shards) },
            limits,
            sharing: Sharing::default(),
            counters: Counters::default(),
            observer: None,
        }
    }

    /// Says whether connections go from thread to thread; they do unless told otherwise.
    #[must_use]
    pub fn sharing(mut self, sharing: Sharing) -> Self {
        self.sharing = sharing;
        self
    }

    /// Calls `observer` for each connection that is dropped, outside all locks and before the drop.
    #[must_use]
    pub fn observe(mut self, observer: impl Fn(&Evicted<'_, K>) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Lets a connection rest until it is taken or evicted, and counts one request for it.
    ///
    /// Shape:   one `put` for each request served. `key` is cloned only if this shard has not seen it lately.
    /// Gives:   [`Put::Dropped`] if the connection has served, lived or rested all it may, or is not
    ///          [`Fresh`](Health::Fresh). If a bound on the number is met, the one that rested longest goes instead.
    /// Cost:    O(1) under the lock of this thread's shard, no allocation once the key is known. At a bound it looks
    ///          into all shards.
    pub fn put(&self, key: &K, mut pooled: Pooled<C>, now: Instant) -> Put {
        pooled.count_request();
        let until = self.limits.until(&pooled, now);
        let seat = Seat::current();
        let mut resting = Some(Resting { pooled, since: now, until, home: seat.token });
        match self.refuse(&mut resting, now).or_else(|| self.settle(seat, key, &mut resting, now)) {
            None => Put::Kept,
            Some(reason) => {
                self.report(key, reason, Duration::ZERO);
                Put::Dropped(reason)
            }
        }
    }

    /// The newest connection under `key` that is still fit: of this thread, then (if shared) of the others.
    ///
    /// Cost:    O(1) under the lock of this thread's shard, no allocation. If that has none, O(shards).
    pub fn take(&self, key: &K, now: Instant) -> Option<Pooled<C>> {
        let seat = Seat::current();
        let own = self.shard_of(seat);
        match self.sharing {
            Sharing::SameThread => self.take_from(own, key, Some(seat), now),
            Sharing::AcrossThreads => {
                self.take_from(own, key, None, now).or_else(|| self.take_elsewhere(own, key, now))
            }
        }
    }

    /// Drops what rested or lived too long and what is no longer fit, and forgets the keys that have been empty since
    /// the last sweep. Gives how many connections were dropped.
    ///
    /// To be called by a background task, say once a second. Locks one shard at a time, for some 250 connections.
    pub fn sweep(&self, now: Instant) -> usize {
        (0..self.shards.len()).map(|at| self.sweep_shard(at, now)).sum()
    }

    /// No connection at rest expires before this; `None` is never. May be too early if the connection was taken.
    pub fn next_expiry(&self) -> Option<Instant> {
        self.shards.iter().filter_map(|cell| cell.lock().earliest()).min()
    }

    /// Drops all that rests under `key`, for a backend that was removed; gives how many. What is in use comes back
    /// and ages out.
    pub fn clear_key(&self, key: &K, now: Instant) -> usize {
        self.clear_where(Some(key), now)
    }

    /// Drops all that rests; gives how many.
    pub fn clear(&self, now: Instant) -> usize {
        self.clear_where(None, now)
    }

    /// Drops the one that rested longest, of one key or of all; false if there is none. For whoever needs its place.
    ///
    /// Cost: locks each shard once.
    pub fn evict_oldest(&self, key: Option<&K>, now: Instant) -> bool {
        let oldest = (0..self.shards.len()).filter_map(|at| Some((self.shards[at].lock().oldest(key)?, at))).min();
        let out =
            oldest.and_then(|(_, at)| self.with(at, |shard| shard.evict_oldest(key, Reason::Displaced, &self.bounds)));
        let has_gone = out.is_some();
        self.drop_all(out, now);
        has_gone
    }

    /// How many connections rest.
    pub fn len(&self) -> usize {
        self.shards.iter().map(|cell| cell.len.load(Ordering::Relaxed)).sum()
    }

    /// Whether none rests.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many rest under one key.
    pub fn len_of(&self, key: &K) -> usize {
        self.shards.iter().map(|cell| cell.lock().count(key)).sum()
    }

    /// The keys under which connections rest, each once, in no order.
    pub fn keys(&self) -> Vec<K> {
        let mut keys = HashSet::new();
        for cell in &self.shards {
            keys.extend(cell.lock().keys().cloned());
        }
        keys.into_iter().collect()
    }

    /// How many keys have memory: those with connections, and those emptied since the last but one sweep.
    pub fn known_keys(&self) -> usize {
        self.bounds.keys.len()
    }

    /// How many connections were dropped for `reason` since the pool was made.
    pub fn evictions(&self, reason: Reason) -> u64 {
        self.counters.of(reason)
    }

    /// The bounds it was made with.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    fn refuse(&self, resting: &mut Option<Resting<C>>, now: Instant) -> Option<Reason> {
        let resting = resting.as_mut()?;
        self.limits.objection(&resting.pooled, now).or_else(|| self.judge(resting, now))
    }

    /// Puts it into this thread's shard, making room if there is none. Gives the bound that could not be kept
    /// otherwise than by refusing: it is 0, or other threads were quicker again and again.
    fn settle(&self, seat: Seat, key: &K, resting: &mut Option<Resting<C>>, now: Instant) -> Option<Reason> {
        let own = self.shard_of(seat);
        let mut met = Full::Total;
        for _ in 0..ATTEMPTS {
            match self.with(own, |shard| shard.put(key, resting, &self.bounds)) {
                Ok(()) => return None,
                Err(full) => met = full,
            }
            let made_room = match met {
                Full::Key => self.make_room(Some(key), now),
                Full::Total => self.make_room(None, now),
            };
            if !made_room {
                break;
            }
        }
        Some(match met {
            Full::Key => Reason::PerKey,
            Full::Total => Reason::Total,
        })
    }

    /// Frees a permit of the key or of the whole: a spare one if somebody has one, else that of the oldest.
    fn make_room(&self, key: Option<&K>, now: Instant) -> bool {
        let mut oldest: Option<(Instant, usize)> = None;
        for at in 0..self.shards.len() {
            let mut shard = self.shards[at].lock();
            if shard.call_in(key, &self.bounds) {
                return true;
            }
            let here = shard.oldest(key).map(|since| (since, at));
            oldest = [oldest, here].into_iter().flatten().min();
        }
        let reason = if key.is_some() { Reason::PerKey } else { Reason::Total };
        let out = oldest.and_then(|(_, at)| self.with(at, |shard| shard.evict_oldest(key, reason, &self.bounds)));
        let made_room = out.is_some();
        self.drop_all(out, now);
        made_room
    }

    fn take_elsewhere(&self, own: usize, key: &K, now: Instant) -> Option<Pooled<C>> {
        let others = (own + 1..self.shards.len()).chain(0..own);
        let filled = |at: &usize| self.shards[*at].len.load(Ordering::Relaxed) > 0;
        others.filter(filled).find_map(|at| self.take_from(at, key, None, now))
    }

    fn take_from(&self, at: usize, key: &K, whose: Option<Seat>, now: Instant) -> Option<Pooled<C>> {
        let home = whose.map(|seat| seat.token);
        // Ends when the shard has no more; each turn takes one out.
        loop {
            let mut resting = self.with(at, |shard| shard.pop(key, home, &self.bounds))?;
            match self.judge(&mut resting, now) {
                None => {
                    resting.pooled.spend();
                    return Some(resting.pooled);
                }
                Some(reason) => self.report(key, reason, now.saturating_duration_since(resting.since)),
            }
        }
    }

    /// Why a connection at rest must go, if it must.
    fn judge(&self, resting: &mut Resting<C>, now: Instant) -> Option<Reason> {
        if resting.until.is_some_and(|until| until <= now) {
            return Some(self.limits.why_expired(&resting.pooled, now));
        }
        match resting.pooled.connection.check() {
            Health::Fresh => None,
            Health::Closed => Some(Reason::Closed),
            Health::Spoke => Some(Reason::Spoke),
        }
    }

    fn sweep_shard(&self, at: usize, now: Instant) -> usize {
        let judge = |resting: &mut Resting<C>| self.judge(resting, now);
        self.shards[at].lock().begin_sweep();
        let mut swept = 0;
        let mut from = Some(0);
        while let Some(place) = from {
            let mut out = Vec::new();
            from = self.with(at, |shard| shard.sweep(place, judge, &self.bounds, &mut out));
            swept += out.len();
            self.drop_all(out, now);
        }
        self.with(at, |shard| shard.end_sweep(&self.bounds));
        swept
    }

    fn clear_where(&self, key: Option<&K>, now: Instant) -> usize {
        let clear = |at| {
            let out = self.with(at, |shard| shard.clear(key, &self.bounds));
            let cleared = out.len();
            self.drop_all(out, now);
            cleared
        };
        (0..self.shards.len()).map(clear).sum()
    }

    fn drop_all(&self, out: impl IntoIterator<Item = Out<K, C>>, now: Instant) {
        for Out { key, resting, reason } in out {
            self.report(&key, reason, now.saturating_duration_since(resting.since));
        }
    }

    fn report(&self, key: &K, reason: Reason, idle_for: Duration) {
        self.counters.count(reason);
        if let Some(observer) = &self.observer {
            observer(&Evicted { key, reason, idle_for });
        }
    }

    fn shard_of(&self, seat: Seat) -> usize {
        // The number of shards is a power of two.
        seat.index & (self.shards.len() - 1)
    }

    fn with<R>(&self, at: usize, act: impl FnOnce(&mut Shard<K, C>) -> R) -> R {
        let cell = &self.shards[at];
        let mut shard = cell.lock();
        let result = act(&mut shard);
        cell.len.store(shard.len(), Ordering::Relaxed);
        result
    }
}

impl<K, C> Cell<K, C> {
    fn lock(&self) -> MutexGuard<'_, Shard<K, C>> {
        self.shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K, C> Default for Cell<K, C> {
    fn default() -> Self {
        Self { len: AtomicUsize::new(0), shard: Mutex::default() }
    }
}

impl<K, C> fmt::Debug for Pool<K, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len: usize = self.shards.iter().map(|cell| cell.len.load(Ordering::Relaxed)).sum();
        f.debug_struct("Pool").field("len", &len).field("limits", &self.limits).finish_non_exhaustive()
    }
}

/// Far more than there are descriptors; keeps the numbers of places in 32 bits.
const MOST_CONNECTIONS: usize = 1 << 30;
const MOST_SHARDS: usize = 256;
/// One for each bound to be made room in, and some for other threads that snatch the room.
const ATTEMPTS: usize = 8;

#[cfg(test)]
mod tests;
