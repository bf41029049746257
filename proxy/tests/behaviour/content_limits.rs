//! How much content a request may have, said by a filter or by the route. 12-043

use std::sync::Arc;

use simplon_core::connect::Peer;
use simplon_core::http::HttpConfig;
use simplon_core::net::ConnInfo;
use simplon_core::{Error, Result};
use simplon_proto_http::h1::Config;
use simplon_proxy::observe::End;
use simplon_proxy::{App, Collected, Filter, Request, Response, Route, Target, To, Verdict};
use simplon_testkit as testkit;
use simplon_testkit::time::settle;
use simplon_testkit::{get, matrix, ok, post, request, status};

use crate::stage;

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

/// Looks at the content first.
struct Look;

impl Filter<()> for Look {
    async fn request(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
        request.collect(100).await?;
        Ok(Verdict::Continue)
    }
}

/// Reads on where it may not.
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

fn put(target: &str) -> testkit::Request {
    request("PUT", target)
}

matrix! {
    async fn an_announced_length_over_the_limit_never_reaches_an_origin(cell: Cell) {
        let mut stage = cell.filtered(AtMost(10));
        for (length, said, expects) in [
            ("11", &b""[..], false),
            ("11", b"hello", false),
            ("9223372036854775807", b"", false),
            // Instead of 100.
            ("11", b"", true),
        ] {
            let mut client = stage.client().await;
            let asked = post("/").field("Content-Length", length);
            client.begin(if expects { asked.field("Expect", "100-continue") } else { asked }).await;
            // The answer may be quicker.
            let _ = client.data(said).await;
            let response = client.response().await;
            assert_eq!((response.status, response.interim.len()), (413, 0), "{length}");
            client.stopped().await;
            settle().await;
            let record = stage.records.all().pop().unwrap();
            assert_eq!((record.end, record.error, record.attempts), (End::Rescued, Some("malformed"), 0));
        }
        stage.nobody_else_came().await;
    }

    async fn content_up_to_the_limit_passes(cell: Cell) {
        let mut stage = cell.filtered(AtMost(10));
        stage.origins.remove(0).answer(|request| ok(&request.body));
        let mut client = stage.client().await;
        for asked in [post("/").body("ten octets"), post("/").chunked("ten octets"), post("/").body(""), get("/")] {
            client.send(asked).await;
            assert_eq!(client.response().await.status, 200);
        }
    }

    async fn content_that_outgrows_the_limit_on_its_way_never_ends_at_the_origin(cell: Cell) {
        for is_last in [false, true] {
            let mut stage = cell.filtered(AtMost(10));
            let (mut client, mut asked) = stage.begin(put("/")).await;
            client.data(b"hello").await.unwrap();
            assert_eq!(asked.read(5).await.unwrap(), b"hello");
            client.data(b" world!").await.unwrap();
            if is_last {
                client.end().await;
            }
            assert_eq!(client.response().await.status, 413);
            assert!(asked.content().await.is_err());
            assert_eq!(asked.text(), "", "no more of it came");
            assert_eq!(stage.record().await.attempts, 1, "no other attempt would do better");
        }
    }

    /// After the response has begun there is nothing left but the cut.
    async fn content_that_outgrows_the_limit_after_the_answer_began_cuts_it(cell: Cell) {
        let mut stage = cell.filtered(AtMost(10));
        let (mut client, mut asked) = stage.begin(put("/")).await;
        client.data(b"hello").await.unwrap();
        asked.begin(status(200).field("Content-Length", "10")).await;
        asked.data(b"half").await.unwrap();
        assert_eq!(client.head().await.status, 200);
        client.data(b" world!").await.unwrap();
        assert!(client.try_response().await.is_err());
        assert_eq!(stage.record().await.end, End::Cut);
    }

    async fn the_route_has_the_last_word(cell: Cell) {
        let mut stage = cell.with(|origin| App::new(ByPath(origin)).filter(AtMost(100)));
        stage.origins.remove(0).answer(|request| ok(&request.body));
        for (path, octets, status) in [("/", 10, 200), ("/", 11, 413), ("/upload", 1000, 200), ("/upload", 1001, 413)] {
            for chunked in [false, true] {
                let mut client = stage.client().await;
                let content = "x".repeat(octets);
                client.send(if chunked { post(path).chunked(content) } else { post(path).body(content) }).await;
                let response = client.response().await;
                assert_eq!(response.status, status, "{path} {octets}");
                assert!(status != 200 || response.body.len() == octets);
            }
        }
    }

    /// What was looked at before the limit was set counts.
    async fn content_that_has_come_already_counts(cell: Cell) {
        let mut stage = cell.with(|origin| App::new(To(origin)).filter(Look).filter(AtMost(10)));
        let mut client = stage.client().await;
        client.send(post("/").chunked("hello world")).await;
        assert_eq!(client.response().await.status, 413);
        stage.nobody_else_came().await;
    }

    /// A limit ends the reading of a filter, also of one that makes little of errors.
    async fn a_filter_does_not_read_past_the_limit(cell: Cell) {
        for asked in [post("/").body("hello world"), post("/").chunked("hello world")] {
            let mut stage = cell.with(|origin| App::new(To(origin)).filter(AtMost(10)).filter(Read));
            let mut client = stage.client().await;
            client.send(asked).await;
            assert_eq!(client.response().await.status, 413);
            stage.nobody_else_came().await;
        }
    }

    /// The limit is on what the client sends, not on what is made of it.
    async fn content_of_a_filter_is_not_limited(cell: Cell) {
        struct Replace;
        impl Filter<()> for Replace {
            async fn request(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
                let content = request.collect(100).await?;
                assert_eq!(content, Collected::Whole("short".into()));
                request.replace("something longer");
                Ok(Verdict::Continue)
            }
        }
        let mut stage = cell.with(|origin| App::new(To(origin)).filter(AtMost(10)).filter(Replace));
        let (mut client, mut asked) = stage.pass(post("/").body("short")).await;
        assert_eq!(asked.text(), "something longer");
        asked.respond(ok("")).await;
        assert_eq!(client.response().await.status, 200);
    }

    /// A filter that answers is not overruled.
    async fn an_answer_needs_no_content(cell: Cell) {
        struct Answers;
        impl Filter<()> for Answers {
            async fn request(&self, _request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
                Ok(Response::text(http::StatusCode::UNAUTHORIZED, "who?").into())
            }
        }
        let stage = cell.with(|origin| App::new(To(origin)).filter(AtMost(10)).filter(Answers));
        let mut client = stage.client().await;
        client.send(post("/").body("x".repeat(100))).await;
        assert_eq!(client.response().await.status, 401);
    }

    /// A request cannot have more than its listener takes.
    async fn the_limit_of_the_listener_holds_beside_it(cell: Cell) {
        let mut protocol = Config::default();
        protocol.limits.body_octets = Some(5);
        let mut config = HttpConfig::default();
        config.protocol = Arc::new(protocol);
        for asked in [post("/").body("sixsix"), post("/").chunked("sixsix")] {
            let outcome = cell.http(config.clone()).filtered(AtMost(10)).outcome(asked, |_| ok("")).await;
            assert_eq!((outcome.response.status, outcome.origin_saw().len()), (413, 0));
        }
    }
}

/// The longest that can be said in HTTP/1, and a connection that goes on no more.
#[tokio::test(start_paused = true)]
async fn a_length_over_the_limit_closes_the_connection() {
    for length in ["11", "9223372036854775807"] {
        let mut stage = stage::filtered(AtMost(10));
        let mut client = stage.rig.client();
        client.send(format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {length}\r\n\r\n")).await;
        let response = client.response().await;
        assert_eq!(response.status, 413, "{length}");
        assert!(response.lists("Connection", "close"), "{length}");
        stage.origin.nobody_came().await;
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
