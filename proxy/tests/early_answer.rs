//! Over sockets: an origin that answers and closes before it has read the upload. What the kernel does with a close that leaves octets unread is a
//! reset, and the answer is on its way before it.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test may fail loudly")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use simplon_core::Result;
use simplon_core::connect::{Peer, Versions};
use simplon_core::http::Http;
use simplon_core::net::{Address, Stream, tcp};
use simplon_core::server::{Running, Server};
use simplon_core::tls::TlsServer;
use simplon_proxy::observe::End;
use simplon_proxy::{App, Collected, Filter, ResponseView, To};
use simplon_testkit::Records;
use simplon_testkit::matrix::{for_clients, to_origins};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener};

/// As often as each is tried: which of the two ends sees the reset first is chance.
const TIMES: usize = 40;
/// More than all buffers between client and origin hold.
const UPLOAD: usize = 8 << 20;
const ANSWER: &[u8] = b"HTTP/1.1 413 No\r\nContent-Length: 8\r\n\r\ntoo much";

/// Reads at least this much, answers, and is dropped with octets unread.
async fn refuse(mut stream: impl AsyncRead + AsyncWrite + Unpin, mut until: impl FnMut(&[u8]) -> bool, answer: &[u8]) {
    let mut heard = Vec::new();
    while !until(&heard) {
        assert!(stream.read_buf(&mut heard).await.unwrap() > 0);
    }
    stream.write_all(answer).await.unwrap();
    stream.flush().await.unwrap();
}

fn has_head(heard: &[u8]) -> bool {
    heard.windows(4).any(|four| four == b"\r\n\r\n")
}

async fn tcp_origin() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    (listener, at)
}

/// Collects each response before it is passed on.
struct Collect;

impl Filter<()> for Collect {
    async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut ()) -> Result<()> {
        assert!(matches!(response.collect(1000).await?, Collected::Whole(content) if content == "too much"));
        Ok(())
    }
}

/// Every upload through this application is answered with the origin's 413.
async fn every_upload_is_answered(peer: Peer) {
    let records = Records::new();
    let app = App::new(To(peer.clone())).observe(records.clone());
    uploads(Server::new().listen(tcp("127.0.0.1:0").unwrap(), Http::new(app)).start().await.unwrap(), records).await;
    let records = Records::new();
    let app = App::new(To(peer)).filter(Collect).observe(records.clone());
    uploads(Server::new().listen(tcp("127.0.0.1:0").unwrap(), Http::new(app)).start().await.unwrap(), records).await;
}

async fn uploads(running: Running, records: Records) {
    let at = running.local_addrs()[0];
    for time in 0..TIMES {
        let client = TcpStream::connect(at).await.unwrap();
        let (mut reading, mut writing) = client.into_split();
        let sending = tokio::spawn(async move {
            let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {UPLOAD}\r\n\r\n");
            if writing.write_all(head.as_bytes()).await.is_ok() {
                let _ = writing.write_all(&vec![b'x'; UPLOAD]).await;
            }
            writing
        });
        let mut heard = Vec::new();
        let answer = async {
            // Chunked, it has an end behind it.
            while !heard.windows(8).any(|octets| octets == b"too much") {
                let n = reading.read_buf(&mut heard).await.expect("no reset before the answer");
                assert!(n > 0, "time {time}: {} {:?}", heard.escape_ascii(), records.all().last());
            }
        };
        tokio::time::timeout(Duration::from_secs(60), answer).await.unwrap();
        assert!(heard.starts_with(b"HTTP/1.1 413 "), "time {time}: {}", heard.escape_ascii());
        drop(reading);
        drop(sending.await);
        // A connection that just ended is not used for the next one: what becomes of a POST upon it is another matter.
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    for record in records.all() {
        assert_eq!((record.end, record.attempts), (End::Complete, 1));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tcp() {
    let (listener, at) = tcp_origin().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            refuse(stream, has_head, ANSWER).await;
        }
    });
    every_upload_is_answered(Peer::new(at)).await;
}

/// One that takes some of the upload first, in between our writes.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tcp_in_the_middle_of_an_upload() {
    let (listener, at) = tcp_origin().await;
    tokio::spawn(async move {
        let pieces = AtomicU32::new(0);
        while let Ok((stream, _)) = listener.accept().await {
            let octets = 10_000 * pieces.fetch_add(7, Ordering::Relaxed) as usize % (1 << 20);
            refuse(stream, |heard| has_head(heard) && heard.len() >= octets, ANSWER).await;
        }
    });
    every_upload_is_answered(Peer::new(at)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_a_unix_socket() {
    let path = std::env::temp_dir().join(format!("simplon-early-{}", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            refuse(stream, has_head, ANSWER).await;
        }
    });
    every_upload_is_answered(Peer::new(Address::Unix(path.clone().into()))).await;
    std::fs::remove_file(path).unwrap();
}

/// Without delay: otherwise the answer waits for the acknowledgement of the session tickets, and the reset takes its place.
async fn handshake(server: &Arc<TlsServer>, stream: TcpStream) -> impl AsyncRead + AsyncWrite + Unpin {
    stream.set_nodelay(true).unwrap();
    server.handshake(Stream::from(stream), None).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls() {
    let (listener, at) = tcp_origin().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            refuse(handshake(&for_clients(), stream).await, has_head, ANSWER).await;
        }
    });
    every_upload_is_answered(Peer::builder(at).tls(to_origins()).build().unwrap()).await;
}

/// SETTINGS, then 413 on the first stream with its content; `:status` is a literal without indexing (RFC 7541 §6.2.2).
fn http2_answer() -> Vec<u8> {
    let settings = b"\0\0\0\x04\0\0\0\0\0\0\0\0\x04\x01\0\0\0\0".as_slice();
    let head = b"\0\0\x05\x01\x04\0\0\0\x01\x08\x03413".as_slice();
    [settings, head, b"\0\0\x08\0\x01\0\0\0\x01too much"].concat()
}

/// Whether the head of a request came after the preface.
fn has_stream(heard: &[u8]) -> bool {
    let mut at = 24;
    while let Some([a, b, c, kind]) = heard.get(at..at + 4) {
        if *kind == 1 {
            return true;
        }
        at += 9 + u32::from_be_bytes([0, *a, *b, *c]) as usize;
    }
    false
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_http2() {
    let (listener, at) = tcp_origin().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            refuse(stream, has_stream, &http2_answer()).await;
        }
    });
    every_upload_is_answered(Peer::builder(at).versions(Versions::Http2).build().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_http2_and_tls() {
    let (listener, at) = tcp_origin().await;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            refuse(handshake(&for_clients(), stream).await, has_stream, &http2_answer()).await;
        }
    });
    every_upload_is_answered(Peer::builder(at).versions(Versions::Auto).tls(to_origins()).build().unwrap()).await;
}
