//! Looks at all backends again and again.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use simplon_core::background::{BackgroundService, Ready};
use simplon_core::error::BoxError;
use simplon_core::server::Drain;
use tokio::time::Instant;

use super::round::{Looked, Round};
use super::{Check, CheckError, Health, Thresholds};
use crate::backend::Backend;
use crate::balancer::Balancer;
use crate::catch;
use crate::node::Node;
use crate::random::Generator;
use crate::select::Select;

/// What may be chosen about a [`HealthService`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HealthConfig {
    /// From the end of one look at a healthy backend to the beginning of the next. Default 5 s.
    pub interval: Duration,
    /// The same while its health is in question: it is unhealthy, or the last look spoke against the verdict. Also the least time from
    /// one look to the next when requests fail and the backend is looked at out of turn. Not above `interval`. Default 1 s.
    pub recheck: Duration,
    /// Both are shortened or lengthened by up to this percentage, so that looks do not come in volleys. Default 10.
    pub jitter_percent: u8,
    /// How many looks in a row change a verdict. Default 1 each.
    pub thresholds: Thresholds,
    /// Looks at a time. Default 32.
    pub parallel: NonZeroUsize,
    /// How long one look may take, whatever the check itself allows. Default 10 s.
    pub deadline: Duration,
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(5),
            recheck: Duration::from_secs(1),
            jitter_percent: 10,
            thresholds: Thresholds::default(),
            parallel: NonZeroUsize::MIN.saturating_add(31),
            deadline: Duration::from_secs(10),
        }
    }
}

impl HealthConfig {
    /// The default with another interval.
    #[must_use]
    pub fn every(interval: Duration) -> Self {
        Self { interval, ..Self::default() }
    }

    fn recheck(&self) -> Duration {
        self.recheck.min(self.interval).max(LEAST)
    }
}

/// Looks never follow each other faster than this, whatever is configured.
const LEAST: Duration = Duration::from_millis(10);

/// A verdict that changed.
#[derive(Debug)]
#[non_exhaustive]
pub struct HealthChange<'a> {
    /// On whom.
    pub backend: &'a Arc<Backend>,
    /// The new one.
    pub health: Health,
    /// Why, if it is unhealthy.
    pub reason: Option<&'a CheckError>,
}

type OnChange = Box<dyn Fn(&HealthChange<'_>) + Send + Sync>;

/// Looks at all backends of a balancer again and again, and tells it what was seen.
///
/// All are looked at once at the start; then the service is ready. New backends are looked at as soon as they come into the set, and
/// those that a request failed at ([`Balancer::report`]) before their turn. One service for one balancer.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::sync::Arc;
/// use simplon_core::background::Background;
/// use simplon_core::server::Server;
/// use simplon_load_balancing::{Balancer, BackendSet, HealthService, RoundRobin, TcpCheck};
///
/// let balancer = Arc::new(Balancer::new(BackendSet::parse(["127.0.0.1:1"])?, RoundRobin::new()));
/// let health = HealthService::new(balancer.clone(), TcpCheck::new());
/// let running = Server::new().background(Background::new("health", health)).start().await?;
/// assert_eq!(balancer.ready(), 0); // nobody listens there, and that was found out before the start was over
/// running.stop().await?;
/// # Ok(())
/// # }
/// ```
pub struct HealthService<S: Select, C> {
    balancer: Arc<Balancer<S>>,
    check: Arc<C>,
    config: HealthConfig,
    on_change: Option<OnChange>,
    generator: Generator,
}

impl<S: Select, C: Check> HealthService<S, C> {
    /// Looks at the backends of this balancer by this check, with the default configuration.
    #[must_use]
    pub fn new(balancer: Arc<Balancer<S>>, check: C) -> Self {
        Self::with_config(balancer, check, HealthConfig::default())
    }

    /// Looks at the backends of this balancer by this check.
    #[must_use]
    pub fn with_config(balancer: Arc<Balancer<S>>, check: C, config: HealthConfig) -> Self {
        Self { balancer, check: Arc::new(check), config, on_change: None, generator: Generator::new() }
    }

    /// Calls back when a verdict changes; it is logged anyway. A panic there is caught.
    #[must_use]
    pub fn on_change(mut self, callback: impl Fn(&HealthChange<'_>) + Send + Sync + 'static) -> Self {
        self.on_change = Some(Box::new(callback));
        self
    }

    /// Works until the drain, without a server around it. `ready` is called once everybody was looked at, which with an empty set is at once.
    ///
    /// Cancel: looks under way are given up; nothing is left behind.
    pub async fn work(&self, ready: impl FnOnce() + Send, mut drain: Drain) {
        let mut round = Round::new(self.config.parallel.get(), self.config.recheck());
        let mut ready = Some(ready);
        let mut version = None;
        loop {
            let current = self.balancer.version();
            if version.replace(current) != Some(current) {
                round.follow(&self.balancer.nodes(), Instant::now());
            }
            self.begin_due(&mut round);
            if round.is_complete()
                && let Some(ready) = ready.take()
            {
                ready();
            }
            let next_due = round.next_due();
            tokio::select! {
                biased;
                () = drain.draining() => return,
                (node, looked) = round.ended() => self.conclude(&mut round, &node, looked),
                () = self.balancer.nudged() => {}
                () = until(next_due) => {}
            }
        }
    }

    fn begin_due(&self, round: &mut Round) {
        for node in round.due(Instant::now()) {
            let look = look(Arc::clone(&self.check), Arc::clone(&node.backend), self.config.deadline);
            round.begin(node, look);
        }
    }

    fn conclude(&self, round: &mut Round, node: &Node, looked: Looked) {
        let wait = self.generator.around(self.wait(node, &looked), self.config.jitter_percent);
        round.again(node, Instant::now(), wait);
        let reason = looked.err();
        if let Some(reason) = reason.as_ref().filter(|reason| !reason.is_conclusive()) {
            let cause = std::error::Error::source(reason).map(tracing::field::display);
            tracing::warn!(backend = %node.backend, %reason, cause, "health is unknown");
            return;
        }
        let result = reason.as_ref().map_or(Ok(()), Err);
        if let Some(health) = self.balancer.observe(node, self.config.thresholds, result)
            && let Some(callback) = &self.on_change
        {
            catch::call(|| callback(&HealthChange { backend: &node.backend, health, reason: reason.as_ref() }));
        }
    }

    /// Until the next look: long only if the verdict is healthy and this look agrees.
    fn wait(&self, node: &Node, looked: &Looked) -> Duration {
        match (node.state.health(), looked) {
            (Health::Healthy, Ok(())) => self.config.interval.max(LEAST),
            _ => self.config.recheck(),
        }
    }
}

impl<S: Select, C: Check> BackgroundService for HealthService<S, C> {
    async fn run(&self, ready: Ready, drain: Drain) -> Result<(), BoxError> {
        self.work(|| ready.ready(), drain).await;
        Ok(())
    }
}

async fn look<C: Check>(check: Arc<C>, backend: Arc<Backend>, deadline: Duration) -> Looked {
    match tokio::time::timeout(deadline, check.check(&backend)).await {
        Ok(looked) => looked,
        Err(_) => Err(CheckError::Timeout(deadline)),
    }
}

async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

impl<S: Select, C> fmt::Debug for HealthService<S, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HealthService").field("config", &self.config).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
