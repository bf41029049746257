//! Where tasks run: inside somebody else's runtime, or on threads of our own, of either flavour.
//!
//! ```
//! use simplon_core::runtime::{Flavour, Runtime};
//! let runtime = Runtime::new(Flavour::PerCore, 2, "example")?;
//! let answer = runtime.block_on(async { 6 * 7 });
//! assert_eq!(answer, 42);
//! # Ok::<(), simplon_core::error::Error>(())
//! ```

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::error::{Error, Kind, Result};

/// How threads share work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flavour {
    /// One scheduler over all threads: an idle one takes work from a busy one.
    Stealing,
    /// Each thread for itself, with its own queue of connections: nothing is shared, and nothing balances but the kernel.
    PerCore,
}

/// Threads that run tasks, or somebody else's runtime.
///
/// Dropped, threads of our own end without waiting for their tasks; it may be dropped anywhere, also in async code.
pub struct Runtime {
    workers: Vec<Handle>,
    owned: Owned,
    next: AtomicUsize,
}

enum Owned {
    /// Nothing: it is somebody else's.
    No,
    Stealing(Option<tokio::runtime::Runtime>),
    /// Dropping a sender ends its thread.
    PerCore(#[expect(dead_code, reason = "held for its drop")] Vec<oneshot::Sender<()>>),
}

impl Runtime {
    /// The runtime that this code runs in.
    ///
    /// # Errors
    /// Internal, if there is none.
    pub fn current() -> Result<Self> {
        let here = Handle::try_current().map_err(|error| failed(error).with_context("no runtime to run in"))?;
        Ok(Self::with(vec![here], Owned::No))
    }

    /// New threads, at least one, named after `name`.
    ///
    /// # Errors
    /// Internal: the system gives no threads or descriptors.
    pub fn new(flavour: Flavour, threads: usize, name: &str) -> Result<Self> {
        let threads = threads.max(1);
        match flavour {
            Flavour::Stealing => Self::stealing(threads, name),
            Flavour::PerCore => Self::per_core(threads, name),
        }
        .map_err(|error| failed(error).with_context("starting the runtime"))
    }

    fn stealing(threads: usize, name: &str) -> io::Result<Self> {
        let mut builder = Builder::new_multi_thread();
        let runtime = fair(&mut builder, QUEUE).worker_threads(threads).thread_name(name).enable_all().build()?;
        Ok(Self::with(vec![runtime.handle().clone()], Owned::Stealing(Some(runtime))))
    }

    fn per_core(threads: usize, name: &str) -> io::Result<Self> {
        let mut workers = Vec::with_capacity(threads);
        let mut stops = Vec::with_capacity(threads);
        for n in 0..threads {
            let (stop, stopped) = oneshot::channel();
            workers.push(worker_thread(format!("{name}-{n}"), stopped)?);
            stops.push(stop);
        }
        Ok(Self::with(workers, Owned::PerCore(stops)))
    }

    fn with(workers: Vec<Handle>, owned: Owned) -> Self {
        Self { workers, owned, next: AtomicUsize::new(0) }
    }

    /// Where tasks can be put: one handle, or with [`Flavour::PerCore`] one for each thread.
    #[must_use]
    pub fn workers(&self) -> &[Handle] {
        &self.workers
    }

    /// Runs a task; with [`Flavour::PerCore`] the threads take turns. A drain does not wait for it:
    /// [`ServerHandle::spawn`](crate::server::ServerHandle::spawn) does.
    pub fn spawn<F>(&self, task: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.workers.len();
        self.workers[turn].spawn(task)
    }

    /// Waits for a future on this thread, while tasks run on the others. For `main`.
    ///
    /// # Panics
    /// When called inside a runtime, as [`Handle::block_on`].
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.workers[0].block_on(future)
    }
}

/// Tasks that a stealing worker's own queue holds; what does not fit goes to the back of one that a busy worker seldom looks at.
const QUEUE: usize = 256;
/// What a lone worker takes on at a time; its queue holds any number.
const BATCH: usize = 1024;

/// So that no connection waits while others are served twice: what one look at the sockets wakes fits into the queue, and is served before
/// the next look.
fn fair(builder: &mut Builder, most: usize) -> &mut Builder {
    builder.max_io_events_per_tick(most).event_interval(most as u32)
}

/// A thread with a runtime of its own, until `stopped` resolves.
fn worker_thread(name: String, stopped: oneshot::Receiver<()>) -> io::Result<Handle> {
    let (tell, told) = mpsc::channel();
    thread::Builder::new().name(name).spawn(move || {
        let runtime = match fair(&mut Builder::new_current_thread(), BATCH).enable_all().build() {
            Ok(runtime) => runtime,
            Err(error) => return drop(tell.send(Err(error))),
        };
        if tell.send(Ok(runtime.handle().clone())).is_ok() {
            // Resolves also when the sender is dropped.
            let _ = runtime.block_on(stopped);
        }
        runtime.shutdown_background();
    })?;
    told.recv().unwrap_or_else(|_| Err(io::Error::other("the thread ended before it began")))
}

fn failed(error: impl Into<crate::error::BoxError>) -> Error {
    Error::internal(Kind::Internal).with_source(error)
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Owned::Stealing(runtime) = &mut self.owned {
            // Unlike a plain drop, this does not block, which async code must not.
            if let Some(runtime) = runtime.take() {
                runtime.shutdown_background();
            }
        }
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let owned = match &self.owned {
            Owned::No => "somebody else's",
            Owned::Stealing(_) => "stealing",
            Owned::PerCore(_) => "per core",
        };
        f.debug_struct("Runtime").field("flavour", &owned).field("workers", &self.workers.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
