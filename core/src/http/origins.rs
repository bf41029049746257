//! Where upstream exchanges come from: the pool, else a new connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use http::Method;
use simplon_pool::{Health, Idle, Limits, Pool, Pooled, Sharing};
use simplon_proto_http::h1::Config;
use tokio::time::Instant;

use super::session_limits::SessionLimits;
#[cfg(feature = "h2")]
use super::sessions::{Entry, SessionStats, Sessions};
use super::upstream::{Link, Protocol, Upstream};
use crate::connect::{self, Connect, Connected, Peer, ReuseKey, TcpConnector, Versions};
#[cfg(not(feature = "h2"))]
use crate::error::Error;
use crate::error::{Kind, Result};
#[cfg(feature = "h2")]
use crate::net::Negotiated;
use crate::net::{AtRest, Probe, relief};

/// How often connections at rest are looked through for those that are too old or were closed.
const SWEEP: Duration = Duration::from_secs(5);

/// What all upstream connections of one source share.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OriginsConfig {
    /// Limits and lenient switches for what origins send.
    pub protocol: Arc<Config>,
    /// Bounds of the pool.
    pub pool: Limits,
    /// Whether a worker may use what another put back. With one runtime for each core it should not: a connection is served by the runtime
    /// that made it. Default: it may.
    pub sharing: Sharing,
    /// Bounds of connections that carry many exchanges at once.
    pub sessions: SessionLimits,
}

/// Where upstream exchanges come from: the pool, else a new connection. Shared by all workers.
///
/// While connections rest, one task of the runtime that first put one back looks through them every five seconds; it ends with this value.
#[derive(Debug)]
pub struct Origins<C = TcpConnector> {
    connector: C,
    shelf: Arc<Shelf>,
    protocol: Arc<Config>,
    #[cfg(feature = "h2")]
    sessions: Sessions,
}

/// Connections at rest, and whether somebody looks through them.
#[derive(Debug)]
pub(crate) struct Shelf {
    pool: Pool<ReuseKey, Box<Link>>,
    swept: AtomicBool,
}

impl Idle for Box<Link> {
    /// No system call while the runtime has heard nothing of the connection.
    fn check(&mut self) -> Health {
        match self.leg.stream.at_rest(Probe::Readiness) {
            AtRest::Quiet => Health::Fresh,
            AtRest::Closed => Health::Closed,
            AtRest::Spoke => Health::Spoke,
        }
    }
}

impl Default for Origins {
    fn default() -> Self {
        Self::new(TcpConnector::new(), OriginsConfig::default())
    }
}

impl<C> Origins<C> {
    /// With this connector.
    pub fn new(connector: C, config: OriginsConfig) -> Self {
        #[cfg(feature = "h2")]
        let sessions = Sessions::new(config.sessions, config.sharing);
        let shelf = Shelf { pool: Pool::new(config.pool).sharing(config.sharing), swept: AtomicBool::new(false) };
        Self {
            connector,
            shelf: Arc::new(shelf),
            protocol: config.protocol,
            #[cfg(feature = "h2")]
            sessions,
        }
    }

    /// Connections at rest: open, and without an exchange.
    pub fn at_rest(&self) -> usize {
        let at_rest = self.shelf.pool.len();
        #[cfg(feature = "h2")]
        let at_rest = at_rest + self.sessions.at_rest();
        at_rest
    }

    /// What connections of HTTP/2 were closed for, and the like.
    #[cfg(feature = "h2")]
    #[must_use]
    pub fn http2_stats(&self) -> SessionStats {
        self.sessions.stats()
    }

    /// Closes the connections at rest to one peer, because it was taken out of service for instance. Those that carry exchanges take no more.
    pub fn forget(&self, peer: &Peer) {
        #[cfg(feature = "h2")]
        self.sessions.forget(peer);
        self.shelf.pool.clear_key(peer.key(), Instant::now().into_std());
    }

    /// A place on an open connection to this peer, or an idle one that is fit as far as is known without asking the kernel: newest first.
    pub fn idle(&self, peer: &Peer, now: Instant) -> Option<Upstream> {
        #[cfg(feature = "h2")]
        if peer.versions() != Versions::Http1
            && let Some(lease) = self.sessions.place(peer).take()
        {
            return Some(Upstream::on_stream(lease, peer.clone(), Arc::clone(&self.protocol)));
        }
        let pooled = self.shelf.pool.take(peer.key(), now.into_std())?;
        Some(Upstream::reused(pooled, peer.clone()))
    }

    /// An idle connection to this peer that is fit for a request with this method. Nothing is lost when an idempotent one meets a dead
    /// connection; any other is worth asking the kernel first.
    pub fn idle_for(&self, peer: &Peer, method: &Method, now: Instant) -> Option<Upstream> {
        loop {
            let mut idle = self.idle(peer, now)?;
            if method.is_idempotent() || idle.look(Probe::Socket) == AtRest::Quiet {
                return Some(idle);
            }
        }
    }

    /// Keeps a connection for the next exchange; one that cannot carry another, or that belongs to one client ([`Upstream::is_bound`]), is closed.
    pub fn put_back(&self, upstream: Upstream, now: Instant) {
        self.shelf.put_back(upstream, now);
    }
}

impl<C> Origins<C> {
    /// Where connections rest, for who gives one back later.
    #[cfg(feature = "tower")]
    pub(crate) fn shelf(&self) -> &Arc<Shelf> {
        &self.shelf
    }
}

