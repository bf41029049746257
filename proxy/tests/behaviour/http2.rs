//! Clients that speak HTTP/2, and origins that do not: what is particular to that. What holds for all versions is in the matrix.
//! C28, C29, C30, C33, E46, E48

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use h2::client::{self, ResponseFuture, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use http::{HeaderMap, Request, Response};
use simplon_core::Result;
use simplon_core::http::{HttpConfig, Serve};
use simplon_proxy::observe::End;
use simplon_proxy::{App, Filter, Response as ProxyResponse, To, Verdict};
use simplon_testkit::time::{pass, settle, took};
use simplon_testkit::{Wire, get, ok, status};
use tokio::task::JoinHandle;

use crate::stage::{self, Stage};

mod tunnels;

/// What the client lets the proxy send before it reads.
const WINDOW: u32 = 64 << 10;
/// What may wait between both sides besides the pipes and the windows.
const KEPT: u64 = 384 << 10;

struct Client {
    send: SendRequest<Bytes>,
    driven: JoinHandle<Result<(), h2::Error>>,
    served: JoinHandle<()>,
}

impl Client {
    async fn new<S: Serve>(stage: &Stage<S>) -> Self {
        let (near, served) = stage.rig.connect(SocketAddr::from(([192, 0, 2, 1], 4711)));
        let (send, connection) = client::Builder::new().initial_window_size(WINDOW).handshake(near).await.unwrap();
        Self { send, driven: tokio::spawn(connection), served }
    }

    /// A request that is complete with its head.
    fn ask(&mut self, request: Request<()>) -> ResponseFuture {
        self.send.send_request(request, true).unwrap().0
    }

    /// A request whose content follows.
    fn begin(&mut self, request: Request<()>) -> (ResponseFuture, SendStream<Bytes>) {
        self.send.send_request(request, false).unwrap()
    }
}

fn asked(method: &str, target: &str) -> http::request::Builder {
    Request::builder().method(method).uri(format!("http://a.example{target}"))
}

fn plain(method: &str, target: &str) -> Request<()> {
    asked(method, target).body(()).unwrap()
}

struct Heard {
    status: u16,
    fields: HeaderMap,
    content: String,
    trailers: Option<HeaderMap>,
}

async fn heard(response: ResponseFuture) -> Result<Heard, h2::Error> {
    rest(response.await?).await
}

async fn rest(response: Response<RecvStream>) -> Result<Heard, h2::Error> {
    let (parts, mut body) = response.into_parts();
    let mut content = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        content.extend_from_slice(&piece);
    }
    let trailers = body.trailers().await?;
    let content = String::from_utf8(content).unwrap();
    Ok(Heard { status: parts.status.as_u16(), fields: parts.headers, content, trailers })
}

/// A client, and the connection on which the proxy passed its request on.
async fn passed<S: Serve>(stage: &mut Stage<S>, request: Request<()>) -> (Client, ResponseFuture, Wire) {
    let mut client = Client::new(stage).await;
    let response = client.ask(request);
    let origin = stage.origin.accept().await;
    (client, response, origin)
}

/// Keeps a request that is less urgent than usual from its origin.
struct UrgentAlone;

impl Filter<()> for UrgentAlone {
    async fn request(&self, request: &mut simplon_proxy::Request<'_>, _cx: &mut ()) -> Result<Verdict> {
        let priority = request.priority();
        if priority.urgency() > 3 && !priority.is_incremental() {
            return Ok(ProxyResponse::text(http::StatusCode::TOO_MANY_REQUESTS, "later").into());
        }
        Ok(Verdict::Continue)
    }
}

/// RFC 9218 §5: a filter sees the priority, the origin gets it as it came, and so does the client what the origin says of it.
#[tokio::test(start_paused = true)]
async fn a_priority_is_for_filters_and_goes_on_unchanged() {
    let mut stage = stage::with(|origin| App::new(To(origin)).filter(UrgentAlone));
    let mut client = Client::new(&stage).await;
    let refused = client.ask(asked("GET", "/").header("priority", "u=5").body(()).unwrap());
    assert_eq!(heard(refused).await.unwrap().status, 429);
    let response = client.ask(asked("GET", "/").header("priority", "u=5 , i;x, y=1").body(()).unwrap());
    let mut origin = stage.origin.accept().await;
    assert_eq!(origin.request().await.all("Priority"), ["u=5 , i;x, y=1"]);
    origin.send(ok("hello").field("Priority", "u=1")).await;
    assert_eq!(heard(response).await.unwrap().fields["priority"], "u=1");
}

