//! Where two rules meet: bodies that are not there, versions that differ, clients that wait, requests that go out twice.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

#[path = "common/common.rs"]
mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::client::Client;
use common::origin::Origin;
use common::{Proxy, holds_within, millis, soon};
use simplon::core::http::Timeouts;
use simplon::prelude::*;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep, timeout};

// ---- responses without content

#[tokio::test]
async fn responses_that_have_no_content_leave_both_connections_usable() {
    let rows: &[(&str, &str, &[u8])] = &[
        ("HEAD", "200", b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n"),
        ("HEAD", "200", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ("HEAD", "200", b"HTTP/1.1 200 OK\r\n\r\n"),
        ("GET", "204", b"HTTP/1.1 204 No Content\r\n\r\n"),
        ("GET", "304", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 100\r\nETag: \"x\"\r\n\r\n"),
        ("GET", "304", b"HTTP/1.1 304 Not Modified\r\n\r\n"),
        ("GET", "200", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    ];
    for (method, status, answer) in rows {
        let origin = Origin::sending(answer).await;
        let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
        let mut client = Client::connect(proxy.addr).await;
        for turn in 0..3 {
            client.send(format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n")).await;
            let head = soon("a head", client.head()).await.unwrap();
            assert_eq!(&head[9..12], *status, "{method} {status} {turn}");
        }
        assert!(timeout(millis(30), client.rest()).await.is_err(), "{method} {status}: nothing more is said");
        assert_eq!(origin.log.opened(), 1, "{method} {status}: one connection is enough");
    }
}

#[tokio::test]
async fn content_where_there_is_none_is_not_the_next_answer() {
    let rows: &[(&str, &[u8])] = &[
        ("HEAD", b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison"),
        ("GET", b"HTTP/1.1 204 No Content\r\nContent-Length: 6\r\n\r\npoison"),
        ("GET", b"HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n\r\npoison"),
        ("GET", b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\npoison"),
        ("HEAD", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\npoison\r\n0\r\n\r\n"),
    ];
    for (method, answer) in rows {
        let origin = Origin::sending(answer).await;
        let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
        let mut client = Client::connect(proxy.addr).await;
        for _ in 0..3 {
            client.send(format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n")).await;
            let head = soon("a head", client.head()).await.unwrap();
            assert!(head.starts_with("HTTP/1.1 ") && !head.contains("poison"), "{method}: {head}");
            assert_eq!(proxy.origins.at_rest(), 0, "{method} {:?}", String::from_utf8_lossy(answer));
        }
        let more = client.until_closed_or_quiet().await;
        assert!(!String::from_utf8_lossy(&more).contains("poison"), "{method}");
    }
}

// ---- versions

#[tokio::test]
async fn client_of_http_1_0_gets_no_chunks() {
    let origin = Origin::sending(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6\r\n world\r\n0\r\nX-T: y\r\n\r\n",
    )
    .await;
    let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
    for connection in ["", "Connection: keep-alive\r\n"] {
        let mut client = Client::connect(proxy.addr).await;
        client.send(format!("GET / HTTP/1.0\r\n{connection}\r\n")).await;
        let all = soon("all", client.rest()).await.unwrap();
        let all = String::from_utf8_lossy(&all);
        assert!(all.ends_with("\r\n\r\nhello world"), "{all}");
        assert!(!all.to_ascii_lowercase().contains("transfer-encoding"), "{all}");
    }
}

#[tokio::test]
async fn client_of_http_1_0_keeps_its_connection_when_it_asks_for_it() {
    let origin = Origin::saying("old").await;
    let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
    let mut client = Client::connect(proxy.addr).await;
    for _ in 0..3 {
        client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").await;
        let reply = soon("an answer", client.reply()).await.unwrap();
        assert_eq!(reply.text(), "old");
        assert!(
            reply.field("connection").is_some_and(|value| value.eq_ignore_ascii_case("keep-alive")),
            "{}",
            reply.head
        );
    }
    client.send("GET / HTTP/1.0\r\n\r\n").await;
    assert_eq!(soon("an answer", client.reply()).await.unwrap().text(), "old");
    assert_eq!(soon("the end", client.rest()).await.unwrap(), b"");
}

#[tokio::test]
async fn trailers_pass_both_ways() {
    let origin = Origin::start(|mut link| async move {
        let head = link.head().await.unwrap();
        assert!(head.contains("chunked"));
        while !link.ends_with("\r\n\r\n") {
            if link.read().await.unwrap_or(0) == 0 {
                return;
            }
        }
        let answer =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n2\r\nok\r\n0\r\nX-Sum: 1\r\n\r\n";
        let _ = link.send(answer).await;
        link.until_closed().await;
    })
    .await;
    let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
    let mut client = Client::connect(proxy.addr).await;
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX-Up: 2\r\n\r\n").await;
    let head = soon("the head", client.head()).await.unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    let body = soon("the body", client.head()).await.unwrap();
    assert!(body.contains("X-Sum: 1"), "{body}");
    assert!(origin.log.has("X-Up: 2"), "{}", origin.log.text());
}

// ---- clients that wait for 100 (Continue)

const EXPECTING: &str = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n";

#[tokio::test]
async fn final_answer_instead_of_100_comes_alone() {
    let origin = Origin::sending(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno").await;
    let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
    let mut client = Client::connect(proxy.addr).await;
    client.send(EXPECTING).await;
    let reply = soon("401", client.any_reply()).await.unwrap();
    assert_eq!(reply.status, 401, "no 100 before it");
    // The content may or may not come now: what follows cannot be told from it.
    client.send("helloGET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n").await;
    client.until_closed_or_quiet().await;
    assert!(!origin.log.has("smuggled") || reply.persists, "{}", origin.log.text());
    assert!(!origin.log.has("hello"));
}

#[tokio::test]
async fn origin_that_says_100_lets_the_client_go_on_once() {
    let origin = Origin::start(|mut link| async move {
        while let Some(head) = link.head().await {
            let _ = link.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n").await;
            if !link.content(&head).await {
                return;
            }
            let _ = link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
        }
    })
    .await;
    let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
    let mut client = Client::connect(proxy.addr).await;
    for _ in 0..3 {
        let begun = Instant::now();
        client.send(EXPECTING).await;
        assert_eq!(soon("100", client.any_reply()).await.unwrap().status, 100);
        client.send("hello").await;
        assert_eq!(soon("200", client.any_reply()).await.unwrap().status, 200, "one 100 is enough");
        assert!(begun.elapsed() < millis(900), "nobody waited for the proxy's patience to end");
    }
}

#[tokio::test]
async fn origin_that_never_says_100_is_made_up_for() {
    let origin = Origin::saying("ok").await;
    let proxy = Proxy::of(|app| app.expect_wait(millis(200)), Peer::new(origin.addr), Timeouts::default()).await;
    let mut client = Client::connect(proxy.addr).await;
    client.send(EXPECTING).await;
    assert_eq!(soon("100", client.any_reply()).await.unwrap().status, 100);
    client.send("hello").await;
    assert_eq!(soon("200", client.any_reply()).await.unwrap().text(), "ok");
}

#[tokio::test]
async fn client_that_waits_for_100_and_leaves_is_noticed() {
    let origin = Origin::start(|mut link| async move {
        link.head().await;
        link.until_closed().await;
    })
    .await;
    let proxy = Proxy::of(|app| app.expect_wait(millis(200)), Peer::new(origin.addr), Timeouts::default()).await;
    for after in [millis(20), millis(400)] {
        let mut client = Client::connect(proxy.addr).await;
        client.send(EXPECTING).await;
        sleep(after).await;
        client.reset();
        proxy.empties().await;
        assert!(holds_within(millis(1_000), || origin.log.open() == 0).await);
    }
}

// ---- requests that go out twice

/// Breaks the first connections in the given way, then serves.
async fn failing_first(failures: usize, read_content: bool) -> (Origin, Arc<AtomicUsize>) {
    let served = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&served);
    let origin = Origin::start(move |mut link| {
        let count = Arc::clone(&count);
        async move {
            let Some(head) = link.head().await else { return };
            if link.number < failures {
                if read_content {
                    link.content(&head).await;
                }
                link.reset();
                return;
            }
            let whole = link.content(&head).await;
            count.fetch_add(usize::from(whole), Ordering::SeqCst);
            let _ = link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
        }
    })
    .await;
    (origin, served)
}

#[tokio::test]
async fn put_is_repeated_whole_or_not_at_all() {
    for read_content in [true, false] {
        for (octets, wanted) in [(0, 200), (10, 200), (60_000, 200), (2_000_000, 502)] {
            for chunked in [false, true] {
                let (origin, served) = failing_first(1, read_content).await;
                let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
                let client = Client::connect(proxy.addr).await;
                let body = vec![b'p'; octets];
                let (framing, body) = if chunked && octets > 0 {
                    (
                        "Transfer-Encoding: chunked".to_owned(),
                        [format!("{octets:x}\r\n").as_bytes(), &body, b"\r\n0\r\n\r\n"].concat(),
                    )
                } else {
                    (format!("Content-Length: {octets}"), body)
                };
                let request = [format!("PUT / HTTP/1.1\r\nHost: a\r\n{framing}\r\n\r\n").as_bytes(), &body].concat();
                let (read, mut write) = client.stream.into_split();
                let writing = tokio::spawn(async move {
                    let _ = write.write_all(&request).await;
                    write
                });
                let mut answer = Client::over(tokio::io::join(read, tokio::io::sink()));
                let status = soon("an answer", answer.reply()).await.unwrap().status;
                let what = format!("{octets} octets, read: {read_content}, chunked: {chunked}");
                assert_eq!(status, wanted, "{what}");
                assert_eq!(served.load(Ordering::SeqCst), usize::from(wanted == 200), "{what}");
                let content = origin.log.octets().iter().filter(|octet| **octet == b'p').count();
                assert!(wanted == 502 || content >= octets, "{what}: {content}");
                drop(soon("the upload", writing).await);
            }
        }
    }
}

#[tokio::test]
async fn three_failures_in_a_row_are_an_answer() {
    let (origin, _) = failing_first(usize::MAX, true).await;
    let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
    let mut client = Client::connect(proxy.addr).await;
    assert_eq!(soon("502", client.get("/")).await.unwrap().status, 502);
    assert_eq!(origin.log.requests(), 3, "the policy's attempts, no more");
    let mut outage = 0;
    for _ in 0..200 {
        outage += usize::from(soon("502", client.get("/")).await.unwrap().status == 502);
    }
    assert_eq!(outage, 200);
    // The first exchange took two of the reserve; each of the others paid in a fifth of a retry.
    let most = 3 + 200 + 98 + 201 / 5;
    let requests = origin.log.requests();
    assert!((most - 2..=most).contains(&requests), "{requests} requests in an outage");
}

// ---- bounds

#[tokio::test]
async fn pipeline_of_a_client_that_does_not_read_is_not_taken_in_without_end() {
    let origin = Origin::start(|mut link| async move {
        while link.head().await.is_some() {
            let _ =
                link.send(&[&b"HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n"[..], &[b'x'; 10_000]].concat()).await;
        }
    })
    .await;
    let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 << 10).unwrap();
    let mut stream = socket.connect(proxy.addr).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1_000);
    let mut sent = 0_usize;
    while let Ok(Ok(())) = timeout(millis(500), stream.write_all(&request)).await {
        sent += request.len();
        assert!(sent < 64 << 20, "{sent} octets of requests were taken");
    }
    // On a busy machine what was taken is still being answered.
    let mut before = origin.log.requests();
    let mut goes_on = true;
    for _ in 0..40 {
        sleep(millis(500)).await;
        goes_on = origin.log.requests() > before;
        if !goes_on {
            break;
        }
        before = origin.log.requests();
    }
    assert!(!goes_on, "nothing goes on while the client reads nothing");
    drop(stream);
    proxy.empties().await;
}

#[tokio::test]
async fn connections_beyond_the_limit_are_closed_and_places_become_free() {
    let origin = Origin::saying("in").await;
    let mut limits = simplon::core::server::ConnectionLimits::default();
    limits.total = 4;
    let app = Http::new(App::new(To(Peer::new(origin.addr))));
    let running = Server::new().limits(limits).listen(tcp("127.0.0.1:0").unwrap(), app).start().await.unwrap();
    let addr = running.local_addrs()[0];
    let mut inside = Vec::new();
    for _ in 0..4 {
        let mut client = Client::connect(addr).await;
        assert_eq!(soon("an answer", client.get("/")).await.unwrap().text(), "in");
        inside.push(client);
    }
    for _ in 0..20 {
        let mut client = Client::connect(addr).await;
        assert_eq!(soon("the door", client.until_closed()).await, b"");
    }
    let handle = running.handle();
    assert_eq!((handle.connections(), handle.stats().refused_total), (4, 20));
    inside.clear();
    assert!(holds_within(millis(2_000), || handle.connections() == 0).await);
    let mut client = Client::connect(addr).await;
    assert_eq!(soon("an answer", client.get("/")).await.unwrap().text(), "in");
}

/// After an answer that ends the connection, or did not wait for the content, what still comes is dropped for a while and not for ever.
#[tokio::test]
async fn clients_that_talk_on_are_not_listened_to_for_ever() {
    let origin = Origin::saying("in").await;
    let mut timeouts = Timeouts::default();
    timeouts.linger = millis(500);
    let proxy = Proxy::to(origin.addr, timeouts).await;
    for (pause, piece) in [(millis(0), 16 << 10), (millis(20), 1)] {
        for start in
            ["broken\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n", "GET /%zz HTTP/1.1\r\nHost: a b\r\n\r\n"]
        {
            let client = Client::connect(proxy.addr).await;
            let (mut read, mut write) = client.stream.into_split();
            let begun = Instant::now();
            write.write_all(start.as_bytes()).await.unwrap();
            let talking = async {
                while write.write_all(&vec![b't'; piece]).await.is_ok() {
                    sleep(pause).await;
                }
            };
            let mut said = Vec::new();
            let listening = tokio::io::AsyncReadExt::read_to_end(&mut read, &mut said);
            let (_, heard) = soon("the end", async { tokio::join!(talking, listening) }).await;
            let _ = heard;
            assert!(said.starts_with(b"HTTP/1.1 4"), "{start:?}: {}", String::from_utf8_lossy(&said));
            assert!(begun.elapsed() < millis(3_000), "{start:?}: {:?}", begun.elapsed());
        }
    }
    proxy.empties().await;
}

#[tokio::test]
async fn small_content_that_nobody_wants_is_dropped_for_a_while_only() {
    struct No;
    impl<Ctx: Send> Filter<Ctx> for No {
        async fn request(&self, _request: &mut Request<'_>, _cx: &mut Ctx) -> Result<Verdict> {
            Ok(Response::text(http::StatusCode::FORBIDDEN, "no").into())
        }
    }
    let mut timeouts = Timeouts::default();
    timeouts.linger = millis(500);
    let proxy =
        Proxy::of(|app| app.filter(No), Peer::new(std::net::SocketAddr::from(([127, 0, 0, 1], 9))), timeouts).await;
    // Little content, at once: the connection goes on.
    let mut client = Client::connect(proxy.addr).await;
    for _ in 0..3 {
        let reply = soon("403", client.post("/", &[b'c'; 1_000])).await.unwrap();
        assert_eq!((reply.status, reply.persists), (403, true));
    }
    // Little content that never comes: it ends.
    let begun = Instant::now();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n").await;
    assert_eq!(soon("403", client.reply()).await.unwrap().status, 403);
    soon("the end", client.until_closed()).await;
    assert!(begun.elapsed() < millis(3_000), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn exchange_that_a_hard_stop_cuts_has_its_record() {
    let origin = Origin::start(|mut link| async move { link.until_closed().await }).await;
    let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
    let mut client = Client::connect(proxy.addr).await;
    client.send("GET /cut HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(holds_within(millis(2_000), || origin.log.has("/cut")).await);
    let records = proxy.records.clone();
    let report = soon("the stop", proxy.running.stop()).await.unwrap();
    assert_eq!((report.stats.cut, records.len()), (1, 1));
    assert_eq!(records.all()[0].target.as_deref(), Some(&b"/cut"[..]));
    soon("the end", client.until_closed()).await;
    assert!(holds_within(millis(2_000), || origin.log.open() == 0).await);
}

/// A proxy that is its own origin: each round makes the head longer, until it is too long.
#[tokio::test]
async fn loop_comes_to_an_end() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    drop(listener);
    let app = Http::new(App::new(To(Peer::new(addr))));
    let _running = Server::new().listen(tcp(addr.to_string()).unwrap(), app).start().await.unwrap();
    let mut client = Client::connect(addr).await;
    let status = soon("an answer", client.get("/")).await.unwrap().status;
    assert!((400..600).contains(&status), "{status}");
}
