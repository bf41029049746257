//! How much content a request may have, said by a filter or by the route. 12-043

use std::sync::Arc;

use simplon_core::connect::Peer;
use simplon_core::http::{HttpConfig, OriginsConfig, Serve};
use simplon_core::net::ConnInfo;
use simplon_core::{Error, Result};
use simplon_proto_http::h1::Config;
use simplon_proxy::observe::End;
use simplon_proxy::{App, Collected, Filter, Request, Response, Route, Target, To, Verdict};
use simplon_testkit::time::settle;
use simplon_testkit::{Network, get, ok, post};

use crate::stage::{self, Stage};

/// At most so much.
struct AtMost(u64);

impl Filter<()> for AtMost {
    async fn request(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
        request.limit_content(self.0);
        Ok(Verdict::Continue)
    }
}

/// Uploads may be larger than anything else.
struct ByPath(Peer);

impl Route for ByPath {
    type Ctx = ();

    fn begin(&self, _from: &ConnInfo) {}

    async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
        let limit = if request.target.path() == b"/upload" { 1000 } else { 10 };
        request.limit_content(limit);
        Ok(Target::Forward(self.0.clone()))
    }
}

fn limited() -> Stage<impl Serve> {
    stage::filtered(AtMost(10))
}

#[tokio::test(start_paused = true)]
async fn an_announced_length_over_the_limit_never_reaches_an_origin() {
    let mut stage = limited();
    for octets in [
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello world",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551615\r\n\r\n",
        // Instead of 100.
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\nExpect: 100-continue\r\n\r\n",
    ] {
        let mut client = stage.rig.client();
        client.send(octets).await;
        let response = client.response().await;
        assert_eq!((response.status, response.interim.len()), (413, 0), "{octets}");
        assert!(response.lists("Connection", "close"), "{octets}");
        let record = stage.records.all().pop().unwrap();
        assert_eq!((record.end, record.error, record.attempts), (End::Rescued, Some("malformed"), 0));
    }
    stage.origin.nobody_came().await;
}

#[tokio::test(start_paused = true)]
async fn content_up_to_the_limit_passes() {
    let stage = limited();
    let _origin = stage.origin.answer(|request| ok(&request.body));
    let mut client = stage.rig.client();
    for asked in [post("/").body("ten octets"), post("/").chunked("ten octets"), post("/").body(""), get("/")] {
        client.send(asked).await;
        assert_eq!(client.response().await.status, 200);
    }
}

#[tokio::test(start_paused = true)]
async fn content_that_outgrows_the_limit_on_its_way_never_ends_at_the_origin() {
    for last in ["7\r\n world!\r\n", "7\r\n world!\r\n0\r\n\r\n"] {
        let mut stage = limited();
        let (mut client, mut origin) =
            stage.pass("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n").await;
        let mut head = origin.head().await.unwrap();
        settle().await;
        client.send(last).await;
        let response = client.response().await;
        assert_eq!(response.status, 413);
        assert!(response.lists("Connection", "close"));
        assert!(origin.content(&mut head, None).await.is_err());
        assert!(origin.received().octets().ends_with(b"5\r\nhello\r\n"));
        assert_eq!(stage.records.only().attempts, 1, "no other attempt would do better");
    }
}

/// After the response has begun there is nothing left but the cut.
#[tokio::test(start_paused = true)]
async fn content_that_outgrows_the_limit_after_the_answer_began_cuts_it() {
    let mut stage = limited();
    let (mut client, mut origin) =
        stage.pass("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n").await;
    origin.head().await.unwrap();
    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await;
    settle().await;
    client.send("7\r\n world!\r\n").await;
    assert!(client.try_response().await.is_err());
    assert_eq!(stage.records.only().end, End::Cut);
}

#[tokio::test(start_paused = true)]
async fn the_route_has_the_last_word() {
    let Stage { rig, origin, .. } = stage::with(|origin| App::new(ByPath(origin)).filter(AtMost(100)));
    let _origin = origin.answer(|request| ok(&request.body));
    for (path, octets, status) in [("/", 10, 200), ("/", 11, 413), ("/upload", 1000, 200), ("/upload", 1001, 413)] {
        for chunked in [false, true] {
            let mut client = rig.client();
            let content = "x".repeat(octets);
            client.send(if chunked { post(path).chunked(content) } else { post(path).body(content) }).await;
            let response = client.response().await;
            assert_eq!(response.status, status, "{path} {octets}");
            assert!(status != 200 || response.body.len() == octets);
        }
    }
}

