//! Clients and origins that are slow, cut, lie or talk out of turn, over real sockets.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

#[path = "common/common.rs"]
mod common;

use std::io::ErrorKind;
use std::num::NonZeroU32;
use std::time::Duration;

use common::client::{Client, Reply};
use common::origin::{Link, Origin};
use common::{Proxy, holds_within, impatient, millis, patient, soon};
use simplon::core::http::Timeouts;
use simplon::core::net::SocketOptions;
use simplon::prelude::*;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpSocket;
use tokio::time::{Instant, sleep, timeout};

// ---- slow clients

/// Sends one octet after the other until the connection ends; gives what the proxy said and how long it took.
async fn drip(client: Client, octets: &[u8], pause: Duration) -> (Vec<u8>, Duration) {
    let begun = Instant::now();
    let (mut read, mut write) = client.stream.into_split();
    let mut said = Vec::new();
    let dripping = async {
        for octet in octets.iter().cycle() {
            if write.write_all(&[*octet]).await.is_err() {
                break;
            }
            sleep(pause).await;
        }
        std::future::pending::<()>().await;
    };
    let reading = async {
        let _ = tokio::io::AsyncReadExt::read_to_end(&mut read, &mut said).await;
    };
    tokio::select! {
        () = dripping => {}
        () = reading => {}
    }
    (said, begun.elapsed())
}

#[tokio::test]
async fn head_that_drips_meets_the_total_deadline() {
    let origin = Origin::saying("x").await;
    let mut timeouts = Timeouts::default();
    timeouts.head = millis(700);
    let proxy = Proxy::to(origin.addr, timeouts).await;
    let client = Client::connect(proxy.addr).await;
    let (said, took) =
        soon("408", drip(client, b"GET / HTTP/1.1\r\nHost: a\r\nX: aaaaaaaaaaaaaaaaa", millis(100))).await;
    assert!(said.starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(&said));
    assert!(took >= millis(600) && took < millis(2_000), "{took:?}");
    proxy.empties().await;
    assert_eq!(origin.log.octets(), b"");
}

#[tokio::test]
async fn second_head_of_a_connection_that_drips_meets_the_same_deadline() {
    let origin = Origin::saying("x").await;
    let mut timeouts = Timeouts::default();
    timeouts.head = millis(500);
    let proxy = Proxy::to(origin.addr, timeouts).await;
    let mut client = Client::connect(proxy.addr).await;
    assert_eq!(client.get("/").await.unwrap().text(), "x");
    let (said, took) = soon("408", drip(client, b"GET /second HTTP/1.1\r\nHost: a\r\nX: aaaaaaaaa", millis(50))).await;
    assert!(said.starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(&said));
    assert!(took < millis(2_000), "{took:?}");
    assert!(!origin.log.has("second"));
}

#[tokio::test]
async fn client_that_says_nothing_is_let_go() {
    let origin = Origin::saying("x").await;
    let mut timeouts = Timeouts::default();
    timeouts.first_octet = millis(200);
    timeouts.keep_alive = millis(300);
    let proxy = Proxy::to(origin.addr, timeouts).await;
    let mut silent = Client::connect(proxy.addr).await;
    let mut idle = Client::connect(proxy.addr).await;
    assert_eq!(idle.get("/").await.unwrap().text(), "x");
    assert_eq!(soon("the end", silent.rest()).await.unwrap(), b"");
    assert_eq!(soon("the end", idle.rest()).await.unwrap(), b"");
    proxy.empties().await;
    assert_eq!(proxy.records.len(), 1, "silence is no exchange");
}

#[tokio::test]
async fn body_below_the_least_rate_is_given_up() {
    let origin = Origin::saying("x").await;
    let mut timeouts = Timeouts::default();
    timeouts.body = millis(400);
    timeouts.body_min_rate = NonZeroU32::new(1000);
    let proxy = Proxy::to(origin.addr, timeouts).await;
    let mut client = Client::connect(proxy.addr).await;
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n").await;
    let (said, took) = soon("408", drip(client, b"b", millis(20))).await;
    assert!(said.starts_with(b"HTTP/1.1 408 "), "{}", String::from_utf8_lossy(&said));
    assert!(took < millis(3_000), "{took:?}");
    assert!(holds_within(millis(2_000), || origin.log.open() == 0).await, "the origin is told");
}

