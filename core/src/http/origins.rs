//! Where upstream exchanges come from: the pool, else a new connection.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use simplon_pool::{Limits, Pooled, Sharing};
use simplon_proto_http::h1::Config;
use tokio::time::Instant;

use super::ledger::{Permit, Rests, Turn, Wants};
use super::origin_limits::OriginLimits;
use super::session_limits::SessionLimits;
#[cfg(feature = "h2")]
use super::sessions::{Entry, Lease, Place, SessionStats};
use super::shelf::{Asked, Shelf};
use super::upstream::{Link, Protocol, Upstream};
use crate::connect::{self, Connect, Connected, Peer, TcpConnector, Versions};
use crate::error::{Error, Kind, Result};
#[cfg(feature = "h2")]
use crate::net::Negotiated;
use crate::net::{AtRest, Probe, relief};

/// What all upstream connections of one source share.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OriginsConfig {
    /// Limits and lenient switches for what origins send.
    pub protocol: Arc<Config>,
    /// How many connections may be open, and who waits for one.
    pub connections: OriginLimits,
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
}

/// What was counted of connections to origins. See [`Origins::stats`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OriginStats {
    /// Connections that are open or being made.
    pub open: usize,
    /// Exchanges that wait for one.
    pub waiting: usize,
    /// Exchanges that were told that there is none, ever.
    pub refused: usize,
}

impl Default for Origins {
    fn default() -> Self {
        Self::new(TcpConnector::new(), OriginsConfig::default())
    }
}

impl<C> Origins<C> {
    /// With this connector.
    pub fn new(connector: C, config: OriginsConfig) -> Self {
        let protocol = Arc::clone(&config.protocol);
        Self { connector, shelf: Shelf::new(config), protocol }
    }

    /// Connections at rest: open, and without an exchange.
    pub fn at_rest(&self) -> usize {
        self.shelf.resting()
    }

    /// How many connections there are, and who waits for one.
    #[must_use]
    pub fn stats(&self) -> OriginStats {
        let (open, waiting, refused) = self.shelf.ledger.counts();
        OriginStats { open, waiting, refused }
    }

    /// What connections of HTTP/2 were closed for, and the like.
    #[cfg(feature = "h2")]
    #[must_use]
    pub fn http2_stats(&self) -> SessionStats {
        self.shelf.sessions.stats()
    }

    /// Closes the connections at rest to one peer, because it was taken out of service for instance. Those that carry exchanges take no more.
    pub fn forget(&self, peer: &Peer) {
        #[cfg(feature = "h2")]
        self.shelf.sessions.forget(peer);
        self.shelf.pool.clear_key(peer.key(), Instant::now().into_std());
    }

    /// A place on an open connection to this peer, or an idle one that is fit as far as is known without asking the kernel: newest first.
    pub fn idle(&self, peer: &Peer, now: Instant) -> Option<Upstream> {
        #[cfg(feature = "h2")]
        if peer.versions() != Versions::Http1
            && let Some(lease) = self.shelf.sessions.place(peer).take()
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
    #[cfg(test)]
    pub(crate) fn connector(&self) -> &C {
        &self.connector
    }

    /// Where connections rest, for who gives one back later.
    #[cfg(any(test, feature = "tower"))]
    pub(crate) fn shelf(&self) -> &Arc<Shelf> {
        &self.shelf
    }
}

impl<C: Connect> Origins<C> {
    /// A new connection, and how long it took. The peer's connect timeout bounds it.
    ///
    /// Where as many are open as may be ([`OriginsConfig::connections`]), it waits for one that another exchange puts back, or for leave to make
    /// one.
    ///
    /// Where connections carry many exchanges at once, it may be one that another exchange made meanwhile: nobody makes one while one is being
    /// made that will do.
    ///
    /// Cancel: the connection that was being made is dropped, and a turn in the queue is the next one's.
    ///
    /// # Errors
    /// Those of the connector, as [`Connect::connect`] has them; [`Kind::NoConnection`].
    pub async fn connect(&self, peer: &Peer, protocol: Protocol) -> Result<(Upstream, Duration)> {
        if protocol == Protocol::Http && peer.versions() != Versions::Http1 {
            return Box::pin(self.enter(peer)).await;
        }
        self.connect_alone(peer, protocol).await
    }

    /// One that carries exchanges one by one.
    async fn connect_alone(&self, peer: &Peer, protocol: Protocol) -> Result<(Upstream, Duration)> {
        let wants = |sharing| if protocol == Protocol::Http { Wants::any(sharing) } else { Wants::New };
        let turn = match self.shelf.ask(peer.key(), wants)? {
            Asked::Now(turn) => turn,
            Asked::Wait(waiting) => Box::pin(self.shelf.wait(waiting)).await?,
        };
        let permit = match turn {
            Turn::Permit(permit) => permit,
            Turn::Link(pooled) => {
                let mut reused = Upstream::reused(pooled, peer.clone());
                if reused.look(Probe::Socket) == AtRest::Quiet {
                    return Ok((reused, Duration::ZERO));
                }
                match reused.into_permit() {
                    Some(permit) => permit,
                    None => return Err(Error::internal(Kind::Internal)),
                }
            }
        };
        // Neither what a tunnel carries nor what is spoken with one that does not want HTTP/2 is for TLS to choose.
        let connected = self.reach(peer, Versions::Http1).await?;
        Ok(self.alone(connected, permit, peer, protocol))
    }

