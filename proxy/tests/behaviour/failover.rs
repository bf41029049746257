//! Attempts that fail, and those that follow them.

use std::sync::Arc;
use std::time::Duration;

use http::StatusCode;
use simplon_core::connect::Peer;
use simplon_core::http::Serve;
use simplon_core::net::ConnInfo;
use simplon_core::{Error, Kind, Result};
use simplon_proxy::{Again, App, Attempt, Budget, Request, Retry, Route, Target};
use simplon_testkit as testkit;
use simplon_testkit::matrix::{Asked, Cell, Stage, Up};
use simplon_testkit::time::{settle, took, within};
use simplon_testkit::{Network, Rig, get, matrix, ok, post, request, status};

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

/// A policy over so many origins.
fn with_policy<Y: Retry<()>>(cell: &Cell, count: usize, policy: Y) -> Stage<impl Serve + use<Y>> {
    cell.among(count, |peers| App::new(Untried(peers)).retry(policy))
}

/// The usual policy over so many origins.
fn origins(cell: &Cell, count: usize) -> Stage<impl Serve + use<>> {
    with_policy(cell, count, Budget::default())
}

/// The ways to fail that all versions have.
#[derive(Clone, Copy, Debug)]
enum Fails {
    /// The exchange is cut.
    Cut,
    /// The connection is.
    Reset,
}

const WAYS: [Fails; 2] = [Fails::Cut, Fails::Reset];

async fn fails(mut asked: Asked, how: Fails) {
    match how {
        Fails::Cut => asked.cut().await,
        Fails::Reset => asked.reset(),
    }
}

