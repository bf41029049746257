//! Tunnels: CONNECT, and the switch of protocols that HTTP/2 calls extended CONNECT.

use bytes::Bytes;
use h2::ext::Protocol;
use h2::server::Builder;
use http::{Method, Response};
use simplon_core::connect::{Peer, Versions};
use simplon_core::http::Http;
use simplon_core::net::tcp;
use simplon_core::server::Server;
use simplon_proxy::{App, ConnectPolicy, To};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::origin::{Call, origin_with};
use crate::stage::{Stage, soon};

/// Sends back what comes.
async fn echo(mut call: Call) {
    let mut send = call.begin(Response::new(()));
    let body = call.request.body_mut();
    while let Some(Ok(octets)) = body.data().await {
        let _ = body.flow_control().release_capacity(octets.len());
        send.send_data(octets, false).unwrap();
    }
    send.send_data(Bytes::new(), true).unwrap();
}

async fn head_of(client: &mut TcpStream) -> String {
    let mut heard = Vec::new();
    while !heard.ends_with(b"\r\n\r\n") {
        heard.push(soon("a head", client.read_u8()).await.unwrap());
    }
    String::from_utf8(heard).unwrap()
}

async fn goes_round(client: &mut TcpStream) {
    for said in [&b"hello"[..], b"again"] {
        client.write_all(said).await.unwrap();
        let mut heard = [0; 5];
        soon("the echo", client.read_exact(&mut heard)).await.unwrap();
        assert_eq!(heard, said);
    }
    client.shutdown().await.unwrap();
    assert_eq!(soon("the end", client.read(&mut [0])).await.unwrap(), 0);
}

const WEBSOCKET: &str = "GET /chat HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
    Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/// H67: also as the very first request, when it is not known yet what the origin allows.
#[tokio::test]
async fn websocket_goes_through_as_extended_connect() {
    let mut builder = Builder::new();
    builder.enable_connect_protocol();
    let listening = origin_with(builder, |call: Call| async move {
        assert_eq!(call.request.method(), Method::CONNECT);
        assert_eq!(call.request.extensions().get::<Protocol>().unwrap().as_str(), "websocket");
        assert_eq!(call.request.uri().to_string(), "http://a.example/chat");
        assert_eq!(call.request.headers()["sec-websocket-version"], "13");
        assert!(!call.request.headers().contains_key("sec-websocket-key"));
        echo(call).await;
    })
    .await;
    let stage = Stage::before(listening.at).await;
    for _ in 0..2 {
        let mut client = stage.client().await;
        client.write_all(WEBSOCKET.as_bytes()).await.unwrap();
        let head = head_of(&mut client).await;
        assert!(head.starts_with("HTTP/1.1 101 Switching Protocols\r\n"), "{head}");
        assert!(head.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), "{head}");
        goes_round(&mut client).await;
    }
    assert_eq!(listening.connections(), 1);
}

/// H67
#[tokio::test]
async fn an_origin_without_extended_connect_is_asked_plainly() {
    let listening = origin_with(Builder::new(), |mut call: Call| async move {
        assert_eq!(call.request.method(), Method::GET);
        call.respond.send_response(Response::builder().status(400).body(()).unwrap(), true).unwrap();
    })
    .await;
    let stage = Stage::before(listening.at).await;
    let mut client = stage.client().await;
    client.write_all(WEBSOCKET.as_bytes()).await.unwrap();
    assert!(head_of(&mut client).await.starts_with("HTTP/1.1 400"));
}

/// H66
#[tokio::test]
async fn a_refused_switch_is_an_ordinary_answer() {
    let mut builder = Builder::new();
    builder.enable_connect_protocol();
    let listening = origin_with(builder, |mut call: Call| async move {
        let response = Response::builder().status(403).header("content-length", 2).body(()).unwrap();
        call.begin(response).send_data("no".into(), true).unwrap();
    })
    .await;
    let stage = Stage::before(listening.at).await;
    let mut client = stage.client().await;
    client.write_all(WEBSOCKET.as_bytes()).await.unwrap();
    assert!(head_of(&mut client).await.starts_with("HTTP/1.1 403"));
    let mut content = [0; 2];
    soon("the content", client.read_exact(&mut content)).await.unwrap();
    assert_eq!(&content, b"no");
}

#[tokio::test]
async fn connect_goes_through_to_a_proxy_behind() {
    let listening = origin_with(Builder::new(), |call: Call| async move {
        assert_eq!(call.request.method(), Method::CONNECT);
        assert_eq!(call.request.uri().to_string(), "b.example:443");
        echo(call).await;
    })
    .await;
    let peer = Peer::builder(listening.at).versions(Versions::Http2).build().unwrap();
    let app = App::new(To(peer)).connect(ConnectPolicy::to_ports([443]));
    let running = Server::new().listen(tcp("127.0.0.1:0").unwrap(), Http::new(app)).start().await.unwrap();
    let mut client = TcpStream::connect(running.local_addrs()[0]).await.unwrap();
    client.write_all(b"CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n").await.unwrap();
    let head = head_of(&mut client).await;
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    goes_round(&mut client).await;
}
