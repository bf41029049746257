//! Attempts that fail, and those that follow them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use simplon_core::connect::Peer;
use simplon_core::http::Serve;
use simplon_core::net::ConnInfo;
use simplon_core::{Error, Kind, Result};
use simplon_proxy::{Again, App, Attempt, Budget, Request, Retry, Route, Target};
use simplon_testkit::time::took;
use simplon_testkit::{Network, Origin, Records, Rig, get, ok, post, status};

/// Sends each attempt to the first peer that was not tried.
struct Untried(Vec<Peer>);

impl Route for Untried {
    type Ctx = ();

    fn begin(&self, _from: &ConnInfo) {}

    async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
        let is_tried = |peer: &&Peer| request.tried().iter().any(|tried| tried.key() == peer.key());
        let untried = self.0.iter().find(|peer| !is_tried(peer));
        untried.cloned().map(Target::Forward).ok_or_else(|| Error::upstream(Kind::NoUpstream))
    }
}

struct Stage<S> {
    rig: Rig<S>,
    origins: Vec<Origin>,
    records: Records,
}

fn origins(count: usize) -> Stage<impl Serve> {
    with_policy(count, Budget::default())
}

fn with_policy(count: usize, policy: impl Retry<()>) -> Stage<impl Serve> {
    with_app(count, |route| App::new(route).retry(policy))
}

fn with_app<Y: Retry<()>>(count: usize, make: impl FnOnce(Untried) -> App<Untried, (), Y>) -> Stage<impl Serve> {
    let network = Network::new();
    let origins: Vec<Origin> = (0..count).map(|_| network.origin()).collect();
    let records = Records::new();
    let route = Untried(origins.iter().map(Origin::peer).collect());
    let app = make(route).origins(network.origins()).observe(records.clone());
    Stage { rig: Rig::new(app), origins, records }
}