#[tokio::test(start_paused = true)]
async fn a_request_reaches_the_origin_as_one_of_http_1_and_the_answer_comes_back() {
    let mut stage = stage::plain();
    let request = asked("GET", "/b?c").header("cookie", "d=1").header("cookie", "e=2").header("te", "trailers");
    let (_client, response, mut origin) = passed(&mut stage, request.body(()).unwrap()).await;
    let request = origin.request().await;
    assert_eq!((request.method(), request.path()), ("GET", "/b?c"));
    assert_eq!(request.all("Host"), ["a.example"]);
    assert_eq!(request.all("Cookie"), ["d=1; e=2"]);
    assert!(request.field("Via").unwrap().starts_with("2 "), "{request:?}");
    assert!(request.lists("Connection", "TE") && request.lists("TE", "trailers"));
    // C28
    assert_eq!((request.field("Transfer-Encoding"), request.field("Content-Length")), (None, None));
    origin.send(ok("hello").field("Connection", "keep-alive").field("Keep-Alive", "timeout=5")).await;
    let heard = heard(response).await.unwrap();
    assert_eq!((heard.status, heard.content.as_str()), (200, "hello"));
    assert_eq!(heard.fields["content-length"], "5");
    assert!(!heard.fields.contains_key("connection") && !heard.fields.contains_key("keep-alive"));
    settle().await;
    let record = stage.records.only();
    assert_eq!((record.end, record.status.unwrap().as_u16()), (End::Complete, 200));
}

/// C28: chunked once where nobody said how long it is, and not where somebody did.
#[tokio::test(start_paused = true)]
async fn content_is_framed_for_the_origin_once() {
    for length in [None, Some("8")] {
        let mut stage = stage::plain();
        let mut client = Client::new(&stage).await;
        let mut request = asked("POST", "/");
        if let Some(length) = length {
            request = request.header("content-length", length);
        }
        let (response, mut send) = client.begin(request.body(()).unwrap());
        send.send_data("half".into(), false).unwrap();
        send.send_data("rest".into(), true).unwrap();
        let mut origin = stage.origin.accept().await;
        let request = origin.request().await;
        assert_eq!((request.text().as_str(), request.field("Content-Length")), ("halfrest", length));
        assert_eq!(request.all("Transfer-Encoding").len(), usize::from(length.is_none()));
        origin.send(status(204)).await;
        assert_eq!(heard(response).await.unwrap().status, 204);
    }
}

/// C29: as gRPC has it: content and trailers both ways, or nothing but trailers.
#[tokio::test(start_paused = true)]
async fn trailers_pass_both_ways() {
    let mut stage = stage::plain();
    let mut client = Client::new(&stage).await;
    let request =
        asked("POST", "/pkg.Service/Call").header("content-type", "application/grpc").header("te", "trailers");
    let (response, mut send) = client.begin(request.body(()).unwrap());
    send.send_data("\0\0\0\0\x01x".into(), false).unwrap();
    let mut trailers = HeaderMap::new();
    trailers.insert("x-checksum", "7".parse().unwrap());
    send.send_trailers(trailers).unwrap();
    let mut origin = stage.origin.accept().await;
    let request = origin.request().await;
    assert_eq!((request.text().as_str(), request.trailer("x-checksum")), ("\0\0\0\0\x01x", Some("7")));
    let reply = status(200).field("Content-Type", "application/grpc").chunked("\0\0\0\0\x01y");
    origin.send(reply.trailer("grpc-status", "0").trailer("grpc-message", "fine")).await;
    let heard_first = heard(response).await.unwrap();
    assert_eq!(heard_first.content, "\0\0\0\0\x01y");
    assert_eq!(heard_first.trailers.unwrap()["grpc-status"], "0");

    let response = client.ask(plain("POST", "/pkg.Service/None"));
    assert_eq!(origin.request().await.path(), "/pkg.Service/None");
    origin.send(status(200).field("grpc-status", "12")).await;
    let heard = heard(response).await.unwrap();
    assert_eq!((heard.fields["grpc-status"].as_bytes(), heard.trailers), (&b"12"[..], None));
}

