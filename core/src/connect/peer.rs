//! Where to connect to, from where, with which options and timeouts.

use std::fmt;
use std::net::IpAddr;
use std::num::{NonZeroU16, NonZeroU32};
use std::sync::Arc;
use std::time::Duration;

use super::guard::Guard;
use super::key::ReuseKey;
use super::versions::Versions;
use crate::net::{Address, SocketOptions};
use crate::tls::TlsClient;

/// A peer to connect to. Cheap to clone, immutable once built; its [`ReuseKey`] is computed then.
///
/// ```
/// use simplon_core::connect::Peer;
/// use simplon_core::net::Address;
/// let peer = Peer::builder(Address::parse("origin.example:80")?).group(7).label("shop").build()?;
/// assert_eq!(peer.label(), "shop");
/// assert_ne!(peer.key(), Peer::new(peer.address().clone()).key()); // another group
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Peer(Arc<Inner>);

struct Inner {
    fields: Fields,
    key: ReuseKey,
}

/// What a peer is made of; [`ReuseKey`] takes it apart field by field.
#[derive(Clone, Debug)]
pub(super) struct Fields {
    pub(super) address: Address,
    pub(super) bind: Option<IpAddr>,
    pub(super) ports: Option<PortRange>,
    pub(super) group: u64,
    pub(super) tcp: SocketOptions,
    pub(super) tls: Option<TlsClient>,
    pub(super) fast_open: FastOpen,
    pub(super) versions: Versions,
    pub(super) guard: Option<Guard>,
    pub(super) timeouts: PeerTimeouts,
    pub(super) label: Option<Arc<str>>,
}

impl Peer {
    /// A peer at this address, all else by default.
    #[must_use]
    pub fn new(address: impl Into<Address>) -> Self {
        Self::builder(address).finish()
    }

    /// Begins the description of a peer at this address.
    #[must_use]
    pub fn builder(address: impl Into<Address>) -> PeerBuilder {
        PeerBuilder(Fields {
            address: address.into(),
            bind: None,
            ports: None,
            group: 0,
            tcp: SocketOptions::default(),
            tls: None,
            fast_open: FastOpen::default(),
            versions: Versions::default(),
            guard: None,
            timeouts: PeerTimeouts::default(),
            label: None,
        })
    }

    /// The same peer, to be changed.
    #[must_use]
    pub fn to_builder(&self) -> PeerBuilder {
        PeerBuilder(self.0.fields.clone())
    }

    /// Where to connect to.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.0.fields.address
    }

    /// The source address.
    #[must_use]
    pub fn bind(&self) -> Option<IpAddr> {
        self.0.fields.bind
    }

    /// The source ports.
    #[must_use]
    pub fn ports(&self) -> Option<PortRange> {
        self.0.fields.ports
    }

    /// Connections of different groups are never exchanged.
    #[must_use]
    pub fn group(&self) -> u64 {
        self.0.fields.group
    }

    /// What is set on its sockets.
    #[must_use]
    pub fn tcp(&self) -> &SocketOptions {
        &self.0.fields.tcp
    }

    /// How it is spoken to in TLS; `None` is in the clear.
    #[must_use]
    pub fn tls(&self) -> Option<&TlsClient> {
        self.0.fields.tls.as_ref()
    }

    /// When the first octets to it may leave.
    #[must_use]
    pub fn fast_open(&self) -> FastOpen {
        self.0.fields.fast_open
    }

    /// Which versions of HTTP may be spoken with it.
    #[must_use]
    pub fn versions(&self) -> Versions {
        self.0.fields.versions
    }

    /// Whether it may be connected to at this address. A connector asks for each address that it is about to try.
    ///
    /// # Errors
    /// It may not: what its [`Guard`] says.
    pub fn admits(&self, ip: IpAddr) -> Result<(), crate::error::Error> {
        self.0.fields.guard.as_ref().map_or(Ok(()), |guard| guard.admits(ip))
    }

    /// How long it is waited for.
    #[must_use]
    pub fn timeouts(&self) -> &PeerTimeouts {
        &self.0.fields.timeouts
    }

    /// What a request to it says in Host if it names no host of its own: the address at which it is reached.
    #[must_use]
    pub fn host(&self) -> String {
        match self.address() {
            Address::Unix(_) => "localhost".to_owned(),
            named => named.to_string(),
        }
    }

    /// What it is called in records; empty unless given.
    #[must_use]
    pub fn label(&self) -> &str {
        self.0.fields.label.as_deref().unwrap_or_default()
    }

    /// What is reached in the same way at another address.
    #[must_use]
    pub fn with_address(&self, address: impl Into<Address>) -> Self {
        self.to_builder().address(address).finish()
    }

    /// The same peer in another group ([`PeerBuilder::group`]).
    #[must_use]
    pub fn with_group(&self, group: u64) -> Self {
        self.to_builder().group(group).finish()
    }

    /// The same peer, whose first octets leave then ([`PeerBuilder::fast_open`]).
    #[must_use]
    pub fn with_fast_open(&self, fast_open: FastOpen) -> Self {
        self.to_builder().fast_open(fast_open).finish()
    }

    /// The same peer under another name in records.
    #[must_use]
    pub fn with_label(&self, label: impl Into<Arc<str>>) -> Self {
        self.to_builder().label(label).finish()
    }

    /// The same peer, held to this as well ([`PeerBuilder::guard`]).
    #[must_use]
    pub fn with_guard(&self, guard: Guard) -> Self {
        self.to_builder().guard(guard).finish()
    }

    /// The same peer, waited for as long as this.
    #[must_use]
    pub fn with_timeouts(&self, timeouts: PeerTimeouts) -> Self {
        self.to_builder().timeouts(timeouts).finish()
    }

    /// All that makes two connections to it interchangeable.
    #[must_use]
    pub fn key(&self) -> &ReuseKey {
        &self.0.key
    }
}

