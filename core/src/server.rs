//! The server: listeners, services, background services, and their end by phases. A future, not a framework: it returns.
//!
//! It runs in the runtime of whoever starts it, or on threads of its own; several run side by side; none ends the process.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use simplon_core::net::tcp;
//! use simplon_core::server::{Server, service_fn};
//! use tokio::io::AsyncWriteExt;
//!
//! let greet = service_fn(async |mut stream, _from, _drain| {
//!     let _ = stream.write_all(b"hello\n").await;
//! });
//! let running = Server::new().listen(tcp("127.0.0.1:0")?, greet).start().await?;
//! println!("listening on {:?}", running.local_addrs());
//! running.handle().drain(); // from anywhere
//! let report = running.wait().await?;
//! assert!(report.is_clean());
//! # Ok(())
//! # }
//! ```
//!
//! | phase | new connections | running connections | ends |
//! |---|---|---|---|
//! | [`Phase::Ready`] | served | served | with [`ServerHandle::drain`] |
//! | [`Phase::LameDuck`] | served; readiness says no | served | after [`DrainTiming::lame_duck`] |
//! | [`Phase::Draining`] | those in the queue are served, then listeners are closed | told by their [`Drain`] | with the last of them, or cut after [`DrainTiming::deadline`] |
//! | [`Phase::Stopped`] | | | |

use std::fmt;
use std::future::Future;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::pin::pin;
use std::sync::Arc;

use simplon_proto_tls::Reason;
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, JoinSet};

use crate::background::{self, Background};
use crate::error::{Error, Kind, Result};
use crate::net::ListenConfig;
use crate::net::listen::{Acceptor, Bound, Queue, Unlink};
use crate::runtime::{Flavour, Runtime};
use crate::tls::TlsServer;

mod accept;
mod admit;
mod census;
mod door;
mod drain;
mod handle;
mod hub;
mod service;
mod slots;
mod stats;
mod supervise;

pub use admit::{Admit, Verdict};
pub use census::ConnectionLimits;
pub use drain::{Drain, DrainTrigger};
pub use handle::{Phase, Phases, ServerHandle};
pub use service::{ServeConnection, service_fn};
#[cfg(feature = "h2")]
pub(crate) use stats::Counter;
pub(crate) use stats::Counters;
pub use stats::Stats;
pub use supervise::{DrainTiming, Report};

use accept::accept_loop;
use admit::DynAdmit;
use door::{Door, Endpoint, Served};
use hub::{Command, Hub};
use supervise::Supervisor;

/// A server before it runs.
#[derive(Default)]
#[must_use = "a server does nothing until it is started"]
pub struct Server {
    listeners: Vec<(ListenConfig, Arc<dyn Endpoint>)>,
    background: Vec<Background>,
    admit: Option<Arc<dyn DynAdmit>>,
    limits: ConnectionLimits,
    timing: DrainTiming,
    threads: Option<(Flavour, usize)>,
    #[cfg(feature = "signals")]
    obeys_signals: bool,
}

impl Server {
    /// A server that does nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Serves what comes to this listener.
    pub fn listen(self, listener: impl Into<ListenConfig>, service: impl ServeConnection) -> Self {
        self.listen_shared(listener, Arc::new(service))
    }

    /// The same, with a service that other listeners use too.
    pub fn listen_shared<S: ServeConnection>(mut self, listener: impl Into<ListenConfig>, service: Arc<S>) -> Self {
        self.listeners.push((listener.into(), Arc::new(Served(service))));
        self
    }

    /// Runs beside the connections. Listeners take connections once all such services are ready.
    pub fn background(mut self, service: Background) -> Self {
        self.background.push(service);
        self
    }

    /// Decides upon new connections, of all listeners. Default: all are served.
    pub fn admit(mut self, filter: impl Admit) -> Self {
        self.admit = Some(Arc::new(filter));
        self
    }

    /// How many connections may be open at a time.
    pub fn limits(mut self, limits: ConnectionLimits) -> Self {
        self.limits = limits;
        self
    }

    /// How long the phases of the drain last.
    pub fn timing(mut self, timing: DrainTiming) -> Self {
        self.timing = timing;
        self
    }

    /// Runs on threads of its own. Default: in the runtime of whoever starts it.
    pub fn runtime(mut self, flavour: Flavour, threads: usize) -> Self {
        self.threads = Some((flavour, threads));
        self
    }

