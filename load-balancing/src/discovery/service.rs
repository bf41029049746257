//! Gives sets to a balancer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use simplon_core::background::{BackgroundService, Ready};
use simplon_core::error::BoxError;
use simplon_core::server::Drain;

use super::{Discovery, DiscoveryError};
use crate::balancer::Balancer;
use crate::catch;
use crate::random::Generator;
use crate::select::Select;
use crate::set::BackendSet;

/// What may be chosen about a [`DiscoveryService`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct DiscoveryConfig {
    /// Pause after a failure; twice as long after each that follows. Default 1 s.
    pub retry: Duration,
    /// That pause at most. Default 30 s.
    pub retry_max: Duration,
    /// The pause is shortened or lengthened by up to this percentage. Default 20.
    pub jitter_percent: u8,
}

impl Default for DiscoveryConfig {
    fn default() -> Self {
        Self { retry: Duration::from_secs(1), retry_max: Duration::from_secs(30), jitter_percent: 20 }
    }
}

type OnError = Box<dyn Fn(&DiscoveryError) + Send + Sync>;

/// Gives the sets of a [`Discovery`] to a balancer, one after the other.
///
/// When the source fails or panics, the balancer keeps the set it has; that is logged and told, and the source is asked again
/// after a pause.
pub struct DiscoveryService<S: Select, D> {
    balancer: Arc<Balancer<S>>,
    source: tokio::sync::Mutex<D>,
    config: DiscoveryConfig,
    on_error: Option<OnError>,
    generator: Generator,
}

impl<S: Select, D: Discovery> DiscoveryService<S, D> {
    /// Gives the sets of this source to this balancer.
    #[must_use]
    pub fn new(balancer: Arc<Balancer<S>>, source: D) -> Self {
        Self::with_config(balancer, source, DiscoveryConfig::default())
    }

    /// The same with pauses of your own.
    #[must_use]
    pub fn with_config(balancer: Arc<Balancer<S>>, source: D, config: DiscoveryConfig) -> Self {
        let source = tokio::sync::Mutex::new(source);
        Self { balancer, source, config, on_error: None, generator: Generator::new() }
    }

    /// Calls back when the source fails; it is logged anyway. A panic there is caught.
    #[must_use]
    pub fn on_error(mut self, callback: impl Fn(&DiscoveryError) + Send + Sync + 'static) -> Self {
        self.on_error = Some(Box::new(callback));
        self
    }

    /// Works until the drain, without a server around it, and also when the source has no more to say.
    ///
    /// `ready` is called after the first set; or after the first failure, if the balancer has backends from elsewhere.
    ///
    /// Cancel: nothing is lost.
    pub async fn work(&self, ready: impl FnOnce() + Send, mut drain: Drain) {
        tokio::select! {
            biased;
            () = drain.draining() => {}
            () = self.follow(ready) => drain.draining().await,
        }
    }

    /// Ends when the source has no more to say.
    async fn follow(&self, ready: impl FnOnce() + Send) {
        let mut source = self.source.lock().await;
        let (mut ready, mut failures) = (Some(ready), 0_u32);
        loop {
            let next = catch::caught(source.next()).await.unwrap_or(Err(DiscoveryError::Panicked));
            let applied = match next {
                // Whoever wrote the selection may panic at a set, too.
                Ok(Some(set)) => catch::caught(async { self.apply(set) }).await.map_err(|_| DiscoveryError::Panicked),
                Ok(None) => return ready.take().into_iter().for_each(|ready| ready()),
                Err(error) => Err(error),
            };
            let pause = match applied {
                Ok(()) => None,
                Err(error) => Some(self.fail(&error, failures)),
            };
            failures = if pause.is_some() { failures.saturating_add(1) } else { 0 };
            if !self.balancer.set().is_empty() || failures == 0 {
                ready.take().into_iter().for_each(|ready| ready());
            }
            // Also after a success, a source that has always something new leaves room for others.
            tokio::time::sleep(pause.unwrap_or(LEAST)).await;
        }
    }

    fn apply(&self, set: BackendSet) {
        let update = self.balancer.update(set);
        let (added, removed, kept) = (update.added, update.removed, update.kept);
        tracing::info!(added, removed, kept, "backends discovered");
    }

    /// Tells it, and how long to pause after so many failures before.
    fn fail(&self, error: &DiscoveryError, before: u32) -> Duration {
        tracing::warn!(%error, before, "discovery failed; the last backends are kept");
        if let Some(callback) = &self.on_error {
            catch::call(|| callback(error));
        }
        let pause = self.config.retry.saturating_mul(1 << before.min(16)).min(self.config.retry_max).max(LEAST);
        self.generator.around(pause, self.config.jitter_percent)
    }
}

impl<S: Select, D: Discovery> BackgroundService for DiscoveryService<S, D> {
    async fn run(&self, ready: Ready, drain: Drain) -> Result<(), BoxError> {
        self.work(|| ready.ready(), drain).await;
        Ok(())
    }
}

/// A source is not asked faster than this, whatever is configured.
const LEAST: Duration = Duration::from_millis(10);

impl<S: Select, D> fmt::Debug for DiscoveryService<S, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiscoveryService").field("config", &self.config).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
