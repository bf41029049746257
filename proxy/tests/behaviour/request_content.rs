//! Content of requests that filters change, also when it is sent more than once.

use bytes::Bytes;
use simplon_core::Result;
use simplon_core::connect::Peer;
use simplon_core::net::ConnInfo;
use simplon_proto_http::{Last, RequestHead};
use simplon_proxy::{App, Attempt, Chunk, Chunks, Filter, Request, Response, ResponseView, Route, Target, To, Verdict};
use simplon_testkit::{app, filter, get, ok, post};

use crate::stage;

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

/// C36: with Content-Length present.
#[tokio::test(start_paused = true)]
async fn content_of_another_length_is_framed_anew() {
    for asked in [post("/").body("quiet"), post("/").chunked("quiet")] {
        let outcome = app(|origin| App::new(Counting(origin)).filter(Shout)).request(asked).await;
        let request = &outcome.origin_saw()[0];
        assert_eq!((request.text().as_str(), request.field("Content-Length")), ("QUIET 5", None));
    }
}

/// What filters made of the content once is what every attempt sends.
#[tokio::test(start_paused = true)]
async fn filters_see_the_content_once_for_all_attempts() {
    let mut stage = stage::with(|origin| App::new(Counting(origin)).filter(Shout));
    let mut client = stage.rig.client();
    client.send("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\nhello ").await;
    let mut first = stage.origin.accept().await;
    first.head().await.unwrap();
    simplon_testkit::time::settle().await;
    drop(first);
    let mut second = stage.origin.accept().await;
    client.send("world").await;
    let request = second.request().await;
    assert_eq!((request.text().as_str(), request.all("X-Attempt")), ("HELLO WORLD 11", vec!["2"]));
    second.send(ok("")).await;
    assert_eq!(client.response().await.status, 200);
}

/// Each attempt has a head of its own.
#[tokio::test(start_paused = true)]
async fn what_is_done_to_one_attempt_is_not_in_the_next() {
    struct Mark;
    impl Filter<()> for Mark {
        async fn upstream_request(&self, head: &mut RequestHead, attempt: &Attempt<'_>, _cx: &mut ()) -> Result<()> {
            head.fields.append("X-Mark", attempt.number.to_string()).unwrap();
            Ok(())
        }
    }
    let mut stage = stage::filtered(Mark);
    let (mut client, mut first) = stage.pass(get("/")).await;
    assert_eq!(first.request().await.all("X-Mark"), ["1"]);
    drop(first);
    let mut second = stage.origin.accept().await;
    let request = second.request().await;
    assert_eq!(request.all("X-Mark"), ["2"]);
    assert_eq!((request.all("Via").len(), request.field("X-Forwarded-For")), (1, Some("192.0.2.1")));
    second.send(ok("")).await;
    client.response().await;
}

/// Replaced content is sent again as replaced.
#[tokio::test(start_paused = true)]
async fn replaced_content_survives_another_attempt() {
    struct Replace;
    impl Filter<()> for Replace {
        async fn request(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
            request.replace(Bytes::from_static(b"replaced"));
            Ok(Verdict::Continue)
        }
    }
    let mut stage = stage::filtered(Replace);
    let (mut client, mut first) = stage.pass("PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nold").await;
    assert_eq!(first.request().await.text(), "replaced");
    drop(first);
    let mut second = stage.origin.accept().await;
    assert_eq!(second.request().await.text(), "replaced");
    second.send(ok("")).await;
    client.response().await;
}

/// Content that was looked at before routing passes through the filters like any other.
#[tokio::test(start_paused = true)]
async fn content_that_was_looked_at_passes_through_filters() {
    struct Look;
    impl Filter<usize> for Look {
        async fn request(&self, request: &mut Request<'_>, _cx: &mut usize) -> Result<Verdict> {
            assert_eq!(request.peek(3).await?, "hel");
            Ok(Verdict::Continue)
        }
    }
    let outcome =
        app(|origin| App::new(Counting(origin)).filter(Look).filter(Shout)).request(post("/").body("hello")).await;
    assert_eq!(outcome.origin_saw()[0].text(), "HELLO 5");
}

/// A filter that answers a client that waits for 100 never asks it for its content.
#[tokio::test(start_paused = true)]
async fn an_answer_to_a_client_that_waits_comes_instead_of_100() {
    struct Answers;
    impl Filter<()> for Answers {
        async fn request(&self, _request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
            Ok(Response::text(http::StatusCode::UNAUTHORIZED, "who?").into())
        }
    }
    let mut stage = stage::filtered(Answers);
    let mut client = stage.rig.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n").await;
    let response = client.response().await;
    assert_eq!((response.status, response.interim.len()), (401, 0));
    assert!(response.lists("Connection", "close"), "{response:?}");
    client.closed().await;
    stage.origin.nobody_came().await;
}

/// The origin's answer may be looked at before it passes.
#[tokio::test(start_paused = true)]
async fn a_response_may_be_looked_at_before_it_passes() {
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
        let outcome = filter(Look).origin(move |_| reply.clone()).await;
        assert_eq!(outcome.response.field("X-Found"), Some(found), "{said:?}");
        let expected = found.split(' ').next().unwrap();
        assert!(expected == "over" || outcome.response.body.len().to_string() == expected);
        assert_eq!(outcome.cut, None);
    }
}

/// An origin that stalls while its answer is looked at is 504.
#[tokio::test(start_paused = true)]
async fn an_origin_that_stalls_while_its_answer_is_looked_at_is_504() {
    struct Look;
    impl Filter<()> for Look {
        async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut ()) -> Result<()> {
            response.collect(100).await.map(drop)
        }
    }
    let mut stage = stage::with(|origin| App::new(To(origin)).filter(Look).retry(()));
    let (mut client, mut origin) = stage.pass(get("/")).await;
    origin.request().await;
    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await;
    let (response, time) = simplon_testkit::time::took(client.response()).await;
    assert_eq!((response.status, time.as_secs()), (504, 60));
    let mut stage = stage::with(|origin| App::new(To(origin)).filter(Look).retry(()));
    let (mut client, mut origin) = stage.pass(get("/")).await;
    origin.request().await;
    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await;
    drop(origin);
    assert_eq!(client.response().await.status, 502);
}
