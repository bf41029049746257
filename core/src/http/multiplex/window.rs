//! How far ahead a client may send: as much as comes in one round trip, if it is taken as fast, and never more than a bound.

use std::time::Duration;

use tokio::time::Instant;

/// A window that grows with what is measured between a PING and its answer.
///
/// What comes in a round trip is at most the window. So when nearly a window came, a larger one may bring more; when it did not come faster
/// than before, it would only wait here for longer.
#[derive(Debug)]
pub(super) struct Window {
    octets: u32,
    most: u32,
    /// What came since the last measurement, or since the one that is under way began.
    arrived: u64,
    since: Option<Instant>,
    /// Octets each second, at best.
    best: f64,
}

impl Window {
    pub(super) fn new(octets: u32, most: u32) -> Self {
        Self { octets, most, arrived: 0, since: None, best: 0.0 }
    }

    /// Content came.
    pub(super) fn arrived(&mut self, octets: u64) {
        self.arrived = self.arrived.saturating_add(octets);
    }

    /// Whether it is worth a PING: enough came, and the window may still grow.
    pub(super) const fn is_worth_asking(&self) -> bool {
        self.since.is_none() && self.octets < self.most && self.arrived >= (self.octets / 4) as u64
    }

    /// Whether a PING is under way.
    pub(super) const fn is_asking(&self) -> bool {
        self.since.is_some()
    }

    /// A PING was sent.
    pub(super) const fn ask(&mut self, now: Instant) {
        self.since = Some(now);
        self.arrived = 0;
    }

    /// It was answered; gives the new size of the window, if it is to grow.
    pub(super) fn answered(&mut self, now: Instant) -> Option<u32> {
        let took = now.saturating_duration_since(self.since.take()?).max(Duration::from_micros(1));
        let arrived = std::mem::take(&mut self.arrived);
        let rate = arrived as f64 / took.as_secs_f64();
        if rate <= self.best || arrived < u64::from(self.octets) / 3 * 2 {
            return None;
        }
        self.best = rate;
        self.octets = self.octets.saturating_mul(2).min(self.most);
        Some(self.octets)
    }
}

#[cfg(test)]
mod tests;