impl<A: Into<Address>> From<A> for Peer {
    fn from(address: A) -> Self {
        Self::new(address)
    }
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Peer").field(&self.0.fields).finish()
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0.fields.label {
            Some(label) => write!(f, "{label} ({})", self.0.fields.address),
            None => self.0.fields.address.fmt(f),
        }
    }
}

/// A [`Peer`] being described.
#[derive(Clone, Debug)]
pub struct PeerBuilder(Fields);

impl PeerBuilder {
    /// At another address, all else as before: for whoever is reached there in the same way.
    #[must_use]
    pub fn address(mut self, address: impl Into<Address>) -> Self {
        self.0.address = address.into();
        self
    }

    /// Connects from this address. Addresses of the other family are then not tried.
    #[must_use]
    pub fn bind(mut self, ip: IpAddr) -> Self {
        self.0.bind = Some(ip);
        self
    }

    /// Connects from these ports (Linux 6.3; elsewhere the system chooses). What lies outside the range of the system
    /// (`net.ipv4.ip_local_port_range`) is cut off by it.
    #[must_use]
    pub fn ports(mut self, ports: PortRange) -> Self {
        self.0.ports = Some(ports);
        self
    }

    /// Sets connections apart from those of other groups to the same address. Default 0.
    #[must_use]
    pub fn group(mut self, group: u64) -> Self {
        self.0.group = group;
        self
    }

    /// What is set on its sockets.
    #[must_use]
    pub fn tcp(mut self, options: SocketOptions) -> Self {
        self.0.tcp = options;
        self
    }

    /// Speaks TLS with it. Default: in the clear.
    #[must_use]
    pub fn tls(mut self, client: TlsClient) -> Self {
        self.0.tls = Some(client);
        self
    }

    /// When the first octets to it may leave. Default: after the handshake. Not part of the key.
    ///
    /// With [`FastOpen::Yes`] (Linux; where the system refuses, the handshake comes first as ever), and once the peer has been
    /// connected to, a connection counts as made before anything was sent:
    ///
    /// - The network may deliver the first octets twice: send what may be carried out twice (RFC 7413 §2.1).
    /// - A refusal shows with the first read or write, and silence within their timeouts instead of that of connecting.
    /// - Nothing is sent before something is written: a peer that speaks first is waited for in vain.
    /// - Of several addresses of a name the first would win, dead or alive. Such names are connected to without it.
    #[must_use]
    pub fn fast_open(mut self, fast_open: FastOpen) -> Self {
        self.0.fast_open = fast_open;
        self
    }

    /// Which versions of HTTP may be spoken with it. Default [`Versions::Http1`]. What is offered in TLS follows from it.
    #[must_use]
    pub fn versions(mut self, versions: Versions) -> Self {
        self.0.versions = versions;
        self
    }

    /// Lets it be connected to only at addresses that this admits, and that those before it do. Default: at any. A Unix socket has no address.
    #[must_use]
    pub fn guard(mut self, guard: Guard) -> Self {
        self.0.guard = Some(match self.0.guard.take() {
            Some(before) => before.and(guard),
            None => guard,
        });
        self
    }

    /// How long it is waited for.
    #[must_use]
    pub fn timeouts(mut self, timeouts: PeerTimeouts) -> Self {
        self.0.timeouts = timeouts;
        self
    }

    /// What it is called in records. Not part of the key.
    #[must_use]
    pub fn label(mut self, label: impl Into<Arc<str>>) -> Self {
        self.0.label = Some(label.into());
        self
    }

