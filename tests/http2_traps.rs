//! Traps of HTTP/2 that others fell into, frame by frame over sockets, with an origin that shows every octet it was sent. Each test names its trap.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

#[path = "common/common.rs"]
mod common;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use Outcome::Status;
use common::child::own_cpu;
use common::origin::{Link, Origin};
use common::{LONG, Proxy, impatient, millis, soon};
use simplon::core::connect::Versions;
use simplon::core::http::{HttpConfig, Timeouts};
use simplon::load_balancing::{Backend, Check, HttpCheck};
use simplon::prelude::*;
use simplon::proto_http::h1::Config;
use simplon_testkit::apart;
use simplon_testkit::h2::{Block, Code, Event as Heard, Frame, Peer as Raw, Setting};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::unbounded_channel;
use tokio::time::Instant;

/// A client that has exchanged SETTINGS with this proxy.
async fn client(proxy: SocketAddr) -> Raw {
    let mut client = Raw::client(TcpStream::connect(proxy).await.unwrap());
    client.patience = LONG;
    client.start().await.unwrap();
    client
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Status(u16),
    /// The stream was reset as malformed.
    Reset,
    /// The connection was ended as malformed.
    Ended,
}

/// A request without content.
async fn get(client: &mut Raw, path: &str) -> Outcome {
    ask(client, &Block::request("GET", path)).await
}

/// A request of this head alone.
async fn ask(client: &mut Raw, head: &Block) -> Outcome {
    let stream = client.fresh();
    client.send(Frame::headers(stream, head).end_stream()).await;
    let heard = client.expect("an answer", |event| match event {
        Heard::Fields { stream: on, fields, .. } if *on == stream => fields[0].1.parse().ok().map(Status),
        Heard::Reset { stream: on, code: Code::PROTOCOL_ERROR } if *on == stream => Some(Outcome::Reset),
        Heard::GoAway { code: Code::PROTOCOL_ERROR, .. } => Some(Outcome::Ended),
        _ => None,
    });
    heard.await.unwrap()
}

/// A path, the frames that end the request, and what the origin has to be sent.
type Ending = (&'static str, fn(u32) -> Vec<Frame>, &'static str);

/// A14: content of unknown length ends once for an origin of HTTP/1, in whichever way the client ends it, and the next request is read rightly.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn chunks_end_once() {
    let origin = Origin::saying("well").await;
    let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
    let mut client = client(proxy.addr).await;
    let ends: [Ending; 4] = [
        ("/with-the-last", |on| vec![Frame::data(on, "abc").end_stream()], "3\r\nabc\r\n0\r\n\r\n"),
        ("/empty", |on| vec![Frame::data(on, "abc"), Frame::data(on, "").end_stream()], "3\r\nabc\r\n0\r\n\r\n"),
        (
            "/padded",
            |on| vec![Frame::data(on, "abc"), Frame::data(on, "").padded(9).end_stream()],
            "3\r\nabc\r\n0\r\n\r\n",
        ),
        ("/nothing", |on| vec![Frame::data(on, "").end_stream()], "0\r\n\r\n"),
    ];
    for (path, frames, wanted) in ends {
        let stream = client.fresh();
        client.send(Frame::headers(stream, Block::request("POST", path))).await;
        for frame in frames(stream) {
            client.send(frame).await;
        }
        let answer = client.expect_response(stream).await.unwrap();
        assert_eq!((answer.status, answer.body.as_slice()), (200, &b"well"[..]), "{path}");
        assert_eq!(get(&mut client, "/next").await, Status(200));
        let text = origin.log.text();
        let content = text.rsplit("POST ").next().unwrap();
        let content = content.split_once("\r\n\r\n").unwrap().1;
        let content = content.split_once("GET /next ").unwrap().0;
        assert_eq!(content, wanted, "{path}");
    }
    assert_eq!(origin.log.opened(), 1, "all went over one connection");
}

