//! An end that accepts.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello as Asked, NoServerSessionStorage, ProducesTickets, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{ServerConnection, SupportedProtocolVersion};
use simplon_proto_tls_seam::hello::{ClientHello, Rewound, refuse};
use simplon_proto_tls_seam::revocation::is_signed_by_one_of;
use simplon_proto_tls_seam::site::{Chosen, Maker};
use simplon_proto_tls_seam::{
    Accept, BoxFuture, ClientAuth, ConfigError, Error, Facts, Identity, Reason, ServerConfig, Session, Site,
    TicketKeys, Transport, path,
};

use crate::fail::{self, Trouble};
use crate::stream::{Link, Stream};
use crate::{NAME, Rustls, key_log, provider, verify};

/// Accepts on behalf of one configuration.
pub(crate) struct Acceptor(Arc<Inner>);

struct Inner {
    maker: Maker,
    config: ServerConfig,
    provider: Arc<CryptoProvider>,
    versions: &'static [&'static SupportedProtocolVersion],
    /// What verifies clients of sites that ask what the listener asks, and what tickets are made with for them.
    usual: Clients,
}

/// What is asked of clients, and the tickets of those who gave it.
#[derive(Clone)]
struct Clients {
    verifier: Arc<dyn ClientCertVerifier>,
    ticketer: Option<Arc<dyn ProducesTickets>>,
}

/// What is kept with a site.
struct Prepared {
    config: Arc<rustls::ServerConfig>,
    own: [u8; 32],
}

impl Acceptor {
    pub(crate) fn new(backend: &Rustls, config: &ServerConfig) -> Result<Self, ConfigError> {
        let provider = provider::choose(backend, config.ciphers.as_deref(), config.groups.as_deref())?;
        let versions = provider::versions(config.oldest, config.newest)?;
        let usual = Clients::new(&config.client_auth, config, &provider)?;
        let inner = Inner { maker: Maker::unique(), config: config.clone(), provider, versions, usual };
        // What does not go together shows now, not at the first client.
        inner.builder()?;
        Ok(Self(Arc::new(inner)))
    }
}

impl Clients {
    fn new(auth: &ClientAuth, config: &ServerConfig, provider: &Arc<CryptoProvider>) -> Result<Self, ConfigError> {
        let verifier = verify::of_clients(auth, provider)?;
        let ticketer = config.tickets.as_ref().and_then(|keys| ticketer(keys, auth));
        Ok(Self { verifier, ticketer })
    }
}

#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
fn ticketer(keys: &Arc<TicketKeys>, auth: &ClientAuth) -> Option<Arc<dyn ProducesTickets>> {
    Some(Arc::new(crate::tickets::Ticketer::new(keys.clone(), auth.context())))
}

#[cfg(not(any(feature = "aws-lc-rs", feature = "ring")))]
fn ticketer(_keys: &Arc<TicketKeys>, _auth: &ClientAuth) -> Option<Arc<dyn ProducesTickets>> {
    None
}

impl Inner {
    fn builder(&self) -> Result<rustls::ConfigBuilder<rustls::ServerConfig, rustls::WantsVerifier>, ConfigError> {
        let builder = rustls::ServerConfig::builder_with_provider(self.provider.clone());
        builder.with_protocol_versions(self.versions).map_err(fail::library)
    }

    fn prepared(&self, site: &Site) -> Result<Arc<Prepared>, ConfigError> {
        site.prepared(self.maker, || self.prepare(site))
    }

    fn prepare(&self, site: &Site) -> Result<Prepared, ConfigError> {
        let clients = match site.own_client_auth() {
            None => self.usual.clone(),
            Some(auth) => Clients::new(auth, &self.config, &self.provider)?,
        };
        let identity = Always(Arc::new(certified(site.identity(), &self.provider)?));
        let builder = self.builder()?.with_client_cert_verifier(clients.verifier);
        let mut config = builder.with_cert_resolver(Arc::new(identity));
        config.alpn_protocols = self.config.alpn_of(site).to_vec();
        config.ignore_client_order = true;
        // Sessions are in tickets or nowhere: nothing is kept here for clients that never come back.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        match clients.ticketer {
            Some(ticketer) => config.ticketer = ticketer,
            None => config.send_tls13_tickets = 0,
        }
        if let Some(log) = &self.config.key_log {
            config.key_log = Arc::new(key_log::Lines(log.clone()));
        }
        Ok(Prepared { config: Arc::new(config), own: site.identity().certificate().fingerprint() })
    }

    async fn accept<IO: Transport>(
        &self,
        mut io: Rewound<IO>,
        hello: &ClientHello,
        site: Chosen,
    ) -> Result<Box<dyn Session>, Error> {
        let prepared = match self.prepared(&site) {
            Ok(prepared) => prepared,
            Err(error) => {
                refuse(&mut io, Reason::Library).await;
                return Err(Error::new(NAME, Reason::Library).with_detail(error));
            }
        };
        let connection = ServerConnection::new(prepared.config.clone());
        let connection = connection.map_err(|error| Trouble::Tls(error).into_error())?;
        let mut link = Link::new(io, connection.into());
        link.handshake().await.map_err(Trouble::into_error)?;
        let mut facts = link.facts()?;
        facts.server_name = hello.server_name().map(Into::into);
        facts.own = Some(prepared.own);
        let known = self.provider.signature_verification_algorithms;
        let asked = self.config.client_auth_of(&site);
        facts.peer = path::verified(facts.peer, asked, |signed| is_signed_by_one_of(known.all, signed));
        facts.site = Some(site);
        Ok(Box::new(Stream::new(link, facts)))
    }
}

/// The identity in the library's form.
///
/// # Errors
/// [`ConfigError::KeyMismatch`], and keys of a kind that the library does not know.
pub(crate) fn certified(identity: &Identity, provider: &CryptoProvider) -> Result<CertifiedKey, ConfigError> {
    let chain = identity.chain().iter().map(|one| CertificateDer::from(one.der().to_vec())).collect();
    let key = CertifiedKey::from_der(chain, identity.key().clone_key(), provider);
    let mut key = key.map_err(fail::of_identity)?;
    key.ocsp = identity.staple().map(|staple| staple.to_vec());
    Ok(key)
}

impl<IO: Transport> Accept<IO> for Acceptor {
    fn accept(
        &self,
        io: Rewound<IO>,
        hello: ClientHello,
        site: Chosen,
    ) -> BoxFuture<'static, Result<Box<dyn Session>, Error>> {
        let inner = self.0.clone();
        Box::pin(async move { inner.accept(io, &hello, site).await })
    }

    fn prepare(&self, site: &Site) -> Result<(), ConfigError> {
        self.0.prepared(site).map(drop)
    }

    fn is_fips(&self) -> bool {
        // Without the extended master secret TLS 1.2 is not within what was validated; rustls asks for it in that build.
        self.0.provider.fips()
    }

    fn backend(&self) -> &'static str {
        NAME
    }
}

/// The site was chosen already.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesServerCert for Always {
    fn resolve(&self, _asked: Asked<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.0.clone())
    }
}

/// What rustls knows of a session, in the words of the seam.
impl<IO: Transport> Link<IO> {
    pub(crate) fn facts(&self) -> Result<Facts, Error> {
        let known = self.known();
        known.ok_or_else(|| Error::new(NAME, Reason::Library).with_detail("a handshake without a version"))
    }
}