/// G60, 12-111: whatever the method, if nothing was sent.
#[tokio::test(start_paused = true)]
async fn a_refused_connection_is_followed_by_an_attempt_elsewhere() {
    for asked in [get("/"), post("/").body("order")] {
        let mut stage = origins(3);
        stage.origins[0].refuse();
        stage.origins[1].hang();
        let mut client = stage.rig.client();
        client.send(asked).await;
        let mut third = stage.origins[2].accept().await;
        third.request().await;
        third.send(ok("fine")).await;
        assert_eq!(client.response().await.text(), "fine");
        let record = stage.records.only();
        assert_eq!((record.attempts, record.peer.unwrap().key()), (3, stage.origins[2].peer().key()));
        assert_eq!(stage.records.events(), ["AttemptFailed", "AttemptFailed", "Connected", "Done"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_get_whose_origin_dies_before_its_answer_is_tried_elsewhere() {
    for said in ["", "HTTP/1.1 103 Early Hints\r\n\r\n", "HTTP/1.1 200 O"] {
        let mut stage = origins(2);
        let mut client = stage.rig.client();
        client.send(get("/")).await;
        let mut first = stage.origins[0].accept().await;
        first.request().await;
        first.send(said).await;
        drop(first);
        let mut second = stage.origins[1].accept().await;
        second.request().await;
        second.send(ok("fine")).await;
        assert_eq!(client.response().await.text(), "fine", "{said}");
    }
}

/// 12-111
#[tokio::test(start_paused = true)]
async fn a_post_whose_origin_dies_is_not_tried_elsewhere() {
    let mut stage = origins(2);
    let mut client = stage.rig.client();
    client.send(post("/").body("order")).await;
    let mut first = stage.origins[0].accept().await;
    first.request().await;
    drop(first);
    assert_eq!(client.response().await.status, 502);
    stage.origins[1].nobody_came().await;
}

/// G63
#[tokio::test(start_paused = true)]
async fn the_last_error_is_the_answer() {
    let stage = origins(1);
    stage.origins[0].refuse();
    let mut client = stage.rig.client();
    client.send(get("/")).await;
    assert_eq!(client.response().await.status, 503, "no peer is left that was not tried");
    let stage = with_policy(1, ());
    stage.origins[0].refuse();
    let mut client = stage.rig.client();
    client.send(get("/")).await;
    assert_eq!(client.response().await.status, 502);
    let stage = with_policy(1, ());
    stage.origins[0].hang();
    let mut client = stage.rig.client();
    client.send(get("/")).await;
    let (response, time) = took(client.response()).await;
    assert_eq!((response.status, time.as_secs()), (504, 5));
    let stage = origins(0);
    let mut client = stage.rig.client();
    client.send(get("/")).await;
    assert_eq!(client.response().await.status, 503);
}

/// G61: a PUT is idempotent, and what was sent of it is at hand.
#[tokio::test(start_paused = true)]
async fn content_within_the_bound_is_sent_again_whole() {
    let mut stage = origins(2);
    let mut client = stage.rig.client();
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n").await;
    let mut first = stage.origins[0].accept().await;
    first.head().await.unwrap();
    first.exactly(10).await.unwrap();
    drop(first);
    let mut second = stage.origins[1].accept().await;
    client.send("6\r\n world\r\n0\r\nT: 1\r\n\r\n").await;
    let request = second.request().await;
    assert_eq!((request.text().as_str(), request.trailer("T")), ("hello world", Some("1")));
    second.send(ok("fine")).await;
    assert_eq!(client.response().await.text(), "fine");
    assert_eq!(stage.records.only().attempts, 2);
}

/// G61: over the bound no silent truncation; refused, and observable.
#[tokio::test(start_paused = true)]
async fn content_over_the_bound_is_not_sent_again() {
    let mut stage = with_app(2, |route| App::new(route).replay_octets(8));
    let mut client = stage.rig.client();
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nnine octets and more").await;
    let mut first = stage.origins[0].accept().await;
    first.head().await.unwrap();
    first.exactly(20).await.unwrap();
    drop(first);
    assert_eq!(client.response().await.status, 502);
    stage.origins[1].nobody_came().await;
    assert!(stage.records.events().contains(&"ReplayOverflowed".to_owned()), "{:?}", stage.records.events());
}

/// G60: an upload of which nothing was sent is not kept, however long it is.
#[tokio::test(start_paused = true)]
async fn a_long_upload_to_a_refused_origin_goes_elsewhere() {
    let mut stage = with_app(2, |route| App::new(route).replay_octets(8));
    stage.origins[0].refuse();
    let mut client = stage.rig.client();
    client.send(post("/").body(vec![b'x'; 60 << 10])).await;
    let mut second = stage.origins[1].accept().await;
    assert_eq!(second.request().await.body.len(), 60 << 10);
}

/// G62: a status that is tried again, and the last answer is delivered.
#[tokio::test(start_paused = true)]
async fn a_named_status_is_tried_again_and_the_last_answer_is_delivered() {
    let mut stage = with_policy(3, Budget::default().attempts(2).on_status([StatusCode::SERVICE_UNAVAILABLE]));
    let mut client = stage.rig.client();
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi").await;
    for (number, origin) in stage.origins[..2].iter_mut().enumerate() {
        let mut connection = origin.accept().await;
        assert_eq!(connection.request().await.text(), "hi");
        connection.send(status(503).field("Retry-After", "7").body(format!("from {number}"))).await;
    }
    let response = client.response().await;
    assert_eq!((response.status, response.text().as_str(), response.field("Retry-After")), (503, "from 1", Some("7")));
    assert_eq!(stage.records.only().attempts, 2);
}

#[tokio::test(start_paused = true)]
async fn a_status_that_is_not_named_is_delivered() {
    let mut stage = origins(2);
    let mut client = stage.rig.client();
    client.send(get("/")).await;
    let mut first = stage.origins[0].accept().await;
    first.request().await;
    first.send(status(503)).await;
    assert_eq!(client.response().await.status, 503);
    stage.origins[1].nobody_came().await;
}

/// A status that is tried again leaves no half-read response behind.
#[tokio::test(start_paused = true)]
async fn the_answer_of_a_failed_attempt_never_reaches_another_exchange() {
    let mut stage = with_policy(2, Budget::default().attempts(2).on_status([StatusCode::SERVICE_UNAVAILABLE]));
    let mut client = stage.rig.client();
    client.send(get("/1")).await;
    let mut first = stage.origins[0].accept().await;
    first.request().await;
    first.send("HTTP/1.1 503 No\r\nContent-Length: 6\r\n\r\n").await;
    let mut second = stage.origins[1].accept().await;
    second.request().await;
    second.send(ok("fine")).await;
    assert_eq!(client.response().await.text(), "fine");
    let _ = first.try_send("POISON").await;
    client.send(get("/2")).await;
    let mut again = stage.origins[0].accept().await;
    again.request().await;
    again.send(ok("two")).await;
    assert_eq!(client.response().await.text(), "two");
}

/// G64: a total outage is not answered with a multiple of the traffic.
#[tokio::test(start_paused = true)]
async fn a_budget_holds_under_total_outage() {
    let policy = Arc::new(Budget::default().share(100, 10));
    struct Shared(Arc<Budget>);
    impl Retry<()> for Shared {
        fn again(&self, attempt: &Attempt<'_>, cx: &mut ()) -> Again {
            self.0.again(attempt, cx)
        }
        fn begun(&self) {
            Retry::<()>::begun(&*self.0);
        }
    }
    let stage = with_policy(3, Shared(Arc::clone(&policy)));
    for origin in &stage.origins {
        origin.refuse();
    }
    let requests = 1000;
    let mut client = stage.rig.client();
    for _ in 0..requests {
        client.send(get("/")).await;
        assert_eq!(client.response().await.status, 502);
    }
    let tries: usize = stage.origins.iter().map(Origin::tries).sum();
    assert!((requests..=requests + requests / 10 + 10).contains(&tries), "{tries}");
    assert!(policy.refused() > 0);
    assert_eq!(stage.records.all().len(), requests);
}

#[tokio::test(start_paused = true)]
async fn a_pause_between_attempts_is_kept() {
    struct Later;
    impl Retry<()> for Later {
        fn again(&self, attempt: &Attempt<'_>, _cx: &mut ()) -> Again {
            if attempt.number < 3 { Again::After(Duration::from_secs(1)) } else { Again::No }
        }
    }
    let stage = with_policy(5, Later);
    for origin in &stage.origins {
        origin.refuse();
    }
    let mut client = stage.rig.client();
    client.send(get("/")).await;
    let (response, time) = took(client.response()).await;
    assert_eq!(response.status, 502);
    assert!((2000..2100).contains(&time.as_millis()), "{time:?}");
}

/// A policy cannot make an unsafe retry happen.
#[tokio::test(start_paused = true)]
async fn a_policy_that_always_wants_to_is_not_asked_where_it_is_not_safe() {
    struct Always;
    impl Retry<()> for Always {
        fn again(&self, _attempt: &Attempt<'_>, _cx: &mut ()) -> Again {
            Again::Now
        }
    }
    let mut stage = with_policy(2, Always);
    let mut client = stage.rig.client();
    client.send(post("/").body("order")).await;
    let mut first = stage.origins[0].accept().await;
    first.request().await;
    first.send(status(503)).await;
    assert_eq!(client.response().await.status, 503);
    stage.origins[1].nobody_came().await;
    let _: SocketAddr = stage.origins[1].address().as_inet().unwrap();
}
