//! The layer that speaks TLS with peers that ask for it.

use simplon_proto_http::transfer::Wait;
use simplon_proto_tls::{Reason, ServerName, Whom, error};
use simplon_timeout::timeout;
use tokio::time::Instant;

use super::{Connect, Connected, Peer, Versions};
use crate::error::{Error, Kind, Result};
use crate::net::{Address, Negotiated, Stream};

/// Speaks TLS, over what another connector makes, with peers that ask for it ([`Peer::tls`]); leaves the others in the clear.
///
/// [`Origins`](crate::http::Origins) does this by itself. Used where raw octets are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tls<C>(pub C);

impl<C: Connect> Connect for Tls<C> {
    async fn connect(&self, peer: &Peer) -> Result<Connected> {
        secure(in_time(&self.0, peer).await?, peer, peer.versions()).await
    }
}

/// A new connection of this connector, whatever it does, within the peer's connect timeout.
pub(crate) async fn in_time(connector: &impl Connect, peer: &Peer) -> Result<Connected> {
    match timeout(peer.timeouts().connect, connector.connect(peer)).await {
        Ok(connected) => connected,
        Err(_) => Err(Error::upstream(Kind::Timeout(Wait::Connect)).with_context(peer.to_string())),
    }
}

/// Completes a handshake if the peer asks for one and there was none yet. These versions are offered in it.
pub(crate) async fn secure(connected: Connected, peer: &Peer, versions: Versions) -> Result<Connected> {
    let Some(client) = peer.tls().filter(|_| connected.stream.tls().is_none()) else { return Ok(connected) };
    let begun = Instant::now();
    let name = client.name().map_or_else(|| name_of(peer), |name| Ok(name.clone()))?;
    // The state of a handshake is large, and most exchanges have none.
    let handshake = client.connect(versions).connect(connected.stream, Whom::new(name, port_of(peer)));
    let session = match timeout(peer.timeouts().handshake, handshake).await {
        Ok(outcome) => outcome.map_err(|error| failure(error, peer))?,
        Err(_) => return Err(Error::upstream(Kind::Timeout(Wait::Handshake)).with_context(peer.to_string())),
    };
    let named = session.facts().alpn.as_deref().and_then(Negotiated::of_alpn);
    let (protocol, took) = (Some(named.unwrap_or(Negotiated::Http1)), connected.took + begun.elapsed());
    Ok(Connected { stream: Stream::Tls(session), protocol, took, ..connected })
}

/// The name that a peer without another one has to prove.
fn name_of(peer: &Peer) -> Result<ServerName> {
    let unnamed = || Error::internal(Kind::Tls(Reason::WrongName)).with_context(format!("{peer} has no name to prove"));
    match peer.address() {
        Address::Inet(addr) => Ok(ServerName::Ip(addr.ip().to_canonical())),
        Address::Name { host, .. } => ServerName::parse(host).map_err(|error| unnamed().with_source(error)),
        Address::Unix(_) => Err(unnamed()),
    }
}

/// Where sessions with it belong.
fn port_of(peer: &Peer) -> u16 {
    match peer.address() {
        Address::Inet(addr) => addr.port(),
        Address::Name { port, .. } => *port,
        Address::Unix(_) => 0,
    }
}

fn failure(error: error::Error, peer: &Peer) -> Error {
    let kind = match error.reason() {
        Reason::TimedOut => Kind::Timeout(Wait::Handshake),
        reason => Kind::Tls(reason),
    };
    Error::upstream(kind).with_context(peer.to_string()).with_source(error)
}