/// B19: what no message of HTTP/1 can say reaches no origin.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_would_break_a_message_of_http_1_is_malformed() {
    let origin = Origin::saying("well").await;
    let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
    let of = |pseudo: [&str; 4]| {
        let names = [":method", ":scheme", ":authority", ":path"];
        names.iter().zip(pseudo).fold(Block::new(), |block, (name, value)| block.field(name, value))
    };
    let heads = [
        of(["GET", "http", "a.test", "/a b"]),
        of(["GET", "http", "a.test", "/ HTTP/1.1\r\nX-Smuggled: 1\r\n\r\n"]),
        of(["GET", "http", "a.test", "/\0"]),
        of(["GET", "http", "a.test", ""]),
        of(["GET", "http", "a.test", "no-slash"]),
        of(["GET", "http", "a.test,b.test", "/"]),
        of(["GET", "http", "user@a.test", "/"]),
        of(["GET", "http", "a.test\r\nX: y", "/"]),
        of(["GET", "http", "a test", "/"]),
        of(["GE T", "http", "a.test", "/"]),
        of(["GET\r\n", "http", "a.test", "/"]),
        of(["", "http", "a.test", "/"]),
        of(["GET", "ht tp", "a.test", "/"]),
        Block::request("GET", "/").field("", "empty"),
        Block::request("GET", "/").field("x y", "1"),
        Block::request("GET", "/").field("x:", "1"),
        Block::request("GET", "/").field("x\r\ny", "1"),
        Block::request("GET", "/").field("X-Upper", "1"),
        Block::request("GET", "/").field("x", "a\r\nb: c"),
        Block::request("GET", "/").field("x", "a\nb"),
        Block::request("GET", "/").field("x", "a\0b"),
        Block::request("GET", "/").field("connection", "close"),
        Block::request("GET", "/").field("transfer-encoding", "chunked"),
        Block::request("GET", "/").field("content-length", "1, 2"),
        Block::request("GET", "/").field("content-length", "-1"),
        // B20: two that do not agree.
        Block::request("GET", "/").field("host", "b.test"),
        // B22: anything but `trailers`.
        Block::request("GET", "/").field("te", "gzip"),
        Block::request("GET", "/").field("te", "trailers, deflate"),
    ];
    for head in &heads {
        // So many of these are a flood on one connection.
        let mut client = client(proxy.addr).await;
        match ask(&mut client, head).await {
            Status(400) | Outcome::Reset => {}
            // What the types of the h2 crate cannot hold.
            Outcome::Ended => client = self::client(proxy.addr).await,
            Status(other) => panic!("{other}: {head:?}"),
        }
        assert_eq!(get(&mut client, "/good").await, Status(200), "after {head:?}");
    }
    let text = origin.log.text();
    assert_eq!(text.matches(" HTTP/1.1\r\n").count(), heads.len(), "nothing but the good ones: {text}");
    assert_eq!(text.matches("GET /good HTTP/1.1\r\n").count(), heads.len());
    assert!(!text.contains("X-Smuggled") && !text.contains("\r\nb: c"));
}

/// B22, B24: what is for the next hop, and crumbs of a cookie, which are one field again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn crumbs_are_joined_and_te_says_trailers_alone() {
    let origin = Origin::saying("well").await;
    let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
    let mut client = client(proxy.addr).await;
    let head = Block::request("GET", "/").field("cookie", "a=1").field("te", "trailers");
    let head = head.field("cookie", "b=2").field("x", "y").field("cookie", "c=3; d=4");
    assert_eq!(ask(&mut client, &head).await, Status(200));
    let text = origin.log.text().to_ascii_lowercase();
    assert_eq!(text.matches("\r\ncookie:").count(), 1, "{text}");
    assert!(text.contains("\r\ncookie: a=1; b=2; c=3; d=4\r\n"), "{text}");
    assert!(text.contains("\r\nte: trailers\r\n"), "{text}");
}

/// B26: the same limits as for HTTP/1. What is announced beforehand counts 32 octets more for each field (RFC 9113 §6.5.2).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_head_at_the_limit_passes_and_one_over_it_does_not() {
    let origin = Origin::saying("well").await;
    let mut protocol = Config::default();
    protocol.limits.head_fields = 20;
    protocol.limits.head_octets = 2000;
    let mut config = HttpConfig::default();
    config.protocol = Arc::new(protocol);
    let app = Http::with_config(App::new(To(Peer::new(origin.addr))), config);
    let running = Server::new().listen(tcp("127.0.0.1:0").unwrap(), app).start().await.unwrap();
    let mut client = client(running.local_addrs()[0]).await;
    assert_eq!(client.theirs(Setting::MAX_HEADER_LIST_SIZE), Some(2000 + 20 * 32));
    let with_fields = |count: usize| (0..count).fold(Block::request("GET", "/"), |block, _| block.field("x", "y"));
    // Until the first that is too many, every one passes; from then on none does.
    let mut answers = Vec::new();
    for count in 14..=22 {
        answers.push(ask(&mut client, &with_fields(count)).await);
    }
    let first = answers.iter().position(|answer| *answer == Status(431)).expect("some are too many");
    assert!(answers[..first].iter().all(|answer| *answer == Status(200)) && first > 0, "{answers:?}");
    assert!(answers[first..].iter().all(|answer| *answer == Status(431)), "{answers:?}");
    assert!((16..=20).contains(&(14 + first - 1)), "{answers:?}");

    let mut client = self::client(running.local_addrs()[0]).await;
    let with_octets = |octets: usize| Block::request("GET", "/").field("x", "y".repeat(octets));
    let (mut good, mut bad) = (1, 2000);
    while bad - good > 1 {
        let middle = (good + bad) / 2;
        match ask(&mut client, &with_octets(middle)).await {
            Status(200) => good = middle,
            Status(431) => bad = middle,
            other => panic!("{other:?} for {middle}"),
        }
    }
    assert!((1900..2000).contains(&good), "the largest value that passes has {good} octets");
}

