//! What one connection of a client can make us hold, computed from its bounds and measured, with this program's allocator counting.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test may fail loudly")]

use std::sync::Arc;
use std::time::Duration;

use simplon_core::connect::{Connect, Connected, Peer};
use simplon_core::http::{Http, Http2Config, HttpConfig, Origins, OriginsConfig};
use simplon_core::net::{Address, ConnInfo, Stream, Transport};
use simplon_core::server::Drain;
use simplon_proxy::{App, To};
use simplon_testkit::alloc::{self, Counting};
use simplon_testkit::h2::{Block, Code, Frame, Peer as Raw};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// What an origin does with each connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Does {
    /// It reads, and says nothing.
    Read,
    /// It reads nothing.
    Nothing,
    /// It begins an answer once it has read a head, and never ends it.
    Begin,
}

/// Connections in memory, each of which has an origin of its own at the other end.
struct Memory(Does);

impl Connect for Memory {
    async fn connect(&self, _peer: &Peer) -> simplon_core::Result<Connected> {
        let Self(does) = *self;
        let (near, mut far) = duplex(1 << 10);
        tokio::spawn(async move {
            let mut buffer = [0; 512];
            if does == Does::Nothing {
                std::future::pending::<()>().await;
            }
            while let Ok(n @ 1..) = far.read(&mut buffer).await {
                if does == Does::Begin && buffer[..n].ends_with(b"\r\n\r\n") {
                    far.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegun").await.unwrap();
                }
            }
        });
        Ok(Connected::new(Stream::other(near)))
    }
}

fn proxy(does: Does, http2: Http2Config) -> Http<impl simplon_core::http::Serve> {
    let peer = Peer::new(Address::parse("192.0.2.1:80").unwrap());
    let app = App::new(To(peer)).origins(Arc::new(Origins::new(Memory(does), OriginsConfig::default())));
    let mut config = HttpConfig::default();
    config.http2 = Some(Arc::new(http2));
    Http::with_config(app, config)
}

fn connect(http: &Http<impl simplon_core::http::Serve>) -> DuplexStream {
    let (near, far) = duplex(64 << 10);
    let (http, info) = (http.clone(), Arc::new(ConnInfo::new("memory".into(), Transport::Other)));
    tokio::spawn(async move { http.serve_stream(Stream::other(far), info, Drain::never()).await });
    near
}

/// What the preface of a client comes with.
fn preface() -> Vec<u8> {
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), Frame::settings(&[]).encode()].concat()
}

/// A head, in as many frames as it takes.
fn head(stream: u32, block: &Block) -> Vec<u8> {
    let mut pieces = block.as_ref().chunks(16 << 10).peekable();
    let mut frame = Frame::headers(stream, pieces.next().unwrap()).end_stream();
    let mut wire = Vec::new();
    for piece in pieces {
        wire.extend(frame.unfinished().encode());
        frame = Frame::continuation(stream, piece);
    }
    wire.extend(frame.encode());
    wire
}

/// Heads that take far more than they have on the wire, and heads that are as large as they may be.
fn heads() -> Vec<(&'static str, Vec<u8>)> {
    let asks = || Block::request("GET", "/");
    let entry = "x".repeat(3980);
    // The newest entry of the table.
    let newest = Block::new().indexed(62);
    let referred = |n: u32| {
        let first = if n == 0 { asks().remembered("x-big", &entry) } else { asks().repeated(1, &newest) };
        first.repeated(15, &newest)
    };
    let tiny = |_| asks().repeated(120, &Block::new().indexed(16));
    let large = |n: u32| asks().field("x-large", format!("{n:060000}"));
    let crumbs = |_| asks().repeated(180, &Block::new().field("cookie", "c".repeat(300)));
    let target = |n: u32| Block::request("GET", &format!("/{n:016000}"));
    let all = |make: &dyn Fn(u32) -> Block| {
        let wire = (0..STREAMS).flat_map(|n| head(2 * n + 1, &make(n))).collect::<Vec<_>>();
        [preface(), wire].concat()
    };
    vec![
        ("one entry of the table, referred to again and again", all(&referred)),
        ("many small fields", all(&tiny)),
        ("large fields", all(&large)),
        ("cookies", all(&crumbs)),
        ("long targets", all(&target)),
    ]
}

const STREAMS: u32 = 128;
/// What the exchange on a stream takes beside its head, here and in the `h2` crate, with what is at the other end of it in these tests.
const OF_A_STREAM: i64 = 24 << 10;
/// What a connection takes beside its streams.
const OF_A_CONNECTION: i64 = 256 << 10;

