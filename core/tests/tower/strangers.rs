//! Services with clients that leave, and with bodies that behave badly.

use std::future::{pending, ready};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame};
use simplon_core::connect::Peer;
use simplon_core::error::BoxError;
use simplon_core::http::{Http, Origins, Serve};
use simplon_core::net::tcp;
use simplon_core::server::Server;
use simplon_core::tower::{Client, FromService, RequestBody};
use simplon_testkit::time::settle;
use simplon_testkit::{Rig, get};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tower::{ServiceExt, service_fn};

use crate::bodies::{Watch, data, told};

/// A server whose every answer is made by this.
fn rig<F, B>(answer: impl Fn(Request<RequestBody>) -> F + Clone + Send + Sync + 'static) -> Rig<impl Serve>
where
    F: Future<Output = Result<Response<B>, BoxError>> + Send + 'static,
    B: Body<Error: Into<BoxError>> + Send + 'static,
{
    Rig::new(FromService::new(service_fn(answer)))
}

/// However much of its content has come, and whether the service has begun to read it, holds it, or dropped it.
#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_with_content_unread_is_noticed() {
    for head in ["Content-Length: 1000000", "Transfer-Encoding: chunked", "Content-Length: 3\r\nExpect: 100-continue"] {
        for octets in [0, 1, 20_000] {
            for keeps in [true, false] {
                let (watch, alive) = Watch::new();
                let alive = Mutex::new(Some(alive));
                let alive = Arc::new(alive);
                let rig = rig(move |request: Request<RequestBody>| {
                    let alive = alive.lock().unwrap().take();
                    async move {
                        let _kept = keeps.then_some(request);
                        pending::<()>().await;
                        drop(alive);
                        Ok(Response::new(String::new()))
                    }
                });
                let mut client = rig.client();
                client.send(format!("POST / HTTP/1.1\r\nHost: a\r\n{head}\r\n\r\n")).await;
                client.send(vec![b'1'; octets]).await;
                settle().await;
                assert!(!watch.is_dropped(), "{head}, {octets}");
                drop(client);
                settle().await;
                assert!(watch.is_dropped(), "{head}, {octets}, {keeps}");
            }
        }
    }
}

/// Says when it is dropped.
struct Tells(Option<oneshot::Sender<()>>);

impl Drop for Tells {
    fn drop(&mut self) {
        self.0.take().unwrap().send(()).unwrap();
    }
}

/// More than is read ahead: then only the kernel knows of the end.
#[tokio::test]
async fn a_client_that_leaves_is_noticed_behind_more_than_is_read_ahead() {
    for resets in [false, true] {
        let (dropped, told) = oneshot::channel();
        let tells = Arc::new(Mutex::new(Some(Tells(Some(dropped)))));
        let service = service_fn(move |request: Request<RequestBody>| {
            let tells = tells.lock().unwrap().take();
            async move {
                pending::<()>().await;
                drop((tells, request));
                Ok::<_, BoxError>(Response::new(String::new()))
            }
        });
        let http = Http::new(FromService::new(service));
        let running = Server::new().listen(tcp("127.0.0.1:0").unwrap(), http).start().await.unwrap();
        let mut client = TcpStream::connect(running.local_addrs()[0]).await.unwrap();
        client.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n").await.unwrap();
        client.write_all(&[b'x'; 68 << 10]).await.unwrap();
        if resets {
            simplon_core::net::Stream::from(client).reset_on_close();
        } else {
            drop(client);
        }
        told.await.unwrap();
        running.stop().await.unwrap();
    }
}

/// As long as nothing has left, there is an answer.
#[tokio::test(start_paused = true)]
async fn a_body_that_fails_at_once_is_500() {
    for (path, empties, of_length) in [("/", 0, None), ("/empty", 3, None), ("/known", 0, Some(10))] {
        let rig = rig(move |_| {
            let (teller, body, _) = told();
            (0..empties).for_each(|_| teller.send(Ok(data(""))).unwrap());
            teller.send(Err("gone")).unwrap();
            ready(Ok(Response::new(if let Some(octets) = of_length { body.of_length(octets) } else { body })))
        });
        let mut client = rig.client();
        client.send(get(path)).await;
        let response = client.response().await;
        assert_eq!((response.status, response.field("Content-Length")), (500, Some("0")), "{path}");
    }
}

/// A head is not held back for content that takes its time.
#[tokio::test(start_paused = true)]
async fn a_head_does_not_wait_for_the_body() {
    let (teller, body, _) = told();
    let body = Arc::new(Mutex::new(Some(body)));
    let rig = rig(move |_| ready(Ok(Response::new(body.lock().unwrap().take().unwrap()))));
    let mut client = rig.client();
    client.send(get("/")).await;
    assert_eq!(client.head().await.unwrap().status, 200);
    teller.send(Err("gone")).unwrap();
    client.closed().await;
}

