//! What shares the time of an exchange, what is free of it, and who says how much it is.

use std::time::Duration;

use simplon_core::Result;
use simplon_core::connect::Peer;
use simplon_core::net::ConnInfo;
use simplon_proxy::observe::End;
use simplon_proxy::{Again, App, Attempt, ConnectPolicy, Filter, Request, Retry, Route, Target, To, Verdict};
use simplon_testkit::time::{pass, settle, took};
use simplon_testkit::{get, matrix, ok, status};

use super::{LIMIT, about, limited, patient, patient_with_clients};
use crate::stage;

/// Tries again for ever, after a pause.
struct Stubborn(Duration);

impl Retry<()> for Stubborn {
    fn again(&self, _attempt: &Attempt<'_>, _cx: &mut ()) -> Again {
        Again::After(self.0)
    }
}

matrix! {
    /// A pause that would outlive the exchange is not begun: what failed is told at once.
    async fn a_pause_never_outlives_the_exchange(cell: Cell) {
        let stage = cell
            .with(|origin| App::new(To(origin)).exchange_within(LIMIT).retry(Stubborn(Duration::from_secs(4))));
        stage.up().refuse();
        let mut client = stage.client().await;
        client.send(get("/")).await;
        let (response, time) = took(client.response()).await;
        assert_eq!(response.status, 502);
        about(time, Duration::from_secs(8));
        let record = stage.record().await;
        assert_eq!((record.attempts, record.error), (3, Some("refused")));
    }

    /// The same for an answer that would have been dropped for another attempt.
    async fn an_answer_is_kept_if_there_is_no_time_for_another(cell: Cell) {
        let mut stage = cell.with(|origin| App::new(To(origin)).exchange_within(LIMIT).retry(Stubborn(LIMIT)));
        let (mut client, mut asked) = stage.pass(get("/")).await;
        asked.respond(status(503).body("busy")).await;
        let response = client.response().await;
        assert_eq!((response.status, response.text().as_str()), (503, "busy"));
    }

    /// Attempts share the time.
    async fn another_attempt_gets_what_is_left(cell: Cell) {
        let mut stage = limited(&cell);
        let (mut client, mut first) = stage.pass(get("/")).await;
        pass(Duration::from_secs(6)).await;
        first.cut().await;
        let _second = stage.request().await;
        let (response, time) = took(client.response()).await;
        about(time, Duration::from_secs(4));
        assert_eq!(response.status, 504);
        assert_eq!(stage.record().await.attempts, 2);
    }

    /// A switch of protocols lives by limits of its own.
    async fn a_switch_of_protocols_is_free_of_it_once_both_agreed(cell: Cell) {
        let mut stage = cell.with(|origin| App::new(To(origin)).exchange_within(LIMIT));
        let mut client = stage.client().await;
        client.upgrade("/chat", "websocket").await;
        let mut asked = stage.head().await;
        asked.open().await;
        client.opened().await;
        pass(4 * LIMIT).await;
        client.data(b"still here").await.unwrap();
        assert_eq!(asked.read(10).await.unwrap(), b"still here");
        client.end().await;
        asked.end().await;
        assert_eq!(stage.record().await.end, End::Tunnel);
    }

    /// One that is not agreed upon does not outlive it.
    async fn a_switch_of_protocols_has_to_be_agreed_upon_in_time(cell: Cell) {
        let mut stage = limited(&cell);
        let mut client = stage.client().await;
        client.upgrade("/chat", "websocket").await;
        let _asked = stage.head().await;
        let (response, time) = took(client.response()).await;
        about(time, LIMIT);
        assert_eq!(response.status, 504);
    }
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

matrix! {
    async fn a_filter_says_how_long_one_exchange_may_take(cell: Cell) {
        let mut stage = patient_with_clients(&cell)
            .with(|origin| App::new(To(patient(&origin))).exchange_within(LIMIT).filter(Told));
        let mut client = stage.client().await;
        for (told, seconds) in [("3", 3), ("", 10), ("30", 30), ("3", 3)] {
            let asked = if told.is_empty() { get("/") } else { get("/").field("X-Seconds", told) };
            client.send(asked).await;
            let _asked = stage.request().await;
            let (response, time) = took(client.response()).await;
            assert_eq!(response.status, 504);
            about(time, Duration::from_secs(seconds));
        }
        client.send(get("/").field("X-Seconds", "any")).await;
        let mut asked = stage.request().await;
        pass(Duration::from_secs(3600)).await;
        asked.respond(ok("at last")).await;
        assert_eq!(client.response().await.text(), "at last");
    }

    /// By default nothing ends a long answer that goes on.
    async fn by_default_an_exchange_may_take_for_ever(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut asked) = stage.pass(get("/")).await;
        asked.begin(status(200).field("Content-Length", "200")).await;
        for _ in 0..200 {
            pass(Duration::from_secs(50)).await;
            asked.data(b"x").await.unwrap();
        }
        asked.end().await;
        assert_eq!(client.response().await.body.len(), 200);
    }
}
