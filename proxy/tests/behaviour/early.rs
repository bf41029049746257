//! Answers that come before the request has ended, and 100 (Continue).

use std::time::Duration;

use simplon_proxy::observe::End;
use simplon_proxy::{App, Collected, Filter, ResponseView, To};
use simplon_testkit::time::{pass, settle, took};
use simplon_testkit::{Request, get, matrix, ok, post, request, status};

use crate::stage;

/// C30: an answer that is complete reaches a client that is slow to take it, whatever becomes of the origin meanwhile.
#[tokio::test(start_paused = true)]
async fn an_answer_that_is_complete_outlives_its_origin() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n").await;
    // More than the origin takes.
    let flood = client.try_send_raw(&[b'x'; 1_000_000]);
    assert!(tokio::time::timeout(Duration::from_secs(1), flood).await.is_err());
    origin.send(status(413).body("x".repeat(90_000))).await;
    settle().await;
    origin.refuse_writes();
    drop(origin);
    pass(Duration::from_secs(1)).await;
    client.asked("POST");
    let response = client.response().await;
    assert_eq!((response.status, response.body.len()), (413, 90_000));
    assert_eq!(stage.records.only().end, End::Complete);
}

/// The failure of a write is seen long before the answer that came first, and again and again: the client sends on.
#[tokio::test(start_paused = true)]
async fn an_answer_is_awaited_after_the_origin_stopped_reading() {
    for content in [None, Some("too much")] {
        let mut stage = stage::filtered(Collects(content));
        let (mut client, mut origin) =
            stage.pass("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n").await;
        origin.head().await.unwrap();
        if content.is_some() {
            // The head comes first: the filter waits for the rest.
            origin.send("HTTP/1.1 413 No\r\nContent-Length: 8\r\n\r\n").await;
            settle().await;
        }
        origin.refuse_writes();
        for _ in 0..20 {
            let flood = client.try_send_raw(&[b'x'; 10_000]);
            let _ = tokio::time::timeout(Duration::from_millis(100), flood).await;
            settle().await;
        }
        if content.is_none() {
            origin.send("HTTP/1.1 413 No\r\nContent-Length: 8\r\n\r\n").await;
        }
        origin.send("too much").await;
        drop(origin);
        client.asked("POST");
        let response = client.response().await;
        assert_eq!((response.status, response.text().as_str()), (413, "too much"));
        assert_eq!(stage.records.only().end, End::Complete);
    }
}

/// Collects the content of responses and compares it, if there is something to compare it with.
struct Collects(Option<&'static str>);

impl Filter<()> for Collects {
    async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut ()) -> simplon_core::Result<()> {
        if let Some(expected) = self.0 {
            assert_eq!(response.collect(100).await?, Collected::Whole(expected.into()));
        }
        Ok(())
    }
}

