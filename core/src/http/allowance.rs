//! How long a peer may take over something, when what it does give is worth time.

use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

use super::leg::deadline;

/// A wait that begins with a credit, and to which each octet adds what it is worth at a minimum rate. So a peer that gives one octet now and
/// then is caught, and one that is slow and honest is not. Time in which nobody waits does not count.
///
/// Without a rate, each octet begins the wait anew.
#[derive(Debug)]
pub(in crate::http) struct Allowance {
    most: Duration,
    rate: Option<NonZeroU32>,
    by: Option<Instant>,
    left: Option<Duration>,
}

impl Allowance {
    pub(in crate::http) const fn new(most: Duration, rate: Option<NonZeroU32>) -> Self {
        Self { most, rate, by: None, left: None }
    }

    /// When it runs out, while it runs.
    pub(in crate::http) const fn by(&self) -> Option<Instant> {
        self.by
    }

    /// Whether nobody waited yet since it was made, or restarted.
    pub(in crate::http) const fn is_fresh(&self) -> bool {
        self.by.is_none() && self.left.is_none()
    }

    /// Another bound or another rate; what is `None` stays. The next wait has all its credit.
    pub(in crate::http) fn change(&mut self, most: Option<Duration>, rate: Option<Option<NonZeroU32>>) {
        *self = Self::new(most.unwrap_or(self.most), rate.unwrap_or(self.rate));
    }

    pub(in crate::http) fn is_over(&self, now: Instant) -> bool {
        self.by.is_some_and(|by| by <= now)
    }

    /// Somebody waits.
    pub(in crate::http) fn begin(&mut self) {
        if self.by.is_none() {
            self.by = deadline(self.left.take().unwrap_or(self.most));
        }
    }

    /// The peer gave something.
    pub(in crate::http) fn credit(&mut self, octets: u64) {
        if octets == 0 {
            return;
        }
        let Some(rate) = self.rate else { return self.restart() };
        // More than a day is no bound.
        let worth = Duration::from_secs_f64((octets as f64 / f64::from(rate.get())).min(86_400.0));
        self.pause();
        self.left = self.left.map(|left| left.saturating_add(worth).min(self.most));
    }

    /// Nobody waits any more.
    pub(in crate::http) fn pause(&mut self) {
        if let Some(by) = self.by.take() {
            self.left = self.rate.is_some().then(|| by.saturating_duration_since(Instant::now()));
        }
    }

    /// The next wait has all its credit.
    pub(in crate::http) const fn restart(&mut self) {
        self.by = None;
        self.left = None;
    }
}

#[cfg(test)]
mod tests;
