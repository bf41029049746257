//! The bounds of a pool.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use crate::{Pooled, Reason};

/// How many connections rest, and how long. Each bound has a default and a reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at rest under all keys together; beyond it the one that rested longest goes.
    /// 16,384: a quarter of the usual 65,536 descriptors of a service. 0 switches pooling off.
    pub total: usize,
    /// Connections at rest under one key; beyond it the one of that key that rested longest goes.
    /// 1,024: a burst to one origin must not push all others out. 0 switches pooling off.
    pub per_key: usize,
    /// How long a connection rests before it goes; `None` is for ever.
    /// 60 s: less than the 65 to 75 s after which widespread servers close, so that we are mostly first.
    pub idle_timeout: Option<Duration>,
    /// How old a connection may become before it is not used again; `None` is for ever.
    /// 1 h: a changed name or a rebalanced origin is noticed even under steady traffic.
    pub max_lifetime: Option<Duration>,
    /// How many requests a connection may serve; `None` is no bound.
    /// `None`: a sound origin has no use for it, and reconnecting costs. For origins that leak per connection.
    pub max_requests: Option<NonZeroU32>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total: 16_384,
            per_key: 1_024,
            idle_timeout: Some(Duration::from_secs(60)),
            max_lifetime: Some(Duration::from_secs(3_600)),
            max_requests: None,
        }
    }
}

impl Limits {
    /// Why a connection may not rest (again), by its numbers alone.
    pub(crate) fn objection<C>(&self, pooled: &Pooled<C>, now: Instant) -> Option<Reason> {
        let served_enough = self.max_requests.is_some_and(|max| pooled.requests() >= max.get());
        if served_enough || pooled.left == Some(0) {
            return Some(Reason::Requests);
        }
        self.has_lived(pooled, now).then_some(Reason::Lifetime)
    }

    /// Until when a connection that comes to rest now may be used again; `None` is for ever.
    pub(crate) fn until<C>(&self, pooled: &Pooled<C>, now: Instant) -> Option<Instant> {
        let idle_end = earlier(self.idle_timeout, pooled.idle_timeout).and_then(|idle| now.checked_add(idle));
        earlier(idle_end, self.end_of_life(pooled))
    }

    /// Which of the two bounds on time a connection has met.
    pub(crate) fn why_expired<C>(&self, pooled: &Pooled<C>, now: Instant) -> Reason {
        if self.has_lived(pooled, now) { Reason::Lifetime } else { Reason::Idle }
    }

    fn has_lived<C>(&self, pooled: &Pooled<C>, now: Instant) -> bool {
        self.end_of_life(pooled).is_some_and(|end| end <= now)
    }

    #[inline]
    fn end_of_life<C>(&self, pooled: &Pooled<C>) -> Option<Instant> {
        self.max_lifetime.and_then(|life| pooled.born().checked_add(life))
    }
}

/// The earlier of two bounds; one that is missing does not bound.
#[inline]
pub(crate) fn earlier<T: Ord>(one: Option<T>, other: Option<T>) -> Option<T> {
    match (one, other) {
        (Some(one), Some(other)) => Some(if other < one { other } else { one }),
        (one, None) => one,
        (None, other) => other,
    }
}
