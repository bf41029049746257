//! Health checks of backends that speak TLS, HTTP/2, or both: they are asked as requests would go to them, at another port, too.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use simplon::core::connect::{PeerBuilder, Versions};
use simplon::core::server::Running;
use simplon::load_balancing::{Backend, Check, CheckError, HttpCheck};
use simplon::prelude::*;
use simplon::proto_tls::rustls::Rustls;
use simplon_proto_tls_suite::pki::{Authority, Leaf, Valid};

const NAME: &str = "a.test";
/// Nobody listens there.
const CLOSED: &str = "127.0.0.1:1";

/// A backend that says what it was asked, in a field of its answer; in TLS as this.
async fn backend(tls: Option<ServerConfig>) -> Running {
    let app = App::new(answer(|request| {
        let host = request.authority().map(|host| String::from_utf8_lossy(host).into_owned()).unwrap_or_default();
        let agent = request.fields.text("user-agent").unwrap_or_default();
        let told = format!("{:?} {host} {agent}", request.version);
        Response::new(StatusCode::OK).field("x-told", told).unwrap()
    }));
    let mut listener = tcp("127.0.0.1:0").unwrap();
    if let Some(config) = tls {
        listener = listener.tls(TlsServer::new(Arc::new(Rustls::new()), config).unwrap());
    }
    Server::new().listen(listener, Http::new(app)).start().await.unwrap()
}

fn trusting(authority: &Authority, alpn: &[&'static str]) -> TlsClient {
    let config = ClientConfig::new().trust(authority.trust()).alpn(alpn.iter().copied());
    TlsClient::new(&Rustls::new(), config).unwrap().named(ServerName::parse(NAME).unwrap())
}

/// What a backend says that is asked at this port although its peer has another.
async fn told(port: u16, describe: impl FnOnce(PeerBuilder) -> PeerBuilder) -> Result<String, CheckError> {
    let said = Arc::new(std::sync::Mutex::new(String::new()));
    let heard = Arc::clone(&said);
    let check = HttpCheck::new()
        .with_port(port)
        .with_host("shop.example")
        .unwrap()
        .with_field("User-Agent", "probe/1")
        .unwrap()
        .within(Duration::from_secs(20), Duration::from_secs(20))
        .expect(move |head| {
            *heard.lock().unwrap() = head.fields.text("x-told").unwrap_or("nothing").to_owned();
            Ok(())
        });
    let peer = describe(Peer::builder(CLOSED.parse::<Address>().unwrap())).build().unwrap();
    check.check(&Backend::new(peer)).await?;
    Ok(said.lock().unwrap().clone())
}

fn port(running: &Running) -> u16 {
    running.local_addrs()[0].port()
}

#[tokio::test]
async fn each_version_is_asked_as_requests_are() {
    let authority = Authority::new("root");
    let both = ServerConfig::of(authority.identity(&[NAME])).alpn(["h2", "http/1.1"]);
    let (secure, plain) = (backend(Some(both)).await, backend(None).await);
    let tls = |alpn: &[&'static str]| trusting(&authority, alpn);
    let h1 = Ok("HTTP/1.1 shop.example probe/1".to_owned());
    let h2 = Ok("HTTP/2.0 shop.example probe/1".to_owned());
    for (outcome, expected, what) in [
        (told(port(&plain), |peer| peer).await, &h1, "HTTP/1.1 in the clear"),
        (told(port(&plain), |peer| peer.versions(Versions::Http2)).await, &h2, "HTTP/2 by prior knowledge"),
        (told(port(&secure), |peer| peer.tls(tls(&["http/1.1"]))).await, &h1, "HTTPS"),
        (
            told(port(&secure), |peer| peer.tls(tls(&["h2", "http/1.1"])).versions(Versions::Auto)).await,
            &h2,
            "HTTP/2 as agreed",
        ),
        (told(port(&secure), |peer| peer.tls(tls(&["h2"])).versions(Versions::Http2)).await, &h2, "HTTP/2 as demanded"),
    ] {
        assert_eq!(outcome.map_err(|error| error.to_string()), *expected, "{what}");
    }
}

/// A backend is as healthy as its certificate: what requests would refuse, checks do.
#[tokio::test]
async fn a_check_verifies_the_certificate() {
    let authority = Authority::new("root");
    let stranger = Authority::new("stranger");
    for (identity, label) in [
        (stranger.identity(&[NAME]), "tls-unknown-issuer"),
        (authority.identity(&["b.test"]), "tls-wrong-name"),
        (authority.issue(&Leaf::of(&[NAME]).valid(Valid::Before)), "tls-expired"),
    ] {
        let running = backend(Some(ServerConfig::of(identity))).await;
        let outcome = told(port(&running), |peer| peer.tls(trusting(&authority, &["http/1.1"]))).await;
        match outcome {
            Err(CheckError::Upstream(error)) => assert_eq!(error.label(), label),
            other => panic!("{label}: {other:?}"),
        }
    }
}

/// What does not speak TLS is not healthy for who asks in TLS, and the other way round.
#[tokio::test]
async fn plain_text_and_tls_are_not_mixed_up() {
    let authority = Authority::new("root");
    let (secure, plain) = (backend(Some(ServerConfig::of(authority.identity(&[NAME])))).await, backend(None).await);
    let asked_in_tls = told(port(&plain), |peer| peer.tls(trusting(&authority, &["http/1.1"]))).await;
    let asked_in_the_clear = told(port(&secure), |peer| peer).await;
    for (outcome, what) in [(asked_in_tls, "in TLS"), (asked_in_the_clear, "in the clear")] {
        match outcome {
            Err(error) => assert!(error.is_conclusive(), "{what}: {error}"),
            Ok(told) => assert_eq!(told, "nothing", "{what}"),
        }
    }
}
