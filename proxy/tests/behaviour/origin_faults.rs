//! Faults of origins within their responses: what came before one is delivered, or answered for as a whole; and what is no fault.

use std::sync::{Arc, Mutex};

use simplon_core::error::Origin;
use simplon_proxy::observe::{End, Event, Observe};
use simplon_proxy::{App, Attempt, Budget, Record, Retry, To};
use simplon_testkit::matrix::Version;
use simplon_testkit::time::settle;
use simplon_testkit::{get, matrix, ok, status};

use crate::stage;

const CHUNKED: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

const OLD: &str = "Sun, 06 Nov 1994 08:49:37 GMT";

/// Content before a fault, in pieces of the coding.
const BEGUN: [&str; 4] = ["", "5\r\nhello\r\n", "2\r\nhe\r\n1\r\nl\r\n2\r\nlo\r\n", "5\r\nhello\r\n5"];

/// What cannot follow it.
const FAULTS: [&str; 4] = ["zz\r\nmore\r\n0\r\n\r\n", "\n\r\n", "-1\r\n", "fffffffffffffffff\r\n"];

fn told(record: &Record) -> (u16, End, Option<&'static str>, u64) {
    (record.status.unwrap().as_u16(), record.end, record.error, record.response_octets)
}

/// Head, content and fault at once: nothing of the answer has left, so another takes its place.
#[tokio::test(start_paused = true)]
async fn a_fault_that_comes_with_the_head_is_answered() {
    for begun in BEGUN {
        for fault in FAULTS {
            let mut stage = stage::plain();
            let (mut client, mut origin) = stage.pass(get("/")).await;
            origin.request().await;
            origin.send(format!("{CHUNKED}{begun}{fault}")).await;
            let response = client.response().await;
            assert_eq!(response.status, 502, "{begun:?} {fault:?}");
            let said = (502, End::Rescued, Some("malformed"), response.body.len() as u64);
            assert_eq!(told(&stage.records.only()), said, "{begun:?} {fault:?}");
            // The client did nothing wrong, and the origin is not asked again.
            client.send(get("/next")).await;
            let mut fresh = stage.origin.accept().await;
            assert_eq!(fresh.request().await.path(), "/next");
        }
    }
}

/// Some of it has left: what came before the fault follows, and then the cut.
#[tokio::test(start_paused = true)]
async fn what_came_before_a_fault_is_delivered() {
    for fault in FAULTS {
        for (first, second) in
            [("", "5\r\nhello\r\n"), ("1\r\nh\r\n", "4\r\nello\r\n"), ("", "2\r\nhe\r\n3\r\nllo\r\n")]
        {
            let mut stage = stage::plain();
            let (mut client, mut origin) = stage.pass(get("/")).await;
            origin.request().await;
            origin.send(format!("{CHUNKED}{first}")).await;
            settle().await;
            origin.send(format!("{second}{fault}")).await;
            client.try_response().await.unwrap_err();
            let received = String::from_utf8(client.received().octets()).unwrap();
            let content: String = received.split("\r\n").filter(|line| "hello".contains(line)).collect();
            assert_eq!(content, "hello", "{received:?}");
            assert_eq!(told(&stage.records.only()), (200, End::Cut, Some("malformed"), 5), "{fault:?}");
        }
    }
}

