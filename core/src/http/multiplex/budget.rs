//! A bucket of tokens: so many at once, and then so many each second.

use tokio::time::Instant;

use super::config::Rate;

/// What is left of a [`Rate`]. Only time fills it, and what is earned on purpose: nothing else that a peer does.
#[derive(Debug)]
pub(super) struct Budget {
    rate: Rate,
    left: f64,
    filled: Instant,
}

impl Budget {
    pub(super) fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, left: f64::from(rate.burst), filled: now }
    }

    /// Takes `n`; says whether they were there.
    pub(super) fn take(&mut self, n: u32, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.earn(since * f64::from(self.rate.per_second));
        self.left -= f64::from(n);
        self.left >= 0.0
    }

    /// Adds some, up to the burst.
    pub(super) fn earn(&mut self, n: f64) {
        self.left = (self.left + n).min(f64::from(self.rate.burst));
    }
}

#[cfg(test)]
mod tests;
