//! Every wait is bounded, by the clock that the test turns. I71 to I74, G63, 12-041, 12-078

use std::sync::Arc;
use std::time::Duration;

use simplon_core::Result;
use simplon_core::connect::{Peer, PeerTimeouts};
use simplon_core::http::{HttpConfig, OriginsConfig, Serve, Timeouts};
use simplon_core::net::ConnInfo;
use simplon_proxy::observe::End;
use simplon_proxy::{App, Request, Route, Target, To};
use simplon_testkit::matrix::Cell;
use simplon_testkit::time::{pass, took};
use simplon_testkit::{Cut, Network, PipeConfig, get, matrix, ok, post, status};

use crate::stage::{self, Stage};

fn patient(change: impl FnOnce(&mut Timeouts)) -> Stage<impl Serve> {
    let mut timeouts = Timeouts::default();
    change(&mut timeouts);
    let mut config = HttpConfig::default();
    config.timeouts = Arc::new(timeouts);
    stage::on(Network::new(), config, OriginsConfig::default(), |origin| App::new(To(origin)).retry(()))
}

/// The same octet by octet.
fn with_peer(change: impl FnOnce(&mut PeerTimeouts)) -> Stage<impl Serve> {
    let mut timeouts = PeerTimeouts::default();
    change(&mut timeouts);
    stage::with(move |origin| App::new(To(origin.to_builder().timeouts(timeouts).build().unwrap())).retry(()))
}

/// Other waits for clients.
fn for_clients(cell: &Cell, change: fn(&mut Timeouts)) -> matrix::Stage<impl Serve + use<>> {
    let mut timeouts = Timeouts::default();
    change(&mut timeouts);
    let mut config = HttpConfig::default();
    config.timeouts = Arc::new(timeouts);
    cell.http(config).with(|origin| App::new(To(origin)).retry(()))
}

/// Other waits for origins.
fn for_origins(cell: &Cell, change: fn(&mut PeerTimeouts)) -> matrix::Stage<impl Serve + use<>> {
    let mut timeouts = PeerTimeouts::default();
    change(&mut timeouts);
    cell.with(move |origin| App::new(To(origin.to_builder().timeouts(timeouts).build().unwrap())).retry(()))
}

/// To one origin, with waits of its own for one path.
struct Patiently(Peer);

impl Route for Patiently {
    type Ctx = ();

    fn begin(&self, _from: &ConnInfo) {}

    async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
        if request.target.path() == b"/patient" {
            request.read_within(Duration::from_secs(1500));
            request.min_rate(None);
            request.keep_alive(Duration::from_secs(300));
        }
        Ok(Target::Forward(self.0.clone()))
    }
}

/// A client that takes so many octets of an endless response and then pauses, over pipes that hold little: when it is given up, if it is before
/// it has read a hundred times and some, and how much it got.
async fn reads(cell: &Cell, octets: usize, pause: Duration) -> (Option<Duration>, usize) {
    let narrow = PipeConfig { capacity: 4 << 10, ..PipeConfig::default() };
    let mut stage = cell.pipes(narrow).plain();
    let (mut client, mut asked) = stage.pass(get("/")).await;
    asked.begin(status(200).field("Content-Length", "100000000")).await;
    client.head().await;
    let flood = tokio::spawn(took(async move { while asked.data(&[0; 16 << 10]).await.is_ok() {} }));
    let mut got = 0;
    for _ in 0..200 {
        pass(pause).await;
        match client.read(octets).await {
            Ok(piece) => got += piece.len(),
            Err(_) => break,
        }
    }
    (if flood.is_finished() { Some(flood.await.unwrap().1) } else { None }, got)
}

fn about(time: Duration, seconds: u64) {
    // Coarse timers fire a little late, never early.
    let (low, high) = (Duration::from_secs(seconds), Duration::from_secs(seconds) + Duration::from_millis(1500));
    assert!((low..high).contains(&time), "{time:?} instead of {seconds} s");
}

