//! From single observations to a verdict.

use std::num::NonZeroU32;

/// Whether a backend is believed to work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Health {
    /// It is.
    Healthy,
    /// It is not.
    Unhealthy,
}

/// How many observations in a row change a verdict. Default 1 each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Successes in a row until an unhealthy backend is healthy.
    pub healthy: NonZeroU32,
    /// Failures in a row until a healthy backend is unhealthy.
    pub unhealthy: NonZeroU32,
}

impl Thresholds {
    fn until(self, health: Health) -> u32 {
        match health {
            Health::Healthy => self.healthy.get(),
            Health::Unhealthy => self.unhealthy.get(),
        }
    }
}

impl Default for Thresholds {
    fn default() -> Self {
        Self { healthy: NonZeroU32::MIN, unhealthy: NonZeroU32::MIN }
    }
}

/// The verdict on one backend, and the observations in a row that speak against it.
///
/// A first observation that finds a backend healthy decides alone: what started as unhealthy until checked need not wait for a row of checks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Streak {
    verdict: Health,
    against: u32,
    seen: Seen,
}

/// Whether there was any observation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen {
    Never,
    Before,
}

impl Streak {
    pub(crate) fn new(verdict: Health) -> Self {
        Self { verdict, against: 0, seen: Seen::Never }
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen
    }

    /// Takes one observation; the new verdict if that changes it.
    pub(crate) fn observe(&mut self, observed: Health, thresholds: Thresholds) -> Option<Health> {
        let needed = match (self.seen, observed) {
            (Seen::Never, Health::Healthy) => 1,
            _ => thresholds.until(observed),
        };
        self.seen = Seen::Before;
        self.against = if observed == self.verdict { 0 } else { self.against.saturating_add(1) };
        if self.against < needed {
            return None;
        }
        self.against = 0;
        self.verdict = observed;
        Some(observed)
    }

    /// Somebody who knows better sets the verdict; whether that changes it.
    pub(crate) fn overrule(&mut self, verdict: Health) -> Option<Health> {
        let changed = (self.verdict != verdict).then_some(verdict);
        *self = Self { verdict, against: 0, seen: Seen::Before };
        changed
    }
}

#[cfg(test)]
mod tests;
