//! Who is at the other end of an accepted connection.

mod address_text;

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, OnceLock};

use simplon_proto_tls::Facts;
use tokio::time::Instant;

use address_text::AddressText;

/// What carries a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// TCP.
    Tcp,
    /// A Unix socket.
    Unix,
    /// Something else, such as a pipe in memory.
    Other,
}

/// What both sides agreed to speak before the first octet of it, by ALPN (RFC 7301).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Negotiated {
    /// `http/1.1`, or `http/1.0`.
    Http1,
    /// `h2`.
    Http2,
}

impl Negotiated {
    /// What this name of ALPN stands for.
    #[must_use]
    pub fn of_alpn(name: &[u8]) -> Option<Self> {
        match name {
            b"h2" => Some(Self::Http2),
            b"http/1.1" | b"http/1.0" => Some(Self::Http1),
            _ => None,
        }
    }
}

/// Who is at the other end of an accepted connection, and by which listener it came. One per connection, behind an `Arc`.
#[derive(Clone, Debug)]
pub struct ConnInfo {
    peer: Option<SocketAddr>,
    local: Option<SocketAddr>,
    listener: Arc<str>,
    accepted: Instant,
    transport: Transport,
    tls: Option<Arc<Facts>>,
    protocol: Option<Negotiated>,
    peer_text: OnceLock<AddressText>,
}

impl ConnInfo {
    /// A connection that came by the listener of this label, now.
    #[must_use]
    pub fn new(listener: Arc<str>, transport: Transport) -> Self {
        Self {
            peer: None,
            local: None,
            listener,
            accepted: Instant::now(),
            transport,
            tls: None,
            protocol: None,
            peer_text: OnceLock::new(),
        }
    }

    /// The same with the peer's address.
    #[must_use]
    pub fn with_peer(mut self, peer: SocketAddr) -> Self {
        self.peer = Some(peer);
        self.peer_text = OnceLock::new();
        self
    }

    /// The same with our own address.
    #[must_use]
    pub fn with_local(mut self, local: SocketAddr) -> Self {
        self.local = Some(local);
        self
    }

    /// The same, secured by TLS, which says what is spoken. Without a word of it that is HTTP/1: HTTP/2 has to be negotiated (RFC 9113 §3.2).
    #[must_use]
    pub fn with_tls(mut self, facts: Arc<Facts>) -> Self {
        let named = facts.alpn.as_deref().and_then(Negotiated::of_alpn);
        self.protocol = Some(named.unwrap_or(Negotiated::Http1));
        self.tls = Some(facts);
        self
    }

    /// What was agreed upon with the client; `None` in the clear.
    #[must_use]
    pub fn tls(&self) -> Option<&Arc<Facts>> {
        self.tls.as_ref()
    }

    /// The scheme of what comes over it.
    #[must_use]
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }

    /// The same with the protocol that was negotiated.
    #[must_use]
    pub fn with_protocol(mut self, protocol: Negotiated) -> Self {
        self.protocol = Some(protocol);
        self
    }

    /// What was negotiated; nothing on a plain connection, where the first octets tell.
    #[must_use]
    pub fn protocol(&self) -> Option<Negotiated> {
        self.protocol
    }

    /// The peer's address; of TCP.
    #[must_use]
    pub fn peer(&self) -> Option<SocketAddr> {
        self.peer
    }

    /// The peer's IP address, IPv4 also where it came mapped into IPv6.
    #[must_use]
    pub fn peer_ip(&self) -> Option<IpAddr> {
        self.peer.map(|peer| peer.ip().to_canonical())
    }

    /// [`Self::peer_ip`] as ASCII text, written once for each connection.
    #[must_use]
    pub fn peer_text(&self) -> Option<&[u8]> {
        let ip = self.peer_ip()?;
        Some(self.peer_text.get_or_init(|| AddressText::of(ip)).as_bytes())
    }

    /// Our address that the peer connected to; of TCP.
    #[must_use]
    pub fn local(&self) -> Option<SocketAddr> {
        self.local
    }

    /// The label of the listener: its address unless it was given another.
    #[must_use]
    pub fn listener(&self) -> &Arc<str> {
        &self.listener
    }

    /// When it was accepted.
    #[must_use]
    pub fn accepted(&self) -> Instant {
        self.accepted
    }

    /// What carries it.
    #[must_use]
    pub fn transport(&self) -> Transport {
        self.transport
    }
}

#[cfg(test)]
mod tests;
