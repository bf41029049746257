//! TLS servers of others behind the proxy, `openssl s_server` and nginx; and nginx in front of it.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use simplon::core::connect::Versions;
use simplon::core::http::Timeouts;
use simplon::prelude::*;

use crate::common::child::Program;
use crate::common::client::{Client, Reply};
use crate::common::nginx::Nginx;
use crate::common::telling::octets;
use crate::common::tools::{curl, there};
use crate::common::{Proxy, soon};
use crate::lab::{Front, Library, NAME, Pki, libraries};

/// A proxy that listens in the clear, before an origin that has to prove [`NAME`].
async fn before(library: &Library, origin: SocketAddr, client: ClientConfig, versions: Versions) -> Proxy {
    let client = TlsClient::new(&**library, client).unwrap().named(ServerName::parse(NAME).unwrap());
    let peer = Peer::builder(origin).tls(client).versions(versions).build().unwrap();
    Proxy::of(|app| app, peer, Timeouts::default()).await
}

/// OpenSSL's server, which answers with a page on the handshake and closes.
fn s_server(pki: &Pki, args: &[&str]) -> (Program, SocketAddr) {
    let file = pki.file("s_server", &pki.authority.identity(&[NAME]));
    let mut command = Command::new("openssl");
    command.args(["s_server", "-accept", "127.0.0.1:0", "-www", "-naccept", "100", "-cert", &file, "-key", &file]);
    let program = Program::start(command.args(args));
    let line = program.line(|line| line.starts_with("ACCEPT "));
    let addr = line.trim_start_matches("ACCEPT ").trim().parse().unwrap();
    (program, addr)
}