/// A body or a future that panics when it is dropped, or when it is polled and when it is dropped.
struct Trap {
    frames: usize,
    panics: bool,
}

impl Drop for Trap {
    fn drop(&mut self) {
        panic!("on purpose, in a destructor");
    }
}

impl Body for Trap {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        assert!(!self.panics, "on purpose, in a poll");
        if self.frames == 0 {
            return Poll::Ready(None);
        }
        self.frames -= 1;
        Poll::Ready(Some(Ok(data("hello"))))
    }
}

#[tokio::test(start_paused = true)]
async fn a_destructor_that_panics_does_not_take_the_connection() {
    let rig = rig(async |request: Request<RequestBody>| {
        let (frames, panics) = match request.uri().path() {
            "/poll" => (1, true),
            "/none" => (0, false),
            _ => (2, false),
        };
        Ok(Response::new(Trap { frames, panics }))
    });
    let mut client = rig.client();
    for (path, content) in [("/", "hellohello"), ("/none", ""), ("/", "hellohello")] {
        client.send(get(path)).await;
        let response = client.response().await;
        assert_eq!((response.status, response.text().as_str()), (200, content), "{path}");
    }
    client.send(get("/poll")).await;
    assert_eq!(client.response().await.status, 500);
    drop(client);
    let mut client = rig.client();
    client.send(simplon_testkit::request("HEAD", "/")).await;
    assert_eq!(client.response().await.status, 200);
    client.send(get("/none")).await;
    assert_eq!(client.response().await.status, 200);
}

/// A future that is ready, and panics when it is dropped.
struct Mined(Option<Response<String>>);

impl Future for Mined {
    type Output = Result<Response<String>, BoxError>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.take().map_or(Poll::Pending, |response| Poll::Ready(Ok(response)))
    }
}

impl Drop for Mined {
    fn drop(&mut self) {
        panic!("on purpose, in a destructor");
    }
}

#[tokio::test(start_paused = true)]
async fn a_future_that_panics_when_it_is_dropped_is_answered_for() {
    let rig = rig(|_| Mined(Some(Response::new("hello".to_owned()))));
    let mut client = rig.client();
    for _ in 0..2 {
        client.send(get("/")).await;
        assert_eq!(client.response().await.text(), "hello");
    }
}

/// What is always ready and never gives anything, or gives something for ever to a client that takes it all.
#[derive(Clone)]
struct Busy {
    frames: Arc<AtomicUsize>,
    content: &'static [u8],
}

/// Enough for several seconds, so that a thread that is held fails the test and does not hang it.
const MANY: usize = 20_000_000;

impl Body for Busy {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let is_over = self.frames.fetch_add(1, Ordering::Relaxed) >= MANY;
        Poll::Ready((!is_over).then(|| Ok(Frame::data(Bytes::from_static(self.content)))))
    }
}

#[tokio::test]
async fn a_body_that_is_always_ready_does_not_hold_its_thread() {
    let frames = Arc::new(AtomicUsize::new(0));
    let busy = Busy { frames: Arc::clone(&frames), content: b"" };
    let service = service_fn(move |request: Request<RequestBody>| {
        let body = match request.uri().path() {
            "/busy" => busy.clone(),
            _ => Busy { frames: Arc::new(AtomicUsize::new(MANY - 1)), content: b"hello" },
        };
        ready(Ok::<_, BoxError>(Response::new(body)))
    });
    let http = Http::new(FromService::new(service));
    let running = Server::new().listen(tcp("127.0.0.1:0").unwrap(), http).start().await.unwrap();
    let mut clients = Vec::new();
    for path in ["/busy", "/busy", "/"] {
        let mut client = TcpStream::connect(running.local_addrs()[0]).await.unwrap();
        client.write_all(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").as_bytes()).await.unwrap();
        clients.push(client);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let mut answer = [0; 12];
    clients[2].read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    assert!(frames.load(Ordering::Relaxed) < MANY);
    running.stop().await.unwrap();
}

/// The same of a request.
#[tokio::test]
async fn content_that_is_always_ready_does_not_hold_the_thread_of_its_client() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let peer = Peer::new(listener.local_addr().unwrap());
    let frames = Arc::new(AtomicUsize::new(0));
    let busy = Busy { frames: Arc::clone(&frames), content: b"" };
    let asking = Client::new(Arc::new(Origins::default()), peer).oneshot(Request::post("/").body(busy).unwrap());
    let asking = tokio::spawn(asking);
    let (mut origin, _) = listener.accept().await.unwrap();
    let mut head = [0; 6];
    origin.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"POST /");
    origin.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
    assert_eq!(asking.await.unwrap().unwrap().status(), 200);
    assert!((1..MANY).contains(&frames.load(Ordering::Relaxed)));
}
