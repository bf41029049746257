//! An end that accepts.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use sha2::{Digest, Sha256};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::certificate::Certificate;
use crate::error::{ConfigError, Error, Reason};
use crate::facts::Version;
use crate::hello::{self, ClientHello, HELLO_OCTETS, NO_BACKEND};
use crate::identity::{Identity, certificates_of_pem};
use crate::session::{Accept, Backend, Session, Transport};
use crate::site::{Always, Chosen, Site, Sites};
use crate::tickets::TicketKeys;

/// Whom certificates have to come from, and which of them do not count any more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Trust {
    roots: Vec<Certificate>,
    crls: Vec<Vec<u8>>,
}

impl Trust {
    /// Certificates issued by these, directly or through others that the peer shows.
    ///
    /// # Errors
    /// There are none.
    pub fn new(roots: Vec<Certificate>) -> Result<Self, ConfigError> {
        if roots.is_empty() {
            return Err(ConfigError::Missing { what: "trusted certificate" });
        }
        Ok(Self { roots, crls: Vec::new() })
    }

    /// The same, from PEM.
    ///
    /// # Errors
    /// There are none, or one is not well-formed.
    pub fn of_pem(pem: &[u8]) -> Result<Self, ConfigError> {
        Self::new(certificates_of_pem(pem)?)
    }

    /// And none that is on this revocation list, in DER (RFC 5280 §5). A certificate that no list speaks of is not revoked.
    #[must_use]
    pub fn crl(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.crls.push(der.into());
        self
    }

    /// The trusted certificates.
    #[must_use]
    pub fn roots(&self) -> &[Certificate] {
        &self.roots
    }

    /// The revocation lists, in DER.
    #[must_use]
    pub fn crls(&self) -> &[Vec<u8>] {
        &self.crls
    }
}

/// What is asked of clients.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ClientAuth {
    /// No certificate.
    #[default]
    None,
    /// A certificate if they have one; one that does not hold ends the handshake.
    Optional(Arc<Trust>),
    /// A certificate that holds.
    Required(Arc<Trust>),
}

impl ClientAuth {
    /// A digest of all that is asked, for [`crate::tickets::TicketKey::for_context`]: a ticket must not spare a client what another end asks.
    #[must_use]
    pub fn context(&self) -> [u8; 32] {
        let (kind, trust) = match self {
            Self::None => (0, None),
            Self::Optional(trust) => (1, Some(trust)),
            Self::Required(trust) => (2, Some(trust)),
        };
        let mut hash = Sha256::new_with_prefix([kind]);
        if let Some(trust) = trust {
            let Trust { roots, crls } = &**trust;
            for list in
                [roots.iter().map(Certificate::der).collect::<Vec<_>>(), crls.iter().map(Vec::as_slice).collect()]
            {
                hash.update((list.len() as u64).to_be_bytes());
                for der in list {
                    hash.update((der.len() as u64).to_be_bytes());
                    hash.update(der);
                }
            }
        }
        hash.finalize().into()
    }
}

/// Session secrets, written out so that a network analyser can read what was said (NSS key log format).
pub trait KeyLog: Send + Sync + 'static {
    /// One line, without its end.
    fn line(&self, line: &str);
}

/// Sees each ClientHello before anything is chosen: to count fingerprints, or to refuse.
pub trait Inspect: Send + Sync + 'static {
    /// Whether the handshake goes on.
    fn inspect(&self, hello: &ClientHello, from: Option<SocketAddr>) -> Inspected;
}

/// What a hook says of a ClientHello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inspected {
    /// The handshake goes on.
    GoOn,
    /// The client gets the alert `access_denied`.
    Refuse,
}

impl<F: Fn(&ClientHello, Option<SocketAddr>) -> Inspected + Send + Sync + 'static> Inspect for F {
    fn inspect(&self, hello: &ClientHello, from: Option<SocketAddr>) -> Inspected {
        self(hello, from)
    }
}

