//! What one thread keeps: its connections, by key and by age.
//!
//! Everything here runs under the shard's lock and drops no connection; what leaves is handed out to be dropped
//! outside. A key that has nothing at rest for the moment keeps its bucket, for the connection is mostly in use and
//! comes back; the second sweep that finds a bucket empty removes it, and so does an eviction that empties it.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Instant;

use crate::keys::{Keys, Line};
use crate::limits::earlier;
use crate::quota::{Quota, Spare};
use crate::seat::Token;
use crate::slots::{Chain, Ends, Linked, Links, NOWHERE, Slots};
use crate::{Pooled, Reason};

/// The connections of one shard.
#[derive(Debug)]
pub(crate) struct Shard<K, C> {
    map: HashMap<Line<K>, u32>,
    buckets: Slots<Bucket<K>>,
    entries: Slots<Entry<C>>,
    by_age: Ends,
    spare: Spare,
    /// The buckets that were emptied by taking, to be looked at by the next sweep.
    empties: Vec<u32>,
    earliest: Option<Instant>,
    /// The bucket that was asked for last, tried before the map: many a proxy has few keys.
    recent: u32,
}

/// A connection at rest.
#[derive(Debug)]
pub(crate) struct Resting<C> {
    pub(crate) pooled: Pooled<C>,
    pub(crate) since: Instant,
    /// When its rest ends; `None` is never.
    pub(crate) until: Option<Instant>,
    /// The thread that put it.
    pub(crate) home: Token,
}

/// What left a shard to be dropped.
#[derive(Debug)]
pub(crate) struct Out<K, C> {
    pub(crate) key: K,
    pub(crate) resting: Resting<C>,
    pub(crate) reason: Reason,
}

/// The bounds that all shards share.
#[derive(Debug)]
pub(crate) struct Bounds<K> {
    pub(crate) total: Quota,
    pub(crate) keys: Keys<K>,
}

/// Which bound is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    Key,
    Total,
}

#[derive(Debug)]
struct Bucket<K> {
    line: Line<K>,
    by_age: Ends,
    spare: Spare,
    listed: Listed,
}

/// Whether a bucket stands in the list of empties.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Listed {
    No,
    /// Since the last sweep.
    Fresh,
    /// Found empty by the last sweep and not used since.
    Stale,
}

#[derive(Debug)]
struct Entry<C> {
    resting: Resting<C>,
    bucket: u32,
    links: Links,
}

impl<K, C> Default for Shard<K, C> {
    fn default() -> Self {
        Self {
            map: HashMap::new(),
            buckets: Slots::default(),
            entries: Slots::default(),
            by_age: Ends::default(),
            spare: Spare::default(),
            empties: Vec::new(),
            earliest: None,
            recent: NOWHERE,
        }
    }
}

impl<K: Hash + Eq + Clone, C> Shard<K, C> {
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// No connection here expires before; it may have been taken meanwhile.
    pub(crate) fn earliest(&self) -> Option<Instant> {
        self.earliest
    }

    /// Takes the connection in, or leaves it where it is if a bound is met.
    pub(crate) fn put(&mut self, key: &K, resting: &mut Option<Resting<C>>, bounds: &Bounds<K>) -> Result<(), Full> {
        let at = self.reserve(key, bounds)?;
        if let Some(resting) = resting.take() {
            self.fill(at, resting);
        }
        Ok(())
    }

    /// The newest connection of a key, of one thread only if `home` says so.
    pub(crate) fn pop(&mut self, key: &K, home: Option<Token>, bounds: &Bounds<K>) -> Option<Resting<C>> {
        let bucket = self.bucket_of(key)?;
        let newest = self.newest(bucket, home)?;
        let resting = self.withdraw(newest, bounds)?;
        self.keep_if_empty(bucket, bounds);
        Some(resting)
    }

    /// Since when the oldest connection rests here, of one key only if there is one given.
    pub(crate) fn oldest(&self, key: Option<&K>) -> Option<Instant> {
        Some(self.entries.get(self.oldest_at(key)?)?.resting.since)
    }

    pub(crate) fn evict_oldest(&mut self, key: Option<&K>, reason: Reason, bounds: &Bounds<K>) -> Option<Out<K, C>> {
        let out = self.evict(self.oldest_at(key)?, reason, bounds);
        self.call_in(key, bounds);
        out
    }

    /// Gives spare permits back, of a key or of the whole; false if there were none.
    pub(crate) fn call_in(&mut self, key: Option<&K>, bounds: &Bounds<K>) -> bool {
        let Some(key) = key else {
            return self.spare.call_in(&bounds.total);
        };
        let at = self.map.get(key).copied().unwrap_or(NOWHERE);
        self.buckets.get_mut(at).is_some_and(|bucket| bucket.spare.call_in(bucket.line.quota()))
    }