/// C30: an answer in the middle of an upload arrives, and the upload is stopped without a fault.
#[tokio::test(start_paused = true)]
async fn an_early_answer_reaches_a_client_that_still_uploads() {
    let mut stage = stage::plain();
    let mut client = Client::new(&stage).await;
    let (response, mut send) = client.begin(plain("POST", "/"));
    send.send_data(Bytes::from_static(&[b'x'; 30_000]), false).unwrap();
    let mut origin = stage.origin.accept().await;
    origin.head().await.unwrap();
    origin.send(status(413).body("too much")).await;
    let heard = heard(response).await.unwrap();
    assert_eq!((heard.status, heard.content.as_str()), (413, "too much"));
    let reason = std::future::poll_fn(|cx| send.poll_reset(cx)).await.unwrap();
    assert_eq!(reason, Reason::NO_ERROR);
    let next = client.ask(plain("GET", "/next"));
    let mut origin = stage.origin.accept().await;
    assert_eq!(origin.request().await.path(), "/next");
    origin.send(ok("next")).await;
    assert_eq!(self::heard(next).await.unwrap().content, "next");
}

#[tokio::test(start_paused = true)]
async fn answers_without_content_end_with_their_head() {
    let rows = [
        ("HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n", 200, Some("1000")),
        ("GET", "HTTP/1.1 204 No Content\r\n\r\n", 204, None),
        ("GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 1000\r\n\r\n", 304, Some("1000")),
        ("GET", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, Some("0")),
    ];
    for (method, said, status, length) in rows {
        let mut stage = stage::plain();
        let (_client, response, mut origin) = passed(&mut stage, plain(method, "/")).await;
        origin.request().await;
        origin.send(said).await;
        let response = response.await.unwrap();
        assert!(response.body().is_end_stream(), "{said}");
        let length_heard = response.headers().get("content-length").map(|value| value.to_str().unwrap());
        assert_eq!((response.status().as_u16(), length_heard), (status, length));
    }
}

/// E48: within milliseconds, wherever the exchange stands.
#[tokio::test(start_paused = true)]
async fn a_reset_lets_the_origin_go_at_once() {
    // Waiting for the answer.
    let mut stage = stage::plain();
    let (client, response, mut origin) = passed(&mut stage, plain("GET", "/")).await;
    origin.request().await;
    drop(response);
    let (_, time) = took(origin.closed()).await;
    assert!(time < Duration::from_millis(5), "{time:?}");
    settle().await;
    let record = stage.records.only();
    assert_eq!((record.end, record.status.unwrap().as_u16()), (End::ClientGone, 499));
    drop(client);

    // In the middle of the answer.
    let mut stage = stage::plain();
    let (_client, response, mut origin) = passed(&mut stage, plain("GET", "/")).await;
    origin.request().await;
    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhello").await;
    drop(response.await.unwrap());
    let (_, time) = took(origin.closed()).await;
    assert!(time < Duration::from_millis(5), "{time:?}");
    settle().await;
    assert_eq!(stage.records.only().end, End::ClientGone);

    // In the middle of an upload that the origin does not take.
    let mut stage = stage::plain();
    let mut client = Client::new(&stage).await;
    let (_response, mut send) = client.begin(plain("POST", "/"));
    upload(&mut send, 4 << 20).await;
    let mut origin = stage.origin.accept().await;
    send.send_reset(Reason::CANCEL);
    settle().await;
    assert_eq!(stage.records.only().end, End::ClientGone);
    assert!(origin.try_request().await.is_err());
}

/// E48: a client that still uploads, while there is no connection to an origin yet.
#[tokio::test(start_paused = true)]
async fn a_reset_ends_the_search_for_a_connection() {
    let mut stage = stage::plain();
    stage.origin.hang();
    let mut client = Client::new(&stage).await;
    let (_response, mut send) = client.begin(plain("POST", "/"));
    settle().await;
    send.send_reset(Reason::CANCEL);
    settle().await;
    assert_eq!(stage.records.only().end, End::ClientGone);
    stage.origin.open();
    stage.origin.nobody_came().await;
}

