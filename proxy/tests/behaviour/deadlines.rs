//! The time of a whole exchange, whatever it waits for. G64

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use simplon_core::connect::{Peer, PeerTimeouts};
use simplon_core::error::Origin as Side;
use simplon_core::http::{HttpConfig, OriginsConfig, Serve, Timeouts};
use simplon_core::net::ConnInfo;
use simplon_core::{Kind, Result};
use simplon_proto_http::transfer::Wait;
use simplon_proto_http::{RequestHead, ResponseHead};
use simplon_proxy::observe::{End, ObserveFn};
use simplon_proxy::{
    Again, App, Attempt, Chunk, Chunks, ConnectPolicy, Event, Filter, Observe, PlainErrors, Request, Response,
    ResponseView, Retry, Route, Target, To, Verdict, answer,
};
use simplon_testkit::time::{PATIENCE, pass, settle, took};
use simplon_testkit::{Cut, Network, get, ok, status};

use crate::stage::{self, Stage};

const LIMIT: Duration = Duration::from_secs(10);

/// An origin that would be waited for longer than any exchange may take.
fn patient(origin: &Peer) -> Peer {
    let mut timeouts = PeerTimeouts::default();
    (timeouts.connect, timeouts.read, timeouts.write) = (PATIENCE, PATIENCE, PATIENCE);
    origin.to_builder().timeouts(timeouts).build()
}

fn limited() -> Stage<impl Serve> {
    with_clients(|origin| App::new(To(patient(&origin))).exchange_within(LIMIT))
}

/// The same for clients.
fn with_clients<R, F, Y, O>(make: impl FnOnce(Peer) -> App<R, F, Y, PlainErrors, O>) -> Stage<impl Serve>
where
    R: Route,
    F: Filter<R::Ctx>,
    Y: Retry<R::Ctx>,
    O: Observe<R::Ctx>,
{
    let mut timeouts = Timeouts::default();
    (timeouts.head, timeouts.body, timeouts.write) = (PATIENCE, PATIENCE, PATIENCE);
    let mut config = HttpConfig::default();
    config.timeouts = Arc::new(timeouts);
    stage::on(Network::new(), config, OriginsConfig::default(), make)
}

fn about(time: Duration, limit: Duration) {
    // Coarse timers fire a little late, never early.
    assert!((limit..limit + Duration::from_millis(1500)).contains(&time), "{time:?} instead of {limit:?}");
}

/// What is recorded of an exchange whose time was over.
fn recorded<S>(stage: &Stage<S>, end: End, status: u16) {
    let record = stage.records.only();
    assert_eq!((record.end, record.error), (end, Some("exchange-timeout")));
    assert_eq!(record.status.unwrap().as_u16(), status);
    assert!(record.took >= LIMIT, "{record:?}");
}

#[tokio::test(start_paused = true)]
async fn an_origin_that_does_not_answer_in_time_is_504_and_closed() {
    let mut stage = limited();
    let (mut client, mut origin) = stage.pass(get("/")).await;
    origin.request().await;
    let (response, time) = took(client.response()).await;
    about(time, LIMIT);
    assert_eq!(response.status, 504);
    origin.closed().await;
    recorded(&stage, End::Rescued, 504);
    assert_eq!(stage.records.events(), ["Connected", "AttemptFailed", "Done"]);
    // The client's connection goes on, with time of its own.
    client.send(get("/2")).await;
    let mut origin = stage.origin.accept().await;
    origin.request().await;
    pass(LIMIT / 2).await;
    origin.send(ok("in time")).await;
    assert_eq!(client.response().await.text(), "in time");
}

/// It is total: what drips does not get more by it.
#[tokio::test(start_paused = true)]
async fn a_response_that_drips_is_cut() {
    let mut stage = limited();
    let (mut client, mut origin) = stage.pass(get("/")).await;
    origin.request().await;
    origin.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    let drip = async {
        while origin.try_send("1\r\nx\r\n").await.is_ok() {
            pass(Duration::from_secs(1)).await
        }
    };
    let ((outcome, ()), time) = took(async { tokio::join!(client.try_response(), drip) }).await;
    about(time, LIMIT);
    assert!(matches!(outcome, Err(Cut::Truncated | Cut::Reset)), "{outcome:?}");
    recorded(&stage, End::Cut, 200);
}

