//! TLS for both legs: one certificate for each process, and ends that trust it.

use std::sync::{Arc, OnceLock};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use simplon_core::tls::{TlsClient, TlsServer};
use simplon_proto_tls::rustls::Rustls;
use simplon_proto_tls::{
    Backend, ClientConfig, Connect, Identity, ServerConfig, ServerName, Session, Terminator, Transport, Trust, Whom,
};

use super::cell::Version;
use crate::pipe::End;
use crate::time::must;

/// What everybody is called.
const NAME: &str = "test";

/// A certificate with its key, and what to trust so that it counts.
struct Pki {
    chain: String,
    key: String,
    authority: String,
}

fn pki() -> &'static Pki {
    static PKI: OnceLock<Pki> = OnceLock::new();
    PKI.get_or_init(|| {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new([NAME.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        Pki { chain: leaf.pem(), key: key.serialize_pem(), authority: authority.pem() }
    })
}

impl Transport for End {}

fn alpn(version: Version) -> &'static str {
    match version {
        Version::H1 => "http/1.1",
        Version::H2 => "h2",
    }
}

fn accepting(alpn: &[&'static str]) -> ServerConfig {
    let pki = pki();
    let identity = Identity::of_pem(pki.chain.as_bytes(), pki.key.as_bytes()).unwrap();
    ServerConfig::of(identity).alpn(alpn.iter().copied())
}

fn connecting(alpn: &[&'static str]) -> ClientConfig {
    let trust = Trust::of_pem(pki().authority.as_bytes()).unwrap();
    // Each test has handshakes of its own.
    ClientConfig::new().trust(trust).alpn(alpn.iter().copied()).resume(false)
}

/// What an application meets its clients with: the client chooses the version.
pub fn for_clients() -> Arc<TlsServer> {
    static SERVER: OnceLock<Arc<TlsServer>> = OnceLock::new();
    let make = || Arc::new(TlsServer::new(Arc::new(Rustls::new()), accepting(&["h2", "http/1.1"])).unwrap());
    Arc::clone(SERVER.get_or_init(make))
}

/// What it meets its origins with: the origin chooses the version.
pub fn to_origins() -> TlsClient {
    static CLIENT: OnceLock<TlsClient> = OnceLock::new();
    CLIENT.get_or_init(|| offering(&[])).clone()
}

/// The same that offers something of its own, whatever the versions of the peer.
pub fn offering(alpn: &[&'static str]) -> TlsClient {
    TlsClient::new(&Rustls::new(), connecting(alpn)).unwrap().named(name())
}

/// An end that knows of no protocols.
pub fn accepting_without_alpn() -> TlsServer {
    TlsServer::new(Arc::new(Rustls::new()), accepting(&[])).unwrap()
}

/// The client's session.
pub(super) async fn connect(end: End, version: Version) -> Box<dyn Session> {
    static CLIENTS: [OnceLock<Arc<dyn Connect<End>>>; 2] = [const { OnceLock::new() }; 2];
    let make = || Backend::<End>::client(&Rustls::new(), &connecting(&[alpn(version)])).unwrap();
    let connect = CLIENTS[usize::from(version == Version::H2)].get_or_init(make);
    must("the proxy completes a handshake", connect.connect(end, Whom::new(name(), 0))).await.unwrap()
}

/// The origin's session; `None` if the proxy does not complete the handshake.
pub(super) async fn accept(end: End, version: Version) -> Option<Box<dyn Session>> {
    static ORIGINS: [OnceLock<Terminator<End>>; 2] = [const { OnceLock::new() }; 2];
    let make = || Terminator::new(Arc::new(Rustls::new()), accepting(&[alpn(version)])).unwrap();
    ORIGINS[usize::from(version == Version::H2)].get_or_init(make).handshake(end, None).await.ok()
}

fn name() -> ServerName {
    ServerName::parse(NAME).unwrap()
}