    /// SIGTERM drains, a second one, or SIGINT at any time, stops at once: from before the first socket is bound until the end, so also while
    /// [`Server::start`] waits. The process does not end by these signals any more, not even after the server has.
    #[cfg(feature = "signals")]
    pub fn drain_on_term(mut self) -> Self {
        self.obeys_signals = true;
        self
    }

    /// Binds all listeners, begins the background services, and takes connections once those are ready.
    ///
    /// Told to drain meanwhile, it waits for nothing any more: background services are dropped, connections that are in the queue are served,
    /// and what it gives is a server that drains.
    ///
    /// Cancel: all that was begun is dropped.
    ///
    /// # Errors
    /// Internal: an address that cannot be had, a background service that failed, no threads; the text names it.
    pub async fn start(self) -> Result<Running> {
        let hub = Hub::new(self.limits);
        self.start_on(hub).await
    }

    async fn start_on(self, hub: Arc<Hub>) -> Result<Running> {
        let starting = Starting(Some(hub.clone()));
        let runtime = match self.threads {
            Some((flavour, threads)) => Runtime::new(flavour, threads, "simplon")?,
            None => Runtime::current()?,
        };
        let workers = runtime.workers();
        #[cfg(feature = "signals")]
        if self.obeys_signals {
            let _inside = Handle::try_current().is_err().then(|| workers[0].enter());
            crate::signals::drain_on_term(ServerHandle(hub.clone()))?;
        }
        let queues = NonZeroUsize::new(workers.len()).unwrap_or(NonZeroUsize::MIN);
        let bound = unless_told(&hub, bind_all(self.listeners, queues)).await?.unwrap_or_default();
        let local = bound.iter().flat_map(|(bound, ..)| bound.local_addrs()).collect();
        let mut opening = Opening {
            hub: &hub,
            admit: self.admit,
            workers,
            loops: JoinSet::new(),
            acceptors: Vec::new(),
            files: Vec::new(),
        };
        for (bound, tls, endpoint) in bound {
            opening.prepare(bound, tls, endpoint)?;
        }
        let drain = hub.trigger.subscribe();
        let ready = background::start(self.background, &workers[0], &drain, &hub.counters);
        let background = unless_told(&hub, ready).await?.unwrap_or_default();
        let (loops, files) = opening.open();
        let supervisor = Supervisor { hub: hub.clone(), timing: self.timing, loops, background, files };
        let supervisor = workers[0].spawn(supervisor.run());
        starting.succeeded();
        Ok(Running { handle: ServerHandle(hub), local, supervisor, _runtime: runtime })
    }

    /// Starts, and waits for the end.
    ///
    /// Cancel: the server stops at once.
    ///
    /// # Errors
    /// As [`Server::start`] and [`Running::wait`].
    pub async fn run(self) -> Result<Report> {
        self.start().await?.wait().await
    }

    /// Starts, and drains when `ended` resolves, be it while it starts.
    ///
    /// Cancel: the server stops at once.
    ///
    /// # Errors
    /// As [`Server::start`] and [`Running::wait`].
    pub async fn run_until(self, ended: impl Future) -> Result<Report> {
        let handle = ServerHandle(Hub::new(self.limits));
        let running = async { self.start_on(handle.0.clone()).await?.wait().await };
        let mut running = pin!(running);
        tokio::select! {
            outcome = &mut running => return outcome,
            _ = ended => handle.drain(),
        }
        running.await
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listeners: Vec<_> = self.listeners.iter().map(|(config, _)| config).collect();
        f.debug_struct("Server")
            .field("listeners", &listeners)
            .field("background", &self.background)
            .finish_non_exhaustive()
    }
}

type Listening = (Bound, Option<Arc<TlsServer>>, Arc<dyn Endpoint>);

async fn bind_all(listeners: Vec<(ListenConfig, Arc<dyn Endpoint>)>, queues: NonZeroUsize) -> Result<Vec<Listening>> {
    let mut bound = Vec::with_capacity(listeners.len());
    for (config, endpoint) in listeners {
        bound.push((config.bind_queues(queues).await?, config.tls_server().cloned(), endpoint));
    }
    Ok(bound)
}

/// Does `work` unless the server is told to end: then it is dropped.
async fn unless_told<T>(hub: &Hub, work: impl Future<Output = Result<T>>) -> Result<Option<T>> {
    let mut asked = hub.command.subscribe();
    tokio::select! {
        biased;
        // What need not wait is done.
        outcome = work => outcome.map(Some),
        () = supervise::at_least(&mut asked, Command::Drain) => Ok(None),
    }
}