#[tokio::test(start_paused = true)]
async fn a_response_that_the_client_does_not_take_is_cut() {
    let mut stage = limited();
    let (client, mut origin) = stage.pass(get("/")).await;
    origin.request().await;
    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n").await;
    let flood = async { while origin.try_send(vec![0; 16 << 10]).await.is_ok() {} };
    let ((), time) = took(flood).await;
    about(time, LIMIT);
    settle().await;
    recorded(&stage, End::Cut, 200);
    assert!(client.received().is_over());
}

/// Also when the origin has said all of it, and the last octets wait for the client.
#[tokio::test(start_paused = true)]
async fn the_last_octets_of_a_response_are_part_of_the_exchange() {
    let mut stage = limited();
    let (client, mut origin) = stage.pass(get("/")).await;
    origin.request().await;
    origin.send(ok("x".repeat(90_000))).await;
    settle().await;
    assert!(stage.records.all().is_empty());
    pass(LIMIT + Duration::from_secs(1)).await;
    recorded(&stage, End::Cut, 200);
    assert!(client.received().is_over());
}

/// A response that is made here is an answer like any other.
#[tokio::test(start_paused = true)]
async fn a_response_made_here_that_the_client_does_not_take_is_cut() {
    let stage = with_clients(|_| {
        App::new(answer(|_| Response::text(http::StatusCode::OK, "x".repeat(1 << 20)))).exchange_within(LIMIT)
    });
    let mut client = stage.rig.client();
    client.send(get("/")).await;
    pass(LIMIT + Duration::from_secs(1)).await;
    recorded(&stage, End::Cut, 200);
    assert!(client.received().is_over());
}

#[tokio::test(start_paused = true)]
async fn a_head_that_drips_is_408() {
    let mut stage = limited();
    let mut client = stage.rig.client();
    // Time in which nothing was asked does not count.
    pass(Duration::from_secs(20)).await;
    let (_, time) = took(client.send_slowly(&[b'x'; 30], Duration::from_secs(1))).await;
    about(time, LIMIT);
    let response = client.response().await;
    assert_eq!(response.status, 408);
    assert!(response.lists("Connection", "close"));
    stage.origin.nobody_came().await;
    recorded(&stage, End::Rescued, 408);
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_takes_too_long_is_408() {
    let mut stage = limited();
    let (mut client, mut origin) = stage.pass("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n").await;
    let (_, time) = took(client.send_slowly(&[b'x'; 100], Duration::from_secs(1))).await;
    about(time, LIMIT);
    assert_eq!(client.response().await.status, 408);
    let mut head = origin.head().await.unwrap();
    assert!(origin.content(&mut head, None).await.is_err());
    recorded(&stage, End::Rescued, 408);
}

/// The client is not to blame for an origin that does not take its request.
#[tokio::test(start_paused = true)]
async fn an_origin_that_does_not_read_is_504() {
    let mut stage = limited();
    let (mut client, _origin) = stage.pass("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n").await;
    let flood = async { while client.try_send(vec![0; 16 << 10]).await.is_ok() && !client.received().is_over() {} };
    flood.await;
    assert_eq!(client.response().await.status, 504);
    recorded(&stage, End::Rescued, 504);
}

#[tokio::test(start_paused = true)]
async fn connecting_ends_with_the_exchange() {
    let stage = limited();
    stage.origin.hang();
    let mut client = stage.rig.client();
    client.send(get("/")).await;
    let (response, time) = took(client.response()).await;
    about(time, LIMIT);
    assert_eq!(response.status, 504);
    recorded(&stage, End::Rescued, 504);
    assert_eq!(stage.origin.tries(), 1);
}

/// Whom observers are told of: it is by this that an origin is taken out of service.
#[tokio::test(start_paused = true)]
async fn a_failed_attempt_is_told_with_the_side_that_was_waited_for() {
    let told = Arc::new(std::sync::Mutex::new(Vec::new()));
    let keep = Arc::clone(&told);
    let observe = ObserveFn(move |event: &Event<'_>, (): &mut ()| {
        if let Event::AttemptFailed { error, .. } = event {
            assert_eq!(error.kind(), Kind::Timeout(Wait::Exchange));
            keep.lock().unwrap().push(error.origin());
        }
    });
    let mut stage = with_clients(move |origin| {
        App::new(To(patient(&origin))).exchange_within(LIMIT).observe(observe).filter(Hangs::at("/response"))
    });
    for (octets, side) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", Side::Upstream),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf", Side::Downstream),
        ("GET /response HTTP/1.1\r\nHost: a\r\n\r\n", Side::Internal),
    ] {
        let (mut client, mut origin) = stage.pass(octets).await;
        if side == Side::Internal {
            origin.request().await;
            origin.send(ok("")).await;
        }
        client.response().await;
        assert_eq!(told.lock().unwrap().pop(), Some(side), "{octets}");
    }
}

