//! The first layer: TCP to all addresses of a name, and Unix sockets.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use simplon_proto_http::transfer::Wait;
use simplon_timeout::timeout;
use socket2::{Domain, SockRef, Socket, Type};
use tokio::net::{TcpSocket, TcpStream, UnixStream};
use tokio::time::Instant;

use super::race::{interleave, race};
use super::sources::Sources;
use super::{Connect, Connected, FastOpen, Peer, PortRange, Resolve, SystemResolver};
use crate::error::{Error, Kind, Result};
use crate::net::{Address, Family, Stream, sys};

/// Connects by TCP, and to Unix sockets.
///
/// All addresses of a name are tried, IPv6 and IPv4 in turn: the next one beside the one before after 250 ms, or at once after
/// a failure (RFC 8305). The peer's connect timeout bounds the lookup and all tries together.
#[derive(Clone, Debug, Default)]
pub struct TcpConnector<R = SystemResolver> {
    resolver: R,
    sources: Sources,
}

impl TcpConnector {
    /// With the resolver of the system.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<R: Resolve> TcpConnector<R> {
    /// With this resolver.
    #[must_use]
    pub fn with_resolver(resolver: R) -> Self {
        Self { resolver, sources: Sources::default() }
    }

    /// Connects from these addresses: each time from one of the destination's family, at random. Default none.
    ///
    /// A family that is not among them is connected from where the system chooses. [`PeerBuilder::bind`] goes before; a peer's
    /// range of ports does not, it holds for the address that was chosen. An address that stands there twice is chosen twice as
    /// often. Connections from all of them are interchangeable: the list is no part of the [`ReuseKey`].
    ///
    /// Errors:  from an address that this machine does not have, connecting fails, by our own fault.
    ///
    /// [`PeerBuilder::bind`]: super::PeerBuilder::bind
    /// [`ReuseKey`]: super::ReuseKey
    #[must_use]
    pub fn sources(mut self, addresses: impl IntoIterator<Item = IpAddr>) -> Self {
        self.sources = addresses.into_iter().collect();
        self
    }

    async fn open(&self, peer: &Peer) -> Result<Connected> {
        match peer.address() {
            Address::Inet(addr) => self.open_tcp(peer, *addr, peer.fast_open()).await,
            Address::Unix(path) => open_unix(path).await.map(Connected::new),
            Address::Name { host, port } => self.open_name(peer, host, *port).await,
        }
    }

    async fn open_name(&self, peer: &Peer, host: &str, port: u16) -> Result<Connected> {
        let unresolved = |error| {
            wanting(error, |error| match error.kind() {
                io::ErrorKind::ResourceBusy => Error::internal(Kind::Overloaded),
                _ => Error::upstream(Kind::Resolve),
            })
        };
        let mut addresses = self.resolver.resolve(host, port).await.map_err(unresolved)?;
        if let Some(source) = peer.bind() {
            addresses.retain(|addr| addr.is_ipv4() == source.is_ipv4());
        }
        let addresses = interleave(addresses);
        // A try that waits for no answer would win over all others, dead or alive.
        let fast_open = if addresses.len() == 1 { peer.fast_open() } else { FastOpen::No };
        match race(&addresses, |addr| self.open_tcp(peer, addr, fast_open)).await {
            Some(outcome) => outcome,
            None => Err(Error::upstream(Kind::Resolve).with_context("no usable address")),
        }
    }

    async fn open_tcp(&self, peer: &Peer, addr: SocketAddr, fast_open: FastOpen) -> Result<Connected> {
        peer.admits(addr.ip())?;
        let source = peer.bind().or_else(|| self.sources.towards(&addr));
        let way = Way { source, ports: peer.ports(), fast_open };
        let outcome = match try_tcp(peer, addr, way).await {
            // The range is used up towards this destination: once more with any port (row 3-043).
            Err(error) if way.ports.is_some() && error.kind() == Kind::Io(io::ErrorKind::AddrNotAvailable) => {
                try_tcp(peer, addr, Way { ports: None, ..way }).await
            }
            outcome => outcome,
        };
        let tcp = outcome?;
        // Not asked of the kernel, which names no peer before the handshake is over.
        let (remote, local) = (Some(addr), tcp.local_addr().ok());
        Ok(Connected { stream: Stream::Tcp(tcp), remote, local, took: Duration::ZERO, protocol: None })
    }
}