matrix! {
    /// G60, 12-111: whatever the method, if nothing was sent.
    async fn a_refused_connection_is_followed_by_an_attempt_elsewhere(cell: Cell) {
        for asked in [get("/"), post("/").body("order")] {
            let mut stage = origins(&cell, 3);
            stage.origins[0].refuse();
            stage.origins[1].hang();
            let mut client = stage.client().await;
            client.send(asked).await;
            // The second attempt ends with the wait for a connection.
            let mut asked = within(Duration::from_secs(6), stage.origins[2].request()).await;
            asked.respond(ok("fine")).await;
            assert_eq!(client.response().await.text(), "fine");
            let record = stage.record().await;
            assert_eq!((record.attempts, record.peer.unwrap().key().address()), (3, stage.origins[2].peer().address()));
            assert_eq!(stage.records.events(), ["AttemptFailed", "AttemptFailed", "Connected", "Done"]);
        }
    }

    async fn a_get_whose_origin_dies_before_its_answer_is_tried_elsewhere(cell: Cell) {
        for how in WAYS {
            for interim in [None, Some(status(103))] {
                let mut stage = origins(&cell, 2);
                let mut client = stage.client().await;
                client.send(get("/")).await;
                let mut first = stage.origins[0].request().await;
                if let Some(interim) = interim {
                    first.respond(interim).await;
                }
                fails(first, how).await;
                stage.origins[1].request().await.respond(ok("fine")).await;
                assert_eq!(client.response().await.text(), "fine", "{how:?}");
            }
        }
    }

    /// 12-111
    async fn a_post_whose_origin_dies_is_not_tried_elsewhere(cell: Cell) {
        for how in WAYS {
            let mut stage = origins(&cell, 2);
            let mut client = stage.client().await;
            client.send(post("/").body("order")).await;
            fails(stage.origins[0].request().await, how).await;
            assert_eq!(client.response().await.status, 502, "{how:?}");
            stage.origins[1].nobody_else_came().await;
        }
    }

    /// G63
    async fn the_last_error_is_the_answer(cell: Cell) {
        let stage = origins(&cell, 1);
        stage.up().refuse();
        let mut client = stage.client().await;
        client.send(get("/")).await;
        assert_eq!(client.response().await.status, 503, "no peer is left that was not tried");
        let stage = with_policy(&cell, 1, ());
        stage.up().refuse();
        let mut client = stage.client().await;
        client.send(get("/")).await;
        assert_eq!(client.response().await.status, 502);
        let stage = with_policy(&cell, 1, ());
        stage.up().hang();
        let mut client = stage.client().await;
        client.send(get("/")).await;
        let (response, time) = took(client.response()).await;
        assert_eq!((response.status, time.as_secs()), (504, 5));
        let stage = origins(&cell, 0);
        let mut client = stage.client().await;
        client.send(get("/")).await;
        assert_eq!(client.response().await.status, 503);
    }

    /// G61: a PUT is idempotent, and what was sent of it is at hand.
    async fn content_within_the_bound_is_sent_again_whole(cell: Cell) {
        for how in WAYS {
            let mut stage = origins(&cell, 2);
            let mut client = stage.client().await;
            client.begin(put("/")).await;
            client.data(b"hello").await.unwrap();
            let mut first = stage.origins[0].head().await;
            assert_eq!(first.read(5).await.unwrap(), b"hello");
            fails(first, how).await;
            let mut second = stage.origins[1].head().await;
            client.data(b" world").await.unwrap();
            client.end_with(&[("T", "1")]).await;
            second.content().await.unwrap();
            assert_eq!((second.text().as_str(), second.trailer("T")), ("hello world", Some("1")), "{how:?}");
            second.respond(ok("fine")).await;
            assert_eq!(client.response().await.text(), "fine");
            assert_eq!(stage.record().await.attempts, 2);
        }
    }

    /// G61: over the bound no silent truncation; refused, and observable.
    async fn content_over_the_bound_is_not_sent_again(cell: Cell) {
        for how in WAYS {
            let mut stage = cell.among(2, |peers| App::new(Untried(peers)).replay_octets(8));
            let mut client = stage.client().await;
            client.begin(put("/").field("Content-Length", "100")).await;
            client.data(b"nine octets and more").await.unwrap();
            let mut first = stage.origins[0].head().await;
            first.read(20).await.unwrap();
            fails(first, how).await;
            assert_eq!(client.response().await.status, 502, "{how:?}");
            stage.origins[1].nobody_else_came().await;
            assert!(stage.records.events().contains(&"ReplayOverflowed".to_owned()), "{:?}", stage.records.events());
        }
    }

    /// G60: an upload of which nothing was sent is not kept, however long it is.
    async fn a_long_upload_to_a_refused_origin_goes_elsewhere(cell: Cell) {
        let mut stage = cell.among(2, |peers| App::new(Untried(peers)).replay_octets(8));
        stage.origins[0].refuse();
        let mut client = stage.client().await;
        client.send(post("/").body(vec![b'x'; 60 << 10])).await;
        assert_eq!(stage.origins[1].request().await.body.len(), 60 << 10);
    }

    /// G62: a status that is tried again, and the last answer is delivered.
    async fn a_named_status_is_tried_again_and_the_last_answer_is_delivered(cell: Cell) {
        let policy = Budget::default().attempts(2).on_status([StatusCode::SERVICE_UNAVAILABLE]);
        let mut stage = with_policy(&cell, 3, policy);
        let mut client = stage.client().await;
        client.send(put("/").body("hi")).await;
        for (number, origin) in stage.origins[..2].iter_mut().enumerate() {
            let mut asked = origin.request().await;
            assert_eq!(asked.text(), "hi");
            asked.respond(status(503).field("Retry-After", "7").body(format!("from {number}"))).await;
        }
        let response = client.response().await;
        let told = (response.status, response.text(), response.field("Retry-After"));
        assert_eq!(told, (503, "from 1".to_owned(), Some("7")));
        assert_eq!(stage.record().await.attempts, 2);
    }

    async fn a_status_that_is_not_named_is_delivered(cell: Cell) {
        let mut stage = origins(&cell, 2);
        let mut client = stage.client().await;
        client.send(get("/")).await;
        stage.origins[0].request().await.respond(status(503)).await;
        assert_eq!(client.response().await.status, 503);
        stage.origins[1].nobody_else_came().await;
    }

    /// A status that is tried again leaves no half-read response behind.
    async fn the_answer_of_a_failed_attempt_never_reaches_another_exchange(cell: Cell) {
        let policy = Budget::default().attempts(2).on_status([StatusCode::SERVICE_UNAVAILABLE]);
        let mut stage = with_policy(&cell, 2, policy);
        let mut client = stage.client().await;
        client.send(get("/1")).await;
        let mut first = stage.origins[0].request().await;
        first.begin(status(503).field("Content-Length", "6")).await;
        stage.origins[1].request().await.respond(ok("fine")).await;
        assert_eq!(client.response().await.text(), "fine");
        let _ = first.data(b"POISON").await;
        client.send(get("/2")).await;
        stage.origins[0].request().await.respond(ok("two")).await;
        assert_eq!(client.response().await.text(), "two");
    }

    /// G64: a total outage is not answered with a multiple of the traffic.
    async fn a_budget_holds_under_total_outage(cell: Cell) {
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
        let stage = with_policy(&cell, 3, Shared(Arc::clone(&policy)));
        for origin in &stage.origins {
            origin.refuse();
        }
        let requests = 300;
        let mut client = stage.client().await;
        for _ in 0..requests {
            client.send(get("/")).await;
            assert_eq!(client.response().await.status, 502);
        }
        let tries: usize = stage.origins.iter().map(Up::tries).sum();
        // The reserve, and nearly all that was paid in meanwhile.
        let most = requests + requests / 10 + 10;
        assert!((most - 3..=most).contains(&tries), "{tries}");
        assert!(policy.refused() > 0);
        settle().await;
        assert_eq!(stage.records.all().len(), requests);
    }

    async fn a_pause_between_attempts_is_kept(cell: Cell) {
        struct Later;
        impl Retry<()> for Later {
            fn again(&self, attempt: &Attempt<'_>, _cx: &mut ()) -> Again {
                if attempt.number < 3 { Again::After(Duration::from_secs(1)) } else { Again::No }
            }
        }
        let stage = with_policy(&cell, 5, Later);
        for origin in &stage.origins {
            origin.refuse();
        }
        let mut client = stage.client().await;
        client.send(get("/")).await;
        let (response, time) = took(client.response()).await;
        assert_eq!(response.status, 502);
        assert!((2000..2100).contains(&time.as_millis()), "{time:?}");
    }

    /// A policy cannot make an unsafe retry happen.
    async fn a_policy_that_always_wants_to_is_not_asked_where_it_is_not_safe(cell: Cell) {
        struct Always;
        impl Retry<()> for Always {
            fn again(&self, _attempt: &Attempt<'_>, _cx: &mut ()) -> Again {
                Again::Now
            }
        }
        let mut stage = with_policy(&cell, 2, Always);
        let mut client = stage.client().await;
        client.send(post("/").body("order")).await;
        stage.origins[0].request().await.respond(status(503)).await;
        assert_eq!(client.response().await.status, 503);
        stage.origins[1].nobody_else_came().await;
    }
}

/// An attempt elsewhere also follows an answer that was cut within its head.
#[tokio::test(start_paused = true)]
async fn a_get_whose_origin_dies_within_its_head_is_tried_elsewhere() {
    let network = Network::new();
    let (mut first, mut second) = (network.origin(), network.origin());
    let app = App::new(Untried(vec![first.peer(), second.peer()])).origins(network.origins());
    let rig = Rig::new(app);
    let mut client = rig.client();
    client.send(get("/")).await;
    let mut dying = first.accept().await;
    dying.request().await;
    dying.send("HTTP/1.1 200 O").await;
    drop(dying);
    let mut other = second.accept().await;
    other.request().await;
    other.send(ok("fine")).await;
    assert_eq!(client.response().await.text(), "fine");
}

fn put(target: &str) -> testkit::Request {
    request("PUT", target)
}
