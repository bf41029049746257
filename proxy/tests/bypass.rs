//! Large responses over real sockets: those that nobody looks at pass from socket to socket, and nothing else differs.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test may fail loudly")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use simplon_core::Result;
use simplon_core::connect::Peer;
use simplon_core::http::Http;
use simplon_core::net::tcp;
use simplon_core::server::{Running, Server};
use simplon_proxy::observe::End;
use simplon_proxy::{App, Chunk, Chunks, Filter, Looks, Request, To, Verdict};
use simplon_testkit::Records;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How long a test waits for what should happen at once.
const PATIENCE: Duration = Duration::from_secs(30);

async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

/// Content that no piece of can be taken for another.
fn content(octets: usize) -> Vec<u8> {
    (0..octets as u64 / 8 + 1).flat_map(|n| n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes()).take(octets).collect()
}

/// How much of what it announces an origin sends.
#[derive(Clone, Copy)]
enum Sends {
    All,
    Half,
}

/// Answers each request with so many octets as its path says.
async fn origin(sends: Sends) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, sends));
        }
    });
    at
}

async fn answer(mut stream: TcpStream, sends: Sends) -> std::io::Result<()> {
    let mut heard = Vec::new();
    while stream.read_buf(&mut heard).await? > 0 {
        while let Some(end) = heard.windows(4).position(|four| four == b"\r\n\r\n") {
            let head = String::from_utf8(heard.drain(..end + 4).collect()).unwrap();
            let octets: usize = head[5..].split(' ').next().unwrap().parse().unwrap();
            stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {octets}\r\n\r\n").as_bytes()).await?;
            if let Sends::Half = sends {
                return stream.write_all(&content(octets)[..octets / 2]).await;
            }
            stream.write_all(&content(octets)).await?;
        }
    }
    Ok(())
}

struct Stage {
    running: Running,
    records: Records,
}

impl Stage {
    async fn with<F: Filter<()>>(origin: SocketAddr, filter: F) -> Self {
        let records = Records::new();
        let app = App::new(To(Peer::new(origin))).filter(filter).observe(records.clone());
        let server = Server::new().listen(tcp("127.0.0.1:0").unwrap(), Http::new(app));
        Self { running: server.start().await.unwrap(), records }
    }

    async fn client(&self) -> TcpStream {
        TcpStream::connect(self.running.local_addrs()[0]).await.unwrap()
    }