    /// Takes out everything, or everything of one key.
    pub(crate) fn clear(&mut self, key: Option<&K>, bounds: &Bounds<K>) -> Vec<Out<K, C>> {
        let mut out = Vec::new();
        while let Some(at) = self.oldest_at(key) {
            out.extend(self.evict(at, Reason::Cleared, bounds));
        }
        out
    }

    pub(crate) fn count(&self, key: &K) -> usize {
        self.each_of(key).count()
    }

    pub(crate) fn keys(&self) -> impl Iterator<Item = &K> {
        let filled = |at: &u32| self.buckets.get(*at).is_some_and(|bucket| !bucket.by_age.is_empty());
        self.map.iter().filter(move |(_, at)| filled(at)).map(|(line, _)| line.key())
    }

    /// The beginning of a sweep, which goes through the places from 0 in slices.
    pub(crate) fn begin_sweep(&mut self) {
        self.earliest = None;
    }

    /// Judges some places from `from` on and gives the next one, if there is one.
    pub(crate) fn sweep(
        &mut self,
        from: u32,
        judge: impl Fn(&mut Resting<C>) -> Option<Reason>,
        bounds: &Bounds<K>,
        out: &mut Vec<Out<K, C>>,
    ) -> Option<u32> {
        let end = self.entries.end().min(from.saturating_add(SLICE));
        for at in from..end {
            let Some(entry) = self.entries.get_mut(at) else {
                continue;
            };
            let until = entry.resting.until;
            match judge(&mut entry.resting) {
                Some(reason) => out.extend(self.evict(at, reason, bounds)),
                None => self.expect_expiry(until),
            }
        }
        (end < self.entries.end()).then_some(end)
    }

    /// The end of a sweep: removes what has long been empty and gives memory back.
    pub(crate) fn end_sweep(&mut self, bounds: &Bounds<K>) {
        let mut empties = std::mem::take(&mut self.empties);
        empties.retain(|&at| self.is_worth_keeping(at, bounds));
        self.empties = empties;
        if self.entries.is_sparse() || self.buckets.is_sparse() {
            self.compact();
        }
    }

    fn reserve(&mut self, key: &K, bounds: &Bounds<K>) -> Result<u32, Full> {
        let at = match self.bucket_of(key) {
            Some(at) => at,
            None => self.open_bucket(bounds.keys.line(key)),
        };
        let permit = self.spend_permits(at, bounds);
        if permit.is_err() {
            self.keep_if_empty(at, bounds);
        }
        permit.map(|()| at)
    }

    fn bucket_of(&mut self, key: &K) -> Option<u32> {
        if self.buckets.get(self.recent).is_none_or(|bucket| bucket.line.key() != key) {
            self.recent = *self.map.get(key)?;
        }
        Some(self.recent)
    }

    /// One permit of the key and one of the whole, or none of both.
    fn spend_permits(&mut self, at: u32, bounds: &Bounds<K>) -> Result<(), Full> {
        let bucket = self.buckets.get_mut(at).ok_or(Full::Key)?;
        if !bucket.spare.spend(bucket.line.quota()) {
            return Err(Full::Key);
        }
        if !self.spare.spend(&bounds.total) {
            bucket.spare.keep(bucket.line.quota());
            return Err(Full::Total);
        }
        Ok(())
    }

    fn open_bucket(&mut self, line: Line<K>) -> u32 {
        let bucket =
            Bucket { line: line.clone(), by_age: Ends::default(), spare: Spare::default(), listed: Listed::No };
        let at = self.buckets.insert(bucket);
        self.map.insert(line, at);
        at
    }

    fn fill(&mut self, bucket: u32, resting: Resting<C>) {
        self.expect_expiry(resting.until);
        let at = self.entries.insert(Entry { resting, bucket, links: Links::default() });
        self.link(at);
    }

    fn link(&mut self, at: u32) {
        self.by_age.push(&mut self.entries, Chain::Shard, at);
        let bucket = self.entries.get(at).and_then(|entry| self.buckets.get_mut(entry.bucket));
        if let Some(bucket) = bucket {
            bucket.by_age.push(&mut self.entries, Chain::Key, at);
            bucket.touch();
        }
    }

    fn expect_expiry(&mut self, until: Option<Instant>) {
        self.earliest = earlier(self.earliest, until);
    }

    fn newest(&self, bucket: u32, home: Option<Token>) -> Option<u32> {
        let of_home = |at: &u32| home.is_none_or(|home| self.entries.get(*at).is_some_and(|e| e.resting.home == home));
        self.each_in(self.buckets.get(bucket)?).find(of_home)
    }

    fn oldest_at(&self, key: Option<&K>) -> Option<u32> {
        let ends = match key {
            Some(key) => &self.buckets.get(*self.map.get(key)?)?.by_age,
            None => &self.by_age,
        };
        (!ends.is_empty()).then(|| ends.oldest())
    }

    fn each_of(&self, key: &K) -> impl Iterator<Item = u32> {
        let bucket = self.map.get(key).and_then(|&at| self.buckets.get(at));
        bucket.into_iter().flat_map(|bucket| self.each_in(bucket))
    }

