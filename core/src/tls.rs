//! TLS on these sockets. Which library does it is a value: a listener has its [`TlsServer`], a peer its [`TlsClient`].
//!
//! ```no_run
//! # use std::sync::Arc;
//! # fn backend() -> Arc<dyn simplon_core::tls::Backend> { unimplemented!() }
//! use simplon_core::connect::Peer;
//! use simplon_core::net::{Address, tcp};
//! use simplon_core::proto_tls::{ClientConfig, Identity, ServerConfig};
//! use simplon_core::tls::{TlsClient, TlsServer};
//!
//! let identity = Identity::of_files("cert.pem", "key.pem")?;
//! let listener = tcp("0.0.0.0:443")?.tls(TlsServer::new(backend(), ServerConfig::of(identity))?);
//! let origin = Peer::builder(Address::parse("origin.example:443")?)
//!     .tls(TlsClient::new(&*backend(), ClientConfig::new())?)
//!     .build()?;
//! # drop((listener, origin));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod watch;

pub use watch::WatchFiles;

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use simplon_proto_tls::{ClientConfig, ConfigError, Connect, ServerName, Terminator};

use crate::connect::Versions;
use crate::net::Stream;

/// An accepting end of TLS, for a listener.
pub type TlsServer = Terminator<Stream>;

/// A TLS library, for streams of this crate.
pub trait Backend: simplon_proto_tls::session::Backend<Stream> {}

impl<B: simplon_proto_tls::session::Backend<Stream> + ?Sized> Backend for B {}

/// A connecting end of TLS, for peers. Equal ones are interchangeable: connections made with them may stand in one pool.
#[derive(Clone)]
pub struct TlsClient(Arc<Client>);

struct Client {
    backend: &'static str,
    config: ClientConfig,
    name: Option<ServerName>,
    connect: Arc<dyn Connect<Stream>>,
    /// The same with what is offered for HTTP/2 and HTTP/1.1, and for HTTP/2 alone, where nothing is offered of its own.
    offering: Option<[Arc<dyn Connect<Stream>>; 2]>,
}

impl TlsClient {
    /// A connecting end on this backend. The name that a peer has to prove is the host of its address. What is offered (ALPN) follows from the
    /// [`Versions`] of the peer, unless the configuration offers something of its own.
    ///
    /// # Errors
    /// What the backend lacks or does not understand; FIPS required and not in force.
    pub fn new(
        backend: &dyn simplon_proto_tls::session::Backend<Stream>,
        config: ClientConfig,
    ) -> Result<Self, ConfigError> {
        let connect = backend.client(&config).map_err(|error| match config.parts().identity {
            Some(identity) => identity.blame(error),
            None => error,
        })?;
        if config.parts().fips && !connect.is_fips() {
            return Err(ConfigError::NotFips { backend: backend.name() });
        }
        let with = |versions: Versions| backend.client(&config.clone().alpn(versions.alpn().iter().copied()));
        let offering = match config.parts().alpn {
            [] => Some([with(Versions::Auto)?, with(Versions::Http2Only)?]),
            _ => None,
        };
        Ok(Self(Arc::new(Client { backend: backend.name(), config, name: None, connect, offering })))
    }

    /// The same for peers that have to prove another name than the host of their address. It is what they are asked for, too.
    #[must_use]
    pub fn named(&self, name: ServerName) -> Self {
        let Client { backend, config, name: _, connect, offering } = &*self.0;
        let (config, connect, offering) = (config.clone(), connect.clone(), offering.clone());
        Self(Arc::new(Client { backend, config, name: Some(name), connect, offering }))
    }

    /// Which backend.
    #[must_use]
    pub fn backend(&self) -> &'static str {
        self.0.backend
    }

    /// What it was made of.
    #[must_use]
    pub fn config(&self) -> &ClientConfig {
        &self.0.config
    }

    /// The name that peers have to prove in place of the host of their address.
    #[must_use]
    pub fn name(&self) -> Option<&ServerName> {
        self.0.name.as_ref()
    }

    pub(crate) fn connect(&self, versions: Versions) -> &Arc<dyn Connect<Stream>> {
        match (versions, &self.0.offering) {
            (Versions::Auto | Versions::Http2, Some([both, _])) => both,
            (Versions::Http2Only, Some([_, http2])) => http2,
            _ => &self.0.connect,
        }
    }
}

impl PartialEq for TlsClient {
    fn eq(&self, other: &Self) -> bool {
        if Arc::ptr_eq(&self.0, &other.0) {
            return true;
        }
        // No `..` on purpose: a new field must be compared here or ruled out, in review.
        let Client { backend, config, name, connect: _, offering: _ } = &*self.0;
        *backend == other.0.backend && *name == other.0.name && *config == other.0.config
    }
}

impl Eq for TlsClient {}

impl Hash for TlsClient {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let Client { backend, config, name, connect: _, offering: _ } = &*self.0;
        (backend, config, name).hash(state);
    }
}

impl fmt::Debug for TlsClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Client { backend, config, name, connect: _, offering: _ } = &*self.0;
        f.debug_struct("TlsClient").field("backend", backend).field("name", name).field("config", config).finish()
    }
}
