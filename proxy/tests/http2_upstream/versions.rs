//! Which version is spoken: what the peer's `Versions` say, and nothing that has to be said a second time.

use std::net::SocketAddr;

use simplon_core::connect::{Peer, Versions};
use simplon_testkit::matrix::{accepting_without_alpn, for_clients, offering, to_origins};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::frames::Listener;
use crate::stage::Stage;

/// gRPC: an origin that has to speak HTTP/2 is never asked in another version.
#[tokio::test]
async fn http2_can_be_demanded() {
    let listener = Listener::bind().await;
    let peer = Peer::builder(listener.at()).versions(Versions::Http2Only).build().unwrap();
    let stage = Stage::once(peer).await;
    for _ in 0..2 {
        let (heard, ()) = tokio::join!(stage.post("x"), async {
            let mut stream = listener.accept_raw().await;
            let mut preface = [0; 14];
            stream.read_exact(&mut preface).await.unwrap();
            assert_eq!(&preface, b"PRI * HTTP/2.0");
            stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await.unwrap();
        });
        assert!(heard.starts_with("HTTP/1.1 502"), "{heard}");
    }
}

/// What is offered in TLS follows from the versions: nothing of it has to be said twice.
#[tokio::test]
async fn what_tls_offers_follows_from_the_versions() {
    for (versions, offered, version) in [
        (Versions::Http1, None, "1"),
        (Versions::Http2, Some(&b"h2"[..]), "2"),
        (Versions::Http2Only, Some(&b"h2"[..]), "2"),
        (Versions::Auto, Some(&b"h2"[..]), "2"),
    ] {
        let listener = Listener::bind().await;
        let peer = Peer::builder(listener.at()).versions(versions).tls(to_origins()).build().unwrap();
        let stage = Stage::once(peer).await;
        let asking = stage.get("/");
        let answering = async {
            let stream = listener.accept_raw().await;
            let mut session = for_clients().handshake(stream.into(), None).await.unwrap();
            assert_eq!(session.facts().alpn.as_deref(), offered, "{versions:?}");
            let mut said = [0; 3];
            session.read_exact(&mut said).await.unwrap();
            assert_eq!(&said, if version == "2" { b"PRI" } else { b"GET" }, "{versions:?}");
        };
        tokio::join!(asking, answering);
    }
}

#[test]
fn what_tls_offers_of_its_own_must_fit_the_versions() {
    use Versions::{Auto, Http1, Http2, Http2Only};
    let build = |versions, alpn: &[&'static str]| {
        Peer::builder(SocketAddr::from(([127, 0, 0, 1], 1))).versions(versions).tls(offering(alpn)).build()
    };
    for (versions, alpn, expected) in [
        (Http1, &[][..], true),
        (Http1, &["http/1.1"], true),
        (Http1, &["mqtt"], true),
        (Http1, &["h2", "http/1.1"], false),
        (Http1, &["h2"], false),
        (Http2, &["h2"], true),
        (Http2, &["h2", "http/1.1"], true),
        (Http2, &["http/1.1"], false),
        (Http2Only, &["h2"], true),
        (Http2Only, &["h2", "http/1.1"], false),
        (Http2Only, &["http/1.1"], false),
        (Auto, &["h2", "http/1.1"], true),
        (Auto, &["h2"], true),
        (Auto, &["http/1.1"], true),
        (Auto, &["mqtt"], false),
    ] {
        assert_eq!(build(versions, alpn).is_ok(), expected, "{versions:?} {alpn:?}");
    }
    let told = build(Http2, &["http/1.1"]).unwrap_err().to_string();
    assert!(told.contains("Versions::Http2,") && told.contains(r#"alpn of its TLS is ["http/1.1"]"#), "{told}");
}

/// TLS that agrees upon nothing, or upon HTTP/1.1, where HTTP/2 is demanded.
#[tokio::test]
async fn http2_that_tls_does_not_agree_upon_is_an_error_where_it_is_demanded() {
    let listener = Listener::bind().await;
    let peer = Peer::builder(listener.at()).versions(Versions::Http2Only).tls(to_origins()).build().unwrap();
    let stage = Stage::once(peer).await;
    let (heard, ()) = tokio::join!(stage.post("x"), async {
        let stream = listener.accept_raw().await;
        let mut session = accepting_without_alpn().handshake(stream.into(), None).await.unwrap();
        assert_eq!(session.facts().alpn, None);
        assert!(!session.read(&mut [0; 10]).await.is_ok_and(|n| n > 0), "not a word of HTTP");
    });
    assert!(heard.starts_with("HTTP/1.1 502"), "{heard}");
}
