//! Where to connect to, from where, with which options and timeouts.

use std::fmt;
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::Duration;

use super::key::ReuseKey;
use crate::net::{Address, SocketOptions};

/// A peer to connect to. Cheap to clone, immutable once built; its [`ReuseKey`] is computed then.
///
/// ```
/// use simplon_core::connect::Peer;
/// use simplon_core::net::Address;
/// let peer = Peer::builder(Address::parse("origin.example:80")?).group(7).label("shop").build();
/// assert_eq!(peer.label(), "shop");
/// assert_ne!(peer.key(), Peer::new(peer.address().clone()).key()); // another group
/// # Ok::<(), simplon_core::net::AddressError>(())
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
    pub(super) timeouts: PeerTimeouts,
    pub(super) label: Option<Arc<str>>,
}

impl Peer {
    /// A peer at this address, all else by default.
    #[must_use]
    pub fn new(address: impl Into<Address>) -> Self {
        Self::builder(address).build()
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
    #[must_use]
    pub fn build(self) -> Peer {
        let key = ReuseKey::of(&self.0);
        Peer(Arc::new(Inner { fields: self.0, key }))
    }
}

/// How long a peer is waited for. All are finite by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct PeerTimeouts {
    /// Name lookup and all tries to connect, together. Default 5 s.
    pub connect: Duration,
    /// From the end of the request to the first octet of the response, and between octets of the response. Default 60 s.
    pub read: Duration,
    /// For the peer to take any octet of the request. Default 60 s.
    pub write: Duration,
    /// How long a connection may rest in the pool. Default 60 s.
    pub idle: Duration,
}

impl Default for PeerTimeouts {
    fn default() -> Self {
        let minute = Duration::from_secs(60);
        Self { connect: Duration::from_secs(5), read: minute, write: minute, idle: minute }
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
