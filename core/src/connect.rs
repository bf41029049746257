//! From a peer to a byte stream.
//!
//! | item | what it is |
//! |---|---|
//! | [`Peer`] | where to, from where, with which options and timeouts |
//! | [`Guard`] | which addresses a peer may be connected to, asked once they are known |
//! | [`Versions`] | which versions of HTTP are spoken with it |
//! | [`ReuseKey`] | all that makes two connections to a peer interchangeable |
//! | [`Connect`] | the seam: a layer wraps the one before it |
//! | [`TcpConnector`] | the first layer: TCP to all addresses of a name, and Unix sockets |
//! | [`Tls`] | the layer that speaks TLS with peers that ask for it |
//! | [`Resolve`] | from a name to addresses |
//! | [`BlockingResolver`] | the same by a function that blocks, on a few threads of its own |
//! | [`Offload`] | a layer that does the work of the one below on threads of its own |

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::time::Duration;

use crate::error::Result;
use crate::net::{Negotiated, Stream};

mod guard;
mod key;
mod offload;
mod peer;
mod race;
mod random;
mod resolve;
mod sources;
mod tcp;
mod tls;
mod versions;

pub use guard::Guard;
pub use key::ReuseKey;
pub use offload::Offload;
pub use peer::{FastOpen, Peer, PeerBuilder, PeerError, PeerTimeouts, PortRange, PortRangeError};
pub use resolve::{BlockingResolver, Resolve, StaticResolver, SystemResolver};
pub use tcp::TcpConnector;
pub use tls::Tls;
pub(crate) use tls::{in_time, secure};
pub use versions::Versions;

/// A new connection.
#[derive(Debug)]
#[non_exhaustive]
pub struct Connected {
    /// Its octets.
    pub stream: Stream,
    /// The address that answered, or will with [`FastOpen::Yes`]; of TCP.
    pub remote: Option<SocketAddr>,
    /// Our address; of TCP.
    pub local: Option<SocketAddr>,
    /// How long it took, name lookup included.
    pub took: Duration,
    /// What a TLS handshake agreed upon; `None` where there was no TLS.
    pub protocol: Option<Negotiated>,
}

impl Connected {
    /// A stream that is connected already, as in tests.
    #[must_use]
    pub fn new(stream: impl Into<Stream>) -> Self {
        let stream = stream.into();
        Self { remote: stream.peer_addr(), local: stream.local_addr(), stream, took: Duration::ZERO, protocol: None }
    }
}

/// Makes connections.
pub trait Connect: Send + Sync {
    /// A new connection to the peer, to an address that it admits ([`Peer::admits`]). Whoever asks for one bounds the wait by the peer's connect
    /// timeout, whatever the connector does.
    ///
    /// Cancel: the connection that was being made is dropped.
    ///
    /// # Errors
    /// Of the upstream: [`Kind::Refused`], [`Kind::Unreachable`], [`Kind::Resolve`], [`Kind::Timeout`] with `Wait::Connect`,
    /// [`Kind::Io`]. Of our own: [`Kind::Io`] when the source address cannot be had.
    ///
    /// [`Kind::Refused`]: crate::error::Kind::Refused
    /// [`Kind::Unreachable`]: crate::error::Kind::Unreachable
    /// [`Kind::Resolve`]: crate::error::Kind::Resolve
    /// [`Kind::Timeout`]: crate::error::Kind::Timeout
    /// [`Kind::Io`]: crate::error::Kind::Io
    fn connect(&self, peer: &Peer) -> impl Future<Output = Result<Connected>> + Send;
}

/// [`Connect`] behind a pointer, for layers that are chosen at run time.
pub trait DynConnect: Send + Sync {
    /// As [`Connect::connect`], boxed.
    fn connect_boxed<'a>(&'a self, peer: &'a Peer) -> Pin<Box<dyn Future<Output = Result<Connected>> + Send + 'a>>;
}

impl<C: Connect> DynConnect for C {
    fn connect_boxed<'a>(&'a self, peer: &'a Peer) -> Pin<Box<dyn Future<Output = Result<Connected>> + Send + 'a>> {
        Box::pin(self.connect(peer))
    }
}

impl Connect for Box<dyn DynConnect> {
    async fn connect(&self, peer: &Peer) -> Result<Connected> {
        (**self).connect_boxed(peer).await
    }
}

impl Connect for std::sync::Arc<dyn DynConnect> {
    async fn connect(&self, peer: &Peer) -> Result<Connected> {
        (**self).connect_boxed(peer).await
    }
}