impl<C: Connect> Origins<C> {
    /// A new connection, and how long it took. The peer's connect timeout bounds it.
    ///
    /// Where connections carry many exchanges at once, it may be one that another exchange made meanwhile: nobody makes one while one is being
    /// made that will do.
    ///
    /// Cancel: the connection that was being made is dropped.
    ///
    /// # Errors
    /// Those of the connector, as [`Connect::connect`] has them.
    pub async fn connect(&self, peer: &Peer, protocol: Protocol) -> Result<(Upstream, Duration)> {
        if protocol == Protocol::Http && peer.versions() != Versions::Http1 {
            return Box::pin(self.enter(peer)).await;
        }
        let connected = self.reach(peer).await?;
        Ok(self.alone(connected, peer, protocol))
    }

    /// A stream on a connection that others share, if the origin speaks a version that has them.
    #[cfg(feature = "h2")]
    async fn enter(&self, peer: &Peer) -> Result<(Upstream, Duration)> {
        let on_stream = |lease| Upstream::on_stream(lease, peer.clone(), Arc::clone(&self.protocol));
        let making = match self.sessions.place(peer).enter(peer.timeouts().connect).await? {
            Entry::Stream(lease) => return Ok((on_stream(lease), Duration::ZERO)),
            Entry::Http1 => {
                let connected = self.reach(peer).await?;
                return Ok(self.alone(connected, peer, Protocol::Http));
            }
            Entry::Make(making) => making,
        };
        let connected = match self.reach(peer).await {
            Ok(connected) => connected,
            Err(error) => {
                making.failed(&error);
                return Err(error);
            }
        };
        if !is_shared(peer, &connected) {
            making.prefer_http1();
            return Ok(self.alone(connected, peer, Protocol::Http));
        }
        let took = connected.took;
        let lease = making.open(connected, peer, &self.protocol.limits).await?;
        Ok((on_stream(lease), took))
    }

    #[cfg(not(feature = "h2"))]
    async fn enter(&self, peer: &Peer) -> Result<(Upstream, Duration)> {
        if peer.versions() == Versions::Http2 {
            return Err(Error::internal(Kind::Internal).with_context("HTTP/2 is not compiled in"));
        }
        let connected = self.reach(peer).await?;
        Ok(self.alone(connected, peer, Protocol::Http))
    }

    /// The peer's octets, in TLS if it asks for it. Where the system has no descriptor left for it, idle connections go first.
    async fn reach(&self, peer: &Peer) -> Result<Connected> {
        let connected = match connect::in_time(&self.connector, peer).await {
            Err(error) if error.kind() == Kind::Exhausted && relief::let_go() > 0 => {
                connect::in_time(&self.connector, peer).await
            }
            outcome => outcome,
        }?;
        if let Some(remote) = connected.remote {
            // Of a connector that did not ask: nothing was said on it yet.
            peer.admits(remote.ip())?;
        }
        connect::secure(connected, peer).await
    }

    fn alone(&self, connected: Connected, peer: &Peer, protocol: Protocol) -> (Upstream, Duration) {
        let took = connected.took;
        let link = Link::new(connected, peer, Arc::clone(&self.protocol), protocol);
        let mut pooled = Pooled::new(Box::new(link), Instant::now().into_std());
        pooled.limit_rest(peer.timeouts().idle);
        (Upstream::fresh(pooled, peer.clone(), protocol), took)
    }
}

/// Whether HTTP/2 is spoken on this connection: what TLS agreed upon counts more than what was expected.
#[cfg(feature = "h2")]
fn is_shared(peer: &Peer, connected: &Connected) -> bool {
    match (peer.versions(), connected.protocol) {
        (_, Some(Negotiated::Http2)) => true,
        (_, Some(Negotiated::Http1)) => false,
        (versions, None) => versions == Versions::Http2,
    }
}

impl Shelf {
    pub(crate) fn put_back(self: &Arc<Self>, upstream: Upstream, now: Instant) {
        if upstream.is_bound() {
            return;
        }
        let Some((pooled, peer)) = upstream.into_rest() else { return };
        self.pool.put(peer.key(), pooled, now.into_std());
        if !self.swept.load(Ordering::Relaxed) {
            self.start_sweeping();
        }
    }

    fn start_sweeping(self: &Arc<Self>) {
        if self.swept.swap(true, Ordering::AcqRel) {
            return;
        }
        let keeper = Arc::downgrade(self);
        relief::register(keeper);
        let sweeping = Sweeping(Arc::downgrade(self));
        tokio::spawn(async move {
            while sweeping.once() {
                tokio::time::sleep(SWEEP).await;
            }
        });
    }
}

impl relief::Keeps for Shelf {
    fn let_go(&self) -> usize {
        self.pool.clear(Instant::now().into_std())
    }
}

/// Says, when its task ends with its runtime, that somebody else has to sweep.
struct Sweeping(std::sync::Weak<Shelf>);

impl Sweeping {
    fn once(&self) -> bool {
        let Some(shelf) = self.0.upgrade() else { return false };
        shelf.pool.sweep(Instant::now().into_std());
        true
    }
}

impl Drop for Sweeping {
    fn drop(&mut self) {
        if let Some(shelf) = self.0.upgrade() {
            shelf.swept.store(false, Ordering::Release);
        }
    }
}
