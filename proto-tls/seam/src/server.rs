//! An end that accepts.

use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::error::{ConfigError, Error, Reason};
use crate::facts::Version;
use crate::hello::{self, ClientHello, HELLO_OCTETS, NO_BACKEND, Rewound};
use crate::identity::Identity;
use crate::identity::pair::Pair;
use crate::session::{Accept, Backend, Session, Transport};
use crate::site::{Always, Chosen, Site, Sites};
use crate::tickets::TicketKeys;

mod failures;
mod place;

pub use crate::trust::{ClientAuth, Trust};
pub use failures::{Failure, Observe};

use failures::Failures;
use place::InPlace;

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
    /// Application protocols in order of preference. `None`, the default: those of the service that the listener is for, which of HTTP are `h2`,
    /// `http/1.1` and `http/1.0`, and of everything else none. A client that offers none of them is refused (RFC 7301 §3.2); one that offers no
    /// protocols at all is served.
    pub alpn: Option<Vec<Vec<u8>>>,
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
    /// Handshakes that compute at a time; those beyond wait, within their deadline. A place is taken when the ClientHello is complete, and given
    /// back whenever the handshake waits for its peer: silent peers are bounded by the deadline and the limits of connections. Default 4,096, which
    /// leaves it to the number of workers.
    pub at_once: usize,
    /// Is told of handshakes that fail. Default: nobody; an event of the crate `tracing` tells, too, at level `info`.
    pub observe: Option<Arc<dyn Observe>>,
    /// Failures that are told within a second, to the observer and as events. Default 10.
    pub failures_a_second: u32,
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
            alpn: None,
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
            observe: None,
            failures_a_second: 10,
            offload: None,
            fips: false,
        }
    }

    /// Answers every client with this identity.
    #[must_use]
    pub fn of(identity: Identity) -> Self {
        Self::new(Always::new(Site::new(identity)))
    }

    /// Application protocols in order of preference, whatever the service speaks; of none, none is offered.
    #[must_use]
    pub fn alpn<P: Into<Vec<u8>>>(mut self, protocols: impl IntoIterator<Item = P>) -> Self {
        self.alpn = Some(protocols.into_iter().map(Into::into).collect());
        self
    }

    /// Tells this of handshakes that fail.
    #[must_use]
    pub fn observe(mut self, observe: impl Observe) -> Self {
        self.observe = Some(Arc::new(observe));
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
        site.own_alpn().unwrap_or_else(|| self.usual_alpn())
    }

    /// The application protocols of sites that have none of their own.
    #[must_use]
    pub fn usual_alpn(&self) -> &[Vec<u8>] {
        self.alpn.as_deref().unwrap_or_default()
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
    failures: Failures,
}

/// A configuration, and what the backend made of it.
struct Ready<IO> {
    config: ServerConfig,
    /// With the protocols that were said, or none.
    accept: Arc<dyn Accept<IO>>,
    /// With those of services, where none were said.
    spoken: Mutex<Vec<Spoken<IO>>>,
}

/// Application protocols of a service, and what speaks them.
type Spoken<IO> = (Protocols, Arc<dyn Accept<IO>>);

/// Names of application protocols, in order of preference.
pub type Protocols = &'static [&'static str];

impl<IO: Transport> Terminator<IO> {
    /// An accepting end on this backend.
    ///
    /// # Errors
    /// What the backend lacks or does not understand; FIPS required and not in force.
    pub fn new(backend: Arc<dyn Backend<IO>>, config: ServerConfig) -> Result<Self, ConfigError> {
        let places = Arc::new(Semaphore::new(config.at_once.min(Semaphore::MAX_PERMITS)));
        let ready = ArcSwap::from_pointee(make(&*backend, config)?);
        Ok(Self { backend, ready, places, failures: Failures::default() })
    }

    /// Another configuration from now on; handshakes under way go on with the one before. How many may be under way stays as it was.
    ///
    /// # Errors
    /// As [`Self::new`]; the configuration before stays in force.
    pub fn reload(&self, config: ServerConfig) -> Result<(), ConfigError> {
        let ready = make(&*self.backend, config)?;
        for (protocols, _) in &*self.ready.load().spoken() {
            ready.speaking(&*self.backend, protocols)?;
        }
        self.ready.store(Arc::new(ready));
        Ok(())
    }

