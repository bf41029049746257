//! Whose connection it is: names that do not fit, and origins that are asked as somebody else. Needs no program of others.

use std::sync::Arc;

use http::StatusCode;
use simplon::core::connect::Versions;
use simplon::core::http::Timeouts;
use simplon::prelude::*;
use simplon::proto_tls::site::{Names, Site};
use simplon_proto_tls_suite::pki::Authority;

use crate::common::client::{Client, Reply};
use crate::common::telling::telling_on;
use crate::common::tools::there;
use crate::common::{Proxy, soon};
use crate::lab::{Front, Library, NAME, OTHER, Pki, libraries};

/// L89: on a connection that was made for one name, another host is answered with 421, and the connection goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_is_not_the_name_of_the_handshake_is_misdirected() {
    if !there("curl") {
        return;
    }
    for library in libraries() {
        let pki = Pki::new();
        let of_origin = ServerConfig::of(pki.authority.identity(&[NAME]));
        let of_origin = TlsServer::new(Arc::clone(&library), of_origin).unwrap();
        let origin = telling_on(tcp("127.0.0.1:0").unwrap().tls(of_origin)).await;
        let make = |app: crate::common::Plain| app.filter(HostMatchesSni::new());
        let proxy = pki.proxy(&library, origin.local_addrs()[0], make).await;
        let found = format!("{NAME}:{}:127.0.0.1", proxy.addr.port());
        let url = format!("https://{NAME}:{}/get", proxy.addr.port());
        let shown = "|%{http_code} %{num_connects}\n";
        for version in ["--http1.1", "--http2"] {
            let one = [version, "--resolve", &found, "--cacert", &pki.ca, "-o", "/dev/null", "-w", shown, &url];
            let other = [&["--next", "-H", "Host: b.test"], &one[..]].concat();
            let (ok, text) = crate::common::tools::curl(&[&one[..], &other, &["--next"], &one].concat()).await;
            assert_eq!((ok, text.as_str()), (true, "|200 1\n|421 0\n|200 0\n"), "{} {version}", library.name());
        }
    }
}

/// A site that demands certificates is not reached without one by the name of another, nor one without them by the name of one that does; filters
/// are not asked. Among sites that ask the same, names do not matter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_site_that_demands_certificates_is_not_reached_by_the_name_of_another() {
    if !there("curl") {
        return;
    }
    for library in libraries() {
        let front = Front::with(&library, |pki, config| {
            let site = |name: &str| Site::new(pki.authority.identity(&[name]));
            let closed = site(OTHER).client_auth(ClientAuth::Required(Arc::new(pki.authority.trust())));
            let names = Names::new().site(NAME, site(NAME)).site("c.test", site("c.test")).site(OTHER, closed);
            *config = ServerConfig::new(names).alpn(["h2", "http/1.1"]);
        })
        .await;
        let shown = "%{http_code}";
        for version in ["--http1.1", "--http2"] {
            for (host, status) in
                [("a.test", "200"), ("A.TEST.:443", "200"), ("c.test", "200"), ("b.test", "421"), ("B.test.:1", "421")]
            {
                let host = format!("Host: {host}");
                let url = front.url("/get");
                let (ok, text) = front.curl(&[version, "-H", &host, "-o", "/dev/null", "-w", shown, &url]).await;
                assert_eq!((ok, text.as_str()), (true, status), "{} {version} {host}", library.name());
            }
        }
    }
}

/// Sends each path to a peer of its own.
struct ByPath(Vec<Peer>);

impl Route for ByPath {
    type Ctx = ();

    fn begin(&self, _from: &simplon::core::net::ConnInfo) {}

    async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
        let path = String::from_utf8_lossy(request.target.path()).into_owned();
        let peer = path.trim_start_matches('/').parse().ok().and_then(|at: usize| self.0.get(at));
        peer.cloned().map(Target::Forward).ok_or_else(|| reject(StatusCode::NOT_FOUND))
    }
}

/// Says whose certificate it was shown, and for which name it was asked.
struct WhoAreYou;

impl Route for WhoAreYou {
    type Ctx = ();

    fn begin(&self, _from: &simplon::core::net::ConnInfo) {}

