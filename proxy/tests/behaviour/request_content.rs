//! Content of requests that filters change, also when it is sent more than once.

use bytes::Bytes;
use simplon_core::Result;
use simplon_core::connect::Peer;
use simplon_core::net::ConnInfo;
use simplon_proto_http::{Last, RequestHead};
use simplon_proxy::{App, Attempt, Chunk, Chunks, Filter, Request, Response, ResponseView, Route, Target, To, Verdict};
use simplon_testkit::time::took;
use simplon_testkit::{get, matrix, ok, post, request, status};

/// Writes content in capitals and says after it how much there was.
struct Shout;

impl Filter<usize> for Shout {
    async fn request(&self, request: &mut Request<'_>, _seen: &mut usize) -> Result<Verdict> {
        request.rewrite();
        Ok(Verdict::Continue)
    }

    async fn request_part(&self, chunk: Chunk, out: &mut Chunks, seen: &mut usize) -> Result<()> {
        let Chunk::Data(octets, last) = chunk else {
            out.push(chunk);
            return Ok(());
        };
        *seen += octets.len();
        out.push(Chunk::Data(octets.to_ascii_uppercase().into(), Last::No));
        if last == Last::Yes {
            out.push(Chunk::Data(format!(" {seen}").into(), Last::Yes));
        }
        Ok(())
    }
}

/// Everything to one peer, as often as it takes.
struct Counting(Peer);

impl Route for Counting {
    type Ctx = usize;

    fn begin(&self, _from: &ConnInfo) -> usize {
        0
    }

    async fn route(&self, request: &mut Request<'_>, _seen: &mut usize) -> Result<Target> {
        let attempt = request.tried().len() + 1;
        request.fields.set("X-Attempt", attempt.to_string()).unwrap();
        Ok(Target::Forward(self.0.clone()))
    }
}

/// Adds to each attempt.
struct Mark;

impl Filter<()> for Mark {
    async fn upstream_request(&self, head: &mut RequestHead, attempt: &Attempt<'_>, _cx: &mut ()) -> Result<()> {
        head.fields.append("X-Mark", attempt.number.to_string()).unwrap();
        Ok(())
    }
}

/// Puts other content in place.
struct Replace;

impl Filter<()> for Replace {
    async fn request(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
        request.replace(Bytes::from_static(b"replaced"));
        Ok(Verdict::Continue)
    }
}