/// Waits for ever in the phase that the path of the request names.
struct Hangs(&'static str);

impl Hangs {
    fn at(phase: &'static str) -> Self {
        Self(phase)
    }

    async fn hang_if(&self, phase: &str) {
        if self.0 == phase {
            pending::<()>().await;
        }
    }
}

impl Filter<()> for Hangs {
    async fn request(&self, _request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
        self.hang_if("/request").await;
        Ok(Verdict::Continue)
    }

    async fn request_part(&self, chunk: Chunk, out: &mut Chunks, _cx: &mut ()) -> Result<()> {
        self.hang_if("/request_part").await;
        out.push(chunk);
        Ok(())
    }

    async fn upstream_request(&self, _head: &mut RequestHead, _attempt: &Attempt<'_>, _cx: &mut ()) -> Result<()> {
        self.hang_if("/upstream_request").await;
        Ok(())
    }

    async fn upstream_response(&self, _head: &mut ResponseHead, _attempt: &Attempt<'_>, _cx: &mut ()) -> Result<()> {
        self.hang_if("/upstream_response").await;
        Ok(())
    }

    async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut ()) -> Result<()> {
        if response.status == 200 {
            self.hang_if("/response").await;
        }
        Ok(())
    }

    async fn response_part(&self, chunk: Chunk, out: &mut Chunks, _cx: &mut ()) -> Result<()> {
        self.hang_if("/response_part").await;
        out.push(chunk);
        Ok(())
    }
}

/// A route that waits for ever.
struct Lost;

impl Route for Lost {
    type Ctx = ();

    fn begin(&self, _from: &ConnInfo) {}

