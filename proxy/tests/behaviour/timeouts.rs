//! Every wait is bounded, by the clock that the test turns. I71 to I74, G63, 12-041, 12-078

use std::sync::Arc;
use std::time::Duration;

use simplon_core::connect::PeerTimeouts;
use simplon_core::http::{HttpConfig, OriginsConfig, Serve, Timeouts};
use simplon_proxy::observe::End;
use simplon_proxy::{App, To};
use simplon_testkit::time::{pass, settle, took};
use simplon_testkit::{Cut, Network, get, ok, post};

use crate::stage::{self, Stage};

fn patient(change: impl FnOnce(&mut Timeouts)) -> Stage<impl Serve> {
    let mut timeouts = Timeouts::default();
    change(&mut timeouts);
    let mut config = HttpConfig::default();
    config.timeouts = Arc::new(timeouts);
    stage::on(Network::new(), config, OriginsConfig::default(), |origin| App::new(To(origin)).retry(()))
}

fn with_peer(change: impl FnOnce(&mut PeerTimeouts)) -> Stage<impl Serve> {
    let mut timeouts = PeerTimeouts::default();
    change(&mut timeouts);
    stage::with(move |origin| App::new(To(origin.to_builder().timeouts(timeouts).build())).retry(()))
}

fn about(time: Duration, seconds: u64) {
    // Coarse timers fire a little late, never early.
    let (low, high) = (Duration::from_secs(seconds), Duration::from_secs(seconds) + Duration::from_millis(1500));
    assert!((low..high).contains(&time), "{time:?} instead of {seconds} s");
}

/// I71, P#447: one octet per 100 ms meets the total deadline of the head.
#[tokio::test(start_paused = true)]
async fn a_slow_head_meets_its_total_deadline() {
    let mut stage = stage::plain();
    let mut client = stage.rig.client();
    let head = format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(10_000));
    let (sent, time) = took(client.send_slowly(head.as_bytes(), Duration::from_millis(100))).await;
    about(time, 15);
    assert!(sent < 200, "{sent}");
    let response = client.response().await;
    assert_eq!(response.status, 408);
    assert!(response.lists("Connection", "close"));
    stage.origin.nobody_came().await;
    let record = stage.records.only();
    assert_eq!((record.end, record.error), (End::Rescued, Some("head-timeout")));
}

/// I72
#[tokio::test(start_paused = true)]
async fn a_connection_on_which_nothing_comes_is_closed() {
    let stage = stage::plain();
    let mut client = stage.rig.client();
    let (_, time) = took(client.closed()).await;
    about(time, 30);
    assert!(stage.records.all().is_empty());
}

/// I72
#[tokio::test(start_paused = true)]
async fn a_connection_between_requests_is_closed_after_a_while() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass(get("/")).await;
    origin.request().await;
    origin.send(ok("")).await;
    client.response().await;
    let (_, time) = took(client.closed()).await;
    about(time, 75);
    assert_eq!(stage.records.all().len(), 1);
}

/// I72: a body that stalls.
#[tokio::test(start_paused = true)]
async fn a_body_that_stalls_is_given_up() {
    let mut stage = patient(|timeouts| timeouts.body = Duration::from_secs(20));
    let (mut client, mut origin) = stage.pass("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf").await;
    let (response, time) = took(client.response()).await;
    about(time, 20);
    assert_eq!(response.status, 408);
    assert!(response.lists("Connection", "close"));
    let mut head = origin.head().await.unwrap();
    assert!(origin.content(&mut head, None).await.is_err());
    assert_eq!(stage.records.only().error, Some("body-timeout"));
}

/// 12-047: a body that drips below the least rate.
#[tokio::test(start_paused = true)]
async fn a_body_that_drips_is_given_up() {
    let mut stage = patient(|timeouts| timeouts.body = Duration::from_secs(20));
    let (mut client, _origin) = stage.pass("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n").await;
    let (sent, time) = took(client.send_slowly(&[b'x'; 1000], Duration::from_secs(1))).await;
    assert!(sent < 40 && time < Duration::from_secs(40), "{sent} octets in {time:?}");
    assert_eq!(client.response().await.status, 408);
}

