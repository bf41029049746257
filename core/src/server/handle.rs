//! Asking a running server, and telling it to end.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::hub::{Command, Hub};
use super::{Drain, Stats};

/// How far a server is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// It takes connections.
    Ready,
    /// It takes connections, but asks not to be sent any: readiness says no.
    LameDuck,
    /// It takes no connections, and ends those it has.
    Draining,
    /// It has ended.
    Stopped,
}

/// Asks a running server, and tells it to end. Cheap to clone; does not keep the server running.
#[derive(Clone)]
pub struct ServerHandle(pub(super) Arc<Hub>);

impl ServerHandle {
    /// Begins the drain; returns at once. A second call does nothing.
    pub fn drain(&self) {
        self.0.ask(Command::Drain);
    }

    /// Cuts off all that runs; returns at once.
    pub fn stop(&self) {
        self.0.ask(Command::Stop);
    }

    /// How far the server is.
    #[must_use]
    pub fn phase(&self) -> Phase {
        *self.0.phase.borrow()
    }

    /// The phases from now on.
    #[must_use]
    pub fn phases(&self) -> Phases {
        Phases(self.0.phase.subscribe())
    }

    /// Connections that are open now.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.0.census.open()
    }

    /// What was counted since the server began.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.0.counters.read()
    }

    /// Learns of the drain, as connections do.
    #[must_use]
    pub fn subscribe(&self) -> Drain {
        self.0.trigger.subscribe()
    }

    /// Runs a task that a drain waits for, and that is cut off with the connections. A panic in it is counted.
    ///
    /// # Panics
    /// Outside of a runtime, as [`tokio::spawn`].
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let seat = self.0.seat_task();
        let ticket = seat.ticket();
        let task = tokio::spawn(async move {
            let _seat = seat;
            task.await
        });
        self.0.remember(ticket, task.abort_handle());
        task
    }
}

impl fmt::Debug for ServerHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let connections = self.connections();
        f.debug_struct("ServerHandle").field("phase", &self.phase()).field("connections", &connections).finish()
    }
}

/// The phases of a server as they come.
#[derive(Clone, Debug)]
pub struct Phases(watch::Receiver<Phase>);

impl Phases {
    /// The phase now.
    #[must_use]
    pub fn now(&self) -> Phase {
        *self.0.borrow()
    }

    /// Waits for this phase or a later one.
    ///
    /// Cancel: nothing is lost.
    pub async fn reached(&mut self, phase: Phase) {
        // With the server gone there is nothing more to come.
        let _ = self.0.wait_for(|now| *now >= phase).await;
    }
}