/// C32: what an origin says is passed on at once. It says the next event only after the client has heard the one before.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn events_are_not_held_back() {
    let (heard, hearing) = unbounded_channel::<()>();
    let hearing = Arc::new(tokio::sync::Mutex::new(hearing));
    let origin = Origin::start(move |mut link: Link| {
        let hearing = Arc::clone(&hearing);
        async move {
            link.head().await;
            link.send(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")
                .await
                .unwrap();
            while hearing.lock().await.recv().await.is_some() {
                link.send(b"8\r\ndata: x\n\r\n").await.unwrap();
            }
        }
    })
    .await;
    let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
    let mut client = client(proxy.addr).await;
    let stream = client.fresh();
    client.send(Frame::headers(stream, Block::request("GET", "/events")).end_stream()).await;
    client.expect_fields(stream).await.unwrap();
    let begun = Instant::now();
    for _ in 0..100 {
        heard.send(()).unwrap();
        let (octets, is_last) = client.expect_data(stream).await.unwrap();
        assert_eq!((octets.as_slice(), is_last), (&b"data: x\n"[..], false));
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?} for a hundred events", begun.elapsed());
}

/// E49: content of no length is no reason to spin, while the origin takes its time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn content_of_no_length_costs_nothing_while_it_waits() {
    // What other tests cost would count, too.
    if !apart("content_of_no_length_costs_nothing_while_it_waits", "ulimit -n 256") {
        return;
    }
    let origin = Origin::start(|mut link: Link| async move {
        while let Some(head) = link.head().await {
            link.content(&head).await;
            tokio::time::sleep(millis(500)).await;
            if link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.is_err() {
                return;
            }
        }
    })
    .await;
    let proxy = Proxy::of(|app| app, impatient(origin.addr, LONG), Timeouts::default()).await;
    let mut client = client(proxy.addr).await;
    let head = |length: &str| Block::request("POST", "/").field("content-length", length);
    let before = own_cpu();
    for frames in [
        |on, head: Block| vec![Frame::headers(on, head).end_stream()],
        |on, head: Block| vec![Frame::headers(on, head), Frame::data(on, "").end_stream()],
    ] {
        let stream = client.fresh();
        client.send_all(frames(stream, head("0"))).await;
        assert_eq!(client.expect_response(stream).await.unwrap().status, 200);
    }
    // Two waits of half a second; whoever spins needs most of a core for each.
    let used = own_cpu() - before;
    assert!(used < millis(400), "{used:?} of processor time");
    let text = origin.log.text();
    assert_eq!(
        text.matches("Content-Length: 0\r\n").count() + text.matches("content-length: 0\r\n").count(),
        2,
        "{text}"
    );
    assert!(!text.to_ascii_lowercase().contains("transfer-encoding"), "{text}");
}

/// E47: what uploads took of the connection's window comes back, however they end: whole, reset by either side, padded, or dropped by the origin.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credit_of_the_connection_comes_back_from_every_upload() {
    // Takes the first request of a connection to its end; answers the second at once, and lets go of the third.
    let origin = Origin::start(|mut link: Link| async move {
        let Some(head) = link.head().await else { return };
        let answer: &[u8] = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        match head.split(' ').nth(1) {
            Some("/whole") => {
                link.content(&head).await;
                let _ = link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
            }
            Some("/early") => {
                let _ = link.send(answer).await;
                link.until_closed().await;
            }
            Some("/reset") => link.until_closed().await,
            _ => {}
        }
    })
    .await;
    let proxy = Proxy::of(|app| app.retry(()), Peer::new(origin.addr), Timeouts::default()).await;
    let mut client = client(proxy.addr).await;
    let mut sent = 0;
    for round in 0..120 {
        let path = ["/whole", "/early", "/reset", "/dropped"][round % 4];
        let stream = client.fresh();
        client.send(Frame::headers(stream, Block::request("POST", path))).await;
        let octets = 20_000 + 97 * round;
        let padding = if round % 3 == 0 { 200 } else { 0 };
        let mut left = octets;
        while left > 0 && client.room(stream) > 300 {
            let count = left.min(4000).min(client.room(stream) - 201);
            let frame = Frame::data(stream, vec![b'x'; count]);
            client.send(if padding > 0 { frame.padded(padding) } else { frame }).await;
            left -= count;
            sent += count;
        }
        match path {
            "/whole" => {
                client.send(Frame::data(stream, "").end_stream()).await;
                assert_eq!(client.expect_response(stream).await.unwrap().status, 200);
            }
            "/reset" => client.send(Frame::reset(stream, Code::CANCEL)).await,
            // Answered, or reset, or both; what is still on its way then is dropped.
            _ => {
                let answered = client.expect("an end", |event| match event {
                    Heard::Fields { stream: on, .. } | Heard::Reset { stream: on, .. } if *on == stream => Some(()),
                    _ => None,
                });
                answered.await.unwrap();
                client.send(Frame::reset(stream, Code::CANCEL)).await;
            }
        }
        // A question after it, so that the window that was given back is heard.
        client.send(Frame::ping([7; 8])).await;
        client.expect_pong([7; 8]).await.unwrap();
    }
    assert!(sent > 2_500_000, "{sent} octets, several times the window of a connection");
    let stream = client.fresh();
    client.send(Frame::headers(stream, Block::request("POST", "/whole"))).await;
    client.send_within(stream, 600_000, |room| Frame::data(stream, vec![b'x'; room])).await.unwrap();
    client.send(Frame::data(stream, "").end_stream()).await;
    assert_eq!(client.expect_response(stream).await.unwrap().status, 200);
}