/// An accepting end, described without a library. What a backend cannot do of it is an error when it is made.
#[derive(Clone)]
#[non_exhaustive]
pub struct ServerConfig {
    /// What clients are answered with.
    pub sites: Arc<dyn Sites>,
    /// Application protocols in order of preference. Default `h2`, `http/1.1`. A client that offers none of them is refused
    /// (RFC 7301 §3.2); one that offers no protocols at all is served.
    pub alpn: Vec<Vec<u8>>,
    /// The oldest version. Default 1.2.
    pub oldest: Version,
    /// The newest version. Default 1.3.
    pub newest: Version,
    /// Cipher suites by IANA name, in order of preference; `None` is the library's choice, which is sound in all of them.
    pub ciphers: Option<Vec<String>>,
    /// Groups by IANA name, in order of preference; `None` is the library's choice, with X25519MLKEM768 first where it has it.
    pub groups: Option<Vec<String>>,
    /// What is asked of clients.
    pub client_auth: ClientAuth,
    /// Keys of session tickets; `None` issues none. Default: random ones.
    pub tickets: Option<Arc<TicketKeys>>,
    /// Where session secrets are written to. Default: nowhere.
    pub key_log: Option<Arc<dyn KeyLog>>,
    /// Sees each ClientHello before anything is chosen.
    pub inspect: Option<Arc<dyn Inspect>>,
    /// Octets of a ClientHello. Default 16 KiB.
    pub hello_octets: usize,
    /// The whole handshake, from the first octet waited for. Default 10 s.
    pub deadline: Duration,
    /// Handshakes under way at a time; those beyond wait, within their deadline. Default 4,096: each costs some milliseconds of a core.
    pub at_once: usize,
    /// Where handshakes run, if not where the connection is served: cryptography then holds up no exchange.
    pub offload: Option<Handle>,
    /// Whether the library's validated module has to be in force. Default: no.
    pub fips: bool,
}

impl ServerConfig {
    /// Answers with what these choose; all else by default.
    pub fn new(sites: impl Sites) -> Self {
        Self {
            sites: Arc::new(sites),
            alpn: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            oldest: Version::Tls12,
            newest: Version::Tls13,
            ciphers: None,
            groups: None,
            client_auth: ClientAuth::None,
            tickets: Some(Arc::new(TicketKeys::random())),
            key_log: None,
            inspect: None,
            hello_octets: HELLO_OCTETS,
            deadline: Duration::from_secs(10),
            at_once: 4096,
            offload: None,
            fips: false,
        }
    }

    /// Answers every client with this identity.
    #[must_use]
    pub fn of(identity: Identity) -> Self {
        Self::new(Always::new(Site::new(identity)))
    }

    /// Application protocols in order of preference.
    #[must_use]
    pub fn alpn<P: Into<Vec<u8>>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
        self.alpn = protocols.into_iter().map(Into::into).collect();
        self
    }

    /// What is asked of clients.
    #[must_use]
    pub fn client_auth(mut self, auth: ClientAuth) -> Self {
        self.client_auth = auth;
        self
    }

    /// What is asked of the clients of a site.
    #[must_use]
    pub fn client_auth_of<'a>(&'a self, site: &'a Site) -> &'a ClientAuth {
        site.own_client_auth().unwrap_or(&self.client_auth)
    }

    /// Whether a version that this client offers is spoken. Libraries find that out only after other things, and tell of those.
    fn speaks_with(&self, hello: &ClientHello) -> bool {
        let mut offered = hello.versions().filter_map(Version::of_wire);
        offered.any(|version| self.oldest <= version && version <= self.newest)
    }

    /// The application protocols of a site.
    #[must_use]
    pub fn alpn_of<'a>(&'a self, site: &'a Site) -> &'a [Vec<u8>] {
        site.own_alpn().unwrap_or(&self.alpn)
    }
}

impl fmt::Debug for ServerConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerConfig")
            .field("alpn", &self.alpn)
            .field("versions", &(self.oldest..=self.newest))
            .field("client_auth", &self.client_auth)
            .finish_non_exhaustive()
    }
}

/// Accepts TLS on transports: reads the ClientHello, asks the hook, lets the site be chosen, and has the backend complete the handshake.
pub struct Terminator<IO> {
    backend: Arc<dyn Backend<IO>>,
    ready: ArcSwap<Ready<IO>>,
    places: Arc<Semaphore>,
}

/// A configuration, and what the backend made of it.
struct Ready<IO> {
    config: ServerConfig,
    accept: Arc<dyn Accept<IO>>,
}

