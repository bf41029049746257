//! Running background services: in order, again after a failure, until the drain.

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use simplon_timeout::timeout_at;
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Background, Readiness, Ready, graph, settle};
use crate::error::{BoxError, Error, Kind, Result};
use crate::server::{Counters, Drain};

/// Before the next run after a failure: at first, and at most.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A run of this length was a good one: the next pause is short again.
const STEADY: Duration = Duration::from_secs(60);

/// Begins all services, and gives their tasks once all are ready.
///
/// Cancel: all services are dropped.
///
/// # Errors
/// Internal: dependencies that cannot be met, or a service that failed or took too long, by name.
pub(crate) async fn start(
    services: Vec<Background>,
    on: &Handle,
    drain: &Drain,
    counters: &Arc<Counters>,
) -> Result<JoinSet<()>> {
    let edges = graph::resolve(&services).map_err(|error| Error::internal(Kind::Internal).with_source(error))?;
    let gates: Vec<_> = services.iter().map(|_| Arc::new(watch::Sender::new(Readiness::Waiting))).collect();
    let begun = Instant::now();
    let mut waits = Vec::with_capacity(services.len());
    let mut tasks = JoinSet::new();
    for ((service, waits_for), gate) in services.into_iter().zip(edges).zip(&gates) {
        let by = begun.checked_add(service.ready_within);
        waits.push(Box::pin(ready_by(service.id.name.clone(), gate.subscribe(), by)));
        let runner = Runner { service, gate: gate.clone(), drain: drain.clone(), counters: counters.clone() };
        tasks.spawn_on(runner.run(waits_for.into_iter().map(|n| gates[n].subscribe()).collect()), on);
    }
    all(waits).await?;
    Ok(tasks)
}

/// All of them, or the first failure.
async fn all<F: Future<Output = Result<()>> + Unpin>(mut waits: Vec<F>) -> Result<()> {
    poll_fn(|cx| {
        let mut failure = None;
        waits.retain_mut(|wait| match Pin::new(wait).poll(cx) {
            Poll::Pending => true,
            Poll::Ready(Ok(())) => false,
            Poll::Ready(Err(error)) => {
                failure.get_or_insert(error);
                false
            }
        });
        match (failure, waits.is_empty()) {
            (Some(error), _) => Poll::Ready(Err(error)),
            (None, true) => Poll::Ready(Ok(())),
            (None, false) => Poll::Pending,
        }
    })
    .await
}

async fn ready_by(name: Arc<str>, mut gate: watch::Receiver<Readiness>, by: Option<Instant>) -> Result<()> {
    let failed =
        |what: &str| Error::internal(Kind::Internal).with_context(format!("background service `{name}` {what}"));
    let settled = settled(&mut gate);
    let word = match by {
        None => settled.await,
        Some(by) => timeout_at(by, settled).await.map_err(|_| failed("was not ready in time"))?,
    };
    match word {
        Readiness::Ready => Ok(()),
        // The one that failed tells; this one only waited for it.
        Readiness::Skipped => std::future::pending().await,
        Readiness::Waiting | Readiness::Failed => Err(failed("failed before it was ready")),
    }
}

async fn settled(gate: &mut watch::Receiver<Readiness>) -> Readiness {
    gate.wait_for(|word| *word != Readiness::Waiting).await.map_or(Readiness::Failed, |word| *word)
}

/// One service and its task.
struct Runner {
    service: Background,
    gate: Arc<watch::Sender<Readiness>>,
    drain: Drain,
    counters: Arc<Counters>,
}

impl Runner {
    async fn run(mut self, waits_for: Vec<watch::Receiver<Readiness>>) {
        for mut gate in waits_for {
            if settled(&mut gate).await != Readiness::Ready {
                return settle(&self.gate, Readiness::Skipped);
            }
        }
        let mut pause = PAUSE;
        loop {
            let begun = Instant::now();
            let Err(error) = self.run_once().await else { return };
            let was_ready = *self.gate.borrow() == Readiness::Ready;
            tracing::error!(service = %self.service.id.name, %error, was_ready, "a background service failed");
            if !was_ready || self.drain.is_draining() {
                return;
            }
            self.counters.background_restarts.add();
            if begun.elapsed() >= STEADY {
                pause = PAUSE;
            }
            tokio::select! {
                () = self.drain.draining() => return,
                () = simplon_timeout::sleep(pause) => {}
            }
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// One run; a panic in it is an error of it.
    async fn run_once(&self) -> Result<(), BoxError> {
        let call = || self.service.service.run_boxed(Ready(self.gate.clone()), self.drain.clone());
        let mut run = catch_unwind(AssertUnwindSafe(call)).map_err(|panic| self.panicked(&*panic))?;
        poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(outcome)) => Poll::Ready(outcome),
            // The future is not polled again; what it captured is only dropped.
            Err(panic) => Poll::Ready(Err(self.panicked(&*panic))),
        })
        .await
    }

    fn panicked(&self, panic: &(dyn Any + Send)) -> BoxError {
        self.counters.panics.add();
        let text = panic.downcast_ref::<&str>().copied().or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        format!("panicked: {}", text.unwrap_or("with something other than text")).into()
    }
}
