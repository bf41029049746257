//! A service that answers exchanges.

use std::convert::Infallible;
use std::future::{Ready, pending, ready};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use http_body::Body;
use simplon_core::error::{BoxError, Error};
use simplon_core::net::ConnInfo;
use simplon_core::proto_http::rules::Rule;
use simplon_core::tower::{FromService, RequestBody};
use simplon_core::{Kind, http::Serve};
use simplon_testkit::message::chunk;
use simplon_testkit::time::{pass, settle, took};
use simplon_testkit::{Rig, get, post, request};
use tower::{Service, service_fn};

use crate::bodies::{Endless, Watch, all, data, next, saying, told, trailers};

/// A server whose every answer is made by this.
fn rig<F, B>(answer: impl Fn(Request<RequestBody>) -> F + Clone + Send + Sync + 'static) -> Rig<impl Serve>
where
    F: Future<Output = Result<Response<B>, BoxError>> + Send + 'static,
    B: Body<Error: Into<BoxError>> + Send + 'static,
{
    Rig::new(FromService::new(service_fn(answer)))
}

fn echo() -> Rig<impl Serve> {
    rig(|request| ready(Ok(Response::new(request.into_body()))))
}

#[tokio::test(start_paused = true)]
async fn a_plain_service_answers() {
    let rig = rig(async |mut request: Request<RequestBody>| {
        let (content, _) = all(request.body_mut()).await?;
        let told = format!("{} {} {:?} {content}", request.method(), request.uri(), request.headers()["x-asked"]);
        let peer = request.extensions().get::<Arc<ConnInfo>>().unwrap().peer_ip().unwrap();
        Ok(Response::builder().status(201).header("X-Peer", peer.to_string()).body(told)?)
    });
    let mut client = rig.client();
    for (asked, answer) in [
        (get("/a?b").field("X-Asked", "1"), "GET /a?b \"1\" "),
        (post("/c").field("X-Asked", "2").body("content"), "POST /c \"2\" content"),
        (post("/d").field("X-Asked", "3").chunked("in chunks"), "POST /d \"3\" in chunks"),
    ] {
        client.send(asked).await;
        let response = client.response().await;
        assert_eq!((response.status, response.text().as_str()), (201, answer));
        assert_eq!((response.field("X-Peer"), response.field("Connection")), (Some("192.0.2.1"), None));
        assert_eq!(response.field("Content-Length"), Some(answer.len().to_string().as_str()));
    }
}

#[tokio::test(start_paused = true)]
async fn what_belongs_to_the_clients_connection_is_not_told() {
    let rig = rig(async |request: Request<RequestBody>| {
        let names: Vec<&str> = request.headers().keys().map(http::HeaderName::as_str).collect();
        Ok(Response::new(names.join(" ")))
    });
    let mut client = rig.client();
    client
        .send("GET / HTTP/1.1\r\nHost: a\r\nConnection: X-Mine, keep-alive\r\nX-Mine: 1\r\nKeep-Alive: max=1\r\nTE: gzip\r\nX: y\r\n\r\n")
        .await;
    assert_eq!(client.response().await.text(), "host x");
}

/// Both directions at once, each part as it comes.
#[tokio::test(start_paused = true)]
async fn content_streams_both_ways() {
    let rig = echo();
    let mut client = rig.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    let head = client.head().await.unwrap();
    assert_eq!((head.status, head.field("Transfer-Encoding")), (200, Some("chunked")));
    for piece in ["one", "two", "three"] {
        client.send(chunk(piece.as_bytes())).await;
        let expected = chunk(piece.as_bytes());
        assert_eq!(client.exactly(expected.len()).await.unwrap(), expected);
    }
    client.send("0\r\nX-Sum: 11\r\n\r\n").await;
    assert_eq!(client.exactly(16).await.unwrap(), b"0\r\nx-sum: 11\r\n\r\n");
}

#[tokio::test(start_paused = true)]
async fn trailers_pass() {
    let rig = rig(async |mut request: Request<RequestBody>| {
        let (_, came) = all(request.body_mut()).await?;
        assert_eq!(came.unwrap()["x-sum"], "7");
        Ok(Response::new(saying([data("content"), trailers("grpc-status", "0")])))
    });
    let mut client = rig.client();
    client.send(post("/").chunked("content").trailer("X-Sum", "7")).await;
    let response = client.response().await;
    assert_eq!((response.text().as_str(), response.trailer("grpc-status")), ("content", Some("0")));
}

#[tokio::test(start_paused = true)]
async fn the_size_of_a_body_is_known() {
    let rig = rig(async |mut request: Request<RequestBody>| {
        let announced = request.body().size_hint().exact();
        let first = next(request.body_mut()).await.is_some();
        Ok(Response::new(format!("{announced:?} {first} {:?}", request.body().size_hint().exact())))
    });
    for (asked, told) in [
        (get("/"), "Some(0) false Some(0)"),
        (post("/").body("hello"), "Some(5) true Some(0)"),
        (post("/").chunked("hello"), "None true None"),
    ] {
        let mut client = rig.client();
        client.send(asked).await;
        assert_eq!(client.response().await.text(), told);
    }
}

/// Framing is ours: by the length that is announced, that the body knows, or in chunks.
#[tokio::test(start_paused = true)]
async fn responses_are_framed() {
    let rig = rig(async |request: Request<RequestBody>| {
        let response = Response::builder();
        let response = match request.uri().path() {
            "/announced" => response.header("Content-Length", "5").header("Transfer-Encoding", "gzip"),
            "/none" => response.status(204),
            "/not-modified" => response.status(304).header("Content-Length", "5"),
            _ => response,
        };
        let body = match request.uri().path() {
            "/known" => saying([data("hello")]).of_length(5),
            "/empty" => saying([]).of_length(0),
            _ => saying([data("he"), data(""), data("llo")]),
        };
        Ok(response.body(body)?)
    });
    for (method, path, length, content) in [
        ("GET", "/announced", Some("5"), "hello"),
        ("GET", "/known", Some("5"), "hello"),
        ("GET", "/unknown", None, "hello"),
        ("GET", "/empty", None, ""),
        ("GET", "/none", None, ""),
        ("GET", "/not-modified", Some("5"), ""),
        ("HEAD", "/announced", Some("5"), ""),
        ("HEAD", "/known", Some("5"), ""),
        ("HEAD", "/unknown", None, ""),
    ] {
        let mut client = rig.client();
        client.send(request(method, path)).await;
        let response = client.response().await;
        assert_eq!((response.field("Content-Length"), response.text().as_str()), (length, content), "{method} {path}");
        // Nothing is left over.
        client.send(get("/known")).await;
        assert_eq!(client.response().await.text(), "hello", "{method} {path}");
    }
}

/// A service that does not read holds its client back.
#[tokio::test(start_paused = true)]
async fn content_is_read_as_it_is_asked_for() {
    let (go, wait) = tokio::sync::watch::channel(false);
    let rig = rig(move |mut request: Request<RequestBody>| {
        let mut wait = wait.clone();
        async move {
            let _ = wait.wait_for(|go| *go).await;
            let mut octets = 0;
            while let Some(frame) = next(request.body_mut()).await {
                octets += frame?.into_data().map_or(0, |data| data.len());
            }
            Ok(Response::new(octets.to_string()))
        }
    });
    let mut client = rig.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048576\r\n\r\n").await;
    let sent = client.sent();
    {
        let mut flood = pin!(client.send(vec![b'x'; 1 << 20]));
        assert!(tokio::time::timeout(Duration::from_secs(1), &mut flood).await.is_err());
        assert!(sent.count() < 200 << 10, "{}", sent.count());
        go.send(true).unwrap();
        flood.await;
    }
    assert_eq!(client.response().await.text(), "1048576");
}

/// A client that does not read holds the service's body back.
#[tokio::test(start_paused = true)]
async fn a_response_is_made_as_it_is_taken() {
    let endless = Endless::default();
    let made = endless.clone();
    let rig = rig(move |_| ready(Ok(Response::new(endless.clone()))));
    let mut client = rig.client();
    client.send(get("/")).await;
    pass(Duration::from_secs(1)).await;
    let before = made.taken();
    assert!(before < 300 << 10, "{before}");
    client.head().await.unwrap();
    client.exactly(100 << 10).await.unwrap();
    pass(Duration::from_secs(1)).await;
    assert!(made.taken() > before);
}

/// The client is asked to go on when its content is asked for, not before.
#[tokio::test(start_paused = true)]
async fn a_client_that_waits_is_told_to_go_on_when_its_content_is_wanted() {
    for wants in [true, false] {
        let rig = rig(move |mut request: Request<RequestBody>| async move {
            let content = if wants { all(request.body_mut()).await?.0 } else { "unread".to_owned() };
            Ok(Response::new(content))
        });
        let mut client = rig.client();
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n").await;
        if wants {
            assert_eq!(client.head().await.unwrap().status, 100);
            client.send("hello").await;
        }
        client.asked("POST");
        let response = client.response().await;
        assert_eq!(response.text(), if wants { "hello" } else { "unread" });
        assert_eq!(response.lists("Connection", "close"), !wants);
    }
}

/// A request may be answered without its content. What little is left of it is dropped.
#[tokio::test(start_paused = true)]
async fn content_that_nobody_wants_does_not_hurt_the_answer() {
    let rig = rig(async |_| Ok(Response::new("no, thanks".to_owned())));
    let mut client = rig.client();
    for _ in 0..3 {
        client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n").await;
        assert_eq!(client.response().await.text(), "no, thanks");
        client.send("hello").await;
    }
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n").await;
    assert_eq!(client.response().await.text(), "no, thanks");
    client.closed().await;
}

/// A body dropped while the client was waited for is waited for no longer.
#[tokio::test(start_paused = true)]
async fn a_client_is_not_given_up_for_content_that_nobody_wants_any_more() {
    let rig = rig(async |mut request: Request<RequestBody>| {
        let peeked = tokio::time::timeout(Duration::from_secs(1), next(request.body_mut())).await;
        assert!(peeked.is_err());
        drop(request);
        tokio::time::sleep(Duration::from_secs(600)).await;
        Ok(Response::new("after a while".to_owned()))
    });
    let mut client = rig.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n").await;
    let (response, time) = took(client.response()).await;
    assert_eq!((response.text().as_str(), time.as_secs()), ("after a while", 601));
}

/// The body may be read by another task, and while the answer goes out.
#[tokio::test(start_paused = true)]
async fn content_may_be_read_elsewhere() {
    let rig = rig(async |mut request: Request<RequestBody>| {
        let (teller, body, _) = told();
        tokio::spawn(async move {
            let (content, _) = all(request.body_mut()).await.unwrap();
            teller.send(Ok(data(&content.to_uppercase()))).unwrap();
        });
        Ok(Response::new(body))
    });
    let mut client = rig.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    let mut response = client.head().await.unwrap();
    for _ in 0..10 {
        client.send(chunk(b"hello")).await;
        settle().await;
    }
    client.send("0\r\n\r\n").await;
    client.content(&mut response, Some("POST")).await.unwrap();
    assert_eq!(response.text(), "HELLO".repeat(10));
}

/// What is read after the exchange is over is no clean end.
#[tokio::test(start_paused = true)]
async fn content_that_outlives_its_exchange_fails() {
    let (tell, told) = std::sync::mpsc::channel();
    let rig = rig(move |mut request: Request<RequestBody>| {
        let tell = tell.clone();
        tokio::spawn(async move { tell.send(all(request.body_mut()).await.map(|(content, _)| content)) });
        async {
            settle().await;
            Ok(Response::new("done".to_owned()))
        }
    });
    let mut client = rig.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf").await;
    assert_eq!(client.response().await.text(), "done");
    settle().await;
    assert_eq!(told.try_recv().unwrap().unwrap_err().kind(), Kind::Cancelled);
    // A fault in it is told as it is.
    let mut client = rig.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n").await;
    client.response().await;
    settle().await;
    assert_eq!(told.try_recv().unwrap().unwrap_err().kind(), Kind::Malformed(Rule::ChunkSize));
}

/// A request that cannot be read on ends the exchange, as everywhere.
#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_read_is_answered_by_its_fault() {
    let (watch, alive) = Watch::new();
    let rig = rig(move |mut request: Request<RequestBody>| {
        let alive = Arc::clone(&alive);
        async move {
            let read = all(request.body_mut()).await;
            drop((read, alive));
            pending::<()>().await;
            Ok(Response::new(String::new()))
        }
    });
    for (octets, status, after) in [
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, 0),
        ("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n", 400, 0),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nhalf", 408, 60),
        ("GET / HTTP/1.1\r\nHost: a\r\nConnection: Host\r\n\r\n", 400, 0),
    ] {
        let mut client = rig.client();
        client.send(octets).await;
        let (response, time) = took(client.response()).await;
        assert_eq!((response.status, time.as_secs()), (status, after), "{octets}");
        assert!(response.lists("Connection", "close"), "{octets}");
    }
    drop(rig);
    settle().await;
    assert!(watch.is_dropped());
}

