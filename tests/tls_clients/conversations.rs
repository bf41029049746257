//! Python's `grpcio` and `websockets` as clients and as servers, with TLS on every leg.

use std::process::Command;

use http::Version;
use simplon::proxy::grpc::GrpcErrors;

use crate::common::child::Program;
use crate::common::{Proxy, peers};
use crate::lab::{NAME, Pki, libraries};

/// A peer as a server, with a certificate for [`NAME`].
fn server(peer: &str, pki: &Pki) -> Option<Program> {
    let mut command = peers::python(peer)?;
    command.arg("server").arg(pki.file("server", &pki.authority.identity(&[NAME])));
    Some(Program::start(&mut command))
}

/// The same peer as a client of this proxy.
fn client(peer: &str, pki: &Pki, proxy: &Proxy) -> Command {
    let mut command = peers::python(peer).unwrap();
    command.args(["client", &proxy.addr.to_string(), &pki.ca, NAME]);
    command
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_kind_of_grpc_call_passes() {
    for library in libraries() {
        let pki = Pki::new();
        let Some(server) = server("grpc_peer.py", &pki) else { return };
        let proxy = pki.proxy(&library, server.listening(), |app| app.rescue(GrpcErrors::new())).await;
        let text = peers::output(client("grpc_peer.py", &pki, &proxy)).await;
        peers::all_ok(&text, &peers::CALLS);
        // What callers say of their patience, and that they lost it, reaches the server.
        server.line(|line| line == "deadline told");
        server.line(|line| line == "cancelled");
        proxy.empties().await;
        let record = proxy.records.after(0).await;
        let alpn =
            |facts: Option<std::sync::Arc<simplon::proto_tls::Facts>>| facts.and_then(|facts| facts.alpn.clone());
        assert_eq!(record.version, Some(Version::HTTP_2), "{}", library.name());
        assert_eq!(alpn(record.tls).as_deref(), Some(&b"h2"[..]), "{}", library.name());
        assert_eq!(alpn(record.peer_tls).as_deref(), Some(&b"h2"[..]), "{}", library.name());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn websocket_conversations_pass() {
    for library in libraries() {
        let pki = Pki::new();
        let Some(server) = server("websocket_peer.py", &pki) else { return };
        let proxy = pki.proxy(&library, server.listening(), |app| app).await;
        let text = peers::output(client("websocket_peer.py", &pki, &proxy)).await;
        peers::all_ok(&text, &peers::CONVERSATIONS);
        for end in ["closed with 1000", "closed with 1000", "closed with 4001"] {
            server.line(|line| line == end);
        }
        proxy.empties().await;
    }
}
