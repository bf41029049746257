//! What one connection of a client can make us hold, computed from its bounds and measured, with this program's allocator counting.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test may fail loudly")]

use std::future::poll_fn;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use simplon_core::connect::{Connect, Connected, Peer, Versions};
use simplon_core::http::{Exchange, Http, Http2Config, HttpConfig, Origins, OriginsConfig, Protocol, Serve, Upstream};
use simplon_core::net::{Address, ConnInfo, Stream, Transport};
use simplon_core::server::Drain;
use simplon_proto_http::transfer::{Last, Part, Sink, Source};
use simplon_proto_http::{RequestHead, ResponseHead, Target};
use simplon_proxy::{App, To};
use simplon_testkit::alloc::{self, Counting};
use simplon_testkit::h2::{Block, Code, Frame, Kind, Peer as Raw, Setting};
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
    /// It answers with content without end, in chunks of so many octets.
    Chunks(usize),
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
                if let Does::Chunks(size) = does {
                    far.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await.unwrap();
                    let chunk = format!("{size:x}\r\n{}\r\n", "c".repeat(size)).repeat((4 << 10) / size + 1);
                    while far.write_all(chunk.as_bytes()).await.is_ok() {}
                }
                if does == Does::Begin && buffer[..n].ends_with(b"\r\n\r\n") {
                    far.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbegun").await.unwrap();
                }
            }
        });
        Ok(Connected::new(Stream::other(near)))
    }
}

fn proxy(does: Does, http2: Http2Config) -> Http<impl Serve> {
    let peer = Peer::new(Address::parse("192.0.2.1:80").unwrap());
    let app = App::new(To(peer)).origins(Arc::new(Origins::new(Memory(does), OriginsConfig::default())));
    let mut config = HttpConfig::default();
    config.http2 = Some(Arc::new(http2));
    Http::with_config(app, config)
}

