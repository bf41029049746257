//! A peer as a service.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body::Body;
use simplon_core::connect::PeerTimeouts;
use simplon_core::error::{Origin as Side, Replay};
use simplon_core::http::Origins;
use simplon_core::proto_http::rules::Rule;
use simplon_core::tower::{Client, ResponseBody};
use simplon_core::{Error, Kind, Result};
use simplon_testkit::message::chunk;
use simplon_testkit::time::{pass, settle, took};
use simplon_testkit::wire::Closing;
use simplon_testkit::{Network, Origin, Wire, ok, status};
use tokio::task::JoinHandle;
use tower::{Service, ServiceExt};

use crate::bodies::{Endless, Told, all, data, next, saying, told, trailers};

/// A client of one origin.
struct Stage {
    client: Client<Network>,
    origins: Arc<Origins<Network>>,
    origin: Origin,
}

fn stage() -> Stage {
    let network = Network::new();
    let (origin, origins) = (network.origin(), network.origins());
    Stage { client: Client::new(Arc::clone(&origins), origin.peer()), origins, origin }
}

impl Stage {
    /// Asks, and gives the connection on which it was asked.
    async fn ask<B: Body<Data = Bytes, Error = &'static str> + Send + 'static>(
        &mut self,
        request: Request<B>,
    ) -> (JoinHandle<Result<Response<ResponseBody>>>, Wire) {
        let asking = asking(&self.client, request);
        (asking, self.origin.accept().await)
    }
}

fn asking<B: Body<Data = Bytes, Error = &'static str> + Send + 'static>(
    client: &Client<Network>,
    request: Request<B>,
) -> JoinHandle<Result<Response<ResponseBody>>> {
    tokio::spawn(client.clone().oneshot(request))
}

fn get() -> Request<Told> {
    Request::new(saying([]).over())
}

fn post<B>(body: B) -> Request<B> {
    Request::post("http://shop.example/items?all").body(body).unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_request_goes_out_and_its_answer_comes_back() {
    let mut stage = stage();
    let (asked, mut origin) = stage.ask(post(saying([data("content")]).of_length(7))).await;
    let request = origin.request().await;
    assert_eq!(request.start, "POST /items?all HTTP/1.1");
    assert_eq!((request.field("Host"), request.field("Content-Length")), (Some("shop.example"), Some("7")));
    assert_eq!(request.text(), "content");
    origin.send(status(201).field("Location", "/items/1").body("made")).await;
    let response = asked.await.unwrap().unwrap();
    assert_eq!((response.status().as_u16(), response.version()), (201, Version::HTTP_11));
    assert_eq!(response.headers()["location"], "/items/1");
    let mut body = response.into_body();
    assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(4), false));
    assert_eq!(all(&mut body).await.unwrap().0, "made");
    assert!(body.is_end_stream());
}

