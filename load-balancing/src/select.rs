//! How the next backend is chosen.
//!
//! | item | what it is |
//! |---|---|
//! | [`Select`] | the seam: what to compute once for a set, and whom to offer for one request |
//! | [`RoundRobin`] | in turn, by weight, as smoothly as the weights allow |
//! | [`Random`] | by weight, without a pattern |
//! | [`Candidates`] | what a selection sees of the backends: who they are, how busy, and whether the caller takes them |

use std::fmt;
use std::sync::Arc;

use crate::backend::Backend;
use crate::node::{Gate, Node};
use crate::set::BackendSet;

mod random;
mod round_robin;
mod table;

pub use random::{Random, RandomPlan};
pub use round_robin::{RoundRobin, RoundRobinPlan};

/// Chooses among backends.
///
/// State that must outlive a set, such as a position, is kept in the selection itself; what can be computed from a set alone is
/// its plan, made anew with every set before that becomes visible.
pub trait Select: Send + Sync + 'static {
    /// What is computed once for each set.
    type Plan: Send + Sync + 'static;

    /// Computes it. Off the request path; any set is possible: empty, all weights 0, weights up to `u32::MAX`.
    fn plan(&self, set: &BackendSet) -> Self::Plan;

    /// The place in the set of the first candidate that is accepted, `None` if none is.
    ///
    /// Runs once for every request: should neither lock nor allocate, and must end when nobody is accepted. `key` is whatever the
    /// caller wants to be told apart by; the selections here need none.
    fn select(&self, plan: &Self::Plan, key: &[u8], candidates: &mut Candidates<'_>) -> Option<usize>;
}

/// What a selection sees of the backends of a set, by their place in it.
pub struct Candidates<'a> {
    nodes: &'a [Arc<Node>],
    gate: &'a Gate,
    accept: &'a mut dyn FnMut(&Backend) -> bool,
}

impl<'a> Candidates<'a> {
    pub(crate) fn new(nodes: &'a [Arc<Node>], gate: &'a Gate, accept: &'a mut dyn FnMut(&Backend) -> bool) -> Self {
        Self { nodes, gate, accept }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The backend at this place.
    #[must_use]
    pub fn backend(&self, index: usize) -> Option<&Backend> {
        self.nodes.get(index).map(|node| &*node.backend)
    }

    /// How many picks of it are held now; 0 at a place that does not exist.
    #[must_use]
    pub fn in_flight(&self, index: usize) -> usize {
        self.nodes.get(index).map_or(0, |node| node.state.in_flight())
    }

    /// Whether the backend at this place is ready and the caller takes it. Once this was true, that place should be the result.
    #[must_use]
    pub fn accepts(&mut self, index: usize) -> bool {
        self.nodes.get(index).is_some_and(|node| self.gate.lets(node) && (self.accept)(&node.backend))
    }
}

impl fmt::Debug for Candidates<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidates").field("len", &self.len()).finish_non_exhaustive()
    }
}
