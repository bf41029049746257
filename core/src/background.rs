//! Work beside the connections: health checks, discovery, refreshing of files.
//!
//! A service says when it is ready, and is begun after those that it depends upon are. A panic or an error ends one run of it; the
//! next begins after a pause. When the server drains it is told, and its end is waited for within the drain's deadline.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> simplon_core::error::Result<()> {
//! use simplon_core::background::{Background, Ready};
//! use simplon_core::server::{Drain, Server};
//!
//! let discovery = Background::new("discovery", async |ready: Ready, mut drain: Drain| {
//!     ready.ready(); // the first list is there
//!     drain.draining().await;
//!     Ok(())
//! });
//! let health = Background::new("health", async |ready: Ready, mut drain: Drain| {
//!     ready.ready();
//!     drain.draining().await;
//!     Ok(())
//! });
//! let health = health.after(discovery.id());
//! Server::new().background(discovery).background(health).start().await?.stop().await?;
//! # Ok(())
//! # }
//! ```

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use crate::error::BoxError;
use crate::server::Drain;

mod graph;
mod supervise;

pub use graph::DependencyError;
pub(crate) use supervise::start;

/// Work beside the connections.
///
/// A closure of the same arguments is one too, and so is an `Arc` of one: keep the other half to ask it from elsewhere.
pub trait BackgroundService: Send + Sync + 'static {
    /// Works until told to stop by `drain`. Called again after a panic or an error, then with nothing to gain by `ready`.
    ///
    /// Cancel: dropped when the drain's deadline passes or the server stops.
    ///
    /// # Errors
    /// This run failed; the next one begins after a pause. Ending without an error is the end of the service.
    fn run(&self, ready: Ready, drain: Drain) -> impl Future<Output = Result<(), BoxError>> + Send;
}

impl<F, Fut> BackgroundService for F
where
    F: Fn(Ready, Drain) -> Fut + Send + Sync + 'static,
    Fut: Future<Output = Result<(), BoxError>> + Send,
{
    fn run(&self, ready: Ready, drain: Drain) -> impl Future<Output = Result<(), BoxError>> + Send {
        self(ready, drain)
    }
}

impl<S: BackgroundService> BackgroundService for Arc<S> {
    fn run(&self, ready: Ready, drain: Drain) -> impl Future<Output = Result<(), BoxError>> + Send {
        (**self).run(ready, drain)
    }
}

/// A background service before it is begun: its name, what it depends upon, how long it may take to be ready.
#[must_use = "a background service does nothing until a server takes it"]
pub struct Background {
    id: ServiceId,
    after: Vec<ServiceId>,
    ready_within: Duration,
    service: Box<dyn DynService>,
}

impl Background {
    /// A service of this name, which appears in errors and records.
    pub fn new(name: impl Into<Arc<str>>, service: impl BackgroundService) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let id = ServiceId { name: name.into(), number: NEXT.fetch_add(1, Ordering::Relaxed) };
        Self { id, after: Vec::new(), ready_within: Duration::from_secs(60), service: Box::new(service) }
    }

    /// What others name to depend upon it.
    #[must_use]
    pub fn id(&self) -> ServiceId {
        self.id.clone()
    }

    /// Begins only after that one is ready.
    pub fn after(mut self, other: ServiceId) -> Self {
        self.after.push(other);
        self
    }

    /// How long after the start of the server it may take to be ready, those that it waits for included. Default 60 s.
    pub fn ready_within(mut self, limit: Duration) -> Self {
        self.ready_within = limit;
        self
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Background").field("id", &self.id).field("after", &self.after).finish_non_exhaustive()
    }
}

/// Which service; its name is for people, two of the same name are two.
#[derive(Clone, Debug)]
pub struct ServiceId {
    name: Arc<str>,
    number: u64,
}

impl ServiceId {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl PartialEq for ServiceId {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for ServiceId {}

/// Says that a service can be depended upon. Dropped without [`Ready::ready`], it says that the service failed.
#[derive(Debug)]
#[must_use = "dropped, it says that the service failed"]
pub struct Ready(Arc<watch::Sender<Readiness>>);

impl Ready {
    /// The service can be depended upon.
    pub fn ready(self) {
        settle(&self.0, Readiness::Ready);
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        settle(&self.0, Readiness::Failed);
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Readiness {
    Waiting,
    Ready,
    Failed,
    /// One that it depends upon failed.
    Skipped,
}

/// The first word counts.
fn settle(gate: &watch::Sender<Readiness>, word: Readiness) {
    gate.send_if_modified(|now| {
        let waiting = *now == Readiness::Waiting;
        if waiting {
            *now = word;
        }
        waiting
    });
}

/// [`BackgroundService`] behind a pointer.
trait DynService: Send + Sync {
    fn run_boxed(&self, ready: Ready, drain: Drain) -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + '_>>;
}

impl<S: BackgroundService> DynService for S {
    fn run_boxed(&self, ready: Ready, drain: Drain) -> Pin<Box<dyn Future<Output = Result<(), BoxError>> + Send + '_>> {
        Box::pin(self.run(ready, drain))
    }
}

#[cfg(test)]
mod tests;
