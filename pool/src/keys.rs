//! The keys in use, each once, with the permits of its own.
//!
//! The list is asked when a shard meets a key that it has no bucket for, and when it gives a bucket up; never in
//! between. Its lock may be taken under the lock of a shard, not the other way round.

use std::borrow::Borrow;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::quota::Quota;

/// A key and the permits for the connections under it, shared by the shards.
#[derive(Debug)]
pub(crate) struct Line<K>(Arc<Shared<K>>);

#[derive(Debug)]
struct Shared<K> {
    key: K,
    quota: Quota,
}

/// All keys that some shard has a bucket for.
#[derive(Debug)]
pub(crate) struct Keys<K> {
    lines: Mutex<HashSet<Line<K>>>,
    per_key: usize,
    shards: usize,
}

impl<K: Hash + Eq + Clone> Keys<K> {
    pub(crate) fn new(per_key: usize, shards: usize) -> Self {
        Self { lines: Mutex::default(), per_key, shards }
    }

    pub(crate) fn line(&self, key: &K) -> Line<K> {
        let mut lines = self.lock();
        if let Some(line) = lines.get(key) {
            return line.clone();
        }
        let line = Line(Arc::new(Shared { key: key.clone(), quota: Quota::new(self.per_key, self.shards) }));
        lines.insert(line.clone());
        line
    }

    /// Gives a bucket's line back. The last one takes the key out of the list.
    pub(crate) fn release(&self, line: Line<K>) {
        let mut lines = self.lock();
        // The list's own and this one: copies are made under the lock only.
        if Arc::strong_count(&line.0) == 2 {
            lines.remove(line.key());
            if lines.len() * 4 < lines.capacity() {
                let room = lines.len() * 2;
                lines.shrink_to(room);
            }
        }
        drop(line);
    }

    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<Line<K>>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> Line<K> {
    pub(crate) fn key(&self) -> &K {
        &self.0.key
    }

    pub(crate) fn quota(&self) -> &Quota {
        &self.0.quota
    }
}

impl<K> Clone for Line<K> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K> Borrow<K> for Line<K> {
    fn borrow(&self) -> &K {
        self.key()
    }
}

impl<K: Hash> Hash for Line<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

impl<K: PartialEq> PartialEq for Line<K> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<K: Eq> Eq for Line<K> {}

#[cfg(test)]
mod tests;