matrix! {
    /// An origin that answers before the upload is finished must not hang the upload (RFC 9112 §9.5, RFC 9113 §8.1). A6, 12-077
    async fn an_early_answer_reaches_the_client_and_stops_the_upload(down: Down, up: Up) {
        down.begin(post("/")).await;
        down.data(b"some").await.unwrap();
        let mut asked = up.head().await;
        assert_eq!(asked.method(), "POST");
        asked.respond(status(413)).await;
        assert_eq!(down.response().await.status, 413);
        asked.stopped().await;
    }

    /// C30: 413 mid-upload, with the client still sending.
    async fn an_early_answer_is_not_lost_to_a_client_that_goes_on_sending(down: Down, up: Up) {
        down.begin(post("/")).await;
        up.head().await.respond(status(413).body("too much")).await;
        for _ in 0..200 {
            if down.data(&[b'x'; 1000]).await.is_err() {
                break;
            }
        }
        let response = down.response().await;
        assert_eq!((response.status, response.text().as_str()), (413, "too much"));
    }

    /// An early head may be followed by content while the upload goes on: both directions at once.
    async fn both_directions_go_on_at_once(down: Down, up: Up) {
        down.begin(post("/echo")).await;
        let mut asked = up.head().await;
        asked.begin(status(200)).await;
        assert_eq!(down.head().await.status, 200);
        for _ in 0..10 {
            down.data(b"ping").await.unwrap();
            assert_eq!(asked.read(4).await.unwrap(), b"ping");
            asked.data(b"pong").await.unwrap();
            assert_eq!(down.read(4).await.unwrap(), b"pong");
        }
        down.end().await;
        asked.content().await.unwrap();
        asked.end().await;
        assert_eq!(down.response().await.text(), "");
    }

    /// C29, 12-042, 12-076: several informational heads, each passed on at once.
    async fn informational_heads_are_passed_on(down: Down, up: Up) {
        down.send(get("/")).await;
        let mut asked = up.request().await;
        for (code, link) in [(103, "</a>"), (102, "</b>"), (103, "</c>")] {
            asked.respond(status(code).field("Link", link)).await;
            let head = down.head().await;
            assert_eq!((head.status, head.field("Link")), (code, Some(link)));
        }
        asked.respond(ok("done")).await;
        let response = down.response().await;
        assert_eq!((response.status, response.text().as_str()), (200, "done"));
    }

    /// C29: trailers both ways.
    async fn trailers_pass_both_ways(down: Down, up: Up) {
        down.send(post("/").chunked("content").trailer("Checksum", "7").trailer("More", "x")).await;
        let mut asked = up.request().await;
        assert_eq!((asked.text().as_str(), asked.trailer("checksum"), asked.trailer("more")), ("content", Some("7"), Some("x")));
        asked.respond(ok("").chunked("answer").trailer("Status", "0")).await;
        let response = down.response().await;
        assert_eq!((response.text().as_str(), response.trailer("status")), ("answer", Some("0")));
    }

    /// A12
    async fn a_response_that_was_cut_is_cut_for_the_client_too(down: Down, up: Up) {
        down.send(get("/")).await;
        let mut asked = up.request().await;
        asked.begin(status(200)).await;
        asked.data(b"half").await.unwrap();
        assert_eq!(down.head().await.status, 200);
        assert_eq!(down.read(4).await.unwrap(), b"half");
        asked.cut().await;
        assert!(down.try_response().await.is_err());
    }

    /// E48
    async fn a_client_that_gives_up_takes_the_origin_with_it(down: Down, up: Up) {
        down.send(get("/slow")).await;
        let mut asked = up.request().await;
        down.cancel().await;
        asked.cancelled().await;
    }
}

/// What a client sends that waits to be told to go on.
fn waiting() -> Request {
    post("/").field("Content-Length", "5").field("Expect", "100-continue")
}

matrix! {
    /// C30: the origin decides whether the client goes on.
    async fn a_100_of_the_origin_is_passed_on(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut asked) = stage.begin(waiting()).await;
        assert!(asked.lists("Expect", "100-continue"), "{asked:?}");
        asked.respond(status(100)).await;
        assert_eq!(client.head().await.status, 100);
        client.data(b"hello").await.unwrap();
        client.end().await;
        asked.content().await.unwrap();
        assert_eq!(asked.text(), "hello");
        asked.respond(ok("thanks")).await;
        let response = client.response().await;
        assert_eq!((response.text().as_str(), response.interim.len()), ("thanks", 0));
    }

    /// C30: a final answer instead of 100. The content was never sent, and is not waited for.
    async fn a_final_answer_instead_of_100_is_delivered(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut asked) = stage.begin(waiting()).await;
        asked.respond(status(417)).await;
        let response = client.response().await;
        assert_eq!((response.status, response.interim.len()), (417, 0));
        client.stopped().await;
        asked.stopped().await;
    }

    /// C30: an origin that says nothing does not make both wait for ever.
    async fn a_client_that_waits_is_told_by_us_when_the_origin_is_silent(cell: Cell) {
        let mut stage = cell.with(|origin| App::new(To(origin)).expect_wait(Duration::from_secs(3)));
        let (mut client, mut asked) = stage.begin(waiting()).await;
        let (head, time) = took(client.head()).await;
        assert_eq!(head.status, 100);
        assert!((3000..3100).contains(&time.as_millis()), "{time:?}");
        client.data(b"hello").await.unwrap();
        client.end().await;
        asked.content().await.unwrap();
        assert_eq!(asked.text(), "hello");
        asked.respond(ok("")).await;
        let response = client.response().await;
        assert_eq!((response.status, response.interim.len()), (200, 0));
    }

    /// A client that does not wait is not held back.
    async fn a_client_that_sends_at_once_is_read_at_the_latest_when_patience_ends(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut asked) = stage.begin(waiting()).await;
        client.data(b"hello").await.unwrap();
        client.end().await;
        asked.content().await.unwrap();
        assert_eq!(asked.text(), "hello");
        asked.respond(ok("")).await;
        assert_eq!(client.response().await.status, 200);
    }

    /// A 100 that nobody waits for is not passed on (RFC 9110 §15.2).
    async fn a_100_that_nobody_waits_for_is_dropped(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut asked) = stage.pass(post("/").body("hello")).await;
        asked.respond(status(100)).await;
        asked.respond(ok("")).await;
        assert_eq!(client.response().await.interim.len(), 0);
    }

    /// 12-076
    async fn an_origin_that_dies_after_an_informational_head_is_a_failure(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut asked) = stage.pass(post("/").body("x")).await;
        asked.respond(status(103)).await;
        assert_eq!(client.head().await.status, 103);
        asked.cut().await;
        assert_eq!(client.response().await.status, 502);
    }

    /// 12-042
    async fn informational_heads_leave_the_connections_usable(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut asked) = stage.pass(request("HEAD", "/1")).await;
        asked.respond(status(103)).await;
        asked.respond(ok("x")).await;
        assert_eq!(client.response().await.interim.len(), 1);
        client.send(get("/2")).await;
        assert_eq!(stage.request().await.path(), "/2");
        assert_eq!(stage.up().tries(), 1);
    }
}

