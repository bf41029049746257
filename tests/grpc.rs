//! gRPC through the proxy, HTTP/2 on both legs, with the client and the server that others wrote: Python's `grpcio`, from `cargo xtask setup`.
//! Where that is not installed, nothing is tried, and that is said; where `CI` is `true`, it must be there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

#[path = "common/common.rs"]
mod common;

use std::net::SocketAddr;

use common::child::Program;
use common::client::Client;
use common::peers;
use common::{Proxy, millis};
use simplon::core::connect::Versions;
use simplon::core::http::Timeouts;
use simplon::prelude::*;
use simplon::proxy::grpc::{GrpcErrors, WebBridge, WebCall};

fn by_http2(origin: SocketAddr) -> Peer {
    Peer::builder(origin).versions(Versions::Http2).build().unwrap()
}

/// The code and the message that a call through this proxy ends with.
async fn ends(proxy: &Proxy) -> String {
    let mut client = peers::python("grpc_peer.py").unwrap();
    client.args(["code", &proxy.addr.to_string()]);
    peers::output(client).await.trim().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_call_passes() {
    let Some(mut server) = peers::python("grpc_peer.py") else { return };
    let server = Program::start(server.arg("server"));
    let proxy = Proxy::of(|app| app.rescue(GrpcErrors::new()), by_http2(server.listening()), Timeouts::default()).await;
    let mut client = peers::python("grpc_peer.py").unwrap();
    client.args(["client", &proxy.addr.to_string()]);
    peers::all_ok(&peers::output(client).await, &peers::CALLS);
    // What callers say of their patience, and that they lost it, reaches the server.
    server.line(|line| line == "deadline told");
    server.line(|line| line == "cancelled");
    proxy.empties().await;
}

/// The client's own library reads what the proxy says when nothing is behind it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_of_the_proxy_are_read_as_those_of_a_call() {
    if peers::python("grpc_peer.py").is_none() {
        return;
    }
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = Proxy::of(|app| app.rescue(GrpcErrors::new()), by_http2(nobody), Timeouts::default()).await;
    assert_eq!(ends(&proxy).await, "UNAVAILABLE Bad Gateway");
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let impatient = common::impatient(silent.local_addr().unwrap(), millis(300));
    let impatient = impatient.to_builder().versions(Versions::Http2).build().unwrap();
    let proxy = Proxy::of(|app| app.rescue(GrpcErrors::new()).retry(()), impatient, Timeouts::default()).await;
    assert_eq!(ends(&proxy).await, "DEADLINE_EXCEEDED Gateway Timeout");
}

/// What a filter answers by itself is an answer to a call, too.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_filter_that_answers_is_read_as_the_end_of_a_call() {
    struct Never;
    impl<Ctx: Send> Filter<Ctx> for Never {
        async fn request(&self, _request: &mut Request<'_>, _cx: &mut Ctx) -> Result<Verdict> {
            Ok(Response::text(http::StatusCode::FORBIDDEN, "not today: 100%, é\n").into())
        }
    }
    if peers::python("grpc_peer.py").is_none() {
        return;
    }
    let nobody = SocketAddr::from(([127, 0, 0, 1], 9));
    let make = |app: common::Plain| app.filter(Never).rescue(GrpcErrors::new());
    let proxy = Proxy::of(make, by_http2(nobody), Timeouts::default()).await;
    assert_eq!(ends(&proxy).await, "PERMISSION_DENIED not today: 100%, é");
}

/// A browser's call, by HTTP/1.1, to a server that knows nothing of gRPC-Web.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_of_grpc_web_reaches_the_server() {
    struct Calls(Peer);
    impl Route for Calls {
        type Ctx = WebCall;
        fn begin(&self, _from: &simplon::core::net::ConnInfo) -> WebCall {
            WebCall::default()
        }
        async fn route(&self, _request: &mut Request<'_>, _cx: &mut WebCall) -> Result<Target> {
            Ok(Target::Forward(self.0.clone()))
        }
    }
    let Some(mut server) = peers::python("grpc_peer.py") else { return };
    let server = Program::start(server.arg("server"));
    let app = App::new(Calls(by_http2(server.listening()))).filter(WebBridge).rescue(GrpcErrors::new());
    let running = Server::new().listen(tcp("127.0.0.1:0").unwrap(), Http::new(app)).start().await.unwrap();
    let mut client = Client::connect(running.local_addrs()[0]).await;
    let head = |method: &str| {
        format!(
            "POST /test.Peer/{method} HTTP/1.1\r\nHost: a\r\nContent-Type: application/grpc-web+proto\r\nContent-Length: 10\r\n\r\n"
        )
    };
    client.send([head("Unary").as_bytes(), b"\0\0\0\0\x05hello"].concat()).await;
    let reply = client.reply().await.unwrap();
    assert_eq!((reply.status, reply.field("content-type")), (200, Some("application/grpc-web")));
    let (message, trailers) = reply.body.split_at(10);
    assert_eq!(message, b"\0\0\0\0\x05hello");
    let lines = String::from_utf8_lossy(&trailers[5..]).into_owned();
    assert_eq!((trailers[0], trailers[4] as usize), (0x80, lines.len()));
    assert!(lines.contains("grpc-status: 0\r\n") && lines.contains("x-length: 5\r\n"), "{lines}");
    // An answer of trailers alone is a head to a browser, too.
    client.send([head("None").as_bytes(), b"\0\0\0\0\x05hello"].concat()).await;
    let reply = client.reply().await.unwrap();
    assert_eq!((reply.status, reply.field("grpc-status"), reply.body.len()), (200, Some("12"), 0));
}