/// What was looked at before the limit was set counts.
#[tokio::test(start_paused = true)]
async fn content_that_has_come_already_counts() {
    struct Look;
    impl Filter<()> for Look {
        async fn request(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
            request.collect(100).await?;
            Ok(Verdict::Continue)
        }
    }
    let mut stage = stage::with(|origin| App::new(To(origin)).filter(Look).filter(AtMost(10)));
    let mut client = stage.rig.client();
    client.send(post("/").chunked("hello world")).await;
    assert_eq!(client.response().await.status, 413);
    stage.origin.nobody_came().await;
}

/// A limit ends the reading of a filter, also of one that makes little of errors.
#[tokio::test(start_paused = true)]
async fn a_filter_does_not_read_past_the_limit() {
    struct Read;
    impl Filter<()> for Read {
        async fn request(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
            for _ in 0..2 {
                let error = request.collect(1000).await.unwrap_err();
                assert_eq!(error.status(), 413);
            }
            Ok(Verdict::Continue)
        }
    }
    for asked in [post("/").body("hello world"), post("/").chunked("hello world")] {
        let mut stage = stage::with(|origin| App::new(To(origin)).filter(AtMost(10)).filter(Read));
        let mut client = stage.rig.client();
        client.send(asked).await;
        assert_eq!(client.response().await.status, 413);
        stage.origin.nobody_came().await;
    }
}

/// The limit is on what the client sends, not on what is made of it.
#[tokio::test(start_paused = true)]
async fn content_of_a_filter_is_not_limited() {
    struct Replace;
    impl Filter<()> for Replace {
        async fn request(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
            let content = request.collect(100).await?;
            assert_eq!(content, Collected::Whole("short".into()));
            request.replace("something longer");
            Ok(Verdict::Continue)
        }
    }
    let mut stage = stage::with(|origin| App::new(To(origin)).filter(AtMost(10)).filter(Replace));
    let (mut client, mut origin) = stage.pass(post("/").body("short")).await;
    assert_eq!(origin.request().await.text(), "something longer");
    origin.send(ok("")).await;
    assert_eq!(client.response().await.status, 200);
}

/// A filter that answers is not overruled.
#[tokio::test(start_paused = true)]
async fn an_answer_needs_no_content() {
    struct Answers;
    impl Filter<()> for Answers {
        async fn request(&self, _request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
            Ok(Response::text(http::StatusCode::UNAUTHORIZED, "who?").into())
        }
    }
    let stage = stage::with(|origin| App::new(To(origin)).filter(AtMost(10)).filter(Answers));
    let mut client = stage.rig.client();
    client.send(post("/").body("x".repeat(100))).await;
    assert_eq!(client.response().await.status, 401);
}

/// A request cannot have more than its listener takes.
#[tokio::test(start_paused = true)]
async fn the_limit_of_the_listener_holds_beside_it() {
    let mut protocol = Config::default();
    protocol.limits.body_octets = Some(5);
    let mut config = HttpConfig::default();
    config.protocol = Arc::new(protocol);
    let stage =
        stage::on(Network::new(), config, OriginsConfig::default(), |origin| App::new(To(origin)).filter(AtMost(10)));
    for asked in [post("/").body("sixsix"), post("/").chunked("sixsix")] {
        let mut client = stage.rig.client();
        client.send(asked).await;
        assert_eq!(client.response().await.status, 413);
    }
}

/// Something else than the limit is wrong with content that cannot be read.
#[tokio::test(start_paused = true)]
async fn content_that_cannot_be_read_fails_as_before() {
    struct Peek;
    impl Filter<()> for Peek {
        async fn request(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
            request.peek(5).await.map_err(|error: Error| error.with_context("while looking"))?;
            Ok(Verdict::Continue)
        }
    }
    let stage = stage::with(|origin| App::new(To(origin)).filter(AtMost(10)).filter(Peek));
    let mut client = stage.rig.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n").await;
    assert_eq!(client.response().await.status, 400);
}