/// A6, CVE-2025-4366: what is left of the upload is never parsed as the next request.
#[tokio::test(start_paused = true)]
async fn what_is_left_of_an_upload_is_not_the_next_request() {
    for answer in [status(403), status(302).field("Location", "/x"), ok("cached")] {
        let mut stage = stage::plain();
        let (mut client, mut origin) = stage.pass("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 44\r\n\r\nhalf").await;
        origin.head().await.unwrap();
        origin.send(answer).await;
        client.response().await;
        let _ = client.try_send("GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n1234").await;
        let _ = client.try_send(get("/real")).await;
        settle().await;
        for seen in stage.origin.received() {
            assert!(!seen.starts_with(b"GET /smuggled"), "{}", seen.escape_ascii());
        }
        assert!(stage.records.all().iter().all(|record| record.target.as_deref() != Some(b"/smuggled")));
    }
}

/// A6: a rest that is short is read and dropped, and the connection is used on.
#[tokio::test(start_paused = true)]
async fn a_short_rest_of_an_upload_is_dropped_and_the_connection_goes_on() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\nhalf").await;
    origin.head().await.unwrap();
    origin.send(status(403)).await;
    let response = client.response().await;
    assert!(!response.lists("Connection", "close"), "{response:?}");
    client.send("rest").await;
    client.send(get("/next")).await;
    let mut fresh = stage.origin.accept().await;
    assert_eq!(fresh.request().await.path(), "/next");
}

/// RFC 9110 §10.1.1, 12-079: without content there is nothing to wait for, and version 1.0 has no such thing.
#[tokio::test(start_paused = true)]
async fn expect_without_content_waits_for_nothing() {
    for asked in [
        "HEAD / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n",
        "POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 0\r\nExpect: 100-continue\r\n\r\n",
    ] {
        let mut stage = stage::plain();
        let (mut client, mut origin) = stage.pass(asked).await;
        let (request, time) = took(origin.request()).await;
        assert_eq!(time, Duration::ZERO, "{request:?}");
        origin.send(status(204)).await;
        let response = client.response().await;
        assert_eq!((response.status, response.interim.len()), (204, 0), "{asked}");
    }
}

/// Version 1.0 has no informational responses (RFC 9110 §15.2).
#[tokio::test(start_paused = true)]
async fn an_old_client_gets_no_informational_heads() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass("GET / HTTP/1.0\r\nHost: a\r\n\r\n").await;
    origin.request().await;
    origin.send(status(103)).await;
    origin.send(ok("done")).await;
    let response = client.response().await;
    assert_eq!((response.text().as_str(), response.interim.len()), ("done", 0));
}