#[tokio::test]
async fn body_that_stalls_is_given_up() {
    let origin = Origin::saying("x").await;
    let mut timeouts = Timeouts::default();
    timeouts.body = millis(300);
    let proxy = Proxy::to(origin.addr, timeouts).await;
    for start in [
        "Content-Length: 10\r\n\r\nab",
        "Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
        "Transfer-Encoding: chunked\r\n\r\n2",
    ] {
        let mut client = Client::connect(proxy.addr).await;
        client.send(format!("POST / HTTP/1.1\r\nHost: a\r\n{start}")).await;
        let reply = soon("408", client.reply()).await.unwrap();
        assert_eq!((reply.status, reply.persists), (408, false), "{start:?}");
        assert!(holds_within(millis(2_000), || origin.log.open() == 0).await, "the origin is told: {start:?}");
    }
    proxy.empties().await;
}

#[tokio::test]
async fn client_that_reads_nothing_is_let_go() {
    let origin = Origin::start(|mut link| async move {
        link.head().await;
        let _ = link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n").await;
        while link.send(&[b'x'; 16 << 10]).await.is_ok() {}
    })
    .await;
    let mut timeouts = Timeouts::default();
    timeouts.write = millis(400);
    let proxy = Proxy::to(origin.addr, timeouts).await;
    let mut client = Client::connect(proxy.addr).await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    proxy.empties().await;
    assert!(holds_within(millis(2_000), || origin.log.open() == 0).await, "the origin is told");
}

// ---- slow origins

#[tokio::test]
async fn origin_that_stalls_before_its_head_is_504() {
    let origin = Origin::start(|mut link| async move {
        link.head().await;
        link.until_closed().await;
    })
    .await;
    let proxy = Proxy::of(|app| app, impatient(origin.addr, millis(300)), Timeouts::default()).await;
    let mut client = Client::connect(proxy.addr).await;
    let reply = soon("504", client.post("/", b"once")).await.unwrap();
    assert_eq!(reply.status, 504);
    assert_eq!(origin.log.requests(), 1, "a POST is not sent twice");
    assert!(holds_within(millis(2_000), || origin.log.open() == 0).await);
}

#[tokio::test]
async fn origin_that_stalls_in_its_body_is_a_cut_response() {
    let origin = Origin::start(|mut link| async move {
        link.head().await;
        let _ = link.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n").await;
        link.until_closed().await;
    })
    .await;
    let proxy = Proxy::of(|app| app, impatient(origin.addr, millis(300)), Timeouts::default()).await;
    let mut client = Client::connect(proxy.addr).await;
    let failed = soon("the cut", client.get("/")).await.unwrap_err();
    assert!(matches!(failed.kind(), ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset), "{failed:?}");
    assert!(holds_within(millis(2_000), || origin.log.open() == 0).await);
    proxy.empties().await;
}

#[tokio::test]
async fn origin_that_refuses_connections_is_502_and_its_return_is_used() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    drop(listener);
    let proxy = Proxy::to(addr, Timeouts::default()).await;
    let mut client = Client::connect(proxy.addr).await;
    let reply = soon("502", client.post("/", b"body")).await.unwrap();
    assert_eq!(reply.status, 502);
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_reuseaddr(true).unwrap();
    socket.bind(addr).unwrap();
    let _origin = Origin::on(socket.listen(16).unwrap(), |link| link.answering("back"));
    let mut client = Client::connect(proxy.addr).await;
    assert_eq!(soon("the answer", client.post("/", b"body")).await.unwrap().text(), "back");
}

// ---- origins that lie

/// What a client has to see.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// This status; the proxy's own answer.
    Status(u16),
    /// A whole 200 with this content.
    Whole(&'static str),
    /// A response that visibly is not whole; its head may not have come either.
    Cut,
    /// The same, or 502 in its place if the fault was seen before any of it had left.
    Faulty,
}

fn seen(outcome: std::io::Result<Reply>) -> Result<(u16, String), ErrorKind> {
    outcome.map(|reply| (reply.status, reply.text())).map_err(|error| error.kind())
}