matrix! {
    /// I72
    async fn a_connection_between_requests_is_closed_after_a_while(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut asked) = stage.pass(get("/")).await;
        asked.respond(ok("")).await;
        client.response().await;
        let (_, time) = took(client.closed()).await;
        about(time, 75);
        assert_eq!(stage.records.all().len(), 1);
    }

    /// I72: a body that stalls.
    async fn a_body_that_stalls_is_given_up(cell: Cell) {
        let mut stage = for_clients(&cell, |timeouts| timeouts.body = Duration::from_secs(20));
        let (mut client, mut asked) = stage.begin(post("/").field("Content-Length", "10")).await;
        client.data(b"half").await.unwrap();
        let (response, time) = took(client.response()).await;
        about(time, 20);
        assert_eq!(response.status, 408);
        client.stopped().await;
        assert!(asked.content().await.is_err());
        assert_eq!(stage.record().await.error, Some("body-timeout"));
    }

    /// 12-047: a body that drips below the least rate, whether it says how long it is or not.
    async fn a_body_that_drips_is_given_up(cell: Cell) {
        for request in [post("/").field("Content-Length", "100000"), post("/")] {
            let mut stage = for_clients(&cell, |timeouts| timeouts.body = Duration::from_secs(20));
            let (mut client, mut asked) = stage.begin(request).await;
            let drips = async {
                loop {
                    client.data(b"x").await.unwrap();
                    if let Ok(head) = tokio::time::timeout(Duration::from_secs(1), client.head()).await {
                        return head;
                    }
                }
            };
            let (head, time) = took(drips).await;
            assert_eq!(head.status, 408);
            assert!((Duration::from_secs(20)..Duration::from_secs(24)).contains(&time), "{time:?}");
            assert!(asked.content().await.is_err());
        }
    }

    /// It may also go on after the answer has begun: what is owed is owed.
    async fn a_body_that_drips_after_its_answer_has_begun_is_given_up(cell: Cell) {
        let mut stage = for_clients(&cell, |timeouts| timeouts.body = Duration::from_secs(20));
        let (mut client, mut asked) = stage.begin(post("/")).await;
        asked.begin(status(200)).await;
        client.head().await;
        let drips = async {
            while client.data(b"x").await.is_ok() {
                if tokio::time::timeout(Duration::from_secs(1), client.read(1)).await.is_ok() {
                    break;
                }
            }
        };
        let ((), time) = took(drips).await;
        assert!((Duration::from_secs(20)..Duration::from_secs(24)).contains(&time), "{time:?}");
        assert_eq!(stage.record().await.error, Some("body-timeout"));
    }

    /// A client that takes the response by drips, below the least rate.
    async fn a_client_that_reads_by_drips_is_given_up(cell: Cell) {
        let (time, octets) = reads(&cell, 32, Duration::from_secs(5)).await;
        let time = time.unwrap_or_else(|| panic!("it got {octets} octets, and could go on"));
        assert!(time >= Duration::from_secs(60), "{time:?}");
    }

    /// One that reads slowly and steadily gets all of it.
    async fn a_client_that_reads_slowly_is_served(cell: Cell) {
        let (time, octets) = reads(&cell, 2000, Duration::from_secs(5)).await;
        assert!(time.is_none(), "given up after {time:?} and {octets} octets");
    }

    /// One exchange waits longer than all others, because its route says so: for a silent origin, and then for a silent client.
    async fn a_stream_is_silent_for_as_long_as_its_route_says(cell: Cell) {
        let mut stage = cell.with(|origin| App::new(Patiently(origin)).retry(()));
        let long = Duration::from_secs(600);
        let (mut client, mut asked) = stage.begin(post("/patient")).await;
        asked.begin(status(200)).await;
        client.head().await;
        for _ in 0..3 {
            pass(long).await;
            client.data(b"up").await.unwrap();
            assert_eq!(asked.read(2).await.unwrap(), b"up");
            pass(long).await;
            if let Err(error) = asked.data(b"down").await {
                panic!("{error}: {:?}", stage.records.all());
            }
            assert_eq!(client.read(4).await.unwrap(), b"down");
        }
        client.end().await;
        asked.end().await;
        assert_eq!(stage.record().await.end, End::Complete);
        // The next one on the same connections has the waits of all.
        let mut client = stage.client().await;
        client.send(get("/impatient")).await;
        let _asked = stage.request().await;
        let (response, time) = took(client.response()).await;
        about(time, 60);
        assert_eq!(response.status, 504);
    }

    /// A connection rests for as long as its last exchange said.
    async fn a_connection_rests_for_as_long_as_its_route_says(cell: Cell) {
        let mut stage = cell.with(|origin| App::new(Patiently(origin)).retry(()));
        let (mut client, mut asked) = stage.pass(get("/patient")).await;
        asked.respond(ok("")).await;
        client.response().await;
        pass(Duration::from_secs(200)).await;
        client.send(get("/impatient")).await;
        stage.request().await.respond(ok("")).await;
        client.response().await;
        let (_, time) = took(client.closed()).await;
        about(time, 75);
    }

    /// An upload that trickles on purpose is let through where no rate is asked for: octets come within the wait, that is all.
    async fn without_a_least_rate_a_body_may_drip(cell: Cell) {
        let mut stage = for_clients(&cell, |timeouts| timeouts.body_min_rate = None);
        let (mut client, mut asked) = stage.begin(post("/")).await;
        for _ in 0..50 {
            pass(Duration::from_secs(50)).await;
            client.data(b"x").await.unwrap();
        }
        client.end().await;
        asked.content().await.unwrap();
        assert_eq!(asked.body.len(), 50);
        asked.respond(ok("")).await;
        assert_eq!(client.response().await.status, 200);
    }

    /// An honest slow client is not given up, whether or not it says how much it will send.
    async fn a_body_at_an_honest_rate_is_read_to_its_end(cell: Cell) {
        for asked in [post("/").field("Content-Length", "60000"), post("/")] {
            let mut stage = for_clients(&cell, |timeouts| timeouts.body = Duration::from_secs(20));
            let (mut client, mut origin) = stage.begin(asked).await;
            for _ in 0..60 {
                client.data(&[b'x'; 1000]).await.unwrap();
                pass(Duration::from_secs(5)).await;
            }
            client.end().await;
            origin.content().await.unwrap();
            assert_eq!(origin.body.len(), 60_000);
            origin.respond(ok("")).await;
            assert_eq!(client.response().await.status, 200);
        }
    }

    /// I72: a client that does not take the response.
    async fn a_client_that_does_not_read_is_given_up(cell: Cell) {
        let mut stage = for_clients(&cell, |timeouts| timeouts.write = Duration::from_secs(20));
        let (_client, mut asked) = stage.pass(get("/")).await;
        asked.begin(status(200).field("Content-Length", "100000000")).await;
        let flood = async { while asked.data(&[0; 16 << 10]).await.is_ok() {} };
        let ((), time) = took(flood).await;
        about(time, 20);
        assert_eq!(stage.record().await.error, Some("write-timeout"));
    }

    /// G63: an origin that says nothing is 504.
    async fn an_origin_that_stalls_is_504(cell: Cell) {
        let mut stage = for_origins(&cell, |timeouts| timeouts.read = Duration::from_secs(7));
        let (mut client, mut asked) = stage.pass(get("/")).await;
        let (response, time) = took(client.response()).await;
        about(time, 7);
        assert_eq!(response.status, 504);
        asked.cancelled().await;
        client.send(get("/2")).await;
        stage.request().await;
    }

    /// 12-078: after the head has passed, the cut is all that is left.
    async fn an_origin_that_stalls_within_its_content_cuts_the_response(cell: Cell) {
        let mut stage = for_origins(&cell, |timeouts| timeouts.read = Duration::from_secs(7));
        let (mut client, mut asked) = stage.pass(get("/")).await;
        asked.begin(status(200).field("Content-Length", "10")).await;
        asked.data(b"half").await.unwrap();
        let (outcome, time) = took(client.try_response()).await;
        about(time, 7);
        assert!(matches!(outcome, Err(Cut::Truncated | Cut::Reset)), "{outcome:?}");
        assert_eq!(stage.record().await.end, End::Cut);
    }

    /// C34: a long, slow response does not hit the timers of idle connections.
    async fn a_response_that_drips_is_delivered(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut asked) = stage.pass(get("/events")).await;
        asked.begin(status(200)).await;
        assert_eq!(client.head().await.status, 200);
        for _ in 0..60 {
            pass(Duration::from_secs(50)).await;
            asked.data(b"tic").await.unwrap();
            let (event, time) = took(client.read(3)).await;
            assert_eq!(event.unwrap(), b"tic");
            // C32: an event is passed on at once.
            assert_eq!(time, Duration::ZERO);
        }
    }

    /// An origin that does not take the upload.
    async fn an_origin_that_does_not_read_is_504(cell: Cell) {
        let mut stage = for_origins(&cell, |timeouts| timeouts.write = Duration::from_secs(7));
        let (mut client, _asked) = stage.begin(post("/").field("Content-Length", "100000000")).await;
        let pause = Duration::from_secs(1);
        while tokio::time::timeout(pause, client.data(&[0; 16 << 10])).await.is_ok() {}
        let (response, time) = took(client.response()).await;
        about(time + pause, 7);
        assert_eq!(response.status, 504);
        assert_eq!(stage.record().await.error, Some("write-timeout"));
    }

    /// The wait for an answer begins when the request has ended, not before.
    async fn a_slow_upload_does_not_use_up_the_wait_for_the_answer(cell: Cell) {
        let mut stage = for_origins(&cell, |timeouts| timeouts.read = Duration::from_secs(7));
        let (mut client, mut asked) = stage.begin(post("/").field("Content-Length", "40000")).await;
        for _ in 0..40 {
            pass(Duration::from_secs(5)).await;
            client.data(&[b'x'; 1000]).await.unwrap();
        }
        client.end().await;
        asked.content().await.unwrap();
        assert_eq!(asked.body.len(), 40_000);
        pass(Duration::from_secs(6)).await;
        asked.respond(ok("done")).await;
        assert_eq!(client.response().await.text(), "done");
    }
}

