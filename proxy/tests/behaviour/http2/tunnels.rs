//! Tunnels of clients that speak HTTP/2: extended CONNECT and CONNECT. H65, H66

use std::time::Duration;

use h2::Reason;
use h2::ext::Protocol;
use http::Request;
use simplon_core::Result;
use simplon_core::connect::Peer;
use simplon_core::http::Serve;
use simplon_core::net::ConnInfo;
use simplon_proto_http::websocket;
use simplon_proxy::observe::End;
use simplon_proxy::{App, ConnectPolicy, Route, Target, To};
use simplon_testkit::time::{settle, took};
use simplon_testkit::{ok, status};

use super::{Client, asked, heard};
use crate::stage::{self, Stage};

fn chat() -> Request<()> {
    let mut request = asked("CONNECT", "/chat").header("sec-websocket-version", "13").body(()).unwrap();
    request.extensions_mut().insert(Protocol::from_static("websocket"));
    request
}

/// A client that knows that it may.
async fn chatting<S: Serve>(stage: &Stage<S>) -> Client {
    let client = Client::new(stage).await;
    settle().await;
    assert!(client.send.is_extended_connect_protocol_enabled());
    client
}

/// What an origin says that agrees, with this proof.
fn switching(proof: &str) -> String {
    let fields = "Connection: Upgrade\r\nUpgrade: websocket\r\n";
    format!("HTTP/1.1 101 Switching Protocols\r\n{fields}Sec-WebSocket-Accept: {proof}\r\n\r\n")
}

/// RFC 8441, H65
#[tokio::test(start_paused = true)]
async fn a_websocket_of_http_2_is_one_of_http_1_at_the_origin() {
    let mut stage = stage::plain();
    let mut client = chatting(&stage).await;
    let (response, mut send) = client.begin(chat());
    send.send_data("early".into(), false).unwrap();
    let mut origin = stage.origin.accept().await;
    let request = origin.head().await.unwrap();
    assert_eq!((request.method(), request.path()), ("GET", "/chat"));
    assert!(request.lists("Connection", "upgrade") && request.lists("Upgrade", "websocket"), "{request:?}");
    assert_eq!(request.field("Sec-WebSocket-Key").unwrap().len(), 24);
    settle().await;
    assert!(origin.received().octets().ends_with(b"\r\n\r\n"), "nothing raw before both agreed");
    let proof = websocket::accept(request.field("Sec-WebSocket-Key").unwrap().as_bytes());
    origin.send(format!("{}raw\0", switching(proof.to_str().unwrap()))).await;
    let response = response.await.unwrap();
    assert_eq!(response.status(), 200);
    assert!(!response.headers().contains_key("sec-websocket-accept"));
    let mut body = response.into_body();
    assert_eq!(body.data().await.unwrap().unwrap(), "raw\0");
    assert_eq!(origin.exactly(5).await.unwrap(), b"early");
    send.send_data("late".into(), true).unwrap();
    assert_eq!(origin.rest().await.unwrap(), b"late");
    origin.send("bye").await;
    drop(origin);
    let mut said = Vec::new();
    while let Some(piece) = body.data().await {
        said.extend_from_slice(&piece.unwrap());
    }
    assert_eq!(said, b"bye");
    settle().await;
    assert_eq!(stage.records.only().end, End::Tunnel);
}

/// H66: an answer other than 101 does not open anything, and does not look as if it did.
#[tokio::test(start_paused = true)]
async fn a_refused_websocket_is_refused() {
    for (reply, expected) in [(status(403).body("no"), 403), (ok("what?"), 502)] {
        let mut stage = stage::plain();
        let mut client = chatting(&stage).await;
        let (response, mut send) = client.begin(chat());
        send.send_data("early".into(), false).unwrap();
        let mut origin = stage.origin.accept().await;
        origin.head().await.unwrap();
        origin.send(reply).await;
        assert_eq!(heard(response).await.unwrap().status, expected);
        assert!(origin.received().octets().ends_with(b"\r\n\r\n"));
    }
}

/// RFC 6455 §4.1: the key is ours, and so is the check of its answer.
#[tokio::test(start_paused = true)]
async fn a_websocket_whose_origin_does_not_answer_the_key_is_502() {
    let mut stage = stage::with(|origin| App::new(To(origin)).retry(()));
    let mut client = chatting(&stage).await;
    let (response, _send) = client.begin(chat());
    let mut origin = stage.origin.accept().await;
    origin.head().await.unwrap();
    origin.send(switching("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")).await;
    assert_eq!(heard(response).await.unwrap().status, 502);
    settle().await;
    assert_eq!(stage.records.only().error, Some("malformed"));
}

#[tokio::test(start_paused = true)]
async fn connect_carries_raw_octets() {
    struct Tunnels(Peer);
    impl Route for Tunnels {
        type Ctx = ();
        fn begin(&self, _from: &ConnInfo) {}
        async fn route(&self, _request: &mut simplon_proxy::Request<'_>, _cx: &mut ()) -> Result<Target> {
            Ok(Target::Tunnel(self.0.clone()))
        }
    }
    let mut stage = stage::with(|origin| App::new(Tunnels(origin)).connect(ConnectPolicy::to_ports([443])));
    let mut client = Client::new(&stage).await;
    let (refused, _send) = client.begin(Request::connect("a.example:25").body(()).unwrap());
    assert_eq!(refused.await.unwrap().status(), 405);
    let (response, mut send) = client.begin(Request::connect("a.example:443").body(()).unwrap());
    let mut origin = stage.origin.accept().await;
    let response = response.await.unwrap();
    assert_eq!(response.status(), 200);
    send.send_data("\x16\x03".into(), false).unwrap();
    assert_eq!(origin.exactly(2).await.unwrap(), b"\x16\x03");
    origin.send("\x17").await;
    let mut body = response.into_body();
    assert_eq!(body.data().await.unwrap().unwrap(), "\x17");
    // A client that resets its tunnel lets the far end go.
    send.send_reset(Reason::CANCEL);
    let (_, time) = took(origin.closed()).await;
    assert!(time < Duration::from_millis(5), "{time:?}");
}