/// Writes what a client says, as fast as it is read, and gives others time to act on it. Says what is held then, and what was held at most.
async fn held(http: &Http<impl simplon_core::http::Serve>, wire: &[u8]) -> (i64, i64) {
    let mut client = connect(http);
    let ((), counted) = alloc::count_async(async {
        client.write_all(wire).await.unwrap();
        tokio::time::sleep(Duration::from_secs(1)).await;
    })
    .await;
    (counted.held, counted.peak)
}

/// On a runtime of its own, so that nothing is left of what was measured before.
fn alone<T>(run: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap().block_on(run)
}

#[test]
fn heads_of_all_streams_take_no_more_than_their_budget() {
    for does in [Does::Read, Does::Nothing] {
        for (name, wire) in heads() {
            let http2 = Http2Config::default();
            // As it was asked, and on its way to an origin in a buffer that grew by doubling.
            let most = 3 * http2.head_budget_octets as i64 + i64::from(STREAMS) * OF_A_STREAM + OF_A_CONNECTION;
            let http = proxy(does, http2);
            let (held, peak) = alone(held(&http, &wire));
            let stats = http.http2_stats();
            println!("{name}, {does:?}: {} octets on the wire hold {held}, {peak} at most: {stats:?}", wire.len());
            assert_eq!(stats.streams, u64::from(STREAMS), "{name}");
            assert!(peak <= most, "{name}: {peak} octets, where {most} are allowed");
        }
    }
}

/// A head that is most of the budget that these tests have.
fn most_of_the_budget() -> Block {
    Block::request("POST", "/").field("x-large", "x".repeat(60_000))
}

fn small_budget(does: Does) -> Http<impl simplon_core::http::Serve> {
    let mut http2 = Http2Config::default();
    http2.head_budget_octets = 100_000;
    proxy(does, http2)
}

async fn ask(client: &mut Raw, block: &Block) -> u32 {
    let stream = client.fresh();
    let (first, rest) = block.as_ref().split_at(16_000);
    client.send(Frame::headers(stream, first).unfinished()).await;
    for (n, piece) in rest.chunks(16_000).enumerate() {
        let frame = Frame::continuation(stream, piece);
        client.send(if (n + 1) * 16_000 < rest.len() { frame.unfinished() } else { frame }).await;
    }
    stream
}

#[tokio::test(start_paused = true)]
async fn a_stream_beyond_the_budget_is_refused_and_may_come_again() {
    let http = small_budget(Does::Read);
    let mut client = Raw::client(connect(&http));
    client.start().await.unwrap();
    let first = ask(&mut client, &most_of_the_budget()).await;
    let second = ask(&mut client, &most_of_the_budget()).await;
    client.expect_reset(second, Code::REFUSED_STREAM).await.unwrap();
    client.send(Frame::reset(first, Code::CANCEL)).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let again = ask(&mut client, &most_of_the_budget()).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let stats = http.http2_stats();
    assert_eq!((stats.streams, stats.refused), (3, 1), "{again} is taken on: {}", client.transcript());
}

#[tokio::test(start_paused = true)]
async fn a_head_counts_no_more_once_an_answer_has_begun() {
    let http = small_budget(Does::Begin);
    let mut client = Raw::client(connect(&http));
    client.start().await.unwrap();
    for _ in 0..8 {
        let stream = ask(&mut client, &most_of_the_budget()).await;
        client.expect_fields(stream).await.unwrap();
    }
    assert_eq!(http.http2_stats().refused, 0);
}

#[tokio::test(start_paused = true)]
async fn a_head_counts_no_more_once_its_content_is_more_than_is_kept() {
    let http = small_budget(Does::Read);
    let mut client = Raw::client(connect(&http));
    client.start().await.unwrap();
    for (octets, refused) in [(70 << 10, 0), (50 << 10, 0), (50 << 10, 1)] {
        let stream = ask(&mut client, &most_of_the_budget()).await;
        if refused == 0 {
            client.send_within(stream, octets, |most| Frame::data(stream, vec![b'x'; most])).await.unwrap();
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(http.http2_stats().refused, refused, "{octets}");
    }
}

/// What browsers and clients of gRPC ask, as many at a time as they may.
#[test]
fn an_honest_client_may_ask_on_every_stream() {
    let block = |n: u32| {
        let block = Block::request("GET", &format!("/{n}")).field("cookie", "c".repeat(8 << 10));
        (0..30).fold(block, |block, n| block.field(format!("x-field-{n}"), "a value of some length, as they have"))
    };
    let wire = (0..STREAMS).flat_map(|n| head(2 * n + 1, &block(n))).collect::<Vec<_>>();
    let http = proxy(Does::Read, Http2Config::default());
    alone(held(&http, &[preface(), wire].concat()));
    let stats = http.http2_stats();
    assert_eq!((stats.streams, stats.refused), (u64::from(STREAMS), 0));
}