    async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
        let facts = request.info().tls().cloned().ok_or_else(|| reject(StatusCode::BAD_REQUEST))?;
        let shown = facts.peer_certificate().map_or_else(|| "nobody".to_owned(), |shown| hex(&shown.fingerprint()));
        let name = facts.server_name.as_deref().unwrap_or("no name");
        Ok(Response::text(StatusCode::OK, format!("{shown} {name}")).into())
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// F56: peers at one address that differ in their certificate, in whom they trust or in the name they want proved never share a connection;
/// those that differ in nothing do.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_of_different_identities_are_not_exchanged() {
    for library in libraries() {
        let (pki, clients) = (Pki::new(), Authority::new("clients"));
        let mut config = ServerConfig::of(pki.authority.identity(&[NAME, OTHER]));
        config.client_auth = ClientAuth::Optional(Arc::new(clients.trust()));
        let end = TlsServer::new(Arc::clone(&library), config).unwrap();
        let listen = tcp("127.0.0.1:0").unwrap().tls(end);
        let origin = Server::new().listen(listen, Http::new(App::new(WhoAreYou))).start().await.unwrap();

        let [me, you] = [(); 2].map(|()| clients.identity(&["client.test"]));
        let named = |config: ClientConfig, name: &str| {
            let client = TlsClient::new(&*library, config).unwrap().named(ServerName::parse(name).unwrap());
            Peer::builder(origin.local_addrs()[0]).tls(client).versions(Versions::Auto).build().unwrap()
        };
        let ours = || pki.client();
        let shown = |identity: &Identity| hex(&identity.certificate().fingerprint());
        let rows = [
            (named(ours(), NAME), format!("nobody {NAME}")),
            (named(ours().identity(me.clone()), NAME), format!("{} {NAME}", shown(&me))),
            (named(ours().identity(you.clone()), NAME), format!("{} {NAME}", shown(&you))),
            (named(ours(), OTHER), format!("nobody {OTHER}")),
            (named(ours().danger_accept_any_name(), NAME), format!("nobody {NAME}")),
            (named(ours().alpn(["http/1.1"]), NAME), format!("nobody {NAME}")),
            // As the second: made anew, and yet the same.
            (named(ours().identity(me.clone()), NAME), format!("{} {NAME}", shown(&me))),
        ];
        let different = rows.len() - 1;
        let (peers, said): (Vec<_>, Vec<_>) = rows.into_iter().unzip();
        let app = Http::new(App::new(ByPath(peers)));
        let proxy = Server::new().listen(tcp("127.0.0.1:0").unwrap(), app).start().await.unwrap();
        let mut client = Client::connect(proxy.local_addrs()[0]).await;
        for round in 0..3 {
            for (at, wanted) in said.iter().enumerate() {
                let reply: Reply = soon("an answer", client.get(&format!("/{at}"))).await.unwrap();
                assert_eq!(reply.text(), *wanted, "{}, round {round}, peer {at}", library.name());
            }
        }
        assert_eq!(origin.handle().connections(), different, "{}", library.name());
    }
}

/// L87: sessions that a careless client made are not resumed by one that looks at certificates.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_of_a_careless_client_is_not_a_careful_one_s() {
    for library in libraries() {
        let pki = Pki::new();
        let bad = Authority::new("strangers").identity(&[NAME]);
        let end = TlsServer::new(Arc::clone(&library), ServerConfig::of(bad)).unwrap();
        let origin = telling_on(tcp("127.0.0.1:0").unwrap().tls(end)).await;
        for (config, status) in [
            (pki.client().danger_accept_anyone(), 200),
            (pki.client(), 502),
            (pki.client().danger_accept_anyone(), 200),
        ] {
            let proxy = ask(&library, origin.local_addrs()[0], config).await;
            let reply = soon("an answer", Client::connect(proxy.addr).await.get("/get")).await.unwrap();
            assert_eq!(reply.status, status, "{}: {}", library.name(), reply.text());
        }
    }
}

async fn ask(library: &Library, origin: std::net::SocketAddr, config: ClientConfig) -> Proxy {
    let client = TlsClient::new(&**library, config).unwrap().named(ServerName::parse(NAME).unwrap());
    let peer = Peer::builder(origin).tls(client).versions(Versions::Auto).build().unwrap();
    Proxy::of(|app| app, peer, Timeouts::default()).await
}
