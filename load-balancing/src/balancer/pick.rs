//! A backend that was picked, for as long as somebody works with it.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use crate::backend::Backend;
use crate::node::Node;

/// A backend that was picked: a lease. As long as it is held, the backend counts one more request in flight, whatever becomes of the set;
/// dropping it, on any path, ends that.
#[must_use = "the request counts as in flight for as long as this is held"]
pub struct Pick(Arc<Node>);

impl Pick {
    pub(super) fn new(node: Arc<Node>) -> Self {
        node.state.begin();
        Self(node)
    }

    /// The backend, to be kept beyond the lease.
    #[must_use]
    pub fn backend(&self) -> &Arc<Backend> {
        &self.0.backend
    }

    /// Requests in flight to it, this one included.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.state.in_flight()
    }
}

impl Deref for Pick {
    type Target = Backend;

    fn deref(&self) -> &Backend {
        &self.0.backend
    }
}

impl Drop for Pick {
    fn drop(&mut self) {
        self.0.state.end();
    }
}

impl fmt::Debug for Pick {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pick").field(&self.0.backend).finish()
    }
}