/// A server that starts. Dropped, it never will: nobody waits for its phases in vain.
struct Starting(Option<Arc<Hub>>);

impl Starting {
    fn succeeded(mut self) {
        self.0 = None;
    }
}

impl Drop for Starting {
    fn drop(&mut self) {
        if let Some(hub) = &self.0 {
            hub.trigger.drain();
            hub.phase.send_replace(Phase::Stopped);
        }
    }
}

/// A server whose listeners are bound and whose loops do not run yet.
struct Opening<'a> {
    hub: &'a Arc<Hub>,
    admit: Option<Arc<dyn DynAdmit>>,
    workers: &'a [Handle],
    acceptors: Vec<Entrance<'a>>,
    loops: JoinSet<()>,
    files: Vec<Unlink>,
}

/// One queue of connections, where it is served, and how many tasks accept from it.
struct Entrance<'a> {
    acceptor: Arc<Acceptor>,
    door: Arc<Door>,
    worker: &'a Handle,
    accept_loops: NonZeroUsize,
}

impl Opening<'_> {
    /// Makes the queues of a listener part of the runtimes: each worker gets its own.
    fn prepare(&mut self, bound: Bound, tls: Option<Arc<TlsServer>>, endpoint: Arc<dyn Endpoint>) -> Result<()> {
        let Bound { sockets, label, accept_loops, options, file } = bound;
        let (hub, admit) = (self.hub.clone(), self.admit.clone());
        if let Some(tls) = &tls {
            let spoken = tls.speak(endpoint.protocols());
            spoken.map_err(|error| {
                Error::internal(Kind::Tls(Reason::Library)).with_context(label.to_string()).with_source(error)
            })?;
        }
        let door = Arc::new(Door { hub, label, admit, tls, endpoint });
        self.files.extend(file);
        for socket in sockets {
            for (queue, worker) in socket.queues.into_iter().zip(self.workers) {
                let acceptor = Arc::new(register(queue, worker, &options)?);
                self.acceptors.push(Entrance { acceptor, door: door.clone(), worker, accept_loops });
            }
        }
        Ok(())
    }

    /// Begins to accept.
    fn open(mut self) -> (JoinSet<()>, Vec<Unlink>) {
        for Entrance { acceptor, door, worker, accept_loops } in self.acceptors {
            for _ in 0..accept_loops.get() {
                let accepting = accept_loop(acceptor.clone(), door.clone(), self.hub.trigger.subscribe());
                self.loops.spawn_on(accepting, worker);
            }
        }
        (self.loops, self.files)
    }
}

fn register(queue: Queue, worker: &Handle, options: &crate::net::SocketOptions) -> Result<Acceptor> {
    let _inside = worker.enter();
    Acceptor::new(queue, options).map_err(|error| Error::internal(Kind::Io(error.kind())).with_source(error))
}

/// A server that runs. Dropped, it stops at once.
#[must_use = "dropped, it stops at once"]
pub struct Running {
    handle: ServerHandle,
    local: Vec<SocketAddr>,
    supervisor: JoinHandle<Report>,
    _runtime: Runtime,
}

impl Running {
    /// The addresses of its TCP listeners, in the order of the listeners.
    #[must_use]
    pub fn local_addrs(&self) -> &[SocketAddr] {
        &self.local
    }

    /// Asks it, and tells it to end, from anywhere.
    #[must_use]
    pub fn handle(&self) -> ServerHandle {
        self.handle.clone()
    }

    /// Waits for its end, which [`ServerHandle::drain`] or [`ServerHandle::stop`] bring about.
    ///
    /// Cancel: the server stops at once.
    ///
    /// # Errors
    /// Internal: the runtime that it ran in is gone.
    pub async fn wait(mut self) -> Result<Report> {
        self.ended().await
    }

    /// Drains, and waits for the end.
    ///
    /// # Errors
    /// As [`Running::wait`].
    pub async fn drain(self) -> Result<Report> {
        self.handle.drain();
        self.wait().await
    }

    /// Cuts off all that runs, and waits for the end.
    ///
    /// # Errors
    /// As [`Running::wait`].
    pub async fn stop(self) -> Result<Report> {
        self.handle.stop();
        self.wait().await
    }

    async fn ended(&mut self) -> Result<Report> {
        let gone =
            |error| Error::internal(Kind::Internal).with_context("the server's runtime ended").with_source(error);
        (&mut self.supervisor).await.map_err(gone)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.handle.stop();
    }
}

impl fmt::Debug for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("local", &self.local).field("handle", &self.handle).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
