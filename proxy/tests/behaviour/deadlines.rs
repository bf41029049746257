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
    App, Attempt, Chunk, Chunks, Event, Filter, Request, Response, ResponseView, Route, Target, To, Verdict, answer,
};
use simplon_testkit::matrix::{Cell, Stage};
use simplon_testkit::time::{PATIENCE, pass, settle, took};
use simplon_testkit::{Cut, Network, get, matrix, ok, post, status};

use crate::stage;

mod shares;

const LIMIT: Duration = Duration::from_secs(10);

/// An origin that would be waited for longer than any exchange may take.
fn patient(origin: &Peer) -> Peer {
    let mut timeouts = PeerTimeouts::default();
    (timeouts.connect, timeouts.read, timeouts.write) = (PATIENCE, PATIENCE, PATIENCE);
    origin.to_builder().timeouts(timeouts).build().unwrap()
}

/// With clients that would be waited for longer than any exchange may take.
fn patient_with_clients(cell: &Cell) -> Cell {
    let mut timeouts = Timeouts::default();
    (timeouts.head, timeouts.body, timeouts.write) = (PATIENCE, PATIENCE, PATIENCE);
    let mut config = HttpConfig::default();
    config.timeouts = Arc::new(timeouts);
    cell.http(config)
}

fn limited(cell: &Cell) -> Stage<impl Serve + use<>> {
    patient_with_clients(cell).with(|origin| App::new(To(patient(&origin))).exchange_within(LIMIT))
}

fn about(time: Duration, limit: Duration) {
    // Coarse timers fire a little late, never early.
    assert!((limit..limit + Duration::from_millis(1500)).contains(&time), "{time:?} instead of {limit:?}");
}

/// What is recorded of an exchange whose time was over.
async fn recorded<S: Serve>(stage: &Stage<S>, end: End, status: u16) {
    let record = stage.record().await;
    assert_eq!((record.end, record.error), (end, Some("exchange-timeout")));
    assert_eq!(record.status.unwrap().as_u16(), status);
    assert!(record.took >= LIMIT, "{record:?}");
}

matrix! {
    async fn an_origin_that_does_not_answer_in_time_is_504_and_let_go(cell: Cell) {
        let mut stage = limited(&cell);
        let (mut client, mut asked) = stage.pass(get("/")).await;
        let (response, time) = took(client.response()).await;
        about(time, LIMIT);
        assert_eq!(response.status, 504);
        asked.cancelled().await;
        recorded(&stage, End::Rescued, 504).await;
        assert_eq!(stage.records.events(), ["Connected", "AttemptFailed", "Done"]);
        // The client's connection goes on, with time of its own.
        client.send(get("/2")).await;
        let mut asked = stage.request().await;
        pass(LIMIT / 2).await;
        asked.respond(ok("in time")).await;
        assert_eq!(client.response().await.text(), "in time");
    }

    /// It is total: what drips does not get more by it.
    async fn a_response_that_drips_is_cut(cell: Cell) {
        let mut stage = limited(&cell);
        let (mut client, mut asked) = stage.pass(get("/")).await;
        asked.begin(status(200)).await;
        let drip = async {
            while asked.data(b"x").await.is_ok() {
                pass(Duration::from_secs(1)).await;
            }
        };
        let cut = took(client.try_response());
        let ((outcome, time), ()) = tokio::join!(cut, drip);
        about(time, LIMIT);
        assert!(matches!(outcome, Err(Cut::Truncated | Cut::Reset)), "{outcome:?}");
        recorded(&stage, End::Cut, 200).await;
    }

    async fn a_response_that_the_client_does_not_take_is_cut(cell: Cell) {
        let mut stage = limited(&cell);
        let (_client, mut asked) = stage.pass(get("/")).await;
        asked.begin(status(200).field("Content-Length", "100000000")).await;
        let flood = async { while asked.data(&[0; 16 << 10]).await.is_ok() {} };
        let ((), time) = took(flood).await;
        about(time, LIMIT);
        recorded(&stage, End::Cut, 200).await;
    }

    /// Also when the origin has said all of it, and the last octets wait for the client.
    async fn the_last_octets_of_a_response_are_part_of_the_exchange(cell: Cell) {
        let mut stage = limited(&cell);
        let (_client, mut asked) = stage.pass(get("/")).await;
        asked.respond(ok("x".repeat(90_000))).await;
        settle().await;
        assert!(stage.records.all().is_empty());
        pass(LIMIT + Duration::from_secs(1)).await;
        recorded(&stage, End::Cut, 200).await;
    }

    /// A response that is made here is an answer like any other.
    async fn a_response_made_here_that_the_client_does_not_take_is_cut(cell: Cell) {
        let stage = patient_with_clients(&cell).with(|_| {
            App::new(answer(|_| Response::text(http::StatusCode::OK, "x".repeat(1 << 20)))).exchange_within(LIMIT)
        });
        let mut client = stage.client().await;
        client.send(get("/")).await;
        pass(LIMIT + Duration::from_secs(1)).await;
        recorded(&stage, End::Cut, 200).await;
    }

    async fn an_upload_that_takes_too_long_is_408(cell: Cell) {
        let mut stage = limited(&cell);
        let (mut client, mut asked) = stage.begin(post("/").field("Content-Length", "100000")).await;
        for _ in 1..LIMIT.as_secs() {
            client.data(b"x").await.unwrap();
            pass(Duration::from_secs(1)).await;
        }
        let (response, time) = took(client.response()).await;
        about(time, Duration::from_secs(1));
        assert_eq!(response.status, 408);
        client.stopped().await;
        assert!(asked.content().await.is_err());
        recorded(&stage, End::Rescued, 408).await;
    }

    /// The client is not to blame for an origin that does not take its request.
    async fn an_origin_that_does_not_read_is_504(cell: Cell) {
        let mut stage = limited(&cell);
        let (mut client, _asked) = stage.begin(post("/").field("Content-Length", "100000000")).await;
        let pause = Duration::from_secs(1);
        while tokio::time::timeout(pause, client.data(&[0; 16 << 10])).await.is_ok() {}
        let (response, time) = took(client.response()).await;
        about(time + pause, LIMIT);
        assert_eq!(response.status, 504);
        recorded(&stage, End::Rescued, 504).await;
    }

    async fn connecting_ends_with_the_exchange(cell: Cell) {
        let stage = limited(&cell);
        stage.up().hang();
        let mut client = stage.client().await;
        client.send(get("/")).await;
        let (response, time) = took(client.response()).await;
        about(time, LIMIT);
        assert_eq!(response.status, 504);
        recorded(&stage, End::Rescued, 504).await;
        assert_eq!(stage.up().tries(), 1);
    }

    /// Whom observers are told of: it is by this that an origin is taken out of service.
    async fn a_failed_attempt_is_told_with_the_side_that_was_waited_for(cell: Cell) {
        for side in [Side::Upstream, Side::Downstream, Side::Internal] {
            let told = Arc::new(std::sync::Mutex::new(Vec::new()));
            let keep = Arc::clone(&told);
            let observe = ObserveFn(move |event: &Event<'_>, (): &mut ()| {
                if let Event::AttemptFailed { error, .. } = event {
                    assert_eq!(error.kind(), Kind::Timeout(Wait::Exchange));
                    keep.lock().unwrap().push(error.origin());
                }
            });
            let mut stage = patient_with_clients(&cell).with(move |origin| {
                App::new(To(patient(&origin))).exchange_within(LIMIT).observe(observe).filter(Hangs("/response"))
            });
            let (mut client, mut asked) = match side {
                Side::Upstream => stage.pass(get("/")).await,
                Side::Downstream => stage.begin(post("/").field("Content-Length", "9")).await,
                _ => stage.pass(get("/response")).await,
            };
            match side {
                Side::Upstream => {}
                Side::Downstream => client.data(b"half").await.unwrap(),
                _ => asked.respond(ok("")).await,
            }
            let (_, time) = took(client.response()).await;
            about(time, LIMIT);
            assert_eq!(*told.lock().unwrap(), [side]);
        }
    }
}

