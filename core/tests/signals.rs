//! Signals reach the whole process, so this test has one of its own, and goes through the cases one after the other.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]
#![cfg(all(unix, feature = "signals"))]

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use simplon_core::background::{Background, Ready};
use simplon_core::net::listen::inherited;
use simplon_core::net::{ConnInfo, Stream, tcp};
use simplon_core::server::{Drain, Phase, Running, Server, service_fn};
use simplon_core::signals;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::Instant;

/// Ends when its client does, drain or not.
async fn patient(mut stream: Stream, _: Arc<ConnInfo>, _: Drain) {
    let _ = stream.write_all(b"hello").await;
    let _ = stream.read_u8().await;
}

async fn serving() -> (Running, TcpStream) {
    let running = Server::new().listen(tcp("127.0.0.1:0").unwrap(), patient).start().await.unwrap();
    let mut client = TcpStream::connect(running.local_addrs()[0]).await.unwrap();
    client.read_exact(&mut [0; 5]).await.unwrap();
    signals::drain_on_term(running.handle()).unwrap();
    (running, client)
}

fn send(signal: &str) {
    let sent = Command::new("kill").args([signal, &std::process::id().to_string()]).status().unwrap();
    assert!(sent.success());
}

#[tokio::test]
async fn term_drains_and_a_second_one_or_int_stops() {
    // TERM: the connection is waited for.
    let (running, client) = serving().await;
    send("-TERM");
    running.handle().phases().reached(Phase::Draining).await;
    assert_eq!(running.handle().connections(), 1);
    drop(client);
    assert!(running.wait().await.unwrap().is_clean());

    // TERM twice: it is cut.
    let (running, _client) = serving().await;
    send("-TERM");
    running.handle().phases().reached(Phase::Draining).await;
    let begun = Instant::now();
    send("-TERM");
    assert_eq!(running.wait().await.unwrap().stats.cut, 1);
    assert!(begun.elapsed() < Duration::from_secs(5));

    // While it starts: what it waits for is given up, and who came already is served.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut early = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let checks = Background::new("checks", async |_ready: Ready, _: Drain| {
        send("-TERM");
        std::future::pending().await
    });
    let service = service_fn(async |mut stream: Stream, _, _| drop(stream.write_all(b"hello").await));
    let server = Server::new().drain_on_term().listen(inherited(listener, "early"), service).background(checks);
    let running = server.start().await.unwrap();
    early.read_exact(&mut [0; 5]).await.unwrap();
    assert!(running.wait().await.unwrap().is_clean());

    // While an address is waited for, which comes before the first socket.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let config = tcp(format!("127.0.0.1:{port}")).unwrap().retry(1000, Duration::from_secs(3600));
    let begun = tokio::spawn(Server::new().drain_on_term().listen(config, patient).run());
    tokio::task::yield_now().await;
    send("-TERM");
    assert!(begun.await.unwrap().unwrap().is_clean());

    // INT: it is cut at once.
    let (running, _client) = serving().await;
    send("-INT");
    assert_eq!(running.wait().await.unwrap().stats.cut, 1);
}
