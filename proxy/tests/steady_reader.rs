//! A client that reads slowly and never pauses, over a real socket: the kernel holds megabytes for it, and has room for more only after a long while.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use simplon_core::connect::Peer;
use simplon_core::http::{Http, HttpConfig, Timeouts};
use simplon_core::net::tcp;
use simplon_core::server::{Running, Server};
use simplon_proxy::{App, To};
use simplon_testkit::get;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{Instant, sleep, timeout};

/// More than the kernel holds between the two.
const LENGTH: usize = 48 << 20;
/// How long the proxy waits for a client that takes nothing.
const WAIT: Duration = Duration::from_secs(2);
/// What the client reads at a time, and how often: the kernel has room again when a third of what it holds has gone, which takes longer than that.
const PIECE: usize = 16 << 10;
const PACE: Duration = Duration::from_millis(50);

/// A proxy with these waits before an origin whose one response has [`LENGTH`].
async fn proxy() -> (Running, SocketAddr) {
    let origin = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let behind = origin.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = origin.accept().await {
            tokio::spawn(answer(stream));
        }
    });
    let mut timeouts = Timeouts::default();
    timeouts.write = WAIT;
    let mut config = HttpConfig::default();
    config.timeouts = Arc::new(timeouts);
    let http = Http::with_config(App::new(To(Peer::new(behind))), config);
    let running = Server::new().listen(tcp("127.0.0.1:0").unwrap(), http).start().await.unwrap();
    let at = running.local_addrs()[0];
    (running, at)
}

async fn answer(mut stream: TcpStream) {
    let mut heard = [0; 1024];
    let _ = stream.read(&mut heard).await;
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n");
    let _ = stream.write_all(head.as_bytes()).await;
    let piece = vec![b'x'; 1 << 20];
    for _ in 0..LENGTH >> 20 {
        if stream.write_all(&piece).await.is_err() {
            return;
        }
    }
}

/// A client that has little room of its own, and has asked.
async fn client(at: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(256 << 10).unwrap();
    let mut stream = socket.connect(at).await.unwrap();
    stream.write_all(&get("/").encode()).await.unwrap();
    stream
}

/// Reads to the end, or to where it was cut; gives how much that is, with what was read before.
async fn read_on(stream: &mut TcpStream, before: usize) -> usize {
    let mut octets = vec![0; 1 << 20];
    let mut read = before;
    while read < LENGTH {
        match timeout(Duration::from_secs(20), stream.read(&mut octets)).await.unwrap() {
            Ok(n) if n > 0 => read += n,
            _ => break,
        }
    }
    read
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_reads_slowly_and_never_pauses_is_not_cut() {
    let (_running, at) = proxy().await;
    let mut stream = client(at).await;
    let (mut read, mut octets) = (0, vec![0; PIECE]);
    let until = Instant::now() + 4 * WAIT;
    while Instant::now() < until {
        read += stream.read_exact(&mut octets).await.unwrap();
        sleep(PACE).await;
    }
    assert!(read_on(&mut stream, read).await >= LENGTH, "it was cut");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_pauses_is_cut() {
    let (_running, at) = proxy().await;
    let mut stream = client(at).await;
    sleep(4 * WAIT).await;
    assert!(read_on(&mut stream, 0).await < LENGTH, "nothing was read for so long, and all of it came");
}
