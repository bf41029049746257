//! Who is let in before an octet is read.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::net::ConnInfo;

/// What becomes of a new connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is served.
    Serve,
    /// It is closed.
    Refuse,
}

/// Decides upon new connections, of all listeners.
///
/// Runs in the connection's own task: one that takes its time delays that connection alone. The connection counts towards the
/// limits meanwhile. A closure of the same arguments is one too.
pub trait Admit: Send + Sync + 'static {
    /// Decides.
    ///
    /// Cancel: dropped when the server stops.
    fn admit(&self, from: &Arc<ConnInfo>) -> impl Future<Output = Verdict> + Send;
}

impl<F, Fut> Admit for F
where
    F: Fn(Arc<ConnInfo>) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Verdict> + Send,
{
    fn admit(&self, from: &Arc<ConnInfo>) -> impl Future<Output = Verdict> + Send {
        self(from.clone())
    }
}

/// [`Admit`] behind a pointer.
pub(super) trait DynAdmit: Send + Sync {
    fn admit_boxed<'a>(&'a self, from: &'a Arc<ConnInfo>) -> Pin<Box<dyn Future<Output = Verdict> + Send + 'a>>;
}

impl<A: Admit> DynAdmit for A {
    fn admit_boxed<'a>(&'a self, from: &'a Arc<ConnInfo>) -> Pin<Box<dyn Future<Output = Verdict> + Send + 'a>> {
        Box::pin(self.admit(from))
    }
}
