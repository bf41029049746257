//! How much one key may do, and the arithmetic of one bucket.

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

/// A steady rate with a burst on top: a token bucket of `burst` tokens that gains one each `interval`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    interval: Duration,
    burst: NonZeroU32,
}

/// What a limiter says to one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Within the limit, and paid for.
    Allow {
        /// How much more would be allowed right now.
        remaining: u32,
    },
    /// Over the limit; nothing was paid.
    Deny {
        /// After how long the same would be allowed if nothing else comes. [`Duration::MAX`]: never, for it costs more
        /// than a whole burst.
        retry_after: Duration,
    },
}

impl Allowance {
    /// `requests` in each `period`, all of which may come at once.
    ///
    /// Units:   one request per nanosecond is the fastest rate and one per year the slowest; beyond is rounded.
    pub fn new(requests: NonZeroU32, period: Duration) -> Self {
        let interval = (period / requests.get()).clamp(FASTEST, SLOWEST);
        Self { interval, burst: requests }
    }

    /// So many in a second, all of which may come at once.
    pub fn per_second(requests: NonZeroU32) -> Self {
        Self::new(requests, Duration::from_secs(1))
    }

    /// So many in a minute, all of which may come at once.
    pub fn per_minute(requests: NonZeroU32) -> Self {
        Self::new(requests, Duration::from_secs(60))
    }

    /// The same rate, with so many at once.
    #[must_use]
    pub fn burst(self, burst: NonZeroU32) -> Self {
        Self { burst, ..self }
    }

    /// Decides on `cost` for a bucket that is full again at `full` and writes down what was paid.
    pub(crate) fn spend(&self, full: &mut Instant, now: Instant, cost: u32) -> Decision {
        let depth = self.interval.saturating_mul(self.burst.get());
        let price = self.interval.saturating_mul(cost);
        let missing = full.saturating_duration_since(now).saturating_add(price);
        if price > depth {
            return Decision::Deny { retry_after: Duration::MAX };
        }
        match now.checked_add(missing) {
            Some(later) if missing <= depth => {
                *full = (*full).max(later);
                Decision::Allow { remaining: self.requests_in(depth - missing) }
            }
            _ => Decision::Deny { retry_after: missing.saturating_sub(depth) },
        }
    }

    fn requests_in(&self, time: Duration) -> u32 {
        u32::try_from(time.as_nanos() / self.interval.as_nanos()).unwrap_or(u32::MAX)
    }
}

const FASTEST: Duration = Duration::from_nanos(1);
const SLOWEST: Duration = Duration::from_secs(365 * 86_400);
