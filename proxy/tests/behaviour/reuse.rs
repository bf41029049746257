//! Connections at rest: used again, or noticed to have died, and no request lost or doubled by it.

use std::time::Duration;

use simplon_core::Result;
use simplon_core::connect::Peer;
use simplon_core::net::ConnInfo;
use simplon_proxy::{App, Request, Route, Target, To};
use simplon_testkit::time::{settle, took};
use simplon_testkit::{get, matrix, ok, post, status};

use crate::stage;

/// One group for each path.
struct Groups(Peer);

impl Route for Groups {
    type Ctx = ();

    fn begin(&self, _from: &ConnInfo) {}

    async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
        let group = u64::from(request.target.path() == b"/other");
        Ok(Target::Forward(self.0.to_builder().group(group).build().unwrap()))
    }
}

matrix! {
    /// 12-064
    async fn a_connection_is_used_again_by_another_client(cell: Cell) {
        let mut stage = cell.plain();
        let (mut first, mut asked) = stage.pass(get("/1")).await;
        asked.respond(ok("one")).await;
        first.response().await;
        let (mut second, mut asked) = stage.pass(get("/2")).await;
        assert_eq!(asked.path(), "/2");
        asked.respond(ok("two")).await;
        assert_eq!(second.response().await.text(), "two");
        assert_eq!(stage.up().tries(), 1);
        settle().await;
        assert!(stage.records.all()[1].reused);
    }

    /// F52: an idempotent request goes out again on a new connection.
    async fn a_get_on_a_connection_that_was_reset_succeeds(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut asked) = stage.pass(get("/1")).await;
        asked.respond(ok("one")).await;
        client.response().await;
        client.send(get("/2")).await;
        stage.head().await.reset();
        let mut fresh = stage.request().await;
        assert_eq!(fresh.path(), "/2");
        fresh.respond(ok("two")).await;
        assert_eq!(client.response().await.text(), "two");
        assert_eq!(stage.up().tries(), 2);
    }

    /// F52, 12-111: a POST of which something may have reached the origin is not sent again.
    async fn a_post_is_never_sent_twice(cell: Cell) {
        for is_cut in [false, true] {
            let mut stage = cell.plain();
            let (mut client, mut asked) = stage.pass(get("/1")).await;
            asked.respond(ok("one")).await;
            client.response().await;
            client.send(post("/2").body("order")).await;
            let mut asked = stage.head().await;
            if is_cut { asked.cut().await } else { asked.reset() }
            assert_eq!(client.response().await.status, 502);
            stage.nobody_else_came().await;
        }
    }

    /// F56: connections of different groups are never exchanged.
    async fn a_connection_is_not_used_for_a_peer_of_another_group(cell: Cell) {
        let mut stage = cell.with(|origin| App::new(Groups(origin)));
        let mut client = stage.client().await;
        for (path, connections) in [("/one", 1), ("/other", 2), ("/one/again", 2), ("/other", 2)] {
            client.send(get(path)).await;
            let mut asked = stage.request().await;
            assert_eq!(asked.path(), path);
            asked.respond(ok("")).await;
            client.response().await;
            assert_eq!(stage.up().tries(), connections, "{path}");
        }
    }
}

/// F58, 12-051
#[tokio::test(start_paused = true)]
async fn a_connection_that_the_origin_ends_is_not_used_again() {
    for said in [
        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi",
        "HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nhi",
        "HTTP/1.1 200 OK\r\nConnection: Close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
    ] {
        let mut stage = stage::plain();
        let (mut client, mut origin) = stage.pass(get("/1")).await;
        origin.request().await;
        origin.send(said).await;
        assert_eq!(client.response().await.text(), "hi");
        origin.closed().await;
        client.send(get("/2")).await;
        let mut fresh = stage.origin.accept().await;
        assert_eq!(fresh.request().await.path(), "/2", "{said}");
    }
}

