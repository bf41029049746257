//! Why connections leave otherwise than by being taken, and who is told.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Why the pool dropped a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// It rested longer than it may.
    Idle,
    /// It is older than it may become.
    Lifetime,
    /// It has served as many requests as it may.
    Requests,
    /// Its key had too many at rest, and it was the oldest of them.
    PerKey,
    /// The pool had too many at rest, and it was the oldest of them.
    Total,
    /// The peer closed it.
    Closed,
    /// The peer sent something unasked.
    Spoke,
    /// Its key, or the whole pool, was cleared.
    Cleared,
    /// Its place was needed, and it was the oldest.
    Displaced,
}

impl Reason {
    /// All of them, in the order of declaration.
    pub const ALL: [Self; 9] = [
        Self::Idle,
        Self::Lifetime,
        Self::Requests,
        Self::PerKey,
        Self::Total,
        Self::Closed,
        Self::Spoke,
        Self::Cleared,
        Self::Displaced,
    ];

    /// A short name for logs and labels.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Lifetime => "lifetime",
            Self::Requests => "requests",
            Self::PerKey => "per_key",
            Self::Total => "total",
            Self::Closed => "closed",
            Self::Spoke => "spoke",
            Self::Cleared => "cleared",
            Self::Displaced => "displaced",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One connection that the pool dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Evicted<'a, K> {
    /// Under which key.
    pub key: &'a K,
    /// Why.
    pub reason: Reason,
    /// How long it had rested; zero if it was refused on its way in.
    pub idle_for: Duration,
}

/// Whom [`Pool::observe`](crate::Pool::observe) was given.
pub(crate) type Observer<K> = Box<dyn Fn(&Evicted<'_, K>) + Send + Sync>;

/// How often each reason applied.
#[derive(Debug, Default)]
pub(crate) struct Counters([AtomicU64; Reason::ALL.len()]);

impl Counters {
    pub(crate) fn count(&self, reason: Reason) {
        self.0[reason as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn of(&self, reason: Reason) -> u64 {
        self.0[reason as usize].load(Ordering::Relaxed)
    }
}