    /// The entries of a bucket, newest first.
    fn each_in(&self, bucket: &Bucket<K>) -> impl Iterator<Item = u32> {
        let exists = |at: u32| (at != NOWHERE).then_some(at);
        let older = move |&at: &u32| self.entries.get(at).and_then(|entry| exists(entry.older(Chain::Key)));
        std::iter::successors(exists(bucket.by_age.newest()), older)
    }

    /// Takes an entry out of the lists; its permits are spare from now on.
    fn withdraw(&mut self, at: u32, bounds: &Bounds<K>) -> Option<Resting<C>> {
        let bucket = self.entries.get(at).and_then(|entry| self.buckets.get_mut(entry.bucket))?;
        bucket.by_age.unlink(&mut self.entries, Chain::Key, at);
        bucket.spare.keep(bucket.line.quota());
        self.by_age.unlink(&mut self.entries, Chain::Shard, at);
        self.spare.keep(&bounds.total);
        self.entries.remove(at).map(|entry| entry.resting)
    }

    fn evict(&mut self, at: u32, reason: Reason, bounds: &Bounds<K>) -> Option<Out<K, C>> {
        let bucket_at = self.entries.get(at)?.bucket;
        let key = self.buckets.get(bucket_at)?.line.key().clone();
        let resting = self.withdraw(at, bounds)?;
        if self.buckets.get(bucket_at).is_some_and(|bucket| bucket.is_idle() && bucket.listed == Listed::No) {
            self.close_bucket(bucket_at, bounds);
        }
        Some(Out { key, resting, reason })
    }

    /// A bucket that was just emptied by taking waits for its connection, as long as not too many do.
    fn keep_if_empty(&mut self, at: u32, bounds: &Bounds<K>) {
        let Some(bucket) = self.buckets.get_mut(at).filter(|bucket| bucket.is_idle()) else {
            return;
        };
        if bucket.listed != Listed::No {
            return;
        }
        if self.empties.len() < EMPTIES {
            bucket.listed = Listed::Fresh;
            self.empties.push(at);
        } else {
            self.close_bucket(at, bounds);
        }
    }

    /// Whether a sweep leaves a bucket in the list of empties.
    fn is_worth_keeping(&mut self, at: u32, bounds: &Bounds<K>) -> bool {
        let Some(bucket) = self.buckets.get_mut(at) else {
            return false;
        };
        match (bucket.is_idle(), bucket.listed) {
            (false, _) => bucket.listed = Listed::No,
            (true, Listed::Stale) => self.close_bucket(at, bounds),
            (true, _) => {
                bucket.listed = Listed::Stale;
                return true;
            }
        }
        false
    }

    fn close_bucket(&mut self, at: u32, bounds: &Bounds<K>) {
        let Some(mut bucket) = self.buckets.remove(at) else {
            return;
        };
        bucket.spare.call_in(bucket.line.quota());
        self.map.remove(bucket.line.key());
        bounds.keys.release(bucket.line);
    }

    /// Moves everything together into as much memory as it needs.
    fn compact(&mut self) {
        let moved = self.compact_buckets();
        let mut entries = std::mem::take(&mut self.entries);
        let mut next = std::mem::take(&mut self.by_age).oldest();
        while let Some(Entry { resting, bucket, links }) = entries.remove(next) {
            let at = self.entries.insert(Entry { resting, bucket: moved[bucket as usize], links: Links::default() });
            self.link(at);
            next = links.newer(Chain::Shard);
        }
    }

    /// Gives for each old number of a bucket its new one. The lists through the entries are empty afterwards.
    fn compact_buckets(&mut self) -> Vec<u32> {
        let mut buckets = std::mem::take(&mut self.buckets);
        let mut moved = vec![NOWHERE; buckets.end() as usize];
        for at in self.map.values_mut() {
            let Some(bucket) = buckets.remove(*at) else { continue };
            let to = self.buckets.insert(Bucket { by_age: Ends::default(), ..bucket });
            moved[*at as usize] = to;
            *at = to;
        }
        self.map.shrink_to_fit();
        self.empties.iter_mut().for_each(|at| *at = moved[*at as usize]);
        self.empties.shrink_to_fit();
        moved
    }
}

impl<K> Bucket<K> {
    fn is_idle(&self) -> bool {
        self.by_age.is_empty()
    }

    fn touch(&mut self) {
        if self.listed == Listed::Stale {
            self.listed = Listed::Fresh;
        }
    }
}

impl<C> Linked for Entry<C> {
    fn links(&mut self) -> &mut Links {
        &mut self.links
    }
}

impl<C> Entry<C> {
    fn older(&self, chain: Chain) -> u32 {
        self.links.older(chain)
    }
}

/// How many places a sweep judges under one hold of the lock.
const SLICE: u32 = 256;
/// How many emptied buckets wait for their connection: as many keys as one worker plausibly serves at once.
const EMPTIES: usize = 1_024;

#[cfg(test)]
mod tests;
