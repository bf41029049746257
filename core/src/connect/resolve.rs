//! From a name to addresses.

mod lookups;

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::LazyLock;

pub use lookups::BlockingResolver;
use socket2::{Domain, Socket, Type};

use crate::error::Kind;

/// Finds the addresses of a name.
pub trait Resolve: Send + Sync + 'static {
    /// All addresses of the name, with the port, in the order of preference.
    ///
    /// Cancel: the answer is lost.
    ///
    /// # Errors
    /// The lookup failed. A name without an address is an empty list.
    fn resolve(&self, host: &str, port: u16) -> impl Future<Output = io::Result<Vec<SocketAddr>>> + Send;
}

/// The resolver of the system (`getaddrinfo`), as a [`BlockingResolver`]: all of the process share its lookups and its threads.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct SystemResolver;

impl SystemResolver {
    /// The resolver of the system.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl Resolve for SystemResolver {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        static SYSTEM: LazyLock<BlockingResolver> =
            LazyLock::new(|| BlockingResolver::new(|name| Ok((name, 0).to_socket_addrs().map_err(or_want)?.collect())));
        SYSTEM.resolve(host, port).await
    }
}

/// The C library tells no want of descriptors from a server that is silent; whoever gets none now had none then.
fn or_want(error: io::Error) -> io::Error {
    match Socket::new(Domain::UNIX, Type::DGRAM, None) {
        Err(want) if Kind::is_want(&want) => want,
        _ => error,
    }
}

/// A fixed list of names, whatever the port; others are not found.
#[derive(Clone, Debug, Default)]
pub struct StaticResolver {
    names: HashMap<String, Vec<SocketAddr>>,
}

impl StaticResolver {
    /// One that knows no name.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same, with a name. A port of 0 in an address means the port that was asked for.
    #[must_use]
    pub fn with(mut self, host: impl Into<String>, addresses: impl IntoIterator<Item = SocketAddr>) -> Self {
        self.names.insert(host.into(), addresses.into_iter().collect());
        self
    }
}

impl Resolve for StaticResolver {
    async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let known = self.names.get(host).ok_or(io::ErrorKind::NotFound)?;
        let with_port = |addr: &SocketAddr| match addr.port() {
            0 => SocketAddr::new(addr.ip(), port),
            _ => *addr,
        };
        Ok(known.iter().map(with_port).collect())
    }
}

#[cfg(test)]
mod tests;