matrix! {
    /// C36: with Content-Length present.
    async fn content_of_another_length_is_framed_anew(cell: Cell) {
        for asked in [post("/").body("quiet"), post("/").chunked("quiet")] {
            let stage = cell.with(|origin| App::new(Counting(origin)).filter(Shout));
            let outcome = stage.outcome(asked, |_| ok("")).await;
            let request = &outcome.origin_saw()[0];
            assert_eq!((request.text().as_str(), request.field("Content-Length")), ("QUIET 5", None));
        }
    }

    /// What filters made of the content once is what every attempt sends.
    async fn filters_see_the_content_once_for_all_attempts(cell: Cell) {
        let mut stage = cell.with(|origin| App::new(Counting(origin)).filter(Shout));
        let (mut client, mut first) = stage.begin(request("PUT", "/").field("Content-Length", "11")).await;
        client.data(b"hello ").await.unwrap();
        assert_eq!(first.read(6).await.unwrap(), b"HELLO ");
        first.cut().await;
        let mut second = stage.head().await;
        client.data(b"world").await.unwrap();
        client.end().await;
        second.content().await.unwrap();
        assert_eq!((second.text().as_str(), second.all("X-Attempt")), ("HELLO WORLD 11", vec!["2"]));
        second.respond(ok("")).await;
        assert_eq!(client.response().await.status, 200);
    }

    /// Each attempt has a head of its own.
    async fn what_is_done_to_one_attempt_is_not_in_the_next(cell: Cell) {
        let mut stage = cell.filtered(Mark);
        let (mut client, mut first) = stage.pass(get("/")).await;
        assert_eq!(first.all("X-Mark"), ["1"]);
        first.cut().await;
        let mut second = stage.request().await;
        assert_eq!(second.all("X-Mark"), ["2"]);
        assert_eq!((second.all("Via").len(), second.field("X-Forwarded-For")), (1, Some("192.0.2.1")));
        second.respond(ok("")).await;
        client.response().await;
    }

    /// Replaced content is sent again as replaced.
    async fn replaced_content_survives_another_attempt(cell: Cell) {
        let mut stage = cell.filtered(Replace);
        let (mut client, mut first) = stage.pass(request("PUT", "/").body("old")).await;
        assert_eq!(first.text(), "replaced");
        first.cut().await;
        let mut second = stage.request().await;
        assert_eq!(second.text(), "replaced");
        second.respond(ok("")).await;
        client.response().await;
    }

    /// Content that was looked at before routing passes through the filters like any other.
    async fn content_that_was_looked_at_passes_through_filters(cell: Cell) {
        struct Look;
        impl Filter<usize> for Look {
            async fn request(&self, request: &mut Request<'_>, _cx: &mut usize) -> Result<Verdict> {
                assert_eq!(request.peek(3).await?, "hel");
                Ok(Verdict::Continue)
            }
        }
        let stage = cell.with(|origin| App::new(Counting(origin)).filter(Look).filter(Shout));
        let outcome = stage.outcome(post("/").body("hello"), |_| ok("")).await;
        assert_eq!(outcome.origin_saw()[0].text(), "HELLO 5");
    }

    /// A filter that answers a client that waits for 100 never asks it for its content.
    async fn an_answer_to_a_client_that_waits_comes_instead_of_100(cell: Cell) {
        struct Answers;
        impl Filter<()> for Answers {
            async fn request(&self, _request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
                Ok(Response::text(http::StatusCode::UNAUTHORIZED, "who?").into())
            }
        }
        let mut stage = cell.filtered(Answers);
        let mut client = stage.client().await;
        client.begin(post("/").field("Content-Length", "5").field("Expect", "100-continue")).await;
        let response = client.response().await;
        assert_eq!((response.status, response.interim.len()), (401, 0));
        client.stopped().await;
        stage.nobody_else_came().await;
    }

    /// The origin's answer may be looked at before it passes.
    async fn a_response_may_be_looked_at_before_it_passes(cell: Cell) {
        struct Look;
        impl Filter<()> for Look {
            async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut ()) -> Result<()> {
                let start = response.peek(2).await?;
                let found = match response.collect(8).await? {
                    simplon_proxy::Collected::Whole(content) => content.len().to_string(),
                    simplon_proxy::Collected::Over => "over".to_owned(),
                };
                response.fields.set("X-Found", format!("{found} {}", start.escape_ascii())).unwrap();
                Ok(())
            }
        }
        for (said, found) in [
            (ok("hello"), "5 he"),
            (ok("").chunked("hello").trailer("T", "1"), "5 he"),
            (ok("x".repeat(100_000)), "over xx"),
            (ok("h"), "1 h"),
            (ok(""), "0"),
        ] {
            let reply = said.clone();
            let outcome = cell.filtered(Look).outcome(get("/"), move |_| reply.clone()).await;
            assert_eq!(outcome.response.field("X-Found"), Some(found), "{said:?}");
            let expected = found.split(' ').next().unwrap();
            assert!(expected == "over" || outcome.response.body.len().to_string() == expected);
            assert_eq!(outcome.cut, None);
        }
    }

    /// An origin that stalls while its answer is looked at is 504.
    async fn an_origin_that_stalls_while_its_answer_is_looked_at_is_504(cell: Cell) {
        struct Look;
        impl Filter<()> for Look {
            async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut ()) -> Result<()> {
                response.collect(100).await.map(drop)
            }
        }
        let half = status(200).field("Content-Length", "10");
        let mut stage = cell.with(|origin| App::new(To(origin)).filter(Look).retry(()));
        let (mut client, mut asked) = stage.pass(get("/")).await;
        asked.begin(half.clone()).await;
        asked.data(b"half").await.unwrap();
        let (response, time) = took(client.response()).await;
        assert_eq!((response.status, time.as_secs()), (504, 60));
        let mut stage = cell.with(|origin| App::new(To(origin)).filter(Look).retry(()));
        let (mut client, mut asked) = stage.pass(get("/")).await;
        asked.begin(half).await;
        asked.data(b"half").await.unwrap();
        asked.cut().await;
        assert_eq!(client.response().await.status, 502);
    }
}
