//! Failures of requests take a backend out for a while.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use simplon_core::connect::Peer;
use simplon_core::error::{Error, Kind, Origin};

use super::{Balancer, Generation};
use crate::backend::{Backend, BackendId};
use crate::node::{Millis, Node, millis};
use crate::select::Select;

/// When failures of requests take a backend out, and for how long.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ejection {
    /// Failures in a row. Default 5.
    pub failures: NonZeroU32,
    /// How long the first time; twice as long every time that follows soon after. Default 30 s.
    pub base: Duration,
    /// How long at most. Default 300 s.
    pub max: Duration,
    /// Of the enabled backends with a weight, how many may be out at the same time, rounded down: with 50, one of three and none of one.
    /// Default 50. It also holds when the set shrinks: the ejections that would lapse first are lifted.
    pub max_percent: u8,
}

impl Default for Ejection {
    fn default() -> Self {
        Self {
            failures: NonZeroU32::MIN.saturating_add(4),
            base: Duration::from_secs(30),
            max: Duration::from_secs(300),
            max_percent: 50,
        }
    }
}

/// What became of a request, as far as it says something about the backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The backend did its work.
    Ok,
    /// The backend did not: no connection, a reset, no answer in time, no sense in it; for whoever counts them, a 5xx.
    Failed,
}

impl Outcome {
    /// What an error says about the backend: nothing if it befell the client's side, or was our own decision (a limit, a filter, a drain),
    /// so that overload here never ejects a healthy backend there.
    #[must_use]
    pub fn of(error: &Error) -> Option<Self> {
        match (error.origin(), error.kind()) {
            (Origin::Downstream | Origin::Internal, _) => None,
            (
                Origin::Upstream,
                Kind::NoUpstream
                | Kind::Overloaded
                | Kind::NoConnection
                | Kind::Exhausted
                | Kind::Draining
                | Kind::Cancelled,
            ) => None,
            (Origin::Upstream, Kind::Rejected(_) | Kind::Misuse(_) | Kind::ReplayOverflow) => None,
            (Origin::Upstream, Kind::Panicked | Kind::Internal) => None,
            (Origin::Upstream, _) => Some(Self::Failed),
        }
    }
}

/// Ejections of one backend so far.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Ejections {
    /// Those that followed soon upon each other.
    in_a_row: u32,
    lasted: Millis,
    lapsed_at: Millis,
}

impl Ejections {
    /// One more, beginning now; when it lapses. "Soon" is within the length of the one before.
    fn next(&mut self, rule: &Ejection, now: Millis) -> Millis {
        let soon = now <= self.lapsed_at.saturating_add(self.lasted);
        self.in_a_row = if soon { self.in_a_row.saturating_add(1) } else { 1 };
        let factor = 1_u64 << (self.in_a_row - 1).min(32);
        self.lasted = millis(rule.base).saturating_mul(factor).min(millis(rule.max)).max(1);
        self.lapsed_at = now.saturating_add(self.lasted);
        self.lapsed_at
    }
}

impl<S: Select> Balancer<S> {
    /// Tells what became of a request. What is not the backend's doing is not to be reported; [`Outcome::of`] sorts errors.
    ///
    /// A failure has the backend checked before its turn if there is a [`crate::HealthService`], and counts towards ejection
    /// if [`super::BalancerConfig::ejection`] is set.
    ///
    /// Cost: nothing for a success without ejection; otherwise one lookup. Only an ejection itself takes a lock.
    pub fn report(&self, backend: &Backend, outcome: Outcome) {
        if outcome == Outcome::Failed || self.config.ejection.is_some() {
            self.note(backend.id(), outcome);
        }
    }

    /// As [`Balancer::report`], of the backend that this peer leads to.
    pub fn report_peer(&self, peer: &Peer, outcome: Outcome) {
        if outcome == Outcome::Failed || self.config.ejection.is_some() {
            self.note(&BackendId::of(peer), outcome);
        }
    }

    fn note(&self, id: &BackendId, outcome: Outcome) {
        let current = self.current.load();
        let Some(node) = current.find(id) else { return };
        match outcome {
            Outcome::Ok => node.state.forgive(),
            Outcome::Failed => self.note_failure(node),
        }
    }

    fn note_failure(&self, node: &Arc<Node>) {
        if node.state.suspect() {
            self.nudge.notify_one();
        }
        // Requests that were under way when it was ejected must not prolong that, nor count when it is back.
        if let Some(rule) = &self.config.ejection
            && !node.state.is_ejected(self.clock.now())
            && node.state.blame() >= rule.failures.get()
        {
            self.eject(node, rule);
        }
    }

    #[cold]
    fn eject(&self, node: &Node, rule: &Ejection) {
        let _writing = self.write();
        let (current, now) = (self.current.load(), self.clock.now());
        // Somebody else may have been quicker.
        if !current.holds(node) || node.state.is_ejected(now) {
            return;
        }
        node.state.forgive();
        let tally = Tally::of(&current, now);
        if !node.is_eligible() || tally.ejected >= tally.most(rule) {
            tracing::warn!(backend = %node.backend, ejected = tally.ejected, "backend fails but is not ejected: too many are");
            return;
        }
        let until = node.state.ledger().ejections.next(rule, now);
        node.state.set_ejected_until(until);
        self.weigh(&current, now);
        tracing::warn!(backend = %node.backend, failures = rule.failures, for_ms = until - now, "backend is ejected");
    }

    /// Lifts what is beyond the bound, those first that would lapse first.
    pub(super) fn lift_excess(&self, current: &Generation<S::Plan>, now: Millis) {
        let Some(rule) = &self.config.ejection else { return };
        let tally = Tally::of(current, now);
        for _ in tally.most(rule)..tally.ejected {
            let ejected = current.nodes.iter().filter(|node| node.is_eligible() && node.state.is_ejected(now));
            if let Some(node) = ejected.min_by_key(|node| node.state.ejected_until(now)) {
                node.state.set_ejected_until(0);
                tracing::info!(backend = %node.backend, "ejection is lifted: too many would be out");
            }
        }
    }
}

/// How many could be picked, and how many of those are ejected.
struct Tally {
    eligible: usize,
    ejected: usize,
}

impl Tally {
    fn of<P>(current: &Generation<P>, now: Millis) -> Self {
        let eligible = current.nodes.iter().filter(|node| node.is_eligible());
        let (mut all, mut ejected) = (0, 0);
        for node in eligible {
            all += 1;
            ejected += usize::from(node.state.is_ejected(now));
        }
        Self { eligible: all, ejected }
    }

    fn most(&self, rule: &Ejection) -> usize {
        self.eligible * usize::from(rule.max_percent.min(100)) / 100
    }
}

#[cfg(test)]
mod tests;