    async fn route(&self, _request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
        pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_never_comes_back_is_ended() {
    for phase in ["/request", "/request_part", "/upstream_request", "/upstream_response", "/response", "/response_part"]
    {
        let mut stage = with_clients(|origin| {
            App::new(To(patient(&origin))).exchange_within(LIMIT).filter(Hangs::at(phase)).retry(())
        });
        let _origin = std::mem::replace(&mut stage.origin, Network::new().origin()).answer(|_| ok("content"));
        let mut client = stage.rig.client();
        client.send(simplon_testkit::post(phase).body("content")).await;
        let (outcome, time) = took(client.try_response()).await;
        about(time, LIMIT);
        let (end, status) = match phase {
            "/response_part" => (End::Cut, 200),
            _ => (End::Rescued, 504),
        };
        assert_eq!(outcome.ok().map(|response| response.status), (end == End::Rescued).then_some(504), "{phase}");
        recorded(&stage, end, status);
    }
}

#[tokio::test(start_paused = true)]
async fn a_route_that_never_comes_back_is_ended() {
    let mut stage = with_clients(|_| App::new(Lost).exchange_within(LIMIT));
    let mut client = stage.rig.client();
    client.send(get("/")).await;
    let (response, time) = took(client.response()).await;
    about(time, LIMIT);
    assert_eq!(response.status, 504);
    recorded(&stage, End::Rescued, 504);
    assert_eq!(stage.records.events(), ["Done"]);
    stage.origin.nobody_came().await;
}

/// Tries again for ever, after a pause.
struct Stubborn(Duration);

impl Retry<()> for Stubborn {
    fn again(&self, _attempt: &Attempt<'_>, _cx: &mut ()) -> Again {
        Again::After(self.0)
    }
}

/// A pause that would outlive the exchange is not begun: what failed is told at once.
#[tokio::test(start_paused = true)]
async fn a_pause_never_outlives_the_exchange() {
    let stage =
        stage::with(|origin| App::new(To(origin)).exchange_within(LIMIT).retry(Stubborn(Duration::from_secs(4))));
    stage.origin.refuse();
    let mut client = stage.rig.client();
    client.send(get("/")).await;
    let (response, time) = took(client.response()).await;
    assert_eq!(response.status, 502);
    about(time, Duration::from_secs(8));
    let record = stage.records.only();
    assert_eq!((record.attempts, record.error), (3, Some("refused")));
}

/// The same for an answer that would have been dropped for another attempt.
#[tokio::test(start_paused = true)]
async fn an_answer_is_kept_if_there_is_no_time_for_another() {
    let mut stage = stage::with(|origin| App::new(To(origin)).exchange_within(LIMIT).retry(Stubborn(LIMIT)));
    let (mut client, mut origin) = stage.pass(get("/")).await;
    origin.request().await;
    origin.send(status(503).body("busy")).await;
    let response = client.response().await;
    assert_eq!((response.status, response.text().as_str()), (503, "busy"));
}

/// Attempts share the time.
#[tokio::test(start_paused = true)]
async fn another_attempt_gets_what_is_left() {
    let mut stage = limited();
    let (mut client, mut first) = stage.pass(get("/")).await;
    first.request().await;
    pass(Duration::from_secs(6)).await;
    drop(first);
    let mut second = stage.origin.accept().await;
    second.request().await;
    let (response, time) = took(client.response()).await;
    about(time, Duration::from_secs(4));
    assert_eq!(response.status, 504);
    assert_eq!(stage.records.only().attempts, 2);
}

/// A tunnel lives by limits of its own.
#[tokio::test(start_paused = true)]
async fn a_tunnel_is_free_of_it_once_it_is_open() {
    struct Out(Peer);
    impl Route for Out {
        type Ctx = ();
        fn begin(&self, _from: &ConnInfo) {}
        async fn route(&self, _request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
            Ok(Target::Tunnel(self.0.clone()))
        }
    }
    let mut stage =
        stage::with(|origin| App::new(Out(origin)).connect(ConnectPolicy::to_ports([80])).exchange_within(LIMIT));
    let (mut client, mut origin) = stage.pass("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n").await;
    assert_eq!(client.response().await.status, 200);
    pass(10 * LIMIT).await;
    client.send("still here").await;
    assert_eq!(origin.exactly(10).await.unwrap(), b"still here");
    drop((client, origin));
    settle().await;
    assert_eq!(stage.records.only().end, End::Tunnel);
}

/// A tunnel that does not open does not outlive it.
#[tokio::test(start_paused = true)]
async fn a_tunnel_has_to_open_in_time() {
    let mut stage = limited();
    let (mut client, mut origin) =
        stage.pass("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n").await;
    origin.request().await;
    let (response, time) = took(client.response()).await;
    about(time, LIMIT);
    assert_eq!(response.status, 504);
}

/// Sets the time of one request from its field.
struct Told;

impl Filter<()> for Told {
    async fn request(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
        if let Some(seconds) = request.fields.text("X-Seconds").map(str::to_owned) {
            let limit = if seconds == "any" { Duration::MAX } else { Duration::from_secs(seconds.parse().unwrap()) };
            request.exchange_within(limit);
        }
        Ok(Verdict::Continue)
    }
}

#[tokio::test(start_paused = true)]
async fn a_filter_says_how_long_one_exchange_may_take() {
    let mut stage = with_clients(|origin| App::new(To(patient(&origin))).exchange_within(LIMIT).filter(Told));
    let mut client = stage.rig.client();
    for (told, seconds) in [("3", 3), ("", 10), ("30", 30), ("3", 3)] {
        let asked = if told.is_empty() { get("/") } else { get("/").field("X-Seconds", told) };
        client.send(asked).await;
        let (response, time) = took(client.response()).await;
        assert_eq!(response.status, 504);
        about(time, Duration::from_secs(seconds));
        drop(stage.origin.accept().await);
    }
    client.send(get("/").field("X-Seconds", "any")).await;
    let mut origin = stage.origin.accept().await;
    origin.request().await;
    pass(Duration::from_secs(3600)).await;
    origin.send(ok("at last")).await;
    assert_eq!(client.response().await.text(), "at last");
}

/// By default nothing ends a long answer that goes on.
#[tokio::test(start_paused = true)]
async fn by_default_an_exchange_may_take_for_ever() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass(get("/")).await;
    origin.request().await;
    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n").await;
    for _ in 0..500 {
        pass(Duration::from_secs(50)).await;
        origin.send("x").await;
    }
    assert_eq!(client.response().await.body.len(), 500);
}
