//! The addresses of a name.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use simplon_core::connect::{Peer, Resolve, SystemResolver};
use tokio::time::{Instant, sleep_until, timeout};

use super::{Discovery, DiscoveryError};
use crate::backend::Backend;
use crate::random::Generator;
use crate::set::BackendSet;

type Describe = Box<dyn Fn(SocketAddr) -> Backend + Send + Sync>;

/// The addresses of a name, each a backend, looked up again and again.
///
/// A new set comes only when the addresses changed: their order, which many servers rotate, and repetitions mean nothing. An answer without
/// addresses is a failure like any other, so the last good set stays.
///
/// (A backend at [`simplon_core::net::Address::Name`] is the other way to use a name: one backend, looked up for each connection.)
pub struct Dns<R = SystemResolver> {
    resolver: R,
    host: Arc<str>,
    port: u16,
    every: Duration,
    jitter_percent: u8,
    within: Duration,
    describe: Describe,
    next_at: Option<Instant>,
    last: Option<Vec<SocketAddr>>,
    generator: Generator,
}

impl Dns {
    /// The addresses of this name, with this port, by the resolver of the system: every 30 s, give or take a tenth.
    #[must_use]
    pub fn new(host: impl Into<Arc<str>>, port: u16) -> Self {
        Self::with_resolver(SystemResolver::new(), host, port)
    }
}

impl<R: Resolve> Dns<R> {
    /// The same by this resolver.
    #[must_use]
    pub fn with_resolver(resolver: R, host: impl Into<Arc<str>>, port: u16) -> Self {
        let host: Arc<str> = host.into();
        let label = Arc::clone(&host);
        Self {
            resolver,
            host,
            port,
            every: Duration::from_secs(30),
            jitter_percent: 10,
            within: Duration::from_secs(5),
            describe: Box::new(move |addr| Backend::new(Peer::new(addr)).with_label(Arc::clone(&label))),
            next_at: None,
            last: None,
            generator: Generator::new(),
        }
    }

    /// From the end of one lookup to the beginning of the next; at least 100 ms, whatever is asked for.
    #[must_use]
    pub fn every(mut self, interval: Duration) -> Self {
        self.every = interval.max(Duration::from_millis(100));
        self
    }

    /// That time is shortened or lengthened by up to this percentage, so that many proxies do not ask at once.
    #[must_use]
    pub fn with_jitter_percent(mut self, percent: u8) -> Self {
        self.jitter_percent = percent;
        self
    }

    /// How long a lookup may take. Default 5 s.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Self {
        self.within = limit;
        self
    }

    /// What the backend at an address is like: weight, group, timeouts. Default: weight 1, the name as its label.
    #[must_use]
    pub fn describe(mut self, describe: impl Fn(SocketAddr) -> Backend + Send + Sync + 'static) -> Self {
        self.describe = Box::new(describe);
        self
    }

    async fn look_up(&self) -> Result<Vec<SocketAddr>, DiscoveryError> {
        let found = match timeout(self.within, self.resolver.resolve(&self.host, self.port)).await {
            Err(_) => return Err(DiscoveryError::Timeout(self.within)),
            Ok(Err(source)) => return Err(DiscoveryError::Lookup { host: self.host.clone(), source }),
            Ok(Ok(found)) => found,
        };
        match normal(found) {
            found if found.is_empty() => Err(DiscoveryError::Empty { host: self.host.clone() }),
            found => Ok(found),
        }
    }
}

fn normal(mut found: Vec<SocketAddr>) -> Vec<SocketAddr> {
    found.sort_unstable();
    found.dedup();
    found
}

impl<R: Resolve> Discovery for Dns<R> {
    async fn next(&mut self) -> Result<Option<BackendSet>, DiscoveryError> {
        loop {
            if let Some(at) = self.next_at {
                sleep_until(at).await;
            }
            let found = match self.look_up().await {
                Ok(found) => found,
                Err(error) => {
                    // Whoever asked pauses before the next try; and what comes then is news, even if it is what was there before.
                    (self.next_at, self.last) = (None, None);
                    return Err(error);
                }
            };
            self.next_at = Some(Instant::now() + self.generator.around(self.every, self.jitter_percent));
            if self.last.as_ref() != Some(&found) {
                let set = found.iter().map(|addr| (self.describe)(*addr)).collect();
                self.last = Some(found);
                return Ok(Some(set));
            }
        }
    }
}

impl<R> fmt::Debug for Dns<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dns")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("every", &self.every)
            .field("last", &self.last)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
