//! A look by connecting.

use std::time::Duration;

use simplon_core::connect::{Connect, FastOpen, Peer, TcpConnector};
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

/// The peer as a probe goes to it: perhaps at another port, and waited for no longer than the probe may take. All else is as for requests: its
/// versions of HTTP, its TLS with the name to prove, its source address.
pub(super) fn probe_peer(peer: &Peer, port: Option<u16>, timeout: Duration) -> Peer {
    let mut timeouts = *peer.timeouts();
    timeouts.connect = timeout;
    timeouts.handshake = timeout;
    timeouts.read = timeout;
    timeouts.write = timeout;
    // With fast open, connecting would not ask the peer.
    let probed = peer.with_fast_open(FastOpen::No).with_timeouts(timeouts);
    match port {
        Some(port) => probed.with_address(at_port(peer.address(), port)),
        None => probed,
    }
}

fn at_port(address: &Address, port: u16) -> Address {
    match address {
        Address::Inet(addr) => {
            let mut addr = *addr;
            addr.set_port(port);
            Address::Inet(addr)
        }
        Address::Name { host, .. } => Address::Name { host: host.clone(), port },
        Address::Unix(path) => Address::Unix(path.clone()),
    }
}

#[cfg(test)]
mod tests;