/// Sends as much as is taken within a second of silence.
async fn upload(send: &mut SendStream<Bytes>, most: usize) -> u64 {
    let mut taken = 0;
    while taken < most {
        send.reserve_capacity(16 << 10);
        let granted = tokio::time::timeout(Duration::from_secs(1), async {
            while send.capacity() < 16 << 10 {
                std::future::poll_fn(|cx| send.poll_capacity(cx)).await.unwrap().unwrap();
            }
        });
        if granted.await.is_err() {
            break;
        }
        send.send_data(Bytes::from_static(&[b'x'; 16 << 10]), false).unwrap();
        taken += 16 << 10;
    }
    taken as u64
}

/// C33: a huge answer to a client that does not read, and a huge upload to an origin that does not.
#[tokio::test(start_paused = true)]
async fn a_slow_side_holds_the_other_back() {
    let mut stage = stage::plain();
    let (_client, response, mut origin) = passed(&mut stage, plain("GET", "/huge")).await;
    origin.request().await;
    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n").await;
    let mut body = response.await.unwrap().into_body();
    let mut said = 0;
    while said < 16 << 20 {
        let sending = origin.try_send(vec![b'x'; 16 << 10]);
        if tokio::time::timeout(Duration::from_secs(1), sending).await.is_err() {
            break;
        }
        said += 16 << 10;
    }
    let kept = origin.sent().count() - origin.sent().in_flight() as u64 - u64::from(WINDOW);
    assert!(kept < KEPT, "{kept} octets are kept");
    // It goes on as soon as the client reads.
    let before = origin.sent().count();
    let mut read = 0;
    while read < 100 << 10 {
        let piece = body.data().await.unwrap().unwrap();
        read += piece.len();
        body.flow_control().release_capacity(piece.len()).unwrap();
    }
    let _ = tokio::time::timeout(Duration::from_secs(1), origin.try_send(vec![b'x'; 64 << 10])).await;
    assert!(origin.sent().count() > before);

    let mut stage = stage::plain();
    let mut client = Client::new(&stage).await;
    let (_response, mut send) = client.begin(plain("POST", "/"));
    let taken = upload(&mut send, 16 << 20).await;
    let origin = stage.origin.accept().await;
    assert!(taken - origin.received().in_flight() as u64 <= KEPT + (256 << 10), "{taken} octets were taken");
}