#[tokio::test(start_paused = true)]
async fn a_service_that_fails_is_answered_for() {
    let rig = rig(async |request: Request<RequestBody>| -> Result<Response<String>, BoxError> {
        match request.uri().path() {
            "/ours" => Err(Error::upstream(Kind::Refused).into()),
            "/slow" => Err(Error::upstream(Kind::Timeout(simplon_core::proto_http::transfer::Wait::Body)).into()),
            "/panics" => panic!("on purpose"),
            "/switches" => Ok(Response::builder().status(101).header("Upgrade", "x").body(String::new())?),
            "/hints" => Ok(Response::builder().status(103).body(String::new())?),
            _ => Err("something else".into()),
        }
    });
    for (path, status) in
        [("/", 500), ("/ours", 502), ("/slow", 504), ("/panics", 500), ("/switches", 500), ("/hints", 500)]
    {
        let mut client = rig.client();
        client.send(get(path)).await;
        let response = client.response().await;
        assert_eq!((response.status, response.field("Content-Length")), (status, Some("0")), "{path}");
    }
    // No tunnel.
    let mut client = Rig::new(FromService::new(service_fn(async |_: Request<RequestBody>| {
        Ok::<_, Infallible>(Response::new("here you are".to_owned()))
    })))
    .client();
    client.send("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n").await;
    assert_eq!(client.response().await.status, 500);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_fails_cuts_the_response() {
    let rig = rig(async |_| {
        let (teller, body, _) = told();
        teller.send(Ok(data("half")))?;
        teller.send(Err("gone"))?;
        Ok(Response::new(body))
    });
    let mut client = rig.client();
    client.send(get("/")).await;
    assert!(client.try_response().await.is_err());
    // A body that is shorter than announced too.
    let rig =
        self::rig(async |_| Ok(Response::builder().header("Content-Length", "10").body(saying([data("half")]))?));
    let mut client = rig.client();
    client.send(get("/")).await;
    assert!(client.try_response().await.is_err());
}

/// Whoever works for a client that has left stops.
#[tokio::test(start_paused = true)]
async fn what_is_done_for_a_client_that_leaves_is_dropped() {
    for answered in [false, true] {
        let (watch, alive) = Watch::new();
        let (teller, body, body_watch) = told();
        let body = Arc::new(std::sync::Mutex::new(Some(body)));
        let rig = rig(move |request: Request<RequestBody>| {
            let (alive, body) = (Arc::clone(&alive), body.lock().unwrap().take().unwrap());
            async move {
                if !answered {
                    pending::<()>().await;
                }
                drop((alive, request));
                Ok(Response::new(body))
            }
        });
        let mut client = rig.client();
        client.send(get("/")).await;
        settle().await;
        if answered {
            teller.send(Ok(data("begun"))).unwrap();
            assert_eq!(client.head().await.unwrap().status, 200);
        }
        drop(client);
        settle().await;
        assert!(body_watch.is_dropped());
        drop(rig);
        settle().await;
        assert!(watch.is_dropped());
    }
}

/// Each exchange has a clone, which is called when it is ready, and only then.
#[tokio::test(start_paused = true)]
async fn a_service_is_called_when_it_is_ready() {
    #[derive(Default)]
    struct Slow {
        is_ready: bool,
        sleep: Option<Pin<Box<tokio::time::Sleep>>>,
    }
    impl Clone for Slow {
        /// Readiness is not inherited.
        fn clone(&self) -> Self {
            Self::default()
        }
    }
    impl Service<Request<RequestBody>> for Slow {
        type Response = Response<String>;
        type Error = Infallible;
        type Future = Ready<Result<Response<String>, Infallible>>;

        fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep(Duration::from_secs(3))));
            std::task::ready!(sleep.as_mut().poll(cx));
            self.is_ready = true;
            Poll::Ready(Ok(()))
        }

        fn call(&mut self, _request: Request<RequestBody>) -> Self::Future {
            assert!(std::mem::take(&mut self.is_ready), "called before it was ready");
            ready(Ok(Response::new("ready".to_owned())))
        }
    }
    let rig = Rig::new(FromService::new(Slow::default()));
    let mut client = rig.client();
    for _ in 0..2 {
        client.send(get("/")).await;
        let (response, time) = took(client.response()).await;
        assert_eq!((response.text().as_str(), time.as_secs()), ("ready", 3));
    }
}

/// What `tower` wraps around a service is a service.
#[tokio::test(start_paused = true)]
async fn layers_of_others_go_around_it() {
    let slow = service_fn(async |_: Request<RequestBody>| {
        tokio::time::sleep(Duration::from_secs(60)).await;
        Ok::<_, Infallible>(Response::new(String::new()))
    });
    let service = tower::ServiceBuilder::new()
        .then(async |result: Result<Response<String>, BoxError>| {
            Ok::<_, BoxError>(result.unwrap_or_else(|error| {
                let mut response = Response::new(error.to_string());
                *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
                response
            }))
        })
        .timeout(Duration::from_secs(5))
        .service(slow);
    let rig = Rig::new(FromService::new(service));
    let mut client = rig.client();
    client.send(get("/")).await;
    let (response, time) = took(client.response()).await;
    assert_eq!((response.status, response.text().as_str(), time.as_secs()), (503, "request timed out", 5));
}
