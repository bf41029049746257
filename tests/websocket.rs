//! WebSocket with clients and servers that others wrote: Python's `websockets`, from `cargo xtask setup`, and Node over HTTP/2.
//! What is not installed is left out, and that is said; where `CI` is `true`, it must be there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

#[path = "common/common.rs"]
mod common;

use common::Proxy;
use common::child::Program;
use common::peers;
use common::tools::there;
use simplon::core::http::Timeouts;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conversations_pass_by_http_1() {
    let Some(mut server) = peers::python("websocket_peer.py") else { return };
    let server = Program::start(server.arg("server"));
    let proxy = Proxy::to(server.listening(), Timeouts::default()).await;
    let mut client = peers::python("websocket_peer.py").unwrap();
    client.args(["client", &proxy.addr.to_string()]);
    peers::all_ok(&peers::output(client).await, &peers::CONVERSATIONS);
    for end in ["closed with 1000", "closed with 1000", "closed with 4001"] {
        server.line(|line| line == end);
    }
    proxy.empties().await;
}

/// Extended CONNECT in front (RFC 8441), an upgrade behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conversation_of_http_2_passes_to_an_origin_of_http_1() {
    if !there("node") {
        return;
    }
    let Some(mut server) = peers::python("websocket_peer.py") else { return };
    let server = Program::start(server.arg("server"));
    let proxy = Proxy::to(server.listening(), Timeouts::default()).await;
    let mut client = std::process::Command::new("node");
    client.args([&peers::path("websocket_peer.mjs"), &proxy.addr.to_string()]);
    assert_eq!(peers::output(client).await, "status 200 chat\nframe hello\nclosed 1000\n");
    server.line(|line| line == "closed with 1000");
}