impl<IO: Transport> Terminator<IO> {
    /// An accepting end on this backend.
    ///
    /// # Errors
    /// What the backend lacks or does not understand; FIPS required and not in force.
    pub fn new(backend: Arc<dyn Backend<IO>>, config: ServerConfig) -> Result<Self, ConfigError> {
        let places = Arc::new(Semaphore::new(config.at_once.min(Semaphore::MAX_PERMITS)));
        let ready = ArcSwap::from_pointee(make(&*backend, config)?);
        Ok(Self { backend, ready, places })
    }

    /// Another configuration from now on; handshakes under way go on with the one before. How many may be under way stays as it was.
    ///
    /// # Errors
    /// As [`Self::new`]; the configuration before stays in force.
    pub fn reload(&self, config: ServerConfig) -> Result<(), ConfigError> {
        self.ready.store(Arc::new(make(&*self.backend, config)?));
        Ok(())
    }

    /// Which backend.
    pub fn backend(&self) -> &'static str {
        self.backend.name()
    }

    /// Has the backend make what it needs of a site, so that what is wrong with it shows before a client comes.
    ///
    /// # Errors
    /// [`ConfigError::KeyMismatch`], and whatever else the backend does not take.
    pub fn prepare(&self, site: &Site) -> Result<(), ConfigError> {
        self.ready.load().accept.prepare(site)
    }

    /// Whether the library's validated module is in force.
    pub fn is_fips(&self) -> bool {
        self.ready.load().accept.is_fips()
    }

    /// Completes a handshake, within the deadline.
    ///
    /// Cancel: the connection is lost.
    ///
    /// # Errors
    /// Why it failed; the peer was told with an alert.
    pub async fn handshake(&self, io: IO, from: Option<SocketAddr>) -> Result<Box<dyn Session>, Error> {
        let ready = self.ready.load_full();
        let deadline = ready.config.deadline;
        let handshake = async {
            // Never closed, so that waiting cannot fail.
            let _place = self.places.acquire().await.map_err(|_| Error::new(NO_BACKEND, Reason::Busy))?;
            handshake(ready, io, from).await
        };
        let outcome = tokio::time::timeout(deadline, handshake).await;
        let outcome = outcome.unwrap_or_else(|_| Err(Error::new(self.backend.name(), Reason::TimedOut)));
        outcome.map_err(|error| match from {
            Some(from) => error.with_peer(from),
            None => error,
        })
    }
}

fn make<IO: Transport>(backend: &dyn Backend<IO>, config: ServerConfig) -> Result<Ready<IO>, ConfigError> {
    let accept = backend.server(&config)?;
    if config.fips && !accept.is_fips() {
        return Err(ConfigError::NotFips { backend: backend.name() });
    }
    Ok(Ready { config, accept })
}

async fn handshake<IO: Transport>(
    ready: Arc<Ready<IO>>,
    io: IO,
    from: Option<SocketAddr>,
) -> Result<Box<dyn Session>, Error> {
    let config = &ready.config;
    let (hello, io) = hello::read(io, config.hello_octets).await?;
    let inspected = config.inspect.as_ref().map_or(Inspected::GoOn, |inspect| inspect.inspect(&hello, from));
    let site = match inspected {
        Inspected::GoOn if !config.speaks_with(&hello) => Err(Reason::NoSharedVersion),
        Inspected::GoOn => config.sites.choose(&hello, from).await.ok_or(Reason::UnknownName),
        Inspected::Refuse => Err(Reason::Refused),
    };
    let site = match site {
        Ok(site) => site,
        Err(reason) => {
            let (_, mut io) = io.into_parts();
            hello::refuse(&mut io, reason).await;
            return Err(Error::new(NO_BACKEND, reason).with_detail(hello.server_name().unwrap_or("no name")));
        }
    };
    let site = Chosen::new(site, config.sites.clone(), config.client_auth.clone());
    let accepting = ready.accept.accept(io, hello, site);
    match &config.offload {
        None => accepting.await,
        Some(elsewhere) => {
            // A set of one: its task ends when nobody waits for it any more.
            let mut task = JoinSet::new();
            task.spawn_on(accepting, elsewhere);
            match task.join_next().await {
                Some(Ok(outcome)) => outcome,
                Some(Err(_)) | None => Err(Error::new(ready.accept.backend(), Reason::Library)),
            }
        }
    }
}

impl<IO> fmt::Debug for Terminator<IO> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminator").field("config", &self.ready.load().config).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
