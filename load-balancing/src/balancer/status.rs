//! What is known, told to people and to metrics.

use std::sync::Arc;
use std::time::Duration;

use super::Balancer;
use crate::backend::{Backend, Enabled};
use crate::health::{Health, Seen};
use crate::node::{Millis, Node};
use crate::select::Select;

/// What a new set changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Update {
    /// Backends that were not there before.
    pub added: usize,
    /// Backends that are there no more.
    pub removed: usize,
    /// Backends that stayed, with their state.
    pub kept: usize,
}

/// What is known of one backend at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BackendStatus {
    /// The backend as the current set describes it.
    pub backend: Arc<Backend>,
    /// What is believed of it.
    pub health: Health,
    /// Whether that belief comes from a check, or was set; otherwise it is the initial one.
    pub is_checked: bool,
    /// Whether it may be picked.
    pub enabled: Enabled,
    /// How long it is still ejected for the failures of requests.
    pub ejected_for: Option<Duration>,
    /// Requests in flight.
    pub in_flight: usize,
    /// Why the last check that failed did so.
    pub last_failure: Option<Arc<str>>,
    /// Whether it is picked, all taken together.
    pub is_ready: bool,
}

impl<S: Select> Balancer<S> {
    /// What is known of every backend, in the order of the set. Allocates; for people and metrics.
    #[must_use]
    pub fn status(&self) -> Vec<BackendStatus> {
        let now = self.clock.now();
        self.current.load().nodes.iter().map(|node| status(node, now)).collect()
    }

    /// How many backends are ready now. Health that is ignored for want of ready ones does not count.
    #[must_use]
    pub fn ready(&self) -> usize {
        let now = self.clock.now();
        self.current.load().nodes.iter().filter(|node| node.is_ready(now)).count()
    }
}

fn status(node: &Node, now: Millis) -> BackendStatus {
    let (is_checked, last_failure) = {
        let ledger = node.state.ledger();
        (ledger.streak.seen() == Seen::Before, ledger.last_failure.clone())
    };
    BackendStatus {
        backend: Arc::clone(&node.backend),
        health: node.state.health(),
        is_checked,
        enabled: node.state.enabled(),
        ejected_for: node.state.ejected_until(now).map(|until| Duration::from_millis(until - now)),
        in_flight: node.state.in_flight(),
        last_failure,
        is_ready: node.is_ready(now),
    }
}
