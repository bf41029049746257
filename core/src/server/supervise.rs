//! The phases of a running server.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

use super::hub::{Command, Hub};
use super::{Phase, Stats};
use crate::net::listen::Unlink;

/// After a cut, tasks that block their thread are not waited for any longer.
const CUT_PATIENCE: Duration = Duration::from_secs(1);

/// How long the phases of a drain last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DrainTiming {
    /// Lame duck: readiness says no, but connections are still taken, until those who balance load have noticed. Default 0.
    pub lame_duck: Duration,
    /// Draining: what is left after it is cut off. Ends earlier as soon as nothing is left. Default 30 s.
    pub deadline: Duration,
}

impl Default for DrainTiming {
    fn default() -> Self {
        Self { lame_duck: Duration::ZERO, deadline: Duration::from_secs(30) }
    }
}

/// How a server ended.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Report {
    /// All that it counted.
    pub stats: Stats,
    /// From the call for a drain, or for a stop, to the end.
    pub took: Duration,
}

impl Report {
    /// Whether nothing was cut off.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.stats.cut == 0
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { stats, took } = self;
        write!(f, "{} connections served, {} cut off, drained in {took:.1?}", stats.accepted, stats.cut)
    }
}

/// What is left to do for a server whose parts all run.
pub(super) struct Supervisor {
    pub(super) hub: Arc<Hub>,
    pub(super) timing: DrainTiming,
    pub(super) loops: JoinSet<()>,
    pub(super) background: JoinSet<()>,
    pub(super) files: Vec<Unlink>,
}

impl Supervisor {
    /// Waits for the call to drain or stop, and leads the server through it.
    pub(super) async fn run(mut self) -> Report {
        let mut asked = self.hub.command.subscribe();
        at_least(&mut asked, Command::Drain).await;
        let begun = Instant::now();
        tokio::select! {
            biased;
            () = at_least(&mut asked, Command::Stop) => {}
            () = self.drain() => {}
        }
        self.stop().await;
        Report { stats: self.hub.counters.read(), took: begun.elapsed() }
    }

    /// Ends with nothing left, or with the deadline.
    async fn drain(&mut self) {
        self.enter(Phase::LameDuck);
        if !self.timing.lame_duck.is_zero() {
            sleep(self.timing.lame_duck).await;
        }
        self.enter(Phase::Draining);
        self.hub.trigger.drain();
        let deadline = self.timing.deadline;
        // A deadline that passes is no failure: what is left is cut and counted.
        let _ = timeout(deadline, self.empty()).await;
    }

    /// Listeners are closed, connections are served to their end, services have ended.
    async fn empty(&mut self) {
        while self.loops.join_next().await.is_some() {}
        self.files.clear();
        self.hub.emptied().await;
        while self.background.join_next().await.is_some() {}
    }

    async fn stop(&mut self) {
        self.hub.trigger.drain();
        self.loops.abort_all();
        self.background.abort_all();
        self.hub.cut();
        let gone = async {
            while self.loops.join_next().await.is_some() {}
            self.files.clear();
            while self.background.join_next().await.is_some() {}
            self.hub.emptied().await;
        };
        if timeout(CUT_PATIENCE, gone).await.is_err() {
            tracing::error!("tasks that were cut off still hold their threads");
        }
        self.enter(Phase::Stopped);
    }

    fn enter(&self, phase: Phase) {
        tracing::info!(?phase, connections = self.hub.census.open(), "the server changes phase");
        self.hub.phase.send_replace(phase);
    }
}

/// Waits until so much is asked for. Nobody left to ask is as good as a call to stop.
pub(super) async fn at_least(asked: &mut watch::Receiver<Command>, command: Command) {
    let _ = asked.wait_for(|asked| *asked >= command).await;
}