/// The window of the connection does not run dry by uploads that are given up.
#[tokio::test(start_paused = true)]
async fn credit_of_uploads_that_were_given_up_comes_back() {
    let mut stage = stage::plain();
    let mut client = Client::new(&stage).await;
    for _ in 0..20 {
        let (_response, mut send) = client.begin(plain("POST", "/"));
        assert!(upload(&mut send, 1 << 20).await >= 128 << 10, "the connection's window is open");
        send.send_reset(Reason::CANCEL);
        drop(stage.origin.accept().await);
        settle().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_malformed_is_answered_and_recorded_and_others_go_on() {
    let mut stage = stage::plain();
    let (mut client, response, mut origin) = passed(&mut stage, plain("GET", "/good")).await;
    origin.request().await;
    for request in [
        asked("GET", "/").header("host", "b.example").body(()).unwrap(),
        asked("GET", "/").header("content-length", "+1").body(()).unwrap(),
        Request::get("http://user@a.example/").body(()).unwrap(),
    ] {
        let bad = client.ask(request);
        match heard(bad).await {
            Ok(heard) => assert_eq!(heard.status, 400),
            Err(reset) => assert_eq!(reset.reason(), Some(Reason::PROTOCOL_ERROR)),
        }
    }
    origin.send(ok("good")).await;
    assert_eq!(heard(response).await.unwrap().content, "good");
    settle().await;
    let records = stage.records.all();
    assert!(records.iter().filter(|record| record.error == Some("malformed")).count() >= 2, "{records:?}");
}

/// A failure before the answer has a status; one after it has a code.
#[tokio::test(start_paused = true)]
async fn failures_of_the_origin_are_told_by_status_or_by_code() {
    let mut stage = stage::with(|origin| App::new(To(origin)).retry(()));
    let (mut client, response, mut origin) = passed(&mut stage, plain("GET", "/")).await;
    origin.request().await;
    drop(origin);
    assert_eq!(heard(response).await.unwrap().status, 502);

    let response = client.ask(plain("GET", "/"));
    let mut origin = stage.origin.accept().await;
    origin.request().await;
    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await;
    let response = response.await.unwrap();
    settle().await;
    drop(origin);
    assert_eq!(rest(response).await.err().unwrap().reason(), Some(Reason::INTERNAL_ERROR));

    let response = client.ask(plain("GET", "/"));
    let mut origin = stage.origin.accept().await;
    origin.request().await;
    let heard_late = heard(response).await.unwrap();
    assert_eq!(heard_late.status, 504);

    let response = client.ask(plain("GET", "/"));
    let mut origin = stage.origin.accept().await;
    origin.request().await;
    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf").await;
    let error = rest(response.await.unwrap()).await.err().unwrap();
    assert_eq!(error.reason(), Some(Reason::CANCEL), "a timeout");
}

/// N99
#[tokio::test(start_paused = true)]
async fn a_drain_loses_nothing() {
    let mut stage = stage::plain();
    let (mut client, first, mut origin) = passed(&mut stage, plain("GET", "/first")).await;
    origin.request().await;
    // Under way when the drain begins.
    let second = client.ask(plain("GET", "/second"));
    tokio::task::yield_now().await;
    stage.rig.drain();
    let mut other = stage.origin.accept().await;
    assert_eq!(other.request().await.path(), "/second");
    pass(Duration::from_secs(20)).await;
    origin.send(ok("one")).await;
    other.send(ok("two")).await;
    assert_eq!(heard(first).await.unwrap().content, "one");
    assert_eq!(heard(second).await.unwrap().content, "two");
    let (_, time) = took(client.served).await;
    assert!(time <= Duration::from_secs(2), "{time:?}");
    client.driven.await.unwrap().unwrap();
}

/// A client of HTTP/1 at the same port.
#[tokio::test(start_paused = true)]
async fn both_versions_are_spoken_side_by_side() {
    let mut stage = stage::on(
        simplon_testkit::Network::new(),
        HttpConfig::default(),
        simplon_core::http::OriginsConfig::default(),
        |origin| App::new(To(origin)),
    );
    let (_client, response, mut origin) = passed(&mut stage, plain("GET", "/2")).await;
    origin.request().await;
    origin.send(ok("two")).await;
    assert_eq!(heard(response).await.unwrap().content, "two");
    let mut old = stage.rig.client();
    old.send(get("/1")).await;
    assert_eq!(origin.request().await.path(), "/1");
    origin.send(ok("one")).await;
    assert_eq!(old.response().await.text(), "one");
}

/// Head, content and fault at once are answered with 502; a fault that comes later leaves what came before it.
#[tokio::test(start_paused = true)]
async fn octets_before_a_fault_of_the_origin_are_delivered_or_answered_for() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for begun in ["", "5\r\nhello\r\n", "2\r\nhe\r\n3\r\nllo\r\n"] {
        let mut stage = stage::plain();
        let (_client, response, mut origin) = passed(&mut stage, plain("GET", "/")).await;
        origin.request().await;
        origin.send(format!("{head}{begun}zz\r\n")).await;
        assert_eq!(heard(response).await.unwrap().status, 502, "{begun:?}");
        settle().await;
        assert_eq!(stage.records.only().end, End::Rescued, "{begun:?}");

        let mut stage = stage::plain();
        let (_client, response, mut origin) = passed(&mut stage, plain("GET", "/")).await;
        origin.request().await;
        origin.send(head).await;
        let mut body = response.await.unwrap().into_body();
        origin.send(format!("{begun}zz\r\n")).await;
        let mut content = Vec::new();
        let cut = loop {
            match body.data().await.expect("the content does not end well") {
                Ok(piece) => content.extend_from_slice(&piece),
                Err(cut) => break cut,
            }
        };
        assert_eq!(cut.reason(), Some(Reason::INTERNAL_ERROR));
        assert_eq!(content, if begun.is_empty() { &b""[..] } else { b"hello" }, "{begun:?}");
        settle().await;
        assert_eq!(stage.records.only().end, End::Cut, "{begun:?}");
    }
}
