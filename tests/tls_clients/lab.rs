//! What the tests have in common: the libraries, certificates in files, and a proxy with TLS on both of its sides.

use std::net::SocketAddr;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use simplon::core::connect::Versions;
use simplon::core::http::Timeouts;
use simplon::core::net::Stream;
use simplon::core::server::Running;
use simplon::prelude::*;
use simplon::proto_tls::session::Backend;
use simplon::proto_tls::site::{Names, Site};
use simplon_proto_tls_suite::pki::Authority;

use crate::common::telling::telling_on;
use crate::common::tools::{self, Folder};
use crate::common::{Plain, Proxy};

/// A TLS library.
pub(crate) type Library = Arc<dyn Backend<Stream>>;

/// The name that the proxy is asked for.
pub(crate) const NAME: &str = "a.test";
/// Another name of it, which has a certificate of its own.
pub(crate) const OTHER: &str = "b.test";

/// The libraries that this program was built with; each is named when its turn comes.
pub(crate) fn libraries() -> impl Iterator<Item = Library> {
    simplon::proto_tls::backends().into_iter().inspect(|library: &Library| eprintln!("with {}", library.name()))
}

/// An authority, and a folder for what it issues.
#[derive(Debug)]
pub(crate) struct Pki {
    pub(crate) authority: Authority,
    pub(crate) folder: Folder,
    /// The file with its own certificate.
    pub(crate) ca: String,
}

impl Pki {
    pub(crate) fn new() -> Self {
        let (authority, folder) = (Authority::new("root"), Folder::new());
        let ca = folder.file("ca.pem", pem("CERTIFICATE", authority.certificate().der()).as_bytes());
        Self { authority, folder, ca }
    }

    /// A file with a chain of certificates and their key.
    pub(crate) fn file(&self, name: &str, identity: &Identity) -> String {
        let chain: String = identity.chain().iter().map(|one| pem("CERTIFICATE", one.der())).collect();
        self.folder.file(name, (chain + &pem("PRIVATE KEY", identity.key().secret_der())).as_bytes())
    }

    /// A proxy that speaks TLS with its clients, and with an origin that has to prove [`NAME`], too.
    pub(crate) async fn proxy<S: Serve>(
        &self,
        library: &Library,
        origin: SocketAddr,
        make: impl FnOnce(Plain) -> S,
    ) -> Proxy {
        let config = ServerConfig::of(self.authority.identity(&[NAME]));
        let end = TlsServer::new(Arc::clone(library), config).unwrap();
        let client = TlsClient::new(&**library, self.client()).unwrap().named(ServerName::parse(NAME).unwrap());
        let peer = Peer::builder(origin).versions(Versions::Auto).tls(client).build().unwrap();
        Proxy::on(tcp("127.0.0.1:0").unwrap().tls(end), make, peer, Timeouts::default()).await
    }

    /// A connecting end that trusts this authority alone.
    pub(crate) fn client(&self) -> ClientConfig {
        ClientConfig::new().trust(self.authority.trust()).alpn(["h2", "http/1.1"])
    }
}

/// DER as PEM, in lines as OpenSSL writes them.
pub(crate) fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines = text.as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line) + "\n").collect::<String>();
    format!("-----BEGIN {label}-----\n{lines}-----END {label}-----\n")
}

/// A proxy that speaks TLS with its clients and with its origin, by one library.
pub(crate) struct Front {
    pub(crate) pki: Pki,
    pub(crate) proxy: Proxy,
    /// The certificates of [`NAME`] and [`OTHER`].
    pub(crate) identities: [Identity; 2],
    _origin: Running,
}

impl Front {
    pub(crate) async fn of(library: &Library) -> Self {
        Self::with(library, |_, _| ()).await
    }

    /// The same with a few settings changed.
    pub(crate) async fn with(library: &Library, change: impl FnOnce(&Pki, &mut ServerConfig)) -> Self {
        let pki = Pki::new();
        let identities = [NAME, OTHER].map(|name| pki.authority.identity(&[name]));
        let site = |at: usize| Site::new(identities[at].clone());
        let mut config = ServerConfig::new(Names::new().site(NAME, site(0)).site(OTHER, site(1)));
        change(&pki, &mut config);
        let end = TlsServer::new(Arc::clone(library), config).unwrap();

        let of_origin = ServerConfig::of(pki.authority.identity(&["127.0.0.1"]));
        let of_origin = TlsServer::new(Arc::clone(library), of_origin).unwrap();
        let origin = telling_on(tcp("127.0.0.1:0").unwrap().tls(of_origin)).await;
        let client = TlsClient::new(&**library, pki.client()).unwrap();
        let peer = Peer::builder(origin.local_addrs()[0]).versions(Versions::Auto).tls(client).build().unwrap();
        let listen = tcp("127.0.0.1:0").unwrap().tls(end);
        let proxy = Proxy::on(listen, |app| app, peer, Timeouts::default()).await;
        Self { pki, proxy, identities, _origin: origin }
    }

    /// Where it is, by its name.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("https://{NAME}:{}{path}", self.proxy.addr.port())
    }

    /// curl, which finds the name and trusts the authority.
    pub(crate) async fn curl(&self, args: &[&str]) -> (bool, String) {
        let found = format!("{NAME}:{}:127.0.0.1", self.proxy.addr.port());
        tools::curl(&[&["--resolve", &found, "--cacert", &self.pki.ca], args].concat()).await
    }
}
