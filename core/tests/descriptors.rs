//! A server in a process that runs out of descriptors: the test runs itself again with a low limit.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]
#![cfg(unix)]

use std::env;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use simplon_core::net::tcp;
use simplon_core::server::{Server, service_fn};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// Set in the process with the low limit.
const INSIDE: &str = "SIMPLON_TEST_FEW_DESCRIPTORS";
const DESCRIPTORS: usize = 64;
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn server_without_descriptors_recovers_and_does_not_spin() {
    let myself = env::current_exe().unwrap();
    let limited = format!("ulimit -n {DESCRIPTORS} && exec \"$0\" --exact --nocapture few_descriptors");
    let outcome = Command::new("sh").args(["-c", &limited]).arg(myself).env(INSIDE, "1").output().unwrap();
    let text = String::from_utf8_lossy(&outcome.stdout) + String::from_utf8_lossy(&outcome.stderr);
    assert!(outcome.status.success() && text.contains("1 passed"), "{text}");
}

#[test]
fn few_descriptors() {
    if env::var_os(INSIDE).is_none() {
        return; // Only a part of the test above.
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(use_up_and_recover());
}

async fn use_up_and_recover() {
    let greet = service_fn(async |mut stream, _, _| {
        let _ = stream.write_all(b"hello").await;
        let _ = stream.read_u8().await;
    });
    let running = Server::new().listen(tcp("127.0.0.1:0").unwrap(), greet).start().await.unwrap();
    let (addr, handle) = (running.local_addrs()[0], running.handle());

    // Both ends are in this process: sooner or later one of them gets no descriptor.
    let mut clients = Vec::new();
    while let Ok(client) = TcpStream::connect(addr).await {
        clients.push(client);
        assert!(clients.len() < DESCRIPTORS, "the limit does not hold");
    }
    timeout(PATIENCE, async {
        while handle.stats().accept_pauses == 0 {
            sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .expect("accepting never ran out of descriptors");
    sleep(Duration::from_millis(300)).await;
    let stats = handle.stats();
    assert!(stats.accept_errors <= 10, "it spins: {stats:?}");

    // Clients leave; those that waited in the queue, and new ones, are served.
    clients.drain(..clients.len() / 2);
    timeout(PATIENCE, greeted(addr)).await.expect("the server did not recover");
    drop(clients);
    assert!(running.drain().await.unwrap().is_clean());
}

async fn greeted(addr: SocketAddr) {
    let mut client = TcpStream::connect(addr).await.unwrap();
    client.read_exact(&mut [0; 5]).await.unwrap();
}