    /// A stream on a connection that others share, if the origin speaks a version that has them.
    #[cfg(feature = "h2")]
    async fn enter(&self, peer: &Peer) -> Result<(Upstream, Duration)> {
        let on_stream = |lease| Upstream::on_stream(lease, peer.clone(), Arc::clone(&self.protocol));
        let place = self.shelf.sessions.place(peer);
        let making = match place.enter(peer.timeouts().connect).await? {
            Entry::Stream(lease) => return Ok((on_stream(lease), Duration::ZERO)),
            Entry::Http1 => return self.connect_alone(peer, Protocol::Http).await,
            Entry::Make(making) => making,
        };
        let made = async {
            match self.permit_or_stream(peer, &place).await? {
                Leave::Stream(lease) => Ok(Made::Stream(lease)),
                Leave::Permit(permit) => Ok(Made::Connection(self.reach(peer, peer.versions()).await?, permit)),
            }
        };
        let (connected, permit) = match made.await {
            Ok(Made::Connection(connected, permit)) => (connected, permit),
            Ok(Made::Stream(lease)) => return Ok((on_stream(lease), Duration::ZERO)),
            Err(error) => {
                making.failed(&error);
                return Err(error);
            }
        };
        if !is_shared(peer, &connected) {
            if peer.versions() == Versions::Http2Only {
                let error = Error::upstream(Kind::Tls(simplon_proto_tls::Reason::NoSharedProtocol));
                making.failed(&error);
                return Err(error.with_context(peer.to_string()));
            }
            making.prefer_http1();
            return Ok(self.alone(connected, permit, peer, Protocol::Http));
        }
        let took = connected.took;
        let lease = making.open(connected, permit, peer, &self.protocol.limits).await?;
        Ok((on_stream(lease), took))
    }

    /// Leave to make a connection; where that is waited for, perhaps a stream on another that comes free before.
    #[cfg(feature = "h2")]
    async fn permit_or_stream(&self, peer: &Peer, place: &Place) -> Result<Leave> {
        let turn = match self.shelf.ask(peer.key(), |_| Wants::New)? {
            Asked::Now(turn) => turn,
            Asked::Wait(waiting) => tokio::select! {
                biased;
                turn = self.shelf.wait(waiting) => turn?,
                lease = place.room() => return Ok(Leave::Stream(lease)),
            },
        };
        Ok(Leave::Permit(turn.into_permit()))
    }

    #[cfg(not(feature = "h2"))]
    async fn enter(&self, peer: &Peer) -> Result<(Upstream, Duration)> {
        if matches!(peer.versions(), Versions::Http2 | Versions::Http2Only) {
            return Err(Error::internal(Kind::Internal).with_context("HTTP/2 is not compiled in"));
        }
        self.connect_alone(peer, Protocol::Http).await
    }

    /// The peer's octets, in TLS if it asks for it, which is offered these versions. Where the system has no descriptor left for it, idle
    /// connections go first.
    async fn reach(&self, peer: &Peer, versions: Versions) -> Result<Connected> {
        let mut connected = connect::in_time(&self.connector, peer).await;
        if is_exhausted(&connected) && relief::let_go() > 0 {
            connected = connect::in_time(&self.connector, peer).await;
            if is_exhausted(&connected) {
                // Connections that carry many exchanges are closed by the tasks that drive them.
                relief::soon().await;
                connected = connect::in_time(&self.connector, peer).await;
            }
        }
        let connected = connected?;
        if let Some(remote) = connected.remote {
            // Of a connector that did not ask: nothing was said on it yet.
            peer.admits(remote.ip())?;
        }
        connect::secure(connected, peer, versions).await
    }

    fn alone(&self, connected: Connected, permit: Permit, peer: &Peer, protocol: Protocol) -> (Upstream, Duration) {
        let took = connected.took;
        let link = Link::new(connected, permit, peer, Arc::clone(&self.protocol), protocol);
        let mut pooled = Pooled::new(Box::new(link), Instant::now().into_std());
        pooled.limit_rest(peer.timeouts().idle);
        (Upstream::fresh(pooled, peer.clone(), protocol), took)
    }
}

/// What somebody got who wanted to make a connection that is shared.
#[cfg(feature = "h2")]
enum Leave {
    Permit(Permit),
    Stream(Lease),
}

#[cfg(feature = "h2")]
enum Made {
    Connection(Connected, Permit),
    Stream(Lease),
}

fn is_exhausted<T>(outcome: &Result<T>) -> bool {
    outcome.as_ref().is_err_and(|error| error.kind() == Kind::Exhausted)
}

/// Whether HTTP/2 is spoken on this connection: what TLS agreed upon counts more than what was expected.
#[cfg(feature = "h2")]
fn is_shared(peer: &Peer, connected: &Connected) -> bool {
    match (peer.versions(), connected.protocol) {
        (_, Some(Negotiated::Http2)) => true,
        (_, Some(Negotiated::Http1)) => false,
        (versions, None) => matches!(versions, Versions::Http2 | Versions::Http2Only),
    }
}