matrix! {
    /// The same where the fault is the end of the exchange, which all versions have.
    async fn what_came_before_a_cut_is_delivered(cell: Cell) {
        let mut stage = cell.with(|origin| App::new(To(origin)).retry(()));
        let (mut client, mut origin) = stage.pass(get("/")).await;
        origin.begin(status(200)).await;
        assert_eq!(client.head().await.status, 200);
        for piece in ["one", "two"] {
            origin.data(piece.as_bytes()).await.unwrap();
        }
        origin.cut().await;
        assert_eq!(client.read(6).await.unwrap(), b"onetwo");
        client.try_response().await.unwrap_err();
        let record = stage.record().await;
        assert_eq!((record.status.unwrap().as_u16(), record.end, record.response_octets), (200, End::Cut, 6));
    }

    /// A head that nothing follows for a while is not held back, nor is content.
    async fn what_an_origin_says_is_passed_on_at_once(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut origin) = stage.pass(get("/")).await;
        origin.begin(status(200)).await;
        assert_eq!(client.head().await.status, 200);
        origin.data(b"one").await.unwrap();
        assert_eq!(client.read(3).await.unwrap(), b"one");
        origin.data(&[b'x'; 100_000]).await.unwrap();
        origin.end_with(&[]).await;
        assert_eq!(client.response().await.body.len(), 100_000);
    }

    /// RFC 9110 §6.6.1: what is made here and what an origin sent without has a date, once; one that is there stays, and interim heads have none.
    async fn final_responses_have_a_date(cell: Cell) {
        let dates = |response: &simplon_testkit::Message| -> Vec<String> {
            let named = response.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("date"));
            named.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
        };
        let mut stage = cell.plain();
        for reply in [ok("hi"), status(204), status(404).body("no"), ok("old").field("Date", OLD)] {
            let (mut client, mut origin) = stage.pass(get("/")).await;
            origin.respond(status(103).field("Link", "</a>")).await;
            origin.respond(reply).await;
            let response = client.response().await;
            let said = dates(&response);
            assert!(said.len() == 1 && said[0].len() == 29 && said[0].ends_with(" GMT"), "{response:?}");
            assert_eq!(said[0] == OLD, response.text() == "old", "{response:?}");
            assert!(response.interim.iter().all(|head| dates(head).is_empty()), "{response:?}");
        }
        let stage = cell.with(|origin| App::new(To(origin)).retry(()));
        stage.up().refuse();
        let mut client = stage.client().await;
        client.send(get("/")).await;
        let response = client.response().await;
        assert_eq!((response.status, dates(&response).len()), (502, 1), "{response:?}");
    }

    /// RFC 9110 §15.5.22: who has to upgrade is told to what, where there is such a thing.
    async fn upgrade_required_names_protocols(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut origin) = stage.pass(get("/")).await;
        let reply = match cell.up() {
            Version::H1 => status(426).field("Connection", "Upgrade").field("Upgrade", "TLS/1.3, websocket"),
            _ => status(426),
        };
        origin.respond(reply).await;
        let response = client.response().await;
        let expected = (cell.down(), cell.up()) == (Version::H1, Version::H1);
        assert_eq!(response.field("Upgrade"), expected.then_some("TLS/1.3, websocket"), "{response:?}");
        assert_eq!(response.lists("Connection", "upgrade"), expected, "{response:?}");
        struct Only;
        impl simplon_proxy::Filter<()> for Only {
            async fn request(&self, _: &mut simplon_proxy::Request<'_>, _: &mut ()) -> simplon_core::Result<simplon_proxy::Verdict> {
                Err(simplon_proxy::reject(http::StatusCode::UPGRADE_REQUIRED))
            }
        }
        let stage = cell.filtered(Only);
        let mut client = stage.client().await;
        client.send(get("/")).await;
        let response = client.response().await;
        let expected = (cell.down() == Version::H1).then_some("websocket");
        assert_eq!((response.status, response.field("Upgrade")), (426, expected), "{response:?}");
    }

    /// A page in answer to extended CONNECT is refused to the client, and held against nobody.
    async fn a_page_in_answer_to_a_switch_is_no_failure(cell: Cell) {
        if (cell.down(), cell.up()) != (Version::H2, Version::H1) {
            return;
        }
        let blamed = Blamed::default();
        let mut stage = cell.with(|origin| App::new(To(origin)).observe(blamed.clone()));
        for _ in 0..9 {
            let mut client = stage.client().await;
            client.upgrade("/page", "websocket").await;
            stage.request().await.respond(ok("a page")).await;
            assert_eq!(client.response().await.status, 502);
            stage.nobody_else_came().await;
        }
        assert_eq!(*blamed.0.lock().unwrap(), 0);
    }

    /// A connection that died with an idempotent request may have brought it to the origin: it counts.
    async fn a_request_goes_out_no_more_often_than_the_policy_says(cell: Cell) {
        for most in [1, 2, 3] {
            let mut stage = cell.with(|origin| App::new(To(origin)).retry(Budget::default().attempts(most)));
            let (mut client, mut asked) = stage.pass(get("/1")).await;
            asked.respond(ok("one")).await;
            client.response().await;
            client.send(get("/2")).await;
            let mut sent = 0;
            while let Some(mut asked) = stage.arrived().await {
                sent += 1;
                assert_eq!(asked.path(), "/2");
                asked.reset();
            }
            assert_eq!(client.response().await.status, 502);
            assert_eq!(sent, most, "of at most {most}");
        }
    }
}

/// Counts failures that speak against an origin.
#[derive(Clone, Default)]
struct Blamed(Arc<Mutex<usize>>);

impl<Ctx> Observe<Ctx> for Blamed {
    fn on(&self, event: &Event<'_>, _cx: &mut Ctx) {
        if let Event::AttemptFailed { error, .. } = event
            && error.origin() == Origin::Upstream
        {
            *self.0.lock().unwrap() += 1;
        }
    }
}

/// Attempts have the numbers of times that the request went out.
#[tokio::test(start_paused = true)]
async fn a_policy_is_told_how_often_a_request_went_out() {
    struct Numbers(Arc<Mutex<Vec<u32>>>);
    impl Retry<()> for Numbers {
        fn again(&self, attempt: &Attempt<'_>, _cx: &mut ()) -> simplon_proxy::Again {
            self.0.lock().unwrap().push(attempt.number);
            simplon_proxy::Again::No
        }
    }
    let numbers = Arc::new(Mutex::new(Vec::new()));
    let policy = Numbers(Arc::clone(&numbers));
    let mut stage = stage::with(|origin| App::new(To(origin)).retry(policy));
    let (mut client, mut origin) = stage.pass(get("/1")).await;
    origin.request().await;
    origin.send(ok("one")).await;
    client.response().await;
    client.send(get("/2")).await;
    origin.request().await;
    origin.reset();
    let mut fresh = stage.origin.accept().await;
    fresh.request().await;
    fresh.reset();
    assert_eq!(client.response().await.status, 502);
    assert_eq!(*numbers.lock().unwrap(), [2]);
}
