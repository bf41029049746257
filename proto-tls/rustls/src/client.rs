//! An end that connects.

use std::cell::Cell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::client::{ResolvesClientCert, Resumption};
use rustls::pki_types::{self, DnsName, InvalidDnsNameError};
use rustls::sign::CertifiedKey;
use rustls::{ClientConnection, SignatureScheme};
use simplon_proto_tls_seam::client::ClientParts;
use simplon_proto_tls_seam::{
    BoxFuture, ClientConfig, ConfigError, Connect, Error, Identity, Reason, ServerName, Session, Transport, Whom,
};

use crate::fail::{self, Trouble};
use crate::server::certified;
use crate::stream::{Link, Stream};
use crate::{NAME, Rustls, key_log, provider, verify};

/// Names of which sessions are kept for resumption, of each port.
const NAMES_KEPT: usize = 1024;
/// Ports of which they are kept; of others nothing is.
const PORTS_KEPT: usize = 64;

/// Connects on behalf of one configuration.
pub(crate) struct Connector {
    /// Resumes nothing.
    config: Arc<rustls::ClientConfig>,
    /// The same for each port, with a store of its own, because the library looks for sessions by name alone. `None` if there are none.
    ports: Option<Mutex<HashMap<u16, Arc<rustls::ClientConfig>>>>,
    own: Option<[u8; 32]>,
}

impl Connector {
    pub(crate) fn new(backend: &Rustls, config: &ClientConfig) -> Result<Self, ConfigError> {
        let parts = config.parts();
        // Roots, alternative names and what is verified go into the verifier together.
        let ClientParts { roots: _, verify: _, alternative_names: _, .. } = parts;
        let ClientParts { identity, alpn, versions, ciphers, groups, resume, key_log, fips, .. } = parts;
        let provider = provider::choose(backend, ciphers, groups)?;
        let builder = rustls::ClientConfig::builder_with_provider(provider.clone());
        let builder = builder.with_protocol_versions(provider::versions(versions.0, versions.1)?);
        let builder = builder.map_err(fail::library)?.dangerous();
        let builder = builder.with_custom_certificate_verifier(verify::of_server(&parts, &provider)?);
        let mut made = match identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                builder.with_client_cert_resolver(Arc::new(Shown(Arc::new(certified(identity, &provider)?))))
            }
        };
        made.alpn_protocols = alpn.to_vec();
        made.resumption = Resumption::disabled();
        if let Some(log) = key_log {
            made.key_log = Arc::new(key_log::Lines(log.clone()));
        }
        if fips && !made.fips() {
            return Err(ConfigError::NotFips { backend: NAME });
        }
        let own = identity.map(|identity: &Arc<Identity>| identity.certificate().fingerprint());
        Ok(Self { config: Arc::new(made), ports: resume.then(Mutex::default), own })
    }

    /// The configuration for peers at this port.
    fn at(&self, port: u16) -> Arc<rustls::ClientConfig> {
        let Some(ports) = &self.ports else { return self.config.clone() };
        let mut ports = ports.lock().unwrap_or_else(PoisonError::into_inner);
        if ports.len() >= PORTS_KEPT && !ports.contains_key(&port) {
            return self.config.clone();
        }
        let made = ports.entry(port).or_insert_with(|| {
            let mut config = rustls::ClientConfig::clone(&self.config);
            config.resumption = Resumption::in_memory_sessions(NAMES_KEPT);
            Arc::new(config)
        });
        made.clone()
    }
}

impl<IO: Transport> Connect<IO> for Connector {
    fn connect(&self, io: IO, whom: Whom) -> BoxFuture<'static, Result<Box<dyn Session>, Error>> {
        let (config, own) = (self.at(whom.port), self.own);
        let name = whom.name;
        Box::pin(async move { connect(config, own, io, &name).await.map_err(|error| error.with_peer(name)) })
    }

    fn is_fips(&self) -> bool {
        self.config.fips()
    }

    fn backend(&self) -> &'static str {
        NAME
    }
}

async fn connect<IO: Transport>(
    config: Arc<rustls::ClientConfig>,
    own: Option<[u8; 32]>,
    io: IO,
    peer: &ServerName,
) -> Result<Box<dyn Session>, Error> {
    let expected = name(peer).map_err(|error| Error::new(NAME, Reason::Library).with_detail(error))?;
    let connection = ClientConnection::new(config, expected);
    let connection = connection.map_err(|error| Trouble::Tls(error).into_error())?;
    let mut link = Link::new(io, connection.into());
    link.handshake().await.map_err(Trouble::into_error)?;
    let mut facts = link.facts()?;
    if let ServerName::Dns(name) = peer {
        facts.server_name = Some(name.clone());
    }
    facts.own = own.filter(|_| link.was_asked());
    Ok(Box::new(Stream::new(link, facts)))
}

/// The name in the library's form.
pub(crate) fn name(name: &ServerName) -> Result<pki_types::ServerName<'static>, InvalidDnsNameError> {
    match name {
        ServerName::Dns(name) => Ok(pki_types::ServerName::DnsName(DnsName::try_from(name.to_string())?)),
        ServerName::Ip(ip) => Ok(pki_types::ServerName::IpAddress((*ip).into())),
        _ => Err(InvalidDnsNameError),
    }
}

thread_local! {
    /// Whether a server asked for a certificate and was given it, since the last time one looked. rustls asks while it takes octets in, on
    /// this thread, and tells nobody else.
    static ASKED: Cell<bool> = const { Cell::new(false) };
}

/// Whether a certificate was shown on this thread since this was asked last.
pub(crate) fn take_asked() -> bool {
    ASKED.take()
}

/// Shows one certificate, whoever asks.
#[derive(Debug)]
struct Shown(Arc<CertifiedKey>);

impl ResolvesClientCert for Shown {
    fn resolve(&self, _issuers: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        ASKED.set(true);
        Some(self.0.clone())
    }

    fn has_certs(&self) -> bool {
        true
    }
}
