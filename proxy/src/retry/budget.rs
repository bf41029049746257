//! Retries within a budget: a share of the traffic, so that an outage is not answered with a multiple of it.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use http::StatusCode;

use super::{Again, Attempt, Outcome, Retry};

/// What one exchange pays in, with the default share: thousandths of a retry.
const SHARE_PERMILLE: u32 = 200;
/// Retries that may be made before any exchange has paid in, and the most that can be saved up.
const RESERVE: u32 = 100;
/// A whole retry, in the unit of the account.
const RETRY: i64 = 1000;

/// The default policy: up to three attempts, retries at most a fifth of the traffic (and a reserve of one hundred), connect failures and
/// connections that broke before an answer; no status unless it is named.
///
/// Under a total outage the account runs dry and the first failure is the answer.
#[derive(Debug)]
pub struct Budget {
    attempts: u32,
    share_permille: u32,
    reserve: u32,
    backoff: Duration,
    statuses: Vec<StatusCode>,
    account: AtomicI64,
    refused: AtomicU64,
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            attempts: 3,
            share_permille: SHARE_PERMILLE,
            reserve: RESERVE,
            backoff: Duration::ZERO,
            statuses: Vec::new(),
            account: AtomicI64::new(i64::from(RESERVE) * RETRY),
            refused: AtomicU64::new(0),
        }
    }
}

impl Budget {
    /// At most this many attempts in all; at least one is made.
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts.max(1);
        self
    }

    /// Retries may be this share of all exchanges, in thousandths, plus a reserve that is there from the start and is the most to be saved up.
    #[must_use]
    pub fn share(mut self, permille: u32, reserve: u32) -> Self {
        self.share_permille = permille;
        self.reserve = reserve;
        self.account = AtomicI64::new(i64::from(reserve) * RETRY);
        self
    }

    /// Waits before the second attempt this long, before the third twice as long, and so on.
    #[must_use]
    pub fn backoff(mut self, first: Duration) -> Self {
        self.backoff = first;
        self
    }

    /// Also tries again when an origin answers with one of these, such as 503.
    #[must_use]
    pub fn on_status(mut self, statuses: impl IntoIterator<Item = StatusCode>) -> Self {
        self.statuses.extend(statuses);
        self
    }

    /// Retries that were wanted and not made because the account was empty.
    pub fn refused(&self) -> u64 {
        self.refused.load(Relaxed)
    }

    fn wants(&self, attempt: &Attempt<'_>) -> bool {
        attempt.number < self.attempts
            && match attempt.outcome {
                Outcome::Open => false,
                Outcome::Failed(_) => true,
                Outcome::Answered(status) => self.statuses.contains(&status),
            }
    }

    fn draw(&self) -> bool {
        let drawn = self
            .account
            .fetch_update(Relaxed, Relaxed, |account| (account >= RETRY).then_some(account - RETRY))
            .is_ok();
        if !drawn {
            self.refused.fetch_add(1, Relaxed);
        }
        drawn
    }

    fn pause(&self, number: u32) -> Again {
        match self.backoff.saturating_mul(1 << number.saturating_sub(1).min(16)) {
            Duration::ZERO => Again::Now,
            pause => Again::After(pause),
        }
    }
}

impl<Ctx> Retry<Ctx> for Budget {
    fn resends(&self, number: u32) -> bool {
        number < self.attempts
    }

    fn again(&self, attempt: &Attempt<'_>, _cx: &mut Ctx) -> Again {
        if self.wants(attempt) && self.draw() { self.pause(attempt.number) } else { Again::No }
    }

    /// A full account is only read, so that workers do not contend for it.
    fn begun(&self) {
        if self.account.load(Relaxed) < i64::from(self.reserve) * RETRY {
            self.account.fetch_add(i64::from(self.share_permille), Relaxed);
        }
    }
}

#[cfg(test)]
mod tests;