#[tokio::test(start_paused = true)]
async fn requests_are_framed_and_named() {
    let plain = |request: http::request::Builder, body| request.body(body).unwrap();
    let mut stage = stage();
    for (request, wire) in [
        (get(), "GET / HTTP/1.1\r\nhost: 10.0.0.1:80\r\n\r\n"),
        (plain(Request::get("/a").header("Host", "b"), saying([]).over()), "GET /a HTTP/1.1\r\nhost: b\r\n\r\n"),
        (
            plain(Request::post("/"), saying([]).over()),
            "POST / HTTP/1.1\r\nhost: 10.0.0.1:80\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            plain(Request::post("/"), saying([data("hello")])),
            "POST / HTTP/1.1\r\nhost: 10.0.0.1:80\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ),
        (
            plain(Request::post("/").header("Content-Length", "5"), saying([data("hel"), data("lo")])),
            "POST / HTTP/1.1\r\ncontent-length: 5\r\nhost: 10.0.0.1:80\r\n\r\nhello",
        ),
        // As it might be passed on from a client.
        (
            plain(
                Request::get("http://a:81/x")
                    .header("Connection", "close, X-Mine")
                    .header("X-Mine", "1")
                    .header("Keep-Alive", "max=1")
                    .header("Transfer-Encoding", "chunked")
                    .header("Upgrade", "h2c")
                    .header("Expect", "100-continue")
                    .header("TE", "trailers, gzip"),
                saying([]).over(),
            ),
            "GET /x HTTP/1.1\r\nte: trailers\r\nhost: a:81\r\nConnection: TE\r\n\r\n",
        ),
    ] {
        let (asked, mut origin) = stage.ask(request).await;
        origin.request().await;
        let received = String::from_utf8(origin.received().octets()).unwrap();
        assert_eq!(received.to_lowercase(), wire.to_lowercase());
        drop(origin);
        assert!(asked.await.unwrap().is_err());
        // No other attempt: only a pooled connection may have died before it was used.
        stage.origin.nobody_came().await;
    }
}

/// What belongs to the origin's connection stays there.
#[tokio::test(start_paused = true)]
async fn answers_come_without_what_belongs_to_their_connection() {
    let mut stage = stage();
    let (asked, mut origin) = stage.ask(get()).await;
    origin.request().await;
    origin
        .send("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nConnection: X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        .await;
    let response = asked.await.unwrap().unwrap();
    let names: Vec<&str> = response.headers().keys().map(http::HeaderName::as_str).collect();
    assert_eq!((response.status().as_u16(), names), (200, vec!["x"]));
}

#[tokio::test(start_paused = true)]
async fn connections_are_used_again_once_the_answer_was_read() {
    let mut stage = stage();
    let (asked, mut origin) = stage.ask(get()).await;
    origin.request().await;
    origin.send(ok("hello")).await;
    let mut response = asked.await.unwrap().unwrap();
    assert_eq!(stage.origins.at_rest(), 0, "its content is still to come");
    all(response.body_mut()).await.unwrap();
    assert_eq!(stage.origins.at_rest(), 1);
    // The same connection, also for one that is not idempotent.
    let asked = asking(&stage.client, post(saying([data("x")])));
    assert_eq!(origin.request().await.text(), "x");
    // An answer without content gives it back at once.
    origin.send(status(204)).await;
    let response = asked.await.unwrap().unwrap();
    assert!(response.body().is_end_stream());
    assert_eq!(stage.origins.at_rest(), 1);
    stage.origin.nobody_came().await;
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_head_has_no_content() {
    let mut stage = stage();
    let (asked, mut origin) = stage.ask(Request::head("/").body(saying([]).over()).unwrap()).await;
    origin.request().await;
    origin.send(ok("hello").encode_head()).await;
    let response = asked.await.unwrap().unwrap();
    assert_eq!((response.headers()["content-length"].to_str().unwrap(), response.body().is_end_stream()), ("5", true));
    assert_eq!(stage.origins.at_rest(), 1);
}

/// Both directions at once, each part as it comes.
#[tokio::test(start_paused = true)]
async fn content_streams_both_ways() {
    let mut stage = stage();
    let (teller, body, _) = told();
    let (asked, mut origin) = stage.ask(post(body)).await;
    origin.head().await.unwrap();
    origin.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    let mut body = asked.await.unwrap().unwrap().into_body();
    for piece in ["one", "two", "three"] {
        teller.send(Ok(data(piece))).unwrap();
        let echo = async {
            let expected = chunk(piece.as_bytes());
            assert_eq!(origin.exactly(expected.len()).await.unwrap(), expected);
            origin.send(expected).await;
        };
        let (frame, ()) = tokio::join!(next(&mut body), echo);
        assert_eq!(frame.unwrap().unwrap().into_data().unwrap(), piece);
    }
    teller.send(Ok(trailers("x-sum", "11"))).unwrap();
    let end = async {
        assert_eq!(origin.exactly(16).await.unwrap(), b"0\r\nx-sum: 11\r\n\r\n");
        origin.send("0\r\ngrpc-status: 0\r\n\r\n").await;
    };
    let (rest, ()) = tokio::join!(all(&mut body), end);
    assert_eq!(rest.unwrap().1.unwrap()["grpc-status"], "0");
    assert_eq!(stage.origins.at_rest(), 1);
}

/// An origin that does not read holds the request's body back.
#[tokio::test(start_paused = true)]
async fn a_request_is_made_as_it_is_taken() {
    let mut stage = stage();
    let endless = Endless::default();
    let (asked, mut origin) = stage.ask(post(endless.clone())).await;
    pass(Duration::from_secs(1)).await;
    let before = endless.taken();
    assert!(before < 300 << 10, "{before}");
    origin.head().await.unwrap();
    origin.exactly(100 << 10).await.unwrap();
    pass(Duration::from_secs(1)).await;
    assert!(endless.taken() > before);
    asked.abort();
}

/// A body that is not read holds the origin back.
#[tokio::test(start_paused = true)]
async fn an_answer_is_read_as_it_is_asked_for() {
    let mut stage = stage();
    let (asked, mut origin) = stage.ask(get()).await;
    origin.request().await;
    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n").await;
    let mut body = asked.await.unwrap().unwrap().into_body();
    let sent = origin.sent();
    let flood = tokio::spawn(async move { origin.send(vec![b'x'; 10_000_000]).await });
    pass(Duration::from_secs(1)).await;
    assert!(sent.count() < 200 << 10, "{}", sent.count());
    assert_eq!(all(&mut body).await.unwrap().0.len(), 10_000_000);
    flood.await.unwrap();
}

/// The origin sees that nobody waits any more, and the request's body is dropped.
#[tokio::test(start_paused = true)]
async fn what_is_dropped_is_cancelled() {
    // While the head is waited for.
    let mut stage = stage();
    let (_teller, body, watch) = told();
    let (asked, mut origin) = stage.ask(post(body)).await;
    origin.head().await.unwrap();
    asked.abort();
    assert_eq!(origin.closed().await, Closing::Clean);
    assert!(watch.is_dropped());
    // While content comes.
    let (teller, body, watch) = told();
    let (asked, mut origin) = stage.ask(post(body)).await;
    origin.head().await.unwrap();
    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await;
    let mut response = asked.await.unwrap().unwrap();
    assert_eq!(next(response.body_mut()).await.unwrap().unwrap().into_data().unwrap(), "half");
    drop(response);
    origin.closed().await;
    assert!(watch.is_dropped() && teller.is_closed());
    assert_eq!(stage.origins.at_rest(), 0);
    // While it connects.
    stage.origin.hang();
    let asked = asking(&stage.client, get());
    settle().await;
    asked.abort();
    assert!(asked.await.unwrap_err().is_cancelled());
}

/// A layer that gives up does so for the origin too.
#[tokio::test(start_paused = true)]
async fn layers_of_others_go_around_it() {
    let mut stage = stage();
    let client = tower::ServiceBuilder::new().timeout(Duration::from_secs(5)).service(stage.client.clone());
    let asked = tokio::spawn(took(client.oneshot(get())));
    let mut origin = stage.origin.accept().await;
    origin.request().await;
    took(origin.closed()).await;
    let (outcome, time) = asked.await.unwrap();
    assert_eq!((outcome.unwrap_err().to_string().as_str(), time.as_secs()), ("request timed out", 5));
}

/// A pooled connection that died is no failure, if the request can go out again as it was.
#[tokio::test(start_paused = true)]
async fn a_connection_that_died_at_rest_is_replaced() {
    let mut stage = stage();
    for (request, is_safe) in [(get(), true), (post(saying([data("x")])), false)] {
        // One at rest, which dies as the next request arrives on it.
        let (asked, mut origin) = stage.ask(get()).await;
        origin.request().await;
        origin.send(ok("")).await;
        asked.await.unwrap().unwrap();
        let asked = asking(&stage.client, request);
        origin.request().await;
        drop(origin);
        if is_safe {
            let mut origin = stage.origin.accept().await;
            origin.request().await;
            origin.send(ok("")).await;
            assert_eq!(asked.await.unwrap().unwrap().status(), 200);
            stage.origins.forget(&stage.origin.peer());
        } else {
            let error = asked.await.unwrap().unwrap_err();
            assert_eq!((error.kind(), error.may_replay()), (Kind::Closed, Replay::IfIdempotent));
            stage.origin.nobody_came().await;
        }
    }
}

#[tokio::test(start_paused = true)]
async fn failures_say_whose_they_are() {
    let failed = |asked: JoinHandle<Result<Response<ResponseBody>>>| async {
        let error: Error = asked.await.unwrap().unwrap_err();
        (error.origin(), error.kind(), error.may_replay())
    };
    let mut stage = stage();
    stage.origin.refuse();
    assert_eq!(failed(asking(&stage.client, get())).await, (Side::Upstream, Kind::Refused, Replay::Safe));
    stage.origin.open();
    let (asked, mut origin) = stage.ask(get()).await;
    origin.send("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n").await;
    let malformed = Kind::Malformed(Rule::LengthMalformed);
    assert_eq!(failed(asked).await, (Side::Upstream, malformed, Replay::IfIdempotent));
    let (asked, mut origin) = stage.ask(get()).await;
    origin.request().await;
    let ((side, kind, replay), time) = took(failed(asked)).await;
    assert_eq!((side, replay, time.as_secs()), (Side::Upstream, Replay::IfIdempotent, 60));
    assert!(matches!(kind, Kind::Timeout(_)));
    // Requests that cannot be sent reach nobody.
    let connect = Request::builder().method("CONNECT").uri("a:80").body(saying([])).unwrap();
    let nominated = Request::get("/").header("Connection", "Host").body(saying([])).unwrap();
    for request in [connect, nominated] {
        let (side, _, replay) = failed(asking(&stage.client, request)).await;
        assert!(side != Side::Upstream && replay == Replay::No);
    }
    drop(origin);
    stage.origin.nobody_came().await;
}

/// An answer that is cut is told where it is cut.
#[tokio::test(start_paused = true)]
async fn an_answer_that_is_cut_is_no_clean_end() {
    let mut stage = stage();
    let (asked, mut origin) = stage.ask(get()).await;
    origin.request().await;
    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await;
    let mut body = asked.await.unwrap().unwrap().into_body();
    drop(origin);
    assert_eq!(next(&mut body).await.unwrap().unwrap().into_data().unwrap(), "half");
    let error = next(&mut body).await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.may_replay()), (Kind::Truncated, Replay::No));
    assert!(next(&mut body).await.is_none());
}

/// A body of the caller's that fails: the origin never takes it for complete.
#[tokio::test(start_paused = true)]
async fn a_body_that_fails_is_the_callers() {
    for answered in [false, true] {
        let mut stage = stage();
        let (teller, body, _) = told();
        let (asked, mut origin) = stage.ask(post(body)).await;
        let mut head = origin.head().await.unwrap();
        teller.send(Ok(data("half"))).unwrap();
        let error = if answered {
            origin.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n").await;
            let mut response = asked.await.unwrap().unwrap();
            teller.send(Err("broken")).unwrap();
            next(response.body_mut()).await.unwrap().unwrap_err()
        } else {
            settle().await;
            teller.send(Err("broken")).unwrap();
            asked.await.unwrap().unwrap_err()
        };
        assert_eq!(error.source().unwrap().to_string(), "broken");
        assert!(origin.content(&mut head, None).await.is_err());
    }
}

/// The wait for an answer begins when the request has ended, however long that takes.
#[tokio::test(start_paused = true)]
async fn a_slow_request_does_not_use_up_the_wait_for_the_answer() {
    let network = Network::new();
    let mut origin = network.origin();
    let mut timeouts = PeerTimeouts::default();
    timeouts.read = Duration::from_secs(7);
    let peer = origin.peer().to_builder().timeouts(timeouts).build().unwrap();
    let client = Client::new(network.origins(), peer);
    let (teller, body, _) = told();
    let asked = asking(&client, post(body));
    let mut wire = origin.accept().await;
    for _ in 0..3 {
        pass(Duration::from_secs(100)).await;
        teller.send(Ok(data("x"))).unwrap();
    }
    drop(teller);
    assert_eq!(wire.request().await.text(), "xxx");
    let (outcome, time) = took(asked).await;
    assert!(outcome.unwrap().unwrap_err().is_timeout());
    assert_eq!(time.as_secs(), 7);
}

/// An origin that answers and takes no more of the request has answered.
#[tokio::test(start_paused = true)]
async fn an_early_answer_is_not_lost_to_a_request_that_goes_on() {
    let mut stage = stage();
    let (asked, mut origin) = stage.ask(post(Endless::default())).await;
    origin.head().await.unwrap();
    origin.send(status(413).body("too much")).await;
    origin.refuse_writes();
    let mut response = asked.await.unwrap().unwrap();
    assert_eq!(response.status(), 413);
    assert_eq!(all(response.body_mut()).await.unwrap().0, "too much");
    assert_eq!(stage.origins.at_rest(), 0);
    // One that just stops reading has failed, by the first fault.
    let (asked, mut origin) = stage.ask(post(Endless::default())).await;
    origin.head().await.unwrap();
    origin.refuse_writes();
    settle().await;
    drop(origin);
    assert_eq!(asked.await.unwrap().unwrap_err().kind(), Kind::Reset);
}

/// Ready as often as one likes.
#[tokio::test(start_paused = true)]
async fn requests_go_side_by_side() {
    let mut stage = stage();
    let mut client = stage.client.clone();
    let mut answers = Vec::new();
    for _ in 0..3 {
        let client = ServiceExt::<Request<String>>::ready(&mut client).await.unwrap();
        answers.push(tokio::spawn(client.call(Request::new("x".to_owned()))));
    }
    let mut wires = Vec::new();
    for _ in 0..3 {
        wires.push(stage.origin.accept().await);
    }
    for wire in wires.iter_mut().rev() {
        wire.request().await;
        wire.send(ok("y")).await;
    }
    for answer in answers {
        assert_eq!(all(answer.await.unwrap().unwrap().body_mut()).await.unwrap().0, "y");
    }
    assert_eq!(stage.origins.at_rest(), 3);
}
