//! A look by connecting.

use std::net::SocketAddr;
use std::time::Duration;

use simplon_core::connect::{Connect, FastOpen, Peer, PeerTimeouts, TcpConnector};
use simplon_core::net::Address;

use super::{Check, CheckError};
use crate::backend::Backend;

/// Whether a backend takes connections: connects, and closes at once.
///
/// It goes the way of the requests (source address, socket options, any [`Connect`] layer), within a time of its own.
#[derive(Clone, Debug)]
pub struct TcpCheck<C = TcpConnector> {
    connector: C,
    timeout: Duration,
    port: Option<u16>,
}

impl TcpCheck {
    /// By plain TCP or Unix sockets, within 1 s.
    #[must_use]
    pub fn new() -> Self {
        Self::over(TcpConnector::new())
    }
}

impl Default for TcpCheck {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Connect> TcpCheck<C> {
    /// By this connector, within 1 s.
    #[must_use]
    pub fn over(connector: C) -> Self {
        Self { connector, timeout: Duration::from_secs(1), port: None }
    }

    /// How long it may take, name lookup included.
    #[must_use]
    pub fn within(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Connects to this port instead of the backend's own. Unix sockets have none.
    #[must_use]
    pub fn with_port(mut self, port: u16) -> Self {
        self.port = Some(port);
        self
    }
}

impl<C: Connect + 'static> Check for TcpCheck<C> {
    async fn check(&self, backend: &Backend) -> Result<(), CheckError> {
        let peer = probe_peer(backend.peer(), self.port, self.timeout);
        match tokio::time::timeout(self.timeout, self.connector.connect(&peer)).await {
            Ok(connected) => connected.map(drop).map_err(CheckError::from),
            Err(_) => Err(CheckError::Timeout(self.timeout)),
        }
    }
}

/// The peer as a probe goes to it: perhaps at another port, and waited for no longer than the probe may take.
pub(super) fn probe_peer(peer: &Peer, port: Option<u16>, timeout: Duration) -> Peer {
    let mut timeouts = PeerTimeouts::default();
    timeouts.connect = timeout;
    timeouts.read = timeout;
    timeouts.write = timeout;
    match port {
        Some(port) => at_port(peer, port).timeouts(timeouts).build(),
        // With fast open, connecting would not ask the peer.
        None => peer.to_builder().fast_open(FastOpen::No).timeouts(timeouts).build(),
    }
}

fn at_port(peer: &Peer, port: u16) -> simplon_core::connect::PeerBuilder {
    let address = match peer.address() {
        Address::Inet(addr) => Address::Inet(SocketAddr::new(addr.ip(), port)),
        Address::Name { host, .. } => Address::Name { host: host.clone(), port },
        Address::Unix(path) => Address::Unix(path.clone()),
    };
    let mut builder = Peer::builder(address).group(peer.group()).tcp(*peer.tcp());
    if let Some(ip) = peer.bind() {
        builder = builder.bind(ip);
    }
    if let Some(ports) = peer.ports() {
        builder = builder.ports(ports);
    }
    if peer.label().is_empty() { builder } else { builder.label(peer.label()) }
}

#[cfg(test)]
mod tests;