/// As [`limited`], octet by octet.
fn octets() -> stage::Stage<impl Serve> {
    let mut timeouts = Timeouts::default();
    timeouts.head = PATIENCE;
    let mut config = HttpConfig::default();
    config.timeouts = Arc::new(timeouts);
    stage::on(Network::new(), config, OriginsConfig::default(), |origin| App::new(To(origin)).exchange_within(LIMIT))
}

/// The same for a head, which a version before HTTP/2 may take its time with.
#[tokio::test(start_paused = true)]
async fn a_head_that_drips_is_408() {
    let mut stage = octets();
    let mut client = stage.rig.client();
    // Time in which nothing was asked does not count.
    pass(Duration::from_secs(20)).await;
    let (_, time) = took(client.send_slowly(&[b'x'; 30], Duration::from_secs(1))).await;
    about(time, LIMIT);
    let response = client.response().await;
    assert_eq!(response.status, 408);
    assert!(response.lists("Connection", "close"));
    stage.origin.nobody_came().await;
    let record = stage.records.only();
    assert_eq!(
        (record.end, record.error, record.status.unwrap().as_u16()),
        (End::Rescued, Some("exchange-timeout"), 408)
    );
}

/// Waits for ever in the phase that the path of the request names.
struct Hangs(&'static str);

impl Hangs {
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

matrix! {
    async fn a_filter_that_never_comes_back_is_ended(cell: Cell) {
        for phase in
            ["/request", "/request_part", "/upstream_request", "/upstream_response", "/response", "/response_part"]
        {
            let mut stage = patient_with_clients(&cell)
                .with(|origin| App::new(To(patient(&origin))).exchange_within(LIMIT).filter(Hangs(phase)).retry(()));
            stage.origins.remove(0).answer(|_| ok("content"));
            let mut client = stage.client().await;
            client.send(post(phase).body("content")).await;
            let (outcome, time) = took(client.try_response()).await;
            about(time, LIMIT);
            let (end, status) = match phase {
                "/response_part" => (End::Cut, 200),
                _ => (End::Rescued, 504),
            };
            assert_eq!(outcome.ok().map(|response| response.status), (end == End::Rescued).then_some(504), "{phase}");
            recorded(&stage, end, status).await;
        }
    }

    async fn a_route_that_never_comes_back_is_ended(cell: Cell) {
        let mut stage = patient_with_clients(&cell).with(|_| App::new(Lost).exchange_within(LIMIT));
        let mut client = stage.client().await;
        client.send(get("/")).await;
        let (response, time) = took(client.response()).await;
        about(time, LIMIT);
        assert_eq!(response.status, 504);
        recorded(&stage, End::Rescued, 504).await;
        assert_eq!(stage.records.events(), ["Done"]);
        stage.nobody_else_came().await;
    }
}