    /// Has the backend make what it needs for a service that speaks these protocols, so that what is wrong shows before a client comes.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn speak(&self, protocols: Protocols) -> Result<(), ConfigError> {
        self.ready.load().speaking(&*self.backend, protocols).map(drop)
    }

    /// Handshakes that failed, ever.
    pub fn failed(&self) -> u64 {
        self.failures.all()
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
        let ready = self.ready.load();
        let prepare = |accept: &Arc<dyn Accept<IO>>| accept.prepare(site).map_err(|error| site.identity().blame(error));
        let spoken = ready.spoken();
        match spoken.is_empty() {
            true => prepare(&ready.accept),
            false => spoken.iter().try_for_each(|(_, accept)| prepare(accept)),
        }
    }

    /// Whether the library's validated module is in force.
    pub fn is_fips(&self) -> bool {
        self.ready.load().accept.is_fips()
    }

    /// Completes a handshake, within the deadline, for a service whose application protocols are not known.
    ///
    /// Cancel: the connection is lost.
    ///
    /// # Errors
    /// Why it failed; the peer was told with an alert.
    pub async fn handshake(&self, io: IO, from: Option<SocketAddr>) -> Result<Box<dyn Session>, Error> {
        self.handshake_for(&[], io, from, std::future::pending()).await
    }

    /// The same for a service that speaks these protocols, which are offered unless the configuration says something else. While nothing has
    /// come, the connection is given up when `leave` is ready.
    ///
    /// Cancel: the connection is lost.
    ///
    /// # Errors
    /// As [`Self::handshake`]; [`Reason::Draining`] if it was given up, which is not counted as a failure.
    pub async fn handshake_for(
        &self,
        protocols: Protocols,
        io: IO,
        from: Option<SocketAddr>,
        leave: impl Future<Output = ()>,
    ) -> Result<Box<dyn Session>, Error> {
        let ready = self.ready.load_full();
        let by = Instant::now().checked_add(ready.config.deadline);
        let mut asked: Option<Box<str>> = None;
        let handshake = async {
            let (hello, io) = hello::read_unless(io, ready.config.hello_octets, leave).await?;
            asked = hello.server_name().map(Into::into);
            self.answer(&ready, protocols, hello, io, from).await
        };
        let outcome = match by {
            Some(by) => tokio::time::timeout_at(by, handshake).await,
            None => Ok(handshake.await),
        };
        let outcome = outcome.unwrap_or_else(|_| Err(Error::new(self.backend.name(), Reason::TimedOut)));
        outcome.map_err(|error| {
            let error = error.with_server_name(asked.as_deref());
            let error = match from {
                Some(from) => error.with_peer(from),
                None => error,
            };
            self.tell(&ready.config, from, &error);
            error
        })
    }

    /// Chooses the site, and has the backend do the rest.
    async fn answer(
        &self,
        ready: &Ready<IO>,
        protocols: Protocols,
        hello: ClientHello,
        io: Rewound<IO>,
        from: Option<SocketAddr>,
    ) -> Result<Box<dyn Session>, Error> {
        let config = &ready.config;
        let accept = ready.speaking(&*self.backend, protocols);
        let site = match accept {
            Ok(accept) => choose(config, &hello, from).await.map(|site| (site, accept)),
            Err(_) => Err(Reason::Library),
        };
        let (site, accept) = match site {
            Ok(chosen) => chosen,
            Err(reason) => {
                let (_, mut io) = io.into_parts();
                hello::refuse(&mut io, reason).await;
                return Err(Error::new(NO_BACKEND, reason).with_detail(hello.server_name().unwrap_or("no name")));
            }
        };
        let site = Chosen::new(site, config.sites.clone(), config.client_auth.clone());
        let accepting = InPlace::new(self.places.clone(), accept.accept(io, hello, site));
        match &config.offload {
            None => accepting.await,
            Some(elsewhere) => {
                // A set of one: its task ends when nobody waits for it any more.
                let mut task = JoinSet::new();
                task.spawn_on(accepting, elsewhere);
                match task.join_next().await {
                    Some(Ok(outcome)) => outcome,
                    Some(Err(_)) | None => Err(Error::new(accept.backend(), Reason::Library)),
                }
            }
        }
    }

    /// Counts a failure, and tells of it unless too many were told of.
    fn tell(&self, config: &ServerConfig, from: Option<SocketAddr>, error: &Error) {
        if error.reason() == Reason::Draining {
            return;
        }
        let Some(left_out) = self.failures.add(config.failures_a_second) else { return };
        let (server_name, reason) = (error.server_name(), error.reason());
        tracing::info!(?from, server_name, %reason, %error, left_out, "a handshake failed");
        if let Some(observe) = &config.observe {
            observe.failed(&Failure { from, server_name, reason, error, left_out });
        }
    }
}

impl<IO: Transport> Ready<IO> {
    fn spoken(&self) -> MutexGuard<'_, Vec<Spoken<IO>>> {
        self.spoken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What accepts for a service that speaks these protocols: as many as there are services with different ones, made once.
    fn speaking(&self, backend: &dyn Backend<IO>, protocols: Protocols) -> Result<Arc<dyn Accept<IO>>, ConfigError> {
        if self.config.alpn.is_some() || protocols.is_empty() {
            return Ok(self.accept.clone());
        }
        let mut spoken = self.spoken();
        if let Some((_, accept)) = spoken.iter().find(|(known, _)| *known == protocols) {
            return Ok(accept.clone());
        }
        let accept = backend.server(&self.config.clone().alpn(protocols.iter().copied()))?;
        spoken.push((protocols, accept.clone()));
        Ok(accept)
    }
}

/// The site that a client is answered with.
async fn choose(config: &ServerConfig, hello: &ClientHello, from: Option<SocketAddr>) -> Result<Arc<Site>, Reason> {
    let inspected = config.inspect.as_ref().map_or(Inspected::GoOn, |inspect| inspect.inspect(hello, from));
    match inspected {
        Inspected::GoOn if !config.speaks_with(hello) => Err(Reason::NoSharedVersion),
        Inspected::GoOn => config.sites.choose(hello, from).await.ok_or(Reason::UnknownName),
        Inspected::Refuse => Err(Reason::Refused),
    }
}

fn make<IO: Transport>(backend: &dyn Backend<IO>, config: ServerConfig) -> Result<Ready<IO>, ConfigError> {
    let accept = backend.server(&config)?;
    if config.fips && !accept.is_fips() {
        return Err(ConfigError::NotFips { backend: backend.name() });
    }
    for site in config.sites.standing() {
        let identity = site.identity();
        let outcome = match identity.pair() {
            Pair::Same => Ok(()),
            Pair::Other => Err(ConfigError::KeyMismatch),
            // The library can compute what the octets do not tell.
            Pair::Unknown => accept.prepare(&site),
        };
        outcome.map_err(|error| identity.blame(error))?;
    }
    Ok(Ready { config, accept, spoken: Mutex::default() })
}

impl<IO> fmt::Debug for Terminator<IO> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminator").field("config", &self.ready.load().config).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