/// F53, 12-063: what is said while nothing was asked is not the answer to the next request.
#[tokio::test(start_paused = true)]
async fn a_connection_on_which_the_origin_spoke_is_not_used_again() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass(get("/1")).await;
    origin.request().await;
    origin.send(ok("one")).await;
    client.response().await;
    origin.send(status(408)).await;
    client.send(get("/2")).await;
    let mut fresh = stage.origin.accept().await;
    fresh.request().await;
    fresh.send(ok("two")).await;
    assert_eq!(client.response().await.text(), "two");
}

/// The ways in which an idle connection dies at the moment of its next use.
#[derive(Clone, Copy, Debug)]
enum Death {
    /// The request is read, and the connection closed.
    Closed,
    /// The request is read, and the connection reset.
    Reset,
    /// Nothing can be written, and nothing is said.
    WritesFail,
    /// It is closed before the request is sent.
    Before,
}

async fn dies(origin: simplon_testkit::Wire, death: Death) {
    let mut origin = origin;
    match death {
        Death::Closed => drop(origin.head().await),
        Death::Reset => {
            let _ = origin.head().await;
            origin.reset();
        }
        Death::WritesFail | Death::Before => {}
    }
}

/// F52: an idempotent request goes out again on a new connection, and nobody notices.
#[tokio::test(start_paused = true)]
async fn a_get_on_a_connection_that_died_succeeds_invisibly() {
    for death in [Death::Closed, Death::Reset, Death::WritesFail, Death::Before] {
        let mut stage = stage::with(|origin| App::new(To(origin)).retry(()));
        let (mut client, mut origin) = stage.pass(get("/1")).await;
        origin.request().await;
        origin.send(ok("one")).await;
        client.response().await;
        match death {
            Death::WritesFail => origin.refuse_writes(),
            Death::Before => drop(std::mem::replace(&mut origin, stage.rig.client())),
            Death::Closed | Death::Reset => {}
        }
        client.send(get("/2")).await;
        let dying = tokio::spawn(dies(origin, death));
        let mut fresh = stage.origin.accept().await;
        assert_eq!(fresh.request().await.path(), "/2", "{death:?}");
        fresh.send(ok("two")).await;
        assert_eq!(client.response().await.text(), "two", "{death:?}");
        dying.await.unwrap();
        let record = &stage.records.all()[1];
        assert_eq!((record.attempts, record.reused), (1, false), "{death:?}");
    }
}

/// F52: a POST of which nothing left may go out on a new connection.
#[tokio::test(start_paused = true)]
async fn a_post_on_a_connection_that_takes_nothing_is_sent_once() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass(get("/1")).await;
    origin.request().await;
    origin.send(ok("one")).await;
    client.response().await;
    origin.refuse_writes();
    client.send(post("/2").body("order")).await;
    let (mut fresh, time) = took(stage.origin.accept()).await;
    // Who takes nothing may still have answered: that is waited for as any answer is. Over TCP the end of what can be read comes at once.
    assert_eq!(time.as_secs(), 60);
    assert_eq!(fresh.request().await.text(), "order");
    fresh.send(ok("two")).await;
    assert_eq!(client.response().await.text(), "two");
    let posts: usize =
        stage.origin.received().iter().map(|seen| String::from_utf8_lossy(seen).matches("POST").count()).sum();
    assert_eq!(posts, 1);
}

/// A6, 12-077: an exchange whose upload was not taken to its end leaves no connection behind.
#[tokio::test(start_paused = true)]
async fn a_connection_with_an_unfinished_upload_is_not_used_again() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf").await;
    origin.head().await.unwrap();
    origin.send(status(403)).await;
    assert_eq!(client.response().await.status, 403);
    let mut other = stage.rig.client();
    other.send(get("/2")).await;
    let mut fresh = stage.origin.accept().await;
    assert_eq!(fresh.request().await.path(), "/2");
}

#[tokio::test(start_paused = true)]
async fn a_connection_does_not_rest_longer_than_its_peer_allows() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass(get("/1")).await;
    origin.request().await;
    origin.send(ok("one")).await;
    client.response().await;
    drop(client);
    let (_, time) = took(origin.closed()).await;
    let allowed = stage.origin.peer().timeouts().idle;
    // Whoever looks comes by every five seconds.
    assert!(time >= allowed && time <= allowed + Duration::from_secs(5), "{time:?}");
}