    async fn recorded(&self, count: usize) {
        soon("records", async {
            while self.records.all().len() < count {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }
}

fn ask(octets: usize) -> Vec<u8> {
    format!("GET /{octets} HTTP/1.1\r\nHost: x\r\n\r\n").into_bytes()
}

/// The head's length is found by its empty line; the content has to be what was asked for.
async fn expect(client: &mut TcpStream, left_over: &mut Vec<u8>, octets: usize) {
    let head = loop {
        if let Some(end) = left_over.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        assert!(soon("a head", client.read_buf(left_over)).await.unwrap() > 0);
    };
    while left_over.len() < head + octets {
        let n = soon("content", client.read_buf(left_over)).await.unwrap();
        assert!(n > 0, "closed after {} of {octets}", left_over.len() - head);
    }
    assert!(left_over[head..head + octets] == content(octets), "other octets than were sent");
    left_over.drain(..head + octets);
}

/// Sizes around where the way past the process begins, and far above what a pipe holds.
const SIZES: [usize; 8] = [0, 5, 65_535, 65_536, 140_000, 1 << 20, 100, 3_000_001];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn responses_of_all_sizes_follow_each_other_on_one_connection() {
    let stage = Stage::with(origin(Sends::All).await, ()).await;
    let (mut client, mut left_over) = (stage.client().await, Vec::new());
    for octets in SIZES {
        client.write_all(&ask(octets)).await.unwrap();
        expect(&mut client, &mut left_over, octets).await;
    }
    stage.recorded(SIZES.len()).await;
    for (record, octets) in stage.records.all().iter().zip(SIZES) {
        assert_eq!((record.end, record.response_octets), (End::Complete, octets as u64));
    }
    assert!(stage.records.all().iter().skip(1).all(|record| record.reused), "the origin's connection is used again");
}

#[tokio::test]
async fn requests_that_wait_behind_a_large_response_are_answered() {
    let stage = Stage::with(origin(Sends::All).await, ()).await;
    let (mut client, mut left_over) = (stage.client().await, Vec::new());
    client.write_all(&SIZES.map(ask).concat()).await.unwrap();
    for octets in SIZES {
        expect(&mut client, &mut left_over, octets).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_clients_at_once_get_what_is_theirs() {
    let stage = Stage::with(origin(Sends::All).await, ()).await;
    let clients = (0..40).map(|n| {
        let client = stage.client();
        async move {
            let (mut client, mut left_over) = (client.await, Vec::new());
            for octets in [500_000 + n, 70_000 + n] {
                client.write_all(&ask(octets)).await.unwrap();
                // Some of them dawdle.
                tokio::time::sleep(Duration::from_millis(n as u64 % 7)).await;
                expect(&mut client, &mut left_over, octets).await;
            }
        }
    });
    let mut clients: Vec<_> = clients.map(Box::pin).collect();
    std::future::poll_fn(|cx| {
        clients.retain_mut(|client| client.as_mut().poll(cx).is_pending());
        if clients.is_empty() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
    })
    .await;
}

#[tokio::test]
async fn a_response_that_falls_short_is_cut() {
    let stage = Stage::with(origin(Sends::Half).await, ()).await;
    let mut client = stage.client().await;
    client.write_all(&ask(1 << 20)).await.unwrap();
    let mut heard = Vec::new();
    let _ = soon("the end", client.read_to_end(&mut heard)).await;
    let head = heard.windows(4).position(|four| four == b"\r\n\r\n").unwrap() + 4;
    assert_eq!(heard.len() - head, 1 << 19, "all that came is passed on");
    stage.recorded(1).await;
    let record = stage.records.all().remove(0);
    assert_eq!((record.end, record.response_octets), (End::Cut, 1 << 19));
}

#[tokio::test]
async fn a_client_that_leaves_ends_the_exchange() {
    let stage = Stage::with(origin(Sends::All).await, ()).await;
    let mut client = stage.client().await;
    client.write_all(&ask(64 << 20)).await.unwrap();
    let mut some = vec![0; 300_000];
    client.read_exact(&mut some).await.unwrap();
    drop(client);
    stage.recorded(1).await;
    assert_eq!(stage.records.all()[0].end, End::ClientGone);
    let mut next = stage.client().await;
    next.write_all(&ask(200_000)).await.unwrap();
    expect(&mut next, &mut Vec::new(), 200_000).await;
}

/// Counts what passes; says whether it looks.
struct Count<const LOOKS: bool>(Arc<AtomicUsize>);

impl<const LOOKS: bool> Filter<()> for Count<LOOKS> {
    const RESPONSE_CONTENT: Looks = if LOOKS { Looks::Yes } else { Looks::No };

    async fn request(&self, _request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
        Ok(Verdict::Continue)
    }

    async fn response_part(&self, chunk: Chunk, out: &mut Chunks, _cx: &mut ()) -> Result<()> {
        self.0.fetch_add(chunk.len(), Ordering::Relaxed);
        out.push(chunk);
        Ok(())
    }
}

#[tokio::test]
async fn a_filter_that_looks_sees_every_octet() {
    let seen = Arc::new(AtomicUsize::new(0));
    let stage = Stage::with(origin(Sends::All).await, Count::<true>(seen.clone())).await;
    let (mut client, mut left_over) = (stage.client().await, Vec::new());
    client.write_all(&ask(1 << 20)).await.unwrap();
    expect(&mut client, &mut left_over, 1 << 20).await;
    assert_eq!(seen.load(Ordering::Relaxed), 1 << 20);
}

/// It is asked for what came with the head alone: the rest goes another way. This is also how it is known that it does.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_filter_that_does_not_look_lets_content_pass_by() {
    let seen = Arc::new(AtomicUsize::new(0));
    let stage = Stage::with(origin(Sends::All).await, Count::<false>(seen.clone())).await;
    let (mut client, mut left_over) = (stage.client().await, Vec::new());
    client.write_all(&ask(8 << 20)).await.unwrap();
    expect(&mut client, &mut left_over, 8 << 20).await;
    assert!(seen.load(Ordering::Relaxed) < 1 << 20, "{seen:?}");
}
