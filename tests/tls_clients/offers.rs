//! What a listener offers by ALPN: what its service speaks, unless it was told something else.

use std::sync::Arc;

use simplon::core::net::{ConnInfo, Stream};
use simplon::core::server::{Drain, Running, ServeConnection};
use simplon::prelude::*;
use simplon::proto_tls::{Session, Whom, backends};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{millis, soon};
use crate::lab::{Library, NAME, Pki, libraries};

async fn start(library: &Library, config: ServerConfig, service: impl ServeConnection) -> Running {
    let end = TlsServer::new(Arc::clone(library), config).unwrap();
    Server::new().listen(tcp("127.0.0.1:0").unwrap().tls(end), service).start().await.unwrap()
}

/// A client that offers these.
async fn offer(server: &Running, pki: &Pki, alpn: &[&str]) -> Result<Box<dyn Session>, simplon::proto_tls::Error> {
    let library = backends::<TcpStream>().swap_remove(0);
    let client = library.client(&pki.client().alpn(alpn.iter().copied())).unwrap();
    let stream = TcpStream::connect(server.local_addrs()[0]).await.unwrap();
    soon("a handshake", client.connect(stream, Whom::new(ServerName::parse(NAME).unwrap(), 443))).await
}

fn config(pki: &Pki) -> ServerConfig {
    ServerConfig::of(pki.authority.identity(&[NAME]))
}

/// Says one word, whatever it is asked.
async fn greet(mut stream: Stream, _info: Arc<ConnInfo>, _drain: Drain) {
    let _ = stream.write_all(b"welcome").await;
    let _ = stream.shutdown().await;
}

fn pages() -> Http<impl Serve> {
    Http::new(App::new(answer(|_| Response::text(http::StatusCode::OK, "a page"))))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_not_http_offers_nothing_unless_told() {
    for library in libraries() {
        let pki = Pki::new();
        let server = start(&library, config(&pki), greet).await;
        for offered in [&["h2", "http/1.1"][..], &["http/1.1"], &["own"], &[]] {
            let mut session = offer(&server, &pki, offered).await.unwrap();
            assert_eq!(session.facts().alpn, None, "{} {offered:?}", library.name());
            let mut heard = String::new();
            session.read_to_string(&mut heard).await.unwrap();
            assert_eq!(heard, "welcome");
        }
        let server = start(&library, config(&pki).alpn(["own"]), greet).await;
        let session = offer(&server, &pki, &["h2", "own"]).await.unwrap();
        assert_eq!(session.facts().alpn.as_deref(), Some(&b"own"[..]));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn http_offers_its_versions() {
    for library in libraries() {
        let pki = Pki::new();
        let server = start(&library, config(&pki), pages()).await;
        for (offered, chosen) in [
            (&["http/1.0"][..], Some("http/1.0")),
            (&["http/1.0", "http/1.1"], Some("http/1.1")),
            (&["http/1.1", "h2"], Some("h2")),
            (&["spdy/3", "http/1.0"], Some("http/1.0")),
            (&[], None),
        ] {
            let session = offer(&server, &pki, offered).await.unwrap();
            assert_eq!(session.facts().alpn.as_deref(), chosen.map(str::as_bytes), "{} {offered:?}", library.name());
        }
        assert!(offer(&server, &pki, &["spdy/3"]).await.is_err(), "RFC 7301 §3.2");
        // What was chosen is spoken, too.
        let mut session = offer(&server, &pki, &["http/1.0"]).await.unwrap();
        session.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
        session.flush().await.unwrap();
        let mut heard = String::new();
        let _ = soon("an answer", session.read_to_string(&mut heard)).await;
        assert!(heard.starts_with("HTTP/1.1 200") && heard.ends_with("a page"), "{heard}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_services_may_share_an_end() {
    let pki = Pki::new();
    let library = libraries().next().unwrap();
    let end = Arc::new(TlsServer::new(library, config(&pki)).unwrap());
    let listen = || tcp("127.0.0.1:0").unwrap().tls(Arc::clone(&end));
    let page = Server::new().listen(listen(), pages()).start().await.unwrap();
    let word = Server::new().listen(listen(), greet).start().await.unwrap();
    for _ in 0..2 {
        assert_eq!(offer(&page, &pki, &["h2"]).await.unwrap().facts().alpn.as_deref(), Some(&b"h2"[..]));
        assert_eq!(offer(&word, &pki, &["h2"]).await.unwrap().facts().alpn, None);
        end.reload(config(&pki)).unwrap();
    }
}

/// Those that have sent nothing do not hold a drain; those that have begun are served.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn silent_connections_do_not_hold_a_drain() {
    for library in libraries() {
        let pki = Pki::new();
        let server = start(&library, config(&pki), greet).await;
        let mut silent = Vec::new();
        for _ in 0..8 {
            silent.push(TcpStream::connect(server.local_addrs()[0]).await.unwrap());
        }
        let handle = server.handle();
        while handle.connections() < silent.len() {
            tokio::time::sleep(millis(5)).await;
        }
        let begun = std::time::Instant::now();
        let report = soon("the end of the drain", server.drain()).await.unwrap();
        assert_eq!((report.stats.cut, report.stats.handshakes_failed), (0, 0), "{}", library.name());
        // The deadline of a handshake is ten.
        assert!(begun.elapsed().as_secs() < 8, "{:?}", begun.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn failures_are_counted_and_told() {
    for library in libraries() {
        let pki = Pki::new();
        let (send, mut told) = tokio::sync::mpsc::unbounded_channel();
        let config = config(&pki).observe(move |failure: &simplon::proto_tls::server::Failure<'_>| {
            let _ = send.send((failure.from, failure.server_name.map(str::to_owned), failure.reason));
        });
        let server = start(&library, config, greet).await;
        let stranger = backends::<TcpStream>().swap_remove(0);
        let stranger = stranger.client(&ClientConfig::new().trust(Pki::new().authority.trust())).unwrap();
        let stream = TcpStream::connect(server.local_addrs()[0]).await.unwrap();
        let from = stream.local_addr().unwrap();
        assert!(stranger.connect(stream, Whom::new(ServerName::parse(NAME).unwrap(), 443)).await.is_err());
        let (address, name, reason) = soon("an event", told.recv()).await.unwrap();
        assert_eq!((address, name.as_deref()), (Some(from), Some(NAME)), "{}", library.name());
        assert!(matches!(reason, simplon::proto_tls::Reason::Alert(_)), "{reason:?}");
        assert_eq!(server.drain().await.unwrap().stats.handshakes_failed, 1);
    }
}
