//! A bucket of tokens: so many at once, and then so many each second.

use tokio::time::Instant;

use crate::http::Rate;

/// What is left of a [`Rate`]. Only time fills it, and what is earned on purpose: nothing else that a peer does.
#[derive(Debug)]
pub(in crate::http) struct Budget {
    rate: Rate,
    left: f64,
    filled: Instant,
}

impl Budget {
    pub(in crate::http) fn new(rate: Rate, now: Instant) -> Self {
        Self { rate, left: f64::from(rate.burst), filled: now }
    }

    /// Takes `n` without asking the clock, if they are there.
    pub(in crate::http) fn spend(&mut self, n: u32) -> bool {
        let is_there = self.left >= f64::from(n);
        if is_there {
            self.left -= f64::from(n);
        }
        is_there
    }

    /// Takes `n`; says whether they were there.
    pub(in crate::http) fn take(&mut self, n: u32, now: Instant) -> bool {
        let since = now.saturating_duration_since(self.filled).as_secs_f64();
        self.filled = now;
        self.earn(since * f64::from(self.rate.per_second));
        self.left -= f64::from(n);
        self.left >= 0.0
    }

    /// Adds some, up to the burst.
    pub(super) fn earn(&mut self, n: f64) {
        self.earn_beside(n, 0.0);
    }

    /// Adds some, up to the burst and so many more.
    pub(in crate::http) fn earn_beside(&mut self, n: f64, more: f64) {
        self.left = (self.left + n).min(f64::from(self.rate.burst) + more);
    }
}

#[cfg(test)]
mod tests;