async fn page(proxy: &Proxy) -> String {
    let reply = soon("a page", Client::connect(proxy.addr).await.get("/")).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.text()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_with_openssl_s_server_are_resumed() {
    if !there("openssl") {
        return;
    }
    for library in libraries() {
        for (flag, version) in [("-tls1_2", "TLSv1.2"), ("-tls1_3", "TLSv1.3")] {
            let pki = Pki::new();
            let (_program, addr) = s_server(&pki, &[flag, "-alpn", "http/1.1"]);
            let proxy = before(&library, addr, pki.client(), Versions::Auto).await;
            for (number, (says, resumed)) in [("New", false), ("Reused", true), ("Reused", true)].iter().enumerate() {
                let text = page(&proxy).await;
                assert!(text.contains(&format!("{says}, {version}, Cipher is ")), "{}: {text}", library.name());
                let tls = proxy.records.after(number).await.peer_tls.unwrap();
                assert_eq!((tls.backend, tls.resumed), (library.name(), *resumed), "{version}");
                assert_eq!((tls.version.to_string().as_str(), tls.alpn.as_deref()), (version, Some(&b"http/1.1"[..])));
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn openssl_s_server_asks_for_our_certificate() {
    if !there("openssl") {
        return;
    }
    for library in libraries() {
        for version in ["-tls1_2", "-tls1_3"] {
            let pki = Pki::new();
            let own = pki.authority.identity(&["proxy.test"]);
            let (_program, addr) =
                s_server(&pki, &[version, "-Verify", "2", "-verify_return_error", "-CAfile", &pki.ca]);
            let proxy = before(&library, addr, pki.client().identity(own.clone()), Versions::Auto).await;
            // The page has the certificate that was shown.
            let serial: String =
                own.certificate().serial().unwrap().iter().map(|octet| format!("{octet:02x}")).collect();
            let text = page(&proxy).await;
            assert!(text.contains("Client certificate") && text.contains(&serial), "{}: {text}", library.name());
            assert_eq!(proxy.records.after(0).await.peer_tls.unwrap().own, Some(own.certificate().fingerprint()));
            let shy = before(&library, addr, pki.client(), Versions::Auto).await;
            let reply = soon("an answer", Client::connect(shy.addr).await.get("/")).await.unwrap();
            assert_eq!(reply.status, 502, "{} {version}: {}", library.name(), reply.text());
        }
    }
}

/// nginx with TLS and HTTP/2 as an origin, which closes after so many requests.
fn nginx(pki: &Pki, keepalive: u32) -> Nginx {
    let file = pki.file("nginx", &pki.authority.identity(&[NAME]));
    Nginx::start(|addr, folder| {
        std::fs::write(folder.join("big"), octets(3_000_000)).unwrap();
        format!(
            "server {{ listen {addr} ssl http2; server_name {NAME}; root {f}; keepalive_requests {keepalive}; \
             ssl_certificate {file}; ssl_certificate_key {file}; ssl_protocols TLSv1.2 TLSv1.3; client_max_body_size 8m;\n\
             location /say {{ return 200 \"$server_protocol $ssl_protocol $ssl_session_reused $ssl_server_name\"; }}\n\
             location /none {{ return 204; }} }}",
            f = folder.display(),
        )
    })
}

async fn get(client: &mut Client, path: &str) -> Reply {
    soon(path, client.get(path)).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nginx_is_an_origin_by_both_versions_of_http() {
    if !there("nginx") {
        return;
    }
    for library in libraries() {
        let pki = Pki::new();
        let origin = nginx(&pki, 5);
        for (versions, shown) in [(Versions::Auto, "HTTP/2.0"), (Versions::Http1, "HTTP/1.1")] {
            let alpn: &[&str] = if versions == Versions::Auto { &["h2", "http/1.1"] } else { &["http/1.1"] };
            let proxy = before(&library, origin.addr, pki.client().alpn(alpn.iter().copied()), versions).await;
            let mut client = Client::connect(proxy.addr).await;
            for _ in 0..20 {
                // nginx closes after every fifth request, by GOAWAY or by a field: nobody notices.
                let text = get(&mut client, "/say").await.text();
                let wanted = |reused| format!("{shown} TLSv1.3 {reused} {NAME}");
                assert!([wanted("."), wanted("r")].contains(&text), "{}: {text}", library.name());
            }
            let records = proxy.records.all();
            let resumed = |record: &Record| record.peer_tls.as_ref().is_some_and(|tls| tls.resumed);
            assert!(records.iter().any(resumed), "{}: no session was resumed", library.name());
            assert_eq!(get(&mut client, "/none").await.status, 204);
            assert!(get(&mut client, "/big").await.body == octets(3_000_000), "{}", library.name());
            assert_eq!(get(&mut client, "/missing").await.status, 404);
            // It takes no content for a file, and says so in the middle of it.
            let refused = soon("405", client.post("/big", &[1; 2_000_000])).await.unwrap();
            assert_eq!(refused.status, 405, "{}: {}", library.name(), refused.text());
        }
    }
}

/// A client's HTTP/2 ends at nginx, which speaks TLS with the proxy and looks at its certificate.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nginx_stands_in_front() {
    if !there("nginx") || !there("curl") {
        return;
    }
    for library in libraries() {
        let front = Front::of(&library).await;
        let (own, ca) = (front.pki.file("own", &front.pki.authority.identity(&[NAME])), front.pki.ca.clone());
        let nginx = Nginx::start(|addr: SocketAddr, _: &Path| {
            format!(
                "server {{ listen {addr} ssl http2; server_name {NAME}; ssl_certificate {own}; ssl_certificate_key {own}; \
                 client_max_body_size 8m; location / {{ proxy_pass https://{behind}; proxy_http_version 1.1; \
                 proxy_set_header Connection \"\"; proxy_set_header Host $host; proxy_ssl_server_name on; \
                 proxy_ssl_name {NAME}; proxy_ssl_verify on; proxy_ssl_trusted_certificate {ca}; }} }}",
                behind = front.proxy.addr,
            )
        });
        let found = format!("{NAME}:{}:127.0.0.1", nginx.addr.port());
        let of = |path: &str| format!("https://{NAME}:{}{path}", nginx.addr.port());
        let data = format!("@{}", front.pki.folder.file("megabytes", &[1; 3_000_000]));
        let rows: [(&[&str], &str); 3] = [
            (&[&of("/get")], "GET /get 0 0|2 200"),
            (&["--data-binary", &data, &of("/post")], "POST /post 3000000 3000000|2 200"),
            (&["-o", "/dev/null", &of("/octets/4000000")], "|2 200"),
        ];
        for (args, wanted) in rows {
            let all = ["--http2", "--resolve", &found, "--cacert", &ca, "-w", "|%{http_version} %{http_code}"];
            let (ok, text) = curl(&[&all[..], args].concat()).await;
            assert_eq!((ok, text.as_str()), (true, wanted), "{}: {}", library.name(), nginx.errors());
        }
        // It has a new connection for each request, and resumes sessions.
        let resumed = |record: &Record| record.tls.as_ref().is_some_and(|tls| tls.resumed);
        front.proxy.records.after(2).await;
        assert!(front.proxy.records.all().iter().any(resumed), "{}", library.name());
    }
}
