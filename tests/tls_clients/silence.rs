//! Clients that say nothing, or not enough: before the handshake, in the middle of it and after it. Needs no program of others.

use std::sync::Arc;

use simplon::core::http::Timeouts;
use simplon::prelude::*;
use simplon::proto_tls::{Session, Whom, backends};
use simplon_testkit::h2::{Code, Peer as Raw};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::common::{LONG, Proxy, millis, patient, soon};
use crate::lab::{Library, NAME, Pki, libraries};

/// As long as nobody should be waited for here.
const WAIT: std::time::Duration = millis(300);

/// A proxy that waits for nobody, and whom to trust.
async fn impatient(library: &Library) -> (Proxy, Pki) {
    let pki = Pki::new();
    let mut config = ServerConfig::of(pki.authority.identity(&[NAME]));
    config.deadline = WAIT;
    let end = TlsServer::new(Arc::clone(library), config).unwrap();
    let mut timeouts = Timeouts::default();
    (timeouts.first_octet, timeouts.head, timeouts.keep_alive) = (WAIT, WAIT, WAIT);
    let listen = tcp("127.0.0.1:0").unwrap().tls(end);
    (Proxy::on(listen, |app| app, patient("127.0.0.1:9".parse().unwrap()), timeouts).await, pki)
}

/// Says this, and waits for the end.
async fn end_of(mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin, octets: &[u8]) -> Vec<u8> {
    let mut heard = Vec::new();
    stream.write_all(octets).await.unwrap();
    stream.flush().await.unwrap();
    // However it ends.
    let _ = soon("the end of a connection", stream.read_to_end(&mut heard)).await;
    heard
}

/// A client that agreed upon this protocol.
async fn agreed(proxy: &Proxy, pki: &Pki, alpn: &str) -> Box<dyn Session> {
    let library = backends::<TcpStream>().swap_remove(0);
    let client = library.client(&pki.client().alpn([alpn])).unwrap();
    let stream = TcpStream::connect(proxy.addr).await.unwrap();
    let session = client.connect(stream, Whom::new(ServerName::parse(NAME).unwrap(), proxy.addr.port())).await.unwrap();
    assert_eq!(session.facts().alpn.as_deref(), Some(alpn.as_bytes()));
    session
}

/// D45, I72: the time of a handshake is bounded as a whole.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_handshake_that_does_not_go_on_ends() {
    for library in libraries() {
        let (proxy, _pki) = impatient(&library).await;
        for octets in [&b""[..], &[22], &[22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3]] {
            let stream = TcpStream::connect(proxy.addr).await.unwrap();
            end_of(stream, octets).await;
        }
        proxy.empties().await;
        assert_eq!(proxy.records.len(), 0, "{}: no request, no record", library.name());
    }
}

/// I71, I72: whichever protocol was agreed upon, its first words have to come in time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_says_nothing_after_the_handshake_is_let_go() {
    for library in libraries() {
        let (proxy, pki) = impatient(&library).await;
        for (alpn, octets) in [("http/1.1", ""), ("h2", ""), ("h2", "PRI * HTTP/2.0\r\n"), ("http/1.1", "GET / HT")] {
            let heard = end_of(agreed(&proxy, &pki, alpn).await, octets.as_bytes()).await;
            let said = String::from_utf8_lossy(&heard).into_owned();
            assert_eq!(said.contains("408"), octets.starts_with("GET"), "{} {alpn} {octets}: {said}", library.name());
        }
        // A connection of HTTP/2 without a stream.
        let mut idle = Raw::client(agreed(&proxy, &pki, "h2").await);
        idle.patience = LONG;
        idle.start().await.unwrap();
        idle.expect_goaway(Code::NO_ERROR).await.unwrap();
        idle.expect_close().await.unwrap();
        proxy.empties().await;
    }
}