    /// The peer.
    ///
    /// # Errors
    /// [`PeerError`]: two of the things that were said contradict each other.
    pub fn build(self) -> Result<Peer, PeerError> {
        let Fields { tls, versions, .. } = &self.0;
        let offered = tls.as_ref().map_or(&[][..], |tls| tls.config().parts().alpn);
        if !versions.agree_with(offered) {
            return Err(PeerError::Protocols { versions: *versions, offered: offered.to_vec() });
        }
        Ok(self.finish())
    }

    /// Where nothing can contradict: with neither TLS nor versions, or with those of a peer that was built.
    fn finish(self) -> Peer {
        let key = ReuseKey::of(&self.0);
        Peer(Arc::new(Inner { fields: self.0, key }))
    }
}

/// When the first octets to a peer may leave.
///
/// Source:  RFC 7413 (TCP Fast Open).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum FastOpen {
    /// After the handshake.
    #[default]
    No,
    /// With its first packet, which saves a round trip.
    Yes,
}

/// How long a peer is waited for. All are finite by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PeerTimeouts {
    /// Name lookup and all tries to connect, together. Default 5 s.
    pub connect: Duration,
    /// The TLS handshake. Default 10 s.
    pub handshake: Duration,
    /// From the end of the request to the first octet of the response, and between octets of the response. Default 60 s.
    pub read: Duration,
    /// Octets per second below which the content of a response is given up, on average, after [`PeerTimeouts::read`] of credit. Tunnels and
    /// streams of gRPC are exempt. Default `None`: events come when there are any, and an origin is somebody's choice.
    pub read_min_rate: Option<NonZeroU32>,
    /// For the peer to take any octet of the request; before it is given up the kernel is asked what it acknowledged. Default 60 s.
    pub write: Duration,
    /// Octets per second below which a request is given up that the peer takes too slowly, on average, after [`PeerTimeouts::write`] of credit.
    /// Streams of gRPC and tunnels are exempt. Default 128.
    pub write_min_rate: Option<NonZeroU32>,
    /// How long a connection may rest in the pool. Default 60 s.
    pub idle: Duration,
    /// After how much silence on a connection of HTTP/2 the peer is asked for a sign of life (PING). Default 30 s: sooner than NAT boxes forget.
    pub ping: Duration,
    /// How long it may take for that sign; after it the connection is closed. Default 5 s.
    pub pong: Duration,
}

impl Default for PeerTimeouts {
    fn default() -> Self {
        let minute = Duration::from_secs(60);
        Self {
            connect: Duration::from_secs(5),
            handshake: Duration::from_secs(10),
            read: minute,
            read_min_rate: None,
            write: minute,
            write_min_rate: NonZeroU32::new(128),
            idle: minute,
            ping: Duration::from_secs(30),
            pong: Duration::from_secs(5),
        }
    }
}

/// What was said of a peer contradicts itself.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PeerError {
    /// Its TLS offers protocols of its own (`ClientConfig::alpn`) that do not fit its versions ([`PeerBuilder::versions`]).
    Protocols {
        /// Which versions of HTTP may be spoken.
        versions: Versions,
        /// What is offered.
        offered: Vec<Vec<u8>>,
    },
}

impl fmt::Display for PeerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Protocols { versions, offered } = self;
        write!(f, "PeerBuilder::versions is Versions::{versions:?}, and ClientConfig::alpn of its TLS is ")?;
        f.debug_list().entries(offered.iter().map(|name| String::from_utf8_lossy(name))).finish()?;
        f.write_str(": without the latter, what is offered follows from the versions")
    }
}

impl std::error::Error for PeerError {}

impl From<PeerError> for crate::error::Error {
    #[track_caller]
    fn from(error: PeerError) -> Self {
        Self::internal(crate::error::Kind::Internal).with_source(error)
    }
}

/// Source ports, from the first to the last, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PortRange {
    first: NonZeroU16,
    last: NonZeroU16,
}

impl PortRange {
    /// From the first to the last, both included.
    ///
    /// # Errors
    /// The first is above the last.
    pub fn new(first: NonZeroU16, last: NonZeroU16) -> Result<Self, PortRangeError> {
        if first <= last { Ok(Self { first, last }) } else { Err(PortRangeError { first, last }) }
    }

    /// The lowest port.
    #[must_use]
    pub fn first(self) -> u16 {
        self.first.get()
    }

    /// The highest port.
    #[must_use]
    pub fn last(self) -> u16 {
        self.last.get()
    }
}

/// A range of ports that ends before it begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortRangeError {
    first: NonZeroU16,
    last: NonZeroU16,
}

impl fmt::Display for PortRangeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the port range ends at {}, before it begins at {}", self.last, self.first)
    }
}

impl std::error::Error for PortRangeError {}

#[cfg(test)]
mod tests;