/// D42: good requests in between do not make up for bad ones.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_among_good_requests_is_a_flood() {
    let origin = Origin::saying("well").await;
    let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
    let mut client = client(proxy.addr).await;
    let head = Block::request("GET", "/");
    for _ in 0..500 {
        let mut frames = Vec::new();
        for _ in 0..10 {
            let stream = client.fresh();
            frames.extend([Frame::headers(stream, &head).end_stream(), Frame::reset(stream, Code::CANCEL)]);
        }
        let good = client.fresh();
        frames.push(Frame::headers(good, &head).end_stream());
        client.send_all(frames).await;
        let answered = client.expect("an answer or the end", |event| match event {
            Heard::Data { stream, is_last: true, .. } if *stream == good => Some(true),
            Heard::GoAway { code, .. } => {
                assert_eq!(*code, Code::ENHANCE_YOUR_CALM);
                Some(false)
            }
            _ => None,
        });
        if !answered.await.unwrap() {
            return;
        }
    }
    panic!("five thousand requests were cancelled, and the connection lives");
}

/// F53: an origin that says something on a connection at rest, as it may, keeps it; and it is used again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_frames_at_rest_do_not_cost_the_connection() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = Peer::builder(listener.local_addr().unwrap()).versions(Versions::Http2).build().unwrap();
    let proxy = Proxy::of(|app| app, peer, Timeouts::default()).await;
    let mut client = client(proxy.addr).await;
    let serving = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let mut origin = Raw::server(stream);
        origin.patience = LONG;
        origin.start().await.unwrap();
        for round in 0..3u8 {
            let asked = origin.expect_request().await.unwrap();
            assert_eq!(asked.field(":path"), Some("/"));
            origin.send(Frame::headers(asked.stream, Block::response("200")).end_stream()).await;
            origin.send(Frame::settings(&[(Setting::MAX_CONCURRENT_STREAMS, 7)])).await;
            origin.send(Frame::window_update(0, 1000)).await;
            origin.send(Frame::ping([round; 8])).await;
            origin.expect_pong([round; 8]).await.unwrap();
            origin.expect_ack().await.unwrap();
        }
        assert!(tokio::time::timeout(millis(50), listener.accept()).await.is_err(), "there is a second connection");
    });
    for _ in 0..3 {
        assert_eq!(get(&mut client, "/").await, Status(200));
    }
    soon("the origin", serving).await.unwrap();
}

/// M96: looks at an origin that speaks HTTP/2 alone, each over a connection of its own.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn health_is_asked_for_by_http_2() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = Peer::builder(listener.local_addr().unwrap()).versions(Versions::Http2).build().unwrap();
    let backend = Backend::new(peer);
    let serving = tokio::spawn(async move {
        for status in ["200", "503"] {
            let (stream, _) = listener.accept().await.unwrap();
            let mut origin = Raw::server(stream);
            origin.patience = LONG;
            origin.start().await.unwrap();
            let asked = origin.expect_request().await.unwrap();
            assert_eq!(asked.field(":path"), Some("/healthz"));
            origin.send(Frame::headers(asked.stream, Block::response(status))).await;
            origin.send(Frame::data(asked.stream, "with content").end_stream()).await;
            // Closed with octets unread, the connection would be reset, and the answer with it.
            origin.expect_close().await.unwrap();
        }
    });
    let check = HttpCheck::new().with_target("/healthz").unwrap().within(LONG, LONG);
    assert!(soon("a good answer", check.check(&backend)).await.is_ok());
    let bad = soon("a bad answer", check.check(&backend)).await.unwrap_err();
    assert!(bad.to_string().contains("503"), "{bad}");
    soon("the origin", serving).await.unwrap();
}
