//! What a backend is: something that accepts, something that connects, and the streams both give.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite};

use crate::client::{ClientConfig, Whom};
use crate::error::Error;
use crate::facts::Facts;
use crate::hello::{ClientHello, Rewound};
use crate::site::{Chosen, Site};

/// A future behind a pointer.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The octets below TLS.
pub trait Transport: AsyncRead + AsyncWrite + Send + Unpin + 'static {
    /// Ready when a read is worth a try. Pending costs neither a buffer nor a system call, and wakes when that changes.
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        let _ = cx;
        Poll::Ready(())
    }

    /// The peer's end, if it is known already, whatever octets stand before it.
    fn ending(&self) -> Option<Ending> {
        None
    }

    /// Octets that were written and that the peer has not acknowledged, if that can be asked. May cost a system call.
    fn unacknowledged(&self) -> Option<u64> {
        None
    }
}

/// How a peer ended a connection before all its octets were read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It sends no more.
    Closed,
    /// It is gone, and with it what it had not read.
    Reset,
}

impl Transport for tokio::net::TcpStream {
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_read_ready(cx).map(drop)
    }
}

impl Transport for tokio::io::DuplexStream {}

/// An established session: a byte stream that knows what was agreed upon.
///
/// Reading gives plaintext; the end of the stream is clean (`Ok(0)`) only after the peer's close_notify, a cut is
/// [`std::io::ErrorKind::UnexpectedEof`]. Shutting down sends close_notify and ends the transport's write side. What was written went to the
/// transport as far as it took it; the rest, already in records, waits for the next write, read or flush: who drops a session without a flush
/// may lose it.
///
/// Cancel: reads and writes are polls; nothing is lost when one is not repeated.
pub trait Session: AsyncRead + AsyncWrite + Send + Unpin + 'static {
    /// What was agreed upon.
    fn facts(&self) -> &Arc<Facts>;

    /// Ready when a read is worth a try: plaintext is at hand, or the transport has octets.
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()>;

    /// The end of the transport, if it is known already, whatever octets stand before it.
    fn ending(&self) -> Option<Ending> {
        None
    }

    /// Octets that the transport took, ever, records and all. What a session takes into its own buffers is no sign that its peer reads; this
    /// is.
    fn sent(&self) -> u64;

    /// What [`Transport::unacknowledged`] says of the transport.
    fn unacknowledged(&self) -> Option<u64>;
}

/// TLS within TLS: through a proxy that is spoken to with TLS itself, for instance.
impl Transport for Box<dyn Session> {
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        (**self).poll_readable(cx)
    }

    fn ending(&self) -> Option<Ending> {
        (**self).ending()
    }

    fn unacknowledged(&self) -> Option<u64> {
        (**self).unacknowledged()
    }
}

/// The library's half of an accepting end. Made from a [`crate::ServerConfig`] by the backend, which refused what it cannot do.
pub trait Accept<IO: Transport>: Send + Sync {
    /// Completes the handshake. `io` gives the ClientHello once more; `site` is what it is answered with, and stands in the facts
    /// of the session. What a backend makes of a site it keeps in [`Site::prepared`].
    ///
    /// Cancel: the connection is dropped.
    fn accept(
        &self,
        io: Rewound<IO>,
        hello: ClientHello,
        site: Chosen,
    ) -> BoxFuture<'static, Result<Box<dyn Session>, Error>>;

    /// Makes now what this end needs of a site, and keeps it there.
    ///
    /// # Errors
    /// [`crate::ConfigError::KeyMismatch`], and whatever else the library does not take.
    fn prepare(&self, site: &Site) -> Result<(), crate::ConfigError>;

    /// Whether the cryptography in force is the library's validated module.
    fn is_fips(&self) -> bool;

    /// Which backend this is.
    fn backend(&self) -> &'static str;
}

/// The library's half of a connecting end. One for each [`ClientConfig`], shared by all connections made with it; it keeps their sessions for
/// resumption, apart for each name and port.
pub trait Connect<IO: Transport>: Send + Sync {
    /// Completes the handshake with a peer that has to prove its name.
    ///
    /// Cancel: the connection is dropped.
    fn connect(&self, io: IO, whom: Whom) -> BoxFuture<'static, Result<Box<dyn Session>, Error>>;

    /// Whether the cryptography in force is the library's validated module.
    fn is_fips(&self) -> bool;

    /// Which backend this is.
    fn backend(&self) -> &'static str;
}

/// A TLS library as a value: what listeners and peers are given to choose one.
pub trait Backend<IO: Transport>: Send + Sync + std::fmt::Debug {
    /// What it is called: `rustls`, `openssl`, `boringssl`, `s2n`.
    fn name(&self) -> &'static str;

    /// What it can do.
    fn capabilities(&self) -> crate::Capabilities;

    /// An accepting end.
    ///
    /// # Errors
    /// What it lacks or does not understand; names the backend and the setting.
    fn server(&self, config: &crate::ServerConfig) -> Result<Arc<dyn Accept<IO>>, crate::ConfigError>;

    /// A connecting end.
    ///
    /// # Errors
    /// [`crate::ConfigError::NotFips`] if that is asked for and not in force; [`crate::ConfigError::KeyMismatch`]; what it lacks or does not understand; names the backend and the setting.
    fn client(&self, config: &ClientConfig) -> Result<Arc<dyn Connect<IO>>, crate::ConfigError>;
}