fn connect(http: &Http<impl Serve>) -> DuplexStream {
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
async fn held(http: &Http<impl Serve>, wire: &[u8]) -> (i64, i64) {
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

fn small_budget(does: Does) -> Http<impl Serve> {
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

/// Sizes of pieces, from the smallest to the largest frame.
const SIZES: [usize; 11] = [1, 7, 64, 255, 256, 512, 2048, 4096, 8192, 16_383, 16_384];
/// Streams whose content nobody reads, and how many pieces each gets at most.
const UNREAD: [u32; 3] = [1, 3, 5];
const PIECES: usize = 500;
/// The stream that is read, and how much comes on it after each piece that is not.
const READ: u32 = 7;
const BESIDE: usize = 8 << 10;
/// What may come before it is copied together: so many small pieces, each in a buffer of its own.
const NOT_YET_COPIED: i64 = 32 * (32 << 10);

/// Reads what it is sent on one path, and holds its tongue on the others.
struct Reader;

impl Serve for Reader {
    async fn serve(&self, exchange: &mut Exchange) {
        let (head, _) = exchange.head().await.unwrap();
        match head.target.path() {
            b"/read" => while let Ok(Some(_)) = poll_fn(|cx| exchange.poll_part(cx)).await {},
            b"/late" => {
                tokio::time::sleep(Duration::from_secs(5)).await;
                let mut octets = 0;
                while let Ok(Some(Part::Data(data, _))) = poll_fn(|cx| exchange.poll_part(cx)).await {
                    octets += data.len();
                }
                exchange.push(Part::Head(ResponseHead::new(StatusCode::OK), Last::No)).unwrap();
                exchange.push(Part::Data(octets.to_string().into(), Last::Yes)).unwrap();
            }
            _ => std::future::pending().await,
        }
    }
}

/// An end that minds the windows of the other, and remembers nothing else.
struct Sender {
    end: DuplexStream,
    heard: Vec<u8>,
    /// Of the connection, and of the stream that is read.
    room: [usize; 2],
}

impl Sender {
    fn new(end: DuplexStream, window: usize) -> Self {
        // What a connection begins with (RFC 9113 §6.9.2).
        Self { end, heard: Vec::new(), room: [65_535, window] }
    }

    /// Hears the settings of the other end, and takes note of them.
    async fn greet(&mut self) {
        tokio::time::sleep(Duration::from_secs(1)).await;
        self.hear().await;
        self.send(Frame::settings_ack()).await;
    }

    async fn send(&mut self, frame: Frame) {
        self.end.write_all(&frame.encode()).await.unwrap();
    }

    /// So much on the stream that is read, once there is room for it.
    async fn send_beside(&mut self, octets: usize) {
        while self.room.iter().any(|room| *room < octets) {
            self.hear().await;
        }
        self.room.iter_mut().for_each(|room| *room -= octets);
        self.send(Frame::data(READ, vec![b'r'; octets])).await;
    }

    async fn hear(&mut self) {
        let mut buffer = [0; 1024];
        let n = self.end.read(&mut buffer).await.unwrap();
        assert!(n > 0, "the connection was closed");
        self.heard.extend_from_slice(&buffer[..n]);
        while let Some((frame, octets)) = Frame::decode(&self.heard) {
            self.heard.drain(..octets);
            assert!(!matches!(frame.kind, Kind::GOAWAY | Kind::RST_STREAM), "{frame:?}");
            if let (Kind::WINDOW_UPDATE, 0 | READ) = (frame.kind, frame.stream) {
                let increment = u32::from_be_bytes(frame.payload[..4].try_into().unwrap()) as usize;
                self.room[usize::from(frame.stream == READ)] += increment;
            }
        }
    }

    /// Pieces of this size on streams that nobody reads, with content that is read between them. Gives how many octets are not read.
    async fn send_unread(&mut self, size: usize, window: usize) -> usize {
        let mut unread = 0;
        for _ in 0..PIECES.min(window / size) {
            for stream in UNREAD {
                while self.room[0] < size {
                    self.hear().await;
                }
                self.room[0] -= size;
                self.send(Frame::data(stream, vec![b'u'; size])).await;
                self.send_beside(BESIDE).await;
                unread += size;
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        unread
    }
}

/// Bounds of memory: twice the octets, and what was not copied yet.
fn hold_little(size: usize, unread: usize, held: i64, peak: i64) {
    println!("{unread} octets in pieces of {size} hold {held}, {peak} at most");
    let most = 2 * unread as i64 + NOT_YET_COPIED + OF_A_CONNECTION;
    assert!(peak <= most, "{unread} octets in pieces of {size} hold {peak}");
}

#[test]
fn content_of_requests_that_nobody_reads_takes_little_more_than_its_octets() {
    for size in SIZES {
        alone(async {
            let mut http2 = Http2Config::default();
            http2.window_most_octets = http2.stream_window_octets;
            let stream = http2.stream_window_octets as usize;
            let mut config = HttpConfig::default();
            config.http2 = Some(Arc::new(http2));
            let http = Http::with_config(Reader, config);
            let mut sender = Sender::new(connect(&http), stream);
            sender.end.write_all(&preface()).await.unwrap();
            sender.greet().await;
            for stream in UNREAD {
                sender.send(Frame::headers(stream, Block::request("POST", "/"))).await;
            }
            sender.send(Frame::headers(READ, Block::request("POST", "/read"))).await;
            tokio::time::sleep(Duration::from_secs(1)).await;
            let (unread, counted) = alloc::count_async(sender.send_unread(size, stream)).await;
            hold_little(size, unread, counted.held, counted.peak);
        });
    }
}

/// What an origin may send ahead on one stream.
const STREAM_WINDOW: usize = 256 << 10;

/// An origin's end of a connection of HTTP/2, with as many requests as there are streams.
async fn asked() -> (Sender, Vec<Upstream>) {
    let (near, far) = duplex(64 << 10);
    let origins = Origins::new(One(Mutex::new(Some(near))), OriginsConfig::default());
    let peer = Peer::builder(Address::parse("192.0.2.1:80").unwrap()).versions(Versions::Http2).build().unwrap();
    let mut sender = Sender::new(far, STREAM_WINDOW);
    sender.end.write_all(&Frame::settings(&[]).encode()).await.unwrap();
    let mut upstreams = Vec::new();
    for stream in UNREAD.into_iter().chain([READ]) {
        let (mut upstream, _) = origins.connect(&peer, Protocol::Http).await.unwrap();
        let mut head = RequestHead::new(Method::GET, Target::origin("/").unwrap());
        head.fields.append("Host", "a.example").unwrap();
        upstream.push(Part::Head(head, Last::Yes)).unwrap();
        if stream == UNREAD[0] {
            // The preface is no frame.
            sender.end.read_exact(&mut [0; 24]).await.unwrap();
            sender.greet().await;
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
        sender.send(Frame::headers(stream, Block::response("200"))).await;
        assert!(matches!(poll_fn(|cx| upstream.poll_part(cx)).await, Ok(Some(Part::Head(..)))));
        upstreams.push(upstream);
    }
    (sender, upstreams)
}

/// The same, with a request whose content may be as long as it likes.
async fn posting() -> (Sender, Upstream) {
    let (near, far) = duplex(64 << 10);
    let origins = Origins::new(One(Mutex::new(Some(near))), OriginsConfig::default());
    let peer = Peer::builder(Address::parse("192.0.2.1:80").unwrap()).versions(Versions::Http2).build().unwrap();
    let mut sender = Sender::new(far, STREAM_WINDOW);
    sender.end.write_all(&Frame::settings(&[(Setting::INITIAL_WINDOW_SIZE, 1 << 30)]).encode()).await.unwrap();
    sender.send(Frame::window_update(0, 1 << 30)).await;
    let (mut upstream, _) = origins.connect(&peer, Protocol::Http).await.unwrap();
    let mut head = RequestHead::new(Method::POST, Target::origin("/").unwrap());
    head.fields.append("Host", "a.example").unwrap();
    upstream.push(Part::Head(head, Last::No)).unwrap();
    sender.end.read_exact(&mut [0; 24]).await.unwrap();
    sender.greet().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    (sender, upstream)
}

/// One connection, made before.
struct One(Mutex<Option<DuplexStream>>);

impl Connect for One {
    async fn connect(&self, _peer: &Peer) -> simplon_core::Result<Connected> {
        Ok(Connected::new(Stream::other(self.0.lock().unwrap().take().unwrap())))
    }
}

#[test]
fn content_of_responses_that_nobody_reads_takes_little_more_than_its_octets() {
    for size in SIZES {
        alone(async {
            let (mut sender, mut upstreams) = asked().await;
            let mut read = upstreams.pop().unwrap();
            tokio::spawn(async move { while let Ok(Some(_)) = poll_fn(|cx| read.poll_part(cx)).await {} });
            let (unread, counted) = alloc::count_async(sender.send_unread(size, STREAM_WINDOW)).await;
            hold_little(size, unread, counted.held, counted.peak);
            drop(upstreams);
        });
    }
}

/// Messages of some octets each, as streams of gRPC have them: a window full of them is no offence.
#[test]
fn small_messages_may_wait_for_a_slow_reader_in_both_directions() {
    for size in [5, 20, 256] {
        let messages = (120 << 10) / size;
        alone(async {
            let http = Http::new(Reader);
            let mut client = Raw::client(connect(&http));
            client.start().await.unwrap();
            client.patience = Duration::from_secs(30);
            client.send(Frame::headers(1, Block::request("POST", "/late"))).await;
            client.send_all((1..messages).map(|_| Frame::data(1, vec![b'm'; size]))).await;
            client.send(Frame::data(1, vec![b'm'; size]).end_stream()).await;
            let (octets, _) = client.expect_data(1).await.unwrap();
            assert_eq!(octets, (messages * size).to_string().as_bytes(), "{}", client.transcript());
        });
        alone(async {
            let (mut sender, mut upstreams) = asked().await;
            let all = (0..messages).flat_map(|_| Frame::data(1, vec![b'm'; size]).encode()).collect::<Vec<_>>();
            sender.end.write_all(&all).await.unwrap();
            sender.send(Frame::data(1, "").end_stream()).await;
            tokio::time::sleep(Duration::from_secs(5)).await;
            let mut octets = 0;
            while let Some(part) = poll_fn(|cx| upstreams[0].poll_part(cx)).await.unwrap() {
                octets += if let Part::Data(data, _) = part { data.len() } else { 0 };
            }
            assert_eq!(octets, messages * size);
        });
    }
}

/// Windows are wide open, and the socket takes nothing.
#[test]
fn responses_that_no_client_reads_take_little_more_than_their_octets() {
    for size in [1, 20, 512, 4096] {
        let settings = Frame::settings(&[(Setting::INITIAL_WINDOW_SIZE, 1 << 30)]).encode();
        let window = Frame::window_update(0, 1 << 30).encode();
        let asks = (0..16).flat_map(|n| head(2 * n + 1, &Block::request("GET", "/")));
        let wire = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), settings, window, asks.collect()].concat();
        let http = proxy(Does::Chunks(size), Http2Config::default());
        let (held, peak) = alone(held(&http, &wire));
        println!("chunks of {size}: {held}, {peak} at most");
        // What waits for the client, one piece more, and what was read of an origin.
        let most = 16 * (3 * (64 << 10) + OF_A_STREAM) + OF_A_CONNECTION;
        assert!(peak <= most, "chunks of {size}: {peak} octets, where {most} are allowed");
    }
}

/// The window of the stream is wide open, and the socket takes nothing.
#[test]
fn requests_that_no_origin_reads_take_little_more_than_their_octets() {
    for size in [1, 20, 512, 4096] {
        alone(async {
            let (_sender, mut posting) = posting().await;
            let ((), counted) = alloc::count_async(async {
                let piece = Bytes::from(vec![b'p'; size]);
                let pushing = async {
                    loop {
                        poll_fn(|cx| posting.poll_room(cx)).await.unwrap();
                        posting.push(Part::Data(piece.clone(), Last::No)).unwrap();
                        tokio::task::yield_now().await;
                    }
                };
                let _ = tokio::time::timeout(Duration::from_secs(1), pushing).await;
            })
            .await;
            println!("pieces of {size}: {} at most", counted.peak);
            let most = 3 * (64 << 10) + OF_A_STREAM;
            assert!(counted.peak <= most, "pieces of {size}: {} octets, where {most} are allowed", counted.peak);
        });
    }
}