/// How one try goes there.
#[derive(Clone, Copy)]
struct Way {
    source: Option<IpAddr>,
    ports: Option<PortRange>,
    fast_open: FastOpen,
}

impl<R: Resolve> Connect for TcpConnector<R> {
    async fn connect(&self, peer: &Peer) -> Result<Connected> {
        let begun = Instant::now();
        let connected = match timeout(peer.timeouts().connect, self.open(peer)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Error::upstream(Kind::Timeout(Wait::Connect))),
        };
        let connected = connected.map_err(|error| error.with_context(peer.to_string()))?;
        Ok(Connected { took: begun.elapsed(), ..connected })
    }
}

async fn try_tcp(peer: &Peer, addr: SocketAddr, way: Way) -> Result<TcpStream> {
    let socket =
        prepare(peer, addr, way).map_err(|error| wanting(error, |error| Error::internal(Kind::Io(error.kind()))))?;
    socket.connect(addr).await.map_err(|error| failure(error, addr))
}

/// A socket with its options, bound to the source address; no packet has left.
fn prepare(peer: &Peer, addr: SocketAddr, way: Way) -> io::Result<TcpSocket> {
    let Way { source, ports, fast_open } = way;
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM.nonblocking().cloexec(), None)?;
    // What older kernels do not have: any connection is better than none (row 3-042).
    let wish = |outcome: io::Result<()>, refused: &str| {
        if let Err(error) = outcome {
            tracing::debug!(%addr, %error, "{refused}");
        }
    };
    wish(peer.tcp().apply(SockRef::from(&socket), Family::from(&addr)), "a socket option was refused");
    if fast_open == FastOpen::Yes {
        wish(sys::set_fast_open_connect(&socket), "fast open was refused");
    }
    if let Some(range) = ports {
        wish(sys::set_local_port_range(&socket, range.first(), range.last()), "the range of source ports was refused");
    }
    if let Some(source) = source.or_else(|| ports.map(|_| unspecified(&addr))) {
        wish(sys::set_bind_address_no_port(&socket), "the source port is chosen early");
        socket.bind(&SocketAddr::new(source, 0).into())?;
    }
    Ok(TcpSocket::from_std_stream(socket.into()))
}

fn unspecified(addr: &SocketAddr) -> IpAddr {
    match addr {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

async fn open_unix(path: &Path) -> Result<UnixStream> {
    let failure = |error: &io::Error| match error.kind() {
        // No such socket: nobody listens there.
        io::ErrorKind::NotFound => Error::upstream(Kind::Refused),
        kind => Error::upstream(kind),
    };
    UnixStream::connect(path).await.map_err(|error| wanting(error, failure))
}

/// Without descriptors or memory it is our fault, and 503; otherwise what `other` says.
fn wanting(error: io::Error, other: impl FnOnce(&io::Error) -> Error) -> Error {
    let made = if Kind::is_want(&error) { Error::internal(Kind::Exhausted) } else { other(&error) };
    made.with_source(error)
}

/// Row 3-045: a source address that cannot be had, or no permission, is our own fault; the rest is the peer's.
fn failure(error: io::Error, addr: SocketAddr) -> Error {
    use io::ErrorKind::{AddrInUse, AddrNotAvailable, PermissionDenied, TimedOut};
    let made = |error: &io::Error| match error.kind() {
        TimedOut => Error::upstream(Kind::Timeout(Wait::Connect)),
        kind @ (AddrInUse | AddrNotAvailable | PermissionDenied) => Error::internal(Kind::Io(kind)),
        kind => Error::upstream(kind),
    };
    wanting(error, made).with_sent(crate::error::Sent::Nothing).with_context(addr.to_string())
}

#[cfg(test)]
mod tests;
