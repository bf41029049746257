//! From a description of a listener to sockets that accept.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use simplon_core::net::{tcp, unix};
//! let bound = tcp("127.0.0.1:0")?.backlog(1024).label("public").bind().await?;
//! assert_ne!(bound.local_addr().unwrap().port(), 0);
//! let admin = unix("/run/simplon/admin.sock").mode(0o660); // bound when the server starts
//! # drop(admin); Ok(())
//! # }
//! ```

use std::fmt;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use crate::error::{Error, Kind, Result};
use crate::net::{Address, AddressError, SocketOptions};
use crate::tls::TlsServer;

mod accept;
mod bind;
mod unix_socket;

pub(crate) use accept::{Accept, Accepted, Acceptor};
pub use bind::Bound;
pub(crate) use bind::Queue;
pub(crate) use unix_socket::Unlink;

/// Connections that wait to be accepted. The system bounds it further (`net.core.somaxconn`, 4096 on Linux).
const BACKLOG: u32 = 4096;

/// A TCP listener on `host:port`; on all addresses of a name.
///
/// # Errors
/// What is wrong with the text.
pub fn tcp(address: impl AsRef<str>) -> Result<ListenConfig, AddressError> {
    Address::parse(address.as_ref()).map(ListenConfig::new)
}

/// A listener on a Unix socket at this path.
pub fn unix(path: impl Into<PathBuf>) -> ListenConfig {
    ListenConfig::new(Address::Unix(path.into().into()))
}

/// A listener that another process, or another part of this one, has bound already.
///
/// Which kind of socket it is, is found out when the server binds; what cannot be changed on it any more stays as it is.
pub fn inherited(listener: impl Into<OwnedFd>, label: impl Into<Arc<str>>) -> ListenConfig {
    let place = Place::Inherited(Arc::new(listener.into()));
    ListenConfig { label: Some(label.into()), ..ListenConfig::at(place) }
}

/// Whether several sockets may be bound to one address, each with its own queue of connections (`SO_REUSEPORT`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ReusePort {
    /// Only if the runtime needs a queue per core.
    #[default]
    AsNeeded,
    /// Also for other processes of the same user.
    Yes,
}

/// Whether an IPv6 listener also takes IPv4.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnlyV6 {
    /// As the system has it.
    #[default]
    System,
    /// It does.
    No,
    /// It does not.
    Yes,
}

/// A listener before it is bound.
#[derive(Clone)]
#[must_use = "a listener does nothing until a server takes it"]
pub struct ListenConfig {
    place: Place,
    label: Option<Arc<str>>,
    backlog: u32,
    reuse_port: ReusePort,
    only_v6: OnlyV6,
    fast_open: Option<u32>,
    options: SocketOptions,
    retry: Retry,
    mode: Option<u32>,
    accept_loops: NonZeroUsize,
    tls: Option<Arc<TlsServer>>,
}

#[derive(Clone)]
enum Place {
    At(Address),
    Inherited(Arc<OwnedFd>),
}

#[derive(Clone, Copy)]
struct Retry {
    times: u32,
    pause: Duration,
}

impl ListenConfig {
    /// At this address.
    pub fn new(address: Address) -> Self {
        Self::at(Place::At(address))
    }

    fn at(place: Place) -> Self {
        Self {
            place,
            label: None,
            backlog: BACKLOG,
            reuse_port: ReusePort::default(),
            only_v6: OnlyV6::default(),
            fast_open: None,
            options: SocketOptions::default(),
            retry: Retry { times: 0, pause: Duration::from_secs(1) },
            mode: None,
            accept_loops: NonZeroUsize::MIN,
            tls: None,
        }
    }

    /// What it is called in records. Default: its address.
    pub fn label(mut self, label: impl Into<Arc<str>>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// Connections that wait to be accepted. Default 4096; the system bounds it further.
    pub fn backlog(mut self, connections: u32) -> Self {
        self.backlog = connections;
        self
    }

    /// Several sockets on one address.
    pub fn reuse_port(mut self, reuse: ReusePort) -> Self {
        self.reuse_port = reuse;
        self
    }

    /// Whether an IPv6 listener also takes IPv4.
    pub fn only_v6(mut self, only: OnlyV6) -> Self {
        self.only_v6 = only;
        self
    }

    /// Takes octets on the SYN (TCP Fast Open, RFC 7413), of at most so many connections not yet acknowledged. Default off:
    /// such octets can be replayed.
    pub fn fast_open(mut self, queue: u32) -> Self {
        self.fast_open = Some(queue);
        self
    }

    /// What is set on accepted TCP connections.
    pub fn options(mut self, options: SocketOptions) -> Self {
        self.options = options;
        self
    }

    /// While the address is in use, tries so many times more, with a pause between. Default: not at all.
    pub fn retry(mut self, times: u32, pause: Duration) -> Self {
        self.retry = Retry { times, pause };
        self
    }

    /// Who may connect to a Unix socket, as of chmod. Set before the first connection can come. Of TCP: an error when bound.
    pub fn mode(mut self, mode: u32) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Tasks that accept from one socket. Default 1: accepting is cheap, and what it spawns is spread over the workers.
    pub fn accept_loops(mut self, loops: NonZeroUsize) -> Self {
        self.accept_loops = loops;
        self
    }

    /// Speaks TLS; several listeners may share one end. Default: in the clear.
    pub fn tls(mut self, server: impl Into<Arc<TlsServer>>) -> Self {
        self.tls = Some(server.into());
        self
    }

    /// The end of TLS, if it speaks TLS.
    pub(crate) fn tls_server(&self) -> Option<&Arc<TlsServer>> {
        self.tls.as_ref()
    }

    /// Binds and listens, with one queue of connections.
    ///
    /// # Errors
    /// Internal: the name is not known, or the address cannot be had; the text names the address.
    pub async fn bind(&self) -> Result<Bound> {
        self.bind_queues(NonZeroUsize::MIN).await
    }

    /// Binds and listens, with so many queues that the kernel spreads connections over.
    pub(crate) async fn bind_queues(&self, queues: NonZeroUsize) -> Result<Bound> {
        let outcome = match &self.place {
            Place::Inherited(fd) => bind::adopt(self, fd, queues),
            Place::At(Address::Unix(path)) => unix_socket::bind(self, path, queues).await,
            Place::At(_) if self.mode.is_some() => Err(misfit("only Unix sockets have a mode")),
            Place::At(Address::Inet(addr)) => bind::bind_tcp(self, &[*addr], queues).await,
            Place::At(Address::Name { host, port }) => bind::bind_name(self, host, *port, queues).await,
        };
        outcome.map_err(|error| error.with_context(format!("listening on {self}")))
    }
}

fn misfit(what: &'static str) -> Error {
    Error::internal(Kind::Io(std::io::ErrorKind::InvalidInput)).with_context(what)
}

/// A failure of the system while a listener was made.
fn failed(error: std::io::Error) -> Error {
    Error::internal(Kind::Io(error.kind())).with_source(error)
}

impl From<SocketAddr> for ListenConfig {
    fn from(addr: SocketAddr) -> Self {
        Self::new(addr.into())
    }
}

impl fmt::Display for ListenConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.label, &self.place) {
            (Some(label), Place::At(address)) => write!(f, "{label} ({address})"),
            (None, Place::At(address)) => address.fmt(f),
            (Some(label), Place::Inherited(_)) => f.write_str(label),
            (None, Place::Inherited(_)) => f.write_str("inherited"),
        }
    }
}

impl fmt::Debug for ListenConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ListenConfig").field(&format_args!("{self}")).finish()
    }
}

#[cfg(test)]
mod tests;