/// 12-047: nor does the chunked coding hide it.
#[tokio::test(start_paused = true)]
async fn a_body_of_unknown_length_that_drips_is_given_up() {
    let mut stage = patient(|timeouts| timeouts.body = Duration::from_secs(20));
    let (mut client, mut origin) = stage.pass("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    let (sent, time) = took(client.send_slowly(&b"1\r\nx\r\n".repeat(200), Duration::from_secs(1))).await;
    assert!(sent < 40 && time < Duration::from_secs(40), "{sent} octets in {time:?}");
    assert_eq!(client.response().await.status, 408);
    let mut head = origin.head().await.unwrap();
    assert!(origin.content(&mut head, None).await.is_err());
}

/// An upload that trickles on purpose is let through where no rate is asked for: octets come within the wait, that is all.
#[tokio::test(start_paused = true)]
async fn without_a_least_rate_a_body_may_drip() {
    let mut stage = patient(|timeouts| timeouts.body_min_rate = None);
    let (mut client, mut origin) = stage.pass("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    for _ in 0..50 {
        pass(Duration::from_secs(50)).await;
        client.send("1\r\nx\r\n").await;
    }
    client.send("0\r\n\r\n").await;
    assert_eq!(origin.request().await.body.len(), 50);
    origin.send(ok("")).await;
    assert_eq!(client.response().await.status, 200);
}

/// An honest slow client is not given up.
#[tokio::test(start_paused = true)]
async fn a_body_at_an_honest_rate_is_read_to_its_end() {
    let mut stage = patient(|timeouts| timeouts.body = Duration::from_secs(20));
    let (mut client, mut origin) = stage.pass("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n").await;
    for _ in 0..60 {
        client.send(vec![b'x'; 1000]).await;
        pass(Duration::from_secs(5)).await;
    }
    assert_eq!(origin.request().await.body.len(), 60_000);
    origin.send(ok("")).await;
    assert_eq!(client.response().await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_body_of_unknown_length_at_an_honest_rate_is_read_to_its_end() {
    let mut stage = patient(|timeouts| timeouts.body = Duration::from_secs(20));
    let (mut client, mut origin) = stage.pass("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    for _ in 0..60 {
        client.send(simplon_testkit::message::chunk(&[b'x'; 1000])).await;
        pass(Duration::from_secs(5)).await;
    }
    client.send("0\r\n\r\n").await;
    assert_eq!(origin.request().await.body.len(), 60_000);
    origin.send(ok("")).await;
    assert_eq!(client.response().await.status, 200);
}

/// I72: a client that does not take the response.
#[tokio::test(start_paused = true)]
async fn a_client_that_does_not_read_is_given_up() {
    let mut stage = patient(|timeouts| timeouts.write = Duration::from_secs(20));
    let (_client, mut origin) = stage.pass(get("/")).await;
    origin.request().await;
    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n").await;
    let flood = async { while origin.try_send(vec![0; 16 << 10]).await.is_ok() {} };
    let ((), time) = took(flood).await;
    about(time, 20);
    settle().await;
    assert_eq!(stage.records.only().error, Some("write-timeout"));
}

/// G63: an origin that says nothing is 504.
#[tokio::test(start_paused = true)]
async fn an_origin_that_stalls_is_504() {
    let mut stage = with_peer(|timeouts| timeouts.read = Duration::from_secs(7));
    let (mut client, mut origin) = stage.pass(get("/")).await;
    origin.request().await;
    let (response, time) = took(client.response()).await;
    about(time, 7);
    assert_eq!(response.status, 504);
    origin.closed().await;
    client.send(get("/2")).await;
    stage.origin.accept().await.request().await;
}

/// G63: within a head too.
#[tokio::test(start_paused = true)]
async fn an_origin_that_stalls_within_its_head_is_504() {
    let mut stage = with_peer(|timeouts| timeouts.read = Duration::from_secs(7));
    let (mut client, mut origin) = stage.pass(get("/")).await;
    origin.request().await;
    origin.send("HTTP/1.1 200 O").await;
    let (response, time) = took(client.response()).await;
    about(time, 7);
    assert_eq!(response.status, 504);
}

/// 12-078: after the head has passed, the cut is all that is left.
#[tokio::test(start_paused = true)]
async fn an_origin_that_stalls_within_its_content_cuts_the_response() {
    let mut stage = with_peer(|timeouts| timeouts.read = Duration::from_secs(7));
    let (mut client, mut origin) = stage.pass(get("/")).await;
    origin.request().await;
    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await;
    let (outcome, time) = took(client.try_response()).await;
    about(time, 7);
    assert!(matches!(outcome, Err(Cut::Truncated | Cut::Reset)), "{outcome:?}");
    assert_eq!(stage.records.only().end, End::Cut);
}

/// C34: a long, slow response does not hit the timers of idle connections.
#[tokio::test(start_paused = true)]
async fn a_response_that_drips_is_delivered() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass(get("/events")).await;
    origin.request().await;
    origin.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    assert_eq!(client.head().await.unwrap().status, 200);
    for _ in 0..60 {
        pass(Duration::from_secs(50)).await;
        origin.send("3\r\ntic\r\n").await;
        let (chunk, time) = took(client.exactly(8)).await;
        assert_eq!(chunk.unwrap(), b"3\r\ntic\r\n");
        // C32: an event is passed on at once.
        assert_eq!(time, Duration::ZERO);
    }
}

/// An origin that does not take the upload.
#[tokio::test(start_paused = true)]
async fn an_origin_that_does_not_read_is_504() {
    let mut stage = with_peer(|timeouts| timeouts.write = Duration::from_secs(7));
    let (mut client, _origin) = stage.pass("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n").await;
    for _ in 0..60 {
        // The last of these are read and dropped, so that the client can read its answer.
        let _ = client.try_send(vec![0; 16 << 10]).await;
    }
    assert_eq!(client.response().await.status, 504);
    assert_eq!(stage.records.only().error, Some("write-timeout"));
}

/// The wait for an answer begins when the request has ended, not before.
#[tokio::test(start_paused = true)]
async fn a_slow_upload_does_not_use_up_the_wait_for_the_answer() {
    let mut stage = with_peer(|timeouts| timeouts.read = Duration::from_secs(7));
    let (mut client, mut origin) = stage.pass("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n").await;
    for _ in 0..40 {
        pass(Duration::from_secs(5)).await;
        client.send(vec![b'x'; 1000]).await;
    }
    assert_eq!(origin.request().await.body.len(), 40_000);
    pass(Duration::from_secs(6)).await;
    origin.send(ok("done")).await;
    assert_eq!(client.response().await.text(), "done");
}

/// I74: infinite means infinite.
#[tokio::test(start_paused = true)]
async fn a_wait_without_end_has_none() {
    let mut stage = patient(|timeouts| {
        timeouts.first_octet = Duration::MAX;
        timeouts.keep_alive = Duration::MAX;
        timeouts.head = Duration::MAX;
    });
    let mut client = stage.rig.client();
    client.quiet(Duration::from_secs(5 * 3600)).await;
    client.send("GET / HTTP/1.1\r\n").await;
    client.quiet(Duration::from_secs(5 * 3600)).await;
    client.send("Host: a\r\n\r\n").await;
    client.asked("GET");
    let mut origin = stage.origin.accept().await;
    origin.request().await;
    origin.send(ok("")).await;
    client.response().await;
    client.quiet(Duration::from_secs(5 * 3600)).await;
}

/// A refused request whose sender goes on sending is closed in the end.
#[tokio::test(start_paused = true)]
async fn a_lingering_close_ends() {
    let stage = stage::plain();
    let mut client = stage.rig.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").await;
    assert_eq!(client.response().await.status, 400);
    let ((), time) = took(async {
        while client.try_send(post("/more").body("x")).await.is_ok() {
            pass(Duration::from_millis(100)).await
        }
    })
    .await;
    assert!(time < Duration::from_secs(4), "{time:?}");
}

/// I73: the wait of a head begins with its first octet, whatever was waited for before.
#[tokio::test(start_paused = true)]
async fn the_wait_of_a_head_begins_with_its_first_octet() {
    for idle in [0, 1, 14] {
        let mut stage = stage::plain();
        let mut client = stage.rig.client();
        pass(Duration::from_secs(idle)).await;
        client.send("GET / HTTP/1.1\r\nHo").await;
        let (response, time) = took(client.response()).await;
        about(time, 15);
        assert_eq!(response.status, 408);
        let (mut client, mut origin) = stage.pass(get("/1")).await;
        origin.request().await;
        origin.send(ok("")).await;
        client.response().await;
        pass(Duration::from_secs(idle * 2 + 20)).await;
        client.send("GET /2 HTTP/1.1\r\nHo").await;
        pass(Duration::from_secs(10)).await;
        client.send("st: a\r\n\r\n").await;
        assert_eq!(origin.request().await.path(), "/2", "after {idle}");
        origin.send(ok("two")).await;
        client.asked("GET");
        assert_eq!(client.response().await.text(), "two");
    }
}