/// I72: a client of HTTP/2 has said that it is one, and is at rest from then on.
#[tokio::test(start_paused = true)]
async fn a_connection_on_which_nothing_comes_is_closed() {
    let stage = stage::plain();
    let mut client = stage.rig.client();
    let (_, time) = took(client.closed()).await;
    about(time, 30);
    assert!(stage.records.all().is_empty());
}

/// 12-047: nor does the chunked coding hide it.
#[tokio::test(start_paused = true)]
async fn a_body_of_unknown_length_that_drips_is_given_up() {
    let mut timeouts = Timeouts::default();
    timeouts.body = Duration::from_secs(20);
    let mut config = HttpConfig::default();
    config.timeouts = Arc::new(timeouts);
    let mut stage = stage::on(Network::new(), config, OriginsConfig::default(), |origin| App::new(To(origin)));
    let (mut client, mut origin) = stage.pass("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    let (sent, time) = took(client.send_slowly(&b"1\r\nx\r\n".repeat(200), Duration::from_secs(1))).await;
    assert!(sent < 40 && time < Duration::from_secs(40), "{sent} octets in {time:?}");
    assert_eq!(client.response().await.status, 408);
    let mut head = origin.head().await.unwrap();
    assert!(origin.content(&mut head, None).await.is_err());
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
