//! Until when an exchange may last, whatever it waits for.

use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use simplon_timeout::Timer;
use tokio::time::Instant;

use crate::retry::Again;

/// The end of one exchange's time. It is moved from within, by hooks and by the tunnel that opens, while it is watched from without: so it ends
/// a hook that never comes back, too.
#[derive(Debug)]
pub(crate) struct Deadline {
    began: Instant,
    /// Nanoseconds after the beginning.
    within: AtomicU64,
}

/// There is no end.
const NEVER: u64 = u64::MAX;

impl Deadline {
    /// So long after `began`; `Duration::MAX` is never.
    pub(crate) fn new(began: Instant, within: Duration) -> Self {
        Self { began, within: AtomicU64::new(nanoseconds(within)) }
    }

    /// Another end, counted from the same beginning.
    pub(crate) fn set(&self, within: Duration) {
        self.within.store(nanoseconds(within), Ordering::Relaxed);
    }

    /// No end any more.
    pub(crate) fn lift(&self) {
        self.within.store(NEVER, Ordering::Relaxed);
    }

    /// When it is; `None` is never.
    pub(crate) fn at(&self) -> Option<Instant> {
        match self.within.load(Ordering::Relaxed) {
            NEVER => None,
            within => self.began.checked_add(Duration::from_nanos(within)),
        }
    }

    /// Ready once it has passed. Where there is none, neither the clock nor the timer is touched.
    pub(crate) fn poll_passed(&self, cx: &mut Context<'_>, timer: &mut Timer) -> Poll<()> {
        timer.poll_expired(cx, self.at())
    }

    /// Whether another attempt can begin before it.
    pub(crate) fn leaves_time_for(&self, again: Again) -> bool {
        match (again, self.at()) {
            (Again::After(pause), Some(at)) => Instant::now().checked_add(pause).is_some_and(|begins| begins < at),
            _ => true,
        }
    }
}

fn nanoseconds(within: Duration) -> u64 {
    u64::try_from(within.as_nanos()).unwrap_or(NEVER)
}

#[cfg(test)]
mod tests;