impl Seen {
    fn fits(&self, outcome: &Result<(u16, String), ErrorKind>) -> bool {
        match (self, outcome) {
            (Self::Status(wanted), Ok((status, _))) => wanted == status,
            (Self::Whole(text), Ok((200, got))) => text == got,
            (Self::Cut, Err(ErrorKind::UnexpectedEof | ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted)) => {
                true
            }
            (Self::Faulty, Ok((502, _))) => true,
            (Self::Faulty, outcome) => Self::Cut.fits(outcome),
            _ => false,
        }
    }
}

/// Octets that an origin sends after a request head before it closes, and what becomes of them.
const LIES: &[(&str, &[u8], Seen)] = &[
    ("nothing at all", b"", Seen::Status(502)),
    ("half a status line", b"HTTP/1.1 20", Seen::Status(502)),
    ("half a head", b"HTTP/1.1 200 OK\r\nContent-Le", Seen::Status(502)),
    ("no HTTP", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 no http at all\r\n\r\n", Seen::Status(502)),
    ("HTTP/0.9", b"<html>old</html>", Seen::Status(502)),
    ("another major version", b"HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok", Seen::Status(502)),
    ("status of two digits", b"HTTP/1.1 20 OK\r\nContent-Length: 2\r\n\r\nok", Seen::Status(502)),
    ("status of four digits", b"HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok", Seen::Status(502)),
    (
        "a switch nobody asked for",
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\nraw",
        Seen::Status(502),
    ),
    ("only an interim head", b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", Seen::Status(502)),
    ("short of its length", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello", Seen::Faulty),
    ("nothing of its length", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n", Seen::Faulty),
    ("beyond its length", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, and more", Seen::Whole("hello")),
    ("two lengths", b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", Seen::Status(502)),
    ("lengths in a list", b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\nhello!", Seen::Status(502)),
    ("signed length", b"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", Seen::Status(502)),
    ("hex length", b"HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nhello", Seen::Status(502)),
    ("negative length", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nhello", Seen::Status(502)),
    ("empty length", b"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\nhello", Seen::Status(502)),
    ("length above u64", b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\nhello", Seen::Status(502)),
    (
        "length and chunks",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        Seen::Status(502),
    ),
    ("unknown coding", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", Seen::Status(502)),
    ("blank before the colon", b"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello", Seen::Status(502)),
    ("bare LF", b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", Seen::Status(502)),
    ("NUL in a value", b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 5\r\n\r\nhello", Seen::Status(502)),
    ("folded line", b"HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 5\r\n\r\nhello", Seen::Status(502)),
    ("cut in a chunk", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", Seen::Faulty),
    ("cut between chunks", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", Seen::Faulty),
    ("cut in a chunk size", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1", Seen::Faulty),
    (
        "cut in the last chunk",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        Seen::Faulty,
    ),
    (
        "cut in the trailers",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n",
        Seen::Faulty,
    ),
    ("no chunk size", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\nhello\r\n0\r\n\r\n", Seen::Faulty),
    (
        "garbage for a chunk size",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n0\r\n\r\n",
        Seen::Faulty,
    ),
    (
        "chunk size above u64",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        Seen::Faulty,
    ),
    (
        "chunk longer than its size",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n",
        Seen::Faulty,
    ),
    (
        "chunks, and more",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nmore",
        Seen::Whole("hello"),
    ),
    (
        "two answers",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\noneHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ntwo",
        Seen::Whole("one"),
    ),
    (
        "interim heads before the answer",
        b"HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 102 Wait\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none",
        Seen::Whole("one"),
    ),
    ("until the end", b"HTTP/1.1 200 OK\r\n\r\nall of it", Seen::Whole("all of it")),
    ("until the end, of old", b"HTTP/1.0 200 OK\r\n\r\nall of it", Seen::Whole("all of it")),
];

#[tokio::test]
async fn lies_of_origins_are_answered_as_the_table_says() {
    for (what, octets, wanted) in LIES {
        let origin = Origin::sending_once(octets).await;
        let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
        let mut client = Client::connect(proxy.addr).await;
        let outcome = seen(soon(what, client.post("/", b"four")).await);
        assert!(wanted.fits(&outcome), "{what}: wanted {wanted:?}, got {outcome:?}");
        assert_eq!(origin.log.requests(), 1, "{what}: a POST is sent once");
        assert_eq!(proxy.origins.at_rest(), 0, "{what}: not kept");
        assert_eq!(proxy.records.len(), 1, "{what}: one record");
        if outcome.is_err() {
            proxy.empties().await;
        }
    }
}

#[tokio::test]
async fn origin_that_lies_and_stays_open_is_not_used_again() {
    for (what, octets, wanted) in LIES.iter().filter(|(_, _, wanted)| *wanted != Seen::Faulty) {
        if matches!(
            *what,
            "nothing at all" | "HTTP/0.9" | "half a status line" | "half a head" | "only an interim head"
        ) || what.starts_with("until")
        {
            continue; // They wait for what never comes: the table above has their end.
        }
        let origin = Origin::sending(octets).await;
        let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
        let mut client = Client::connect(proxy.addr).await;
        for _ in 0..2 {
            let reply = soon(what, client.post("/", b"four")).await;
            let persists = reply.as_ref().is_ok_and(|reply| reply.persists);
            let outcome = seen(reply);
            assert!(wanted.fits(&outcome), "{what}: wanted {wanted:?}, got {outcome:?}");
            assert!(persists, "{what}: the client did nothing wrong");
        }
        let kept = if what.starts_with("interim") { 1 } else { 0 };
        assert_eq!(proxy.origins.at_rest(), kept, "{what}");
    }
}

#[tokio::test]
async fn origin_that_resets_is_502_and_post_goes_out_once() {
    let origin = Origin::start(|mut link| async move {
        link.head().await;
        link.reset();
    })
    .await;
    let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
    let mut client = Client::connect(proxy.addr).await;
    assert_eq!(soon("502", client.post("/", b"")).await.unwrap().status, 502);
    assert_eq!(origin.log.requests(), 1);
    assert_eq!(
        soon("502", client.get("/")).await.unwrap().status,
        502,
        "on the same connection: the client did nothing wrong"
    );
}

#[tokio::test]
async fn origin_that_resets_in_its_body_is_a_cut_whatever_the_framing() {
    for start in
        ["Content-Length: 100\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", "\r\nuntil the end"]
    {
        let answer = format!("HTTP/1.1 200 OK\r\n{start}");
        let origin = Origin::start(move |mut link| {
            let answer = answer.clone();
            async move {
                link.head().await;
                let _ = link.send(answer.as_bytes()).await;
                sleep(millis(50)).await;
                link.reset();
            }
        })
        .await;
        let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
        let mut client = Client::connect(proxy.addr).await;
        let outcome = seen(soon("the cut", client.get("/")).await);
        assert!(Seen::Cut.fits(&outcome), "{start:?}: {outcome:?}");
        proxy.empties().await;
    }
}

#[tokio::test]
async fn two_answers_to_one_request_are_not_the_answer_to_the_next() {
    for pause in [millis(0), millis(30)] {
        let origin = Origin::start(move |mut link| async move {
            while let Some(head) = link.head().await {
                link.content(&head).await;
                let _ = link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright").await;
                sleep(pause).await;
                let _ = link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong").await;
            }
        })
        .await;
        let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
        let mut client = Client::connect(proxy.addr).await;
        for _ in 0..5 {
            assert_eq!(soon("GET", client.get("/")).await.unwrap().text(), "right");
            sleep(pause * 2).await;
            assert_eq!(soon("POST", client.post("/", b"x")).await.unwrap().text(), "right");
            sleep(pause * 2).await;
        }
    }
}

#[tokio::test]
async fn endless_interim_heads_come_to_an_end() {
    let origin = Origin::start(|mut link| async move {
        link.head().await;
        while link.send(b"HTTP/1.1 102 Processing\r\n\r\n").await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
    let mut client = Client::connect(proxy.addr).await;
    assert_eq!(soon("502", client.post("/", b"x")).await.unwrap().status, 502);
    assert!(holds_within(millis(2_000), || origin.log.open() == 0).await);
}

#[tokio::test]
async fn head_without_end_from_an_origin_is_502() {
    let origin = Origin::start(|mut link| async move {
        link.head().await;
        let _ = link.send(b"HTTP/1.1 200 OK\r\n").await;
        while link.send(b"X-Filler: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n").await.is_ok() {}
    })
    .await;
    let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
    let mut client = Client::connect(proxy.addr).await;
    assert_eq!(soon("502", client.post("/", b"x")).await.unwrap().status, 502);
    assert!(origin.log.written() < 8 << 20, "{} octets of a head were taken", origin.log.written());
}

#[tokio::test]
async fn early_answer_to_an_upload_reaches_the_client() {
    for close in ["", "Connection: close\r\n"] {
        let answer = format!("HTTP/1.1 413 Too Large\r\n{close}Content-Length: 7\r\n\r\ntoo big");
        let origin = Origin::start(move |mut link| {
            let answer = answer.clone();
            async move {
                link.head().await;
                let _ = link.send(answer.as_bytes()).await;
                if answer.contains("close") {
                    return;
                }
                link.until_closed().await;
            }
        })
        .await;
        let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
        let mut client = Client::connect(proxy.addr).await;
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n").await;
        let (read, mut write) = client.stream.into_split();
        let upload = tokio::spawn(async move {
            let mut sent = 0;
            while sent < 50_000_000 && write.write_all(&[0; 10_000]).await.is_ok() {
                sent += 10_000;
            }
            sent
        });
        let mut said = Vec::new();
        let mut read = read;
        let all = soon("the answer", tokio::io::AsyncReadExt::read_to_end(&mut read, &mut said)).await;
        let text = String::from_utf8_lossy(&said);
        assert!(text.starts_with("HTTP/1.1 413 ") && text.ends_with("too big"), "{close:?}: {text:?} {all:?}");
        soon("the upload's end", upload).await.unwrap();
        proxy.empties().await;
        assert!(holds_within(millis(2_000), || origin.log.open() == 0).await);
        assert_eq!(proxy.origins.at_rest(), 0);
    }
}

// ---- slow readers

const SMALL: usize = 32 << 10;
const FLOOD: usize = 8 << 20;
/// What all buffers on the way may hold together.
const HELD: usize = 1 << 20;

/// A proxy whose sockets have small buffers in the kernel, so that what waits is in the proxy or nowhere.
async fn tight(origin: std::net::SocketAddr) -> (simplon::core::server::Running, std::net::SocketAddr) {
    let mut options = SocketOptions::default();
    options.send_buffer = Some(SMALL);
    options.receive_buffer = Some(SMALL);
    let app = App::new(To(Peer::builder(origin).tcp(options).build().unwrap()));
    let listener = tcp("127.0.0.1:0").unwrap().options(options);
    let running = Server::new().listen(listener, Http::new(app)).start().await.unwrap();
    let addr = running.local_addrs()[0];
    (running, addr)
}

/// A listener whose connections have small buffers in the kernel.
fn tight_listener() -> tokio::net::TcpListener {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(SMALL as u32).unwrap();
    socket.set_send_buffer_size(SMALL as u32).unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    socket.listen(16).unwrap()
}

async fn tight_client(addr: std::net::SocketAddr) -> Client {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(SMALL as u32).unwrap();
    socket.set_send_buffer_size(SMALL as u32).unwrap();
    Client::over(socket.connect(addr).await.unwrap())
}

/// Waits until a count grows no more; gives it.
async fn settled(count: impl Fn() -> usize) -> usize {
    let mut before = count();
    for _ in 0..100 {
        sleep(millis(150)).await;
        let now = count();
        if now == before && now > 0 {
            return now;
        }
        before = now;
    }
    panic!("it grows for ever: {before}");
}

#[tokio::test]
async fn client_slower_than_the_origin_stops_the_origin() {
    let origin = Origin::on(tight_listener(), |mut link| async move {
        link.head().await;
        let _ = link.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {FLOOD}\r\n\r\n").as_bytes()).await;
        for _ in 0..FLOOD / (16 << 10) {
            if link.send(&[b'x'; 16 << 10]).await.is_err() {
                return;
            }
        }
    });
    let (_running, addr) = tight(origin.addr).await;
    let mut client = tight_client(addr).await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let taken = settled(|| origin.log.written()).await;
    assert!(taken < HELD, "{taken} octets were taken though nobody reads");
    let reply = soon("the rest", client.reply()).await.unwrap();
    assert_eq!(reply.body.len(), FLOOD);
}

#[tokio::test]
async fn origin_slower_than_the_client_stops_the_client() {
    let (go, gone) = tokio::sync::watch::channel(false);
    let origin = Origin::on(tight_listener(), move |mut link| {
        let mut gone = gone.clone();
        async move {
            let head = link.head().await.unwrap();
            gone.wait_for(|go| *go).await.unwrap();
            if link.content(&head).await {
                let _ = link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ngot").await;
            }
        }
    });
    let (_running, addr) = tight(origin.addr).await;
    let client = tight_client(addr).await;
    let (read, mut write) = client.stream.into_split();
    let taken = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = std::sync::Arc::clone(&taken);
    tokio::spawn(async move {
        let _ =
            write.write_all(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {FLOOD}\r\n\r\n").as_bytes()).await;
        for _ in 0..FLOOD / (16 << 10) {
            if write.write_all(&[b'u'; 16 << 10]).await.is_err() {
                return;
            }
            count.fetch_add(16 << 10, std::sync::atomic::Ordering::SeqCst);
        }
        // The connection stays open until the answer is read.
        std::future::pending::<()>().await;
    });
    let waiting = settled(|| taken.load(std::sync::atomic::Ordering::SeqCst)).await;
    assert!(waiting < HELD, "{waiting} octets were taken though the origin reads nothing");
    go.send(true).unwrap();
    let mut answer = Client::over(tokio::io::join(read, tokio::io::sink()));
    assert_eq!(soon("the answer", answer.reply()).await.unwrap().text(), "got");
}

// ---- what belongs to the exchange's length

#[tokio::test]
async fn waits_without_end_are_no_overflow() {
    let origin = Origin::saying("x").await;
    let mut timeouts = Timeouts::default();
    timeouts.first_octet = Duration::MAX;
    timeouts.keep_alive = Duration::MAX;
    timeouts.head = Duration::MAX;
    timeouts.body = Duration::MAX;
    timeouts.write = Duration::MAX;
    timeouts.linger = Duration::MAX;
    timeouts.tunnel_idle = Duration::MAX;
    let proxy = Proxy::of(|app| app.expect_wait(Duration::MAX), impatient(origin.addr, Duration::MAX), timeouts).await;
    let mut client = Client::connect(proxy.addr).await;
    for part in ["POST / HT", "TP/1.1\r\nHost: a\r\nContent-Le", "ngth: 4\r\n\r\nfo", "ur"] {
        client.send(part).await;
        sleep(millis(20)).await;
    }
    assert_eq!(soon("the answer", client.reply()).await.unwrap().text(), "x");
    assert_eq!(soon("the answer", client.get("/")).await.unwrap().text(), "x");
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let origin = Origin::start(|mut link: Link| async move {
        while let Some(head) = link.head().await {
            link.content(&head).await;
            let path = head.split(' ').nth(1).unwrap().to_owned();
            if path == "/0" {
                sleep(millis(100)).await;
            }
            let _ =
                link.send(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{path}", path.len()).as_bytes()).await;
        }
    })
    .await;
    let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
    let mut client = Client::connect(proxy.addr).await;
    let mut all = String::new();
    for n in 0..50 {
        all += &match n % 3 {
            0 => format!("GET /{n} HTTP/1.1\r\nHost: a\r\n\r\n"),
            1 => format!(
                "POST /{n} HTTP/1.1\r\nHost: a\r\nContent-Length: 40\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\nbodyb"
            ),
            _ => format!("PUT /{n} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
        };
    }
    client.send(&all).await;
    for n in 0..50 {
        assert_eq!(soon("an answer", client.reply()).await.unwrap().text(), format!("/{n}"));
    }
    assert_eq!(origin.log.requests(), 50);
    assert!(timeout(millis(100), client.rest()).await.is_err(), "nothing more is said, and the connection stays");
    let _ = patient(origin.addr);
}
