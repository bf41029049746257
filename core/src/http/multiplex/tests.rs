use std::future::poll_fn;
use std::time::Duration;

use h2::client::{self, SendRequest};
use http::{Request, Response, StatusCode};
use simplon_proto_http::ResponseHead;
use simplon_proto_http::rules::Rule;
use simplon_proto_http::transfer::{Last, Part, Sink, Source, StreamError, Wait};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, WriteHalf, duplex};
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

use super::*;
use crate::http::{Exchange, Http, Timeouts};
use crate::net::{Negotiated, Transport};
use crate::server::DrainTrigger;
use crate::{Error, Kind};

/// Answers by path.
struct App;

impl Serve for App {
    async fn serve(&self, exchange: &mut Exchange) {
        let (head, mut last) = match exchange.head().await {
            Ok(head) => head,
            Err(error) => return answer(exchange, status_of(error), "").await,
        };
        match head.target.path() {
            b"/echo" => {
                exchange.push(Part::Head(ResponseHead::new(StatusCode::OK), last)).unwrap();
                while last == Last::No {
                    poll_fn(|cx| exchange.poll_room(cx)).await.unwrap();
                    let Ok(Some(part)) = poll_fn(|cx| exchange.poll_part(cx)).await else { return };
                    last = match part {
                        Part::Data(octets, last) => {
                            exchange.push(Part::Data(octets, last)).unwrap();
                            last
                        }
                        Part::Trailers(fields) => {
                            exchange.push(Part::Trailers(fields)).unwrap();
                            Last::Yes
                        }
                        Part::Head(..) => return,
                    };
                }
            }
            b"/big" => {
                exchange.push(Part::Head(ResponseHead::new(StatusCode::OK), Last::No)).unwrap();
                for _ in 0..1024 {
                    if poll_fn(|cx| exchange.poll_room(cx)).await.is_err() {
                        return;
                    }
                    exchange.push(Part::Data(Bytes::from_static(&[b'x'; 16 << 10]), Last::No)).unwrap();
                }
                exchange.push(Part::Data(Bytes::new(), Last::Yes)).unwrap();
            }
            b"/hints" => {
                let hints = StatusCode::from_u16(103).unwrap();
                exchange.push(Part::Head(ResponseHead::new(hints), Last::No)).unwrap();
                exchange.push(Part::Head(ResponseHead::new(hints), Last::No)).unwrap();
                answer(exchange, StatusCode::OK, "hinted").await;
            }
            b"/slow" => {
                sleep(Duration::from_secs(5)).await;
                answer(exchange, StatusCode::OK, "slow").await;
            }
            b"/gone" => {
                let error = poll_fn(|cx| exchange.poll_gone(cx)).await;
                exchange.connection_state().insert(error);
            }
            b"/state" => {
                let seen = exchange.connection_state().get::<StreamError>().copied();
                answer(exchange, StatusCode::OK, if seen.is_some() { "gone" } else { "nothing" }).await;
            }
            b"/cut" => {
                exchange.push(Part::Head(ResponseHead::new(StatusCode::OK), Last::No)).unwrap();
                exchange.cut(&Error::upstream(Kind::Timeout(Wait::Body)));
            }
            b"/drop" => exchange.push(Part::Head(ResponseHead::new(StatusCode::OK), Last::No)).unwrap(),
            b"/panic" => panic!("as asked"),
            _ => answer(exchange, StatusCode::OK, &format!("{} {}", head.method, exchange.served())).await,
        }
    }
}

fn status_of(error: StreamError) -> StatusCode {
    match error {
        StreamError::Malformed(rule) => StatusCode::from_u16(rule.status()).unwrap(),
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

async fn answer(exchange: &mut Exchange, status: StatusCode, text: &str) {
    let last = if text.is_empty() { Last::Yes } else { Last::No };
    exchange.push(Part::Head(ResponseHead::new(status), last)).unwrap();
    if last == Last::No {
        exchange.push(Part::Data(Bytes::copy_from_slice(text.as_bytes()), Last::Yes)).unwrap();
    }
    let _ = poll_fn(|cx| exchange.poll_flush(cx)).await;
}

/// A service and what it counts.
struct Stage {
    http: Http<App>,
    trigger: DrainTrigger,
}

impl Stage {
    fn new(http2: Http2Config) -> Self {
        let config = HttpConfig { http2: Some(Arc::new(http2)), ..HttpConfig::default() };
        Self::with(config)
    }

    fn with(config: HttpConfig) -> Self {
        Self { http: Http::with_config(App, config), trigger: DrainTrigger::new() }
    }

    /// A client's end, and the task that serves it.
    fn connect(&self, info: ConnInfo) -> (DuplexStream, JoinHandle<()>) {
        let (near, far) = duplex(64 << 10);
        let (http, drain) = (self.http.clone(), self.trigger.subscribe());
        let served = tokio::spawn(async move { http.serve_stream(Stream::other(far), Arc::new(info), drain).await });
        (near, served)
    }

    fn raw(&self) -> (DuplexStream, JoinHandle<()>) {
        self.connect(info())
    }

    async fn client(&self) -> Client {
        self.client_of(client::Builder::new()).await
    }

    async fn client_of(&self, builder: client::Builder) -> Client {
        let (near, served) = self.raw();
        let (send, connection) = builder.handshake(near).await.unwrap();
        let driven = tokio::spawn(connection);
        Client { send, driven, served }
    }
}

struct Client {
    send: SendRequest<Bytes>,
    driven: JoinHandle<Result<(), h2::Error>>,
    served: JoinHandle<()>,
}

impl Client {
    async fn get(&mut self, path: &str) -> Result<(u16, Vec<u8>), h2::Error> {
        self.ask(get(path)).await
    }

    async fn ask(&mut self, request: Request<()>) -> Result<(u16, Vec<u8>), h2::Error> {
        poll_fn(|cx| self.send.poll_ready(cx)).await?;
        let (response, _) = self.send.send_request(request, true)?;
        all(response.await?).await
    }
}

fn info() -> ConnInfo {
    ConnInfo::new("test".into(), Transport::Other)
}

fn get(path: &str) -> Request<()> {
    Request::get(format!("http://a.example{path}")).body(()).unwrap()
}

async fn all(response: Response<h2::RecvStream>) -> Result<(u16, Vec<u8>), h2::Error> {
    let (parts, mut body) = response.into_parts();
    let mut octets = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        octets.extend_from_slice(&piece);
    }
    Ok((parts.status.as_u16(), octets))
}

fn text(status: u16, text: &str) -> (u16, Vec<u8>) {
    (status, text.into())
}

#[tokio::test(start_paused = true)]
async fn many_exchanges_share_a_connection() {
    let stage = Stage::new(Http2Config::default());
    let mut client = stage.client().await;
    let mut waiting = Vec::new();
    for n in 0..50 {
        let (response, _) = client.send.send_request(get(if n % 2 == 0 { "/slow" } else { "/" }), true).unwrap();
        waiting.push(tokio::spawn(async move { all(response.await.unwrap()).await.unwrap() }));
    }
    for (n, answer) in waiting.into_iter().enumerate() {
        let expected = if n % 2 == 0 { text(200, "slow") } else { text(200, &format!("GET {n}")) };
        assert_eq!(answer.await.unwrap(), expected);
    }
    assert_eq!((stage.http.http2_stats().connections, stage.http.http2_stats().streams), (1, 50));
}

#[tokio::test(start_paused = true)]
async fn the_preface_is_known_wherever_it_is_cut_and_what_is_none_is_http_1() {
    for cut in 1..24 {
        let stage = Stage::new(Http2Config::default());
        let (mut near, _served) = stage.raw();
        near.write_all(&crate::http::preface::OCTETS[..cut]).await.unwrap();
        sleep(Duration::from_secs(1)).await;
        near.write_all(&crate::http::preface::OCTETS[cut..]).await.unwrap();
        near.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.unwrap();
        let mut settings = [0; 9];
        near.read_exact(&mut settings).await.unwrap();
        assert_eq!(settings[3], 4, "cut at {cut}");
    }
    for head in ["PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", "PRI / HTTP/1.1\r\nHost: a\r\n\r\n"] {
        let stage = Stage::new(Http2Config::default());
        let (mut near, _served) = stage.raw();
        for octet in head.as_bytes() {
            near.write_all(&[*octet]).await.unwrap();
            tokio::task::yield_now().await;
        }
        let mut line = [0; 15];
        near.read_exact(&mut line).await.unwrap();
        assert_eq!(&line, b"HTTP/1.1 200 OK", "{head}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_preface_that_does_not_end_runs_into_the_deadline_of_heads() {
    for octets in [&b"P"[..], b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r"] {
        let stage = Stage::new(Http2Config::default());
        let (mut near, served) = stage.raw();
        let begun = Instant::now();
        near.write_all(octets).await.unwrap();
        let mut said = Vec::new();
        near.read_to_end(&mut said).await.unwrap();
        drop(near);
        served.await.unwrap();
        let timeouts = Timeouts::default();
        assert!(begun.elapsed() <= timeouts.head + timeouts.linger, "{:?}", begun.elapsed());
        assert!(begun.elapsed() >= timeouts.head);
    }
}

#[tokio::test(start_paused = true)]
async fn where_it_is_not_spoken_the_preface_is_an_unsupported_version() {
    let config = HttpConfig { http2: None, ..HttpConfig::default() };
    let stage = Stage::with(config);
    let (mut near, _served) = stage.raw();
    near.write_all(crate::http::preface::OCTETS).await.unwrap();
    let mut line = [0; 12];
    near.read_exact(&mut line).await.unwrap();
    assert_eq!(&line, b"HTTP/1.1 505");
}

#[tokio::test(start_paused = true)]
async fn what_was_negotiated_counts() {
    let stage = Stage::new(Http2Config::default());
    let (near, _served) = stage.connect(info().with_protocol(Negotiated::Http2));
    let (mut send, connection) = client::handshake(near).await.unwrap();
    tokio::spawn(connection);
    let (response, _) = send.send_request(get("/"), true).unwrap();
    assert_eq!(response.await.unwrap().status(), 200);

    let (mut near, _served) = stage.connect(info().with_protocol(Negotiated::Http1));
    near.write_all(crate::http::preface::OCTETS).await.unwrap();
    let mut line = [0; 12];
    near.read_exact(&mut line).await.unwrap();
    assert_eq!(&line, b"HTTP/1.1 505");

    // One that was negotiated and says nothing is not waited for.
    let (_near, served) = stage.connect(info().with_protocol(Negotiated::Http2));
    let begun = Instant::now();
    served.await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), Timeouts::default().first_octet.as_secs());
}

#[tokio::test(start_paused = true)]
async fn content_and_trailers_come_back_and_windows_are_renewed() {
    let stage = Stage::new(Http2Config::default());
    let mut client = stage.client().await;
    let request = Request::post("http://a.example/echo").body(()).unwrap();
    let (response, mut send) = client.send.send_request(request, false).unwrap();
    let upload = tokio::spawn(async move {
        for _ in 0..400 {
            send.reserve_capacity(16 << 10);
            while send.capacity() < 16 << 10 {
                poll_fn(|cx| send.poll_capacity(cx)).await.unwrap().unwrap();
            }
            send.send_data(Bytes::from_static(&[7; 16 << 10]), false).unwrap();
        }
        let mut trailers = http::HeaderMap::new();
        trailers.insert("grpc-status", "0".parse().unwrap());
        trailers.insert("connection", "x".parse().unwrap());
        // The crate refuses what belongs to connections.
        trailers.remove("connection");
        trailers.insert("authorization", "dropped".parse().unwrap());
        send.send_trailers(trailers).unwrap();
    });
    let response = response.await.unwrap();
    let mut body = response.into_body();
    let mut octets = 0;
    while let Some(piece) = body.data().await {
        let piece = piece.unwrap();
        octets += piece.len();
        body.flow_control().release_capacity(piece.len()).unwrap();
    }
    let trailers = body.trailers().await.unwrap().unwrap();
    assert_eq!(octets, 400 * (16 << 10));
    assert_eq!((trailers.len(), trailers["grpc-status"].as_bytes()), (1, &b"0"[..]));
    upload.await.unwrap();
}

/// Octets that a client may send to somebody who does not read.
async fn unread(client: &mut Client) -> usize {
    let request = Request::post("http://a.example/gone").body(()).unwrap();
    let (_response, mut send) = client.send.send_request(request, false).unwrap();
    let mut sent = 0;
    loop {
        send.reserve_capacity(16 << 10);
        if send.capacity() == 0 {
            let granted = poll_fn(|cx| send.poll_capacity(cx));
            if tokio::time::timeout(Duration::from_secs(1), granted).await.is_err() {
                return sent;
            }
        }
        let n = send.capacity();
        send.send_data(vec![0; n].into(), false).unwrap();
        sent += n;
    }
}

/// The same stream, from further away.
fn delayed(far: DuplexStream, by: Duration) -> DuplexStream {
    let (near, middle) = duplex(4 << 20);
    let (from_near, to_near) = tokio::io::split(middle);
    let (from_far, to_far) = tokio::io::split(far);
    for (mut from, mut to) in [
        (
            Box::new(from_near) as Box<dyn AsyncRead + Send + Unpin>,
            Box::new(to_far) as Box<dyn AsyncWrite + Send + Unpin>,
        ),
        (Box::new(from_far), Box::new(to_near)),
    ] {
        tokio::spawn(async move {
            let mut octets = vec![0; 4 << 20];
            while let Ok(n @ 1..) = from.read(&mut octets).await {
                sleep(by).await;
                if to.write_all(&octets[..n]).await.is_err() {
                    return;
                }
            }
        });
    }
    near
}

#[tokio::test(start_paused = true)]
async fn windows_grow_for_a_client_that_uses_them_and_stay_bounded() {
    let config = Http2Config::default();
    let most = config.window_most_octets as usize;
    let stage = Stage::new(config.clone());
    let (near, served) = stage.raw();
    let mut builder = client::Builder::new();
    builder.initial_window_size(16 << 20).initial_connection_window_size(16 << 20);
    let (send, connection) = builder.handshake(delayed(near, Duration::from_millis(20))).await.unwrap();
    let mut client = Client { send, driven: tokio::spawn(connection), served };
    assert_eq!(unread(&mut client).await, config.stream_window_octets as usize);

    let request = Request::post("http://a.example/echo").body(()).unwrap();
    let (response, mut send) = client.send.send_request(request, false).unwrap();
    send.send_data(vec![0; 16 << 20].into(), true).unwrap();
    assert_eq!(all(response.await.unwrap()).await.unwrap().1.len(), 16 << 20);
    let grown = unread(&mut client).await;
    assert!(grown > 2 * config.stream_window_octets as usize && grown <= most, "{grown}");
}

#[tokio::test(start_paused = true)]
async fn informational_heads_come_before_the_answer() {
    let stage = Stage::new(Http2Config::default());
    let mut client = stage.client().await;
    let (mut response, _) = client.send.send_request(get("/hints"), true).unwrap();
    let mut hints = 0;
    while let Some(interim) = poll_fn(|cx| response.poll_informational(cx)).await {
        assert_eq!(interim.unwrap().status(), 103);
        hints += 1;
    }
    assert_eq!(hints, 2);
    assert_eq!(all(response.await.unwrap()).await.unwrap(), text(200, "hinted"));
}

#[tokio::test(start_paused = true)]
async fn a_reset_is_noticed_at_once_and_state_outlives_the_stream() {
    let stage = Stage::new(Http2Config::default());
    let mut client = stage.client().await;
    let (response, mut send) = client.send.send_request(get("/gone"), false).unwrap();
    sleep(Duration::from_millis(10)).await;
    send.send_reset(h2::Reason::CANCEL);
    drop(response);
    sleep(Duration::from_millis(5)).await;
    assert_eq!(client.get("/state").await.unwrap(), text(200, "gone"));
}

#[tokio::test(start_paused = true)]
async fn a_cut_carries_the_code_of_its_cause() {
    let stage = Stage::new(Http2Config::default());
    let mut client = stage.client().await;
    for (path, code) in
        [("/cut", h2::Reason::CANCEL), ("/drop", h2::Reason::INTERNAL_ERROR), ("/panic", h2::Reason::INTERNAL_ERROR)]
    {
        let error = client.get(path).await.unwrap_err();
        assert_eq!(error.reason(), Some(code), "{path}");
    }
    assert_eq!(client.get("/").await.unwrap(), text(200, "GET 3"));
    assert_eq!(stage.http.http2_stats().panicked, 1);
}

#[tokio::test(start_paused = true)]
async fn malformed_requests_are_answered_and_too_many_end_the_connection() {
    let config = Http2Config { malformed_requests: 4, ..Http2Config::default() };
    let stage = Stage::new(config);
    let mut client = stage.client().await;
    let bad = || Request::get("http://a.example/").header("host", "b.example").body(()).unwrap();
    for _ in 0..3 {
        assert_eq!(client.ask(bad()).await.unwrap().0, Rule::HostContradictory.status());
        assert_eq!(client.get("/").await.unwrap().0, 200, "siblings live on");
    }
    assert_eq!(client.ask(bad()).await.unwrap().0, 400);
    let error = client.driven.await.unwrap().unwrap_err();
    assert_eq!(error.reason(), Some(h2::Reason::ENHANCE_YOUR_CALM));
    client.served.await.unwrap();
    let stats = stage.http.http2_stats();
    assert_eq!((stats.malformed, stats.malformed_floods), (4, 1));
}

#[tokio::test(start_paused = true)]
async fn a_drain_serves_what_came_and_then_ends() {
    let stage = Stage::new(Http2Config::default());
    let mut client = stage.client().await;
    let (response, _) = client.send.send_request(get("/slow"), true).unwrap();
    sleep(Duration::from_millis(10)).await;
    // Under way when the drain begins.
    let (late, _) = client.send.send_request(get("/"), true).unwrap();
    tokio::task::yield_now().await;
    stage.trigger.drain();
    assert_eq!(all(late.await.unwrap()).await.unwrap().0, 200);
    assert_eq!(all(response.await.unwrap()).await.unwrap(), text(200, "slow"));
    client.driven.await.unwrap().unwrap();
    client.served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_connection_at_rest_is_told_to_go() {
    let stage = Stage::new(Http2Config::default());
    let mut client = stage.client().await;
    client.get("/slow").await.unwrap();
    let begun = Instant::now();
    client.served.await.unwrap();
    let keep_alive = Timeouts::default().keep_alive;
    assert!(begun.elapsed() >= keep_alive && begun.elapsed() < keep_alive + Duration::from_secs(3));
    client.driven.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_connection_ends_with_its_last_exchange_or_when_it_is_old() {
    let config = HttpConfig { max_exchanges: Some(2), ..HttpConfig::default() };
    let stage = Stage::with(config);
    let mut client = stage.client().await;
    assert_eq!(client.get("/").await.unwrap().0, 200);
    assert_eq!(client.get("/").await.unwrap().0, 200);
    client.served.await.unwrap();

    let http2 = Http2Config { max_age: Duration::from_secs(8), ..Http2Config::default() };
    let stage = Stage::new(http2);
    let mut client = stage.client().await;
    assert_eq!(client.get("/slow").await.unwrap().0, 200);
    assert_eq!(client.get("/slow").await.unwrap().0, 200, "what was begun is finished");
    client.served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_client_that_opens_no_window_loses_its_stream_and_not_its_connection() {
    let stage = Stage::new(Http2Config::default());
    let mut builder = client::Builder::new();
    builder.initial_window_size(1000);
    let mut client = stage.client_of(builder).await;
    let (response, _) = client.send.send_request(get("/big"), true).unwrap();
    let mut body = response.await.unwrap().into_body();
    let begun = Instant::now();
    // Never released.
    assert_eq!(body.data().await.unwrap().unwrap().len(), 1000);
    let error = body.data().await.unwrap().unwrap_err();
    assert_eq!(error.reason(), Some(h2::Reason::INTERNAL_ERROR));
    let write = Timeouts::default().write;
    assert!(begun.elapsed() >= write && begun.elapsed() < 2 * write, "{:?}", begun.elapsed());
    assert_eq!(client.get("/").await.unwrap().0, 200);
    assert_eq!(stage.http.http2_stats().stalled, 1);
}

/// 10 octets now and then are no progress; two kilobytes each second are.
#[tokio::test(start_paused = true)]
async fn a_drip_is_caught_and_an_honest_slow_client_is_not() {
    for (octets, pause, survives) in [(10, 30, false), (2000, 1, true)] {
        let stage = Stage::new(Http2Config::default());
        let mut builder = client::Builder::new();
        builder.initial_window_size(2000);
        let mut client = stage.client_of(builder).await;
        let (response, _) = client.send.send_request(get("/big"), true).unwrap();
        let mut body = response.await.unwrap().into_body();
        let mut owed = 0;
        let outcome = tokio::time::timeout(Duration::from_secs(300), async {
            loop {
                tokio::select! {
                    piece = body.data() => match piece {
                        Some(Ok(piece)) => owed += piece.len(),
                        _ => return,
                    },
                    () = sleep(Duration::from_secs(pause)) => {
                        let n = owed.min(octets);
                        owed -= n;
                        body.flow_control().release_capacity(n).unwrap();
                    }
                }
            }
        })
        .await;
        assert_eq!(outcome.is_err(), survives, "{octets} octets");
    }
}

#[tokio::test(start_paused = true)]
async fn a_client_that_gives_no_sign_of_life_is_let_go() {
    let stage = Stage::new(Http2Config::default());
    let (near, served) = stage.raw();
    let (mut send, mut connection) = client::handshake(near).await.unwrap();
    let (_response, _) = send.send_request(get("/gone"), true).unwrap();
    // Driven for a moment, and then never again.
    let _ = tokio::time::timeout(Duration::from_secs(1), &mut connection).await;
    let begun = Instant::now();
    served.await.unwrap();
    let config = Http2Config::default();
    assert!(begun.elapsed() <= config.ping_after + config.ping_answer, "{:?}", begun.elapsed());
    assert_eq!(stage.http.http2_stats().silent, 1);

    // One that answers is not.
    let client = stage.client().await;
    let mut send = client.send.clone();
    let (response, _) = send.send_request(get("/gone"), true).unwrap();
    assert!(tokio::time::timeout(Duration::from_secs(3600), response).await.is_err());
}

/// The octets of a client that plays by no rules, and somebody who reads and drops what it is told.
struct Raw(WriteHalf<DuplexStream>, JoinHandle<()>);

impl Raw {
    async fn new(stage: &Stage) -> (Self, JoinHandle<()>) {
        let (near, served) = stage.raw();
        let (mut read, mut write) = tokio::io::split(near);
        let reading = tokio::spawn(async move {
            let mut dropped = [0; 4096];
            while read.read(&mut dropped).await.is_ok_and(|n| n > 0) {}
        });
        write.write_all(crate::http::preface::OCTETS).await.unwrap();
        let mut raw = Self(write, reading);
        raw.frame(4, 0, 0, &[]).await;
        (raw, served)
    }

    /// Says whether the other end still listens.
    async fn frame(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> bool {
        let mut octets = (payload.len() as u32).to_be_bytes()[1..].to_vec();
        octets.extend([kind, flags]);
        octets.extend(stream.to_be_bytes());
        octets.extend(payload);
        self.0.write_all(&octets).await.is_ok() && !self.1.is_finished()
    }

    /// Sends frames of this kind until the other end has had enough; how many that took.
    async fn flood(&mut self, mut next: impl FnMut(u32) -> Vec<(u8, u8, u32, Vec<u8>)>) -> u32 {
        for n in 0..50_000 {
            for (kind, flags, stream, payload) in next(n) {
                if !self.frame(kind, flags, stream, &payload).await {
                    return n;
                }
            }
            tokio::task::yield_now().await;
        }
        panic!("nobody minds");
    }
}

/// GET http a.example / with indexed fields, and the authority as a literal.
const HEAD: &[u8] = b"\x82\x86\x84\x41\x01a";

/// The same for POST /gone, whose content is not read.
const GONE: &[u8] = b"\x83\x86\x44\x05/gone\x41\x01a";

/// A field of 3,000 octets that goes into the table, and 10,000 references: to it, or to a cookie.
fn unfolding(reference: u8) -> Vec<u8> {
    let mut octets = [HEAD, b"\x40\x01x\x7f\xb9\x16"].concat();
    octets.resize(octets.len() + 3000, b'y');
    octets.resize(octets.len() + 10_000, reference);
    octets
}

#[tokio::test(start_paused = true)]
async fn floods_end_the_connection_and_are_counted() {
    type Frame = (u8, u8, u32, Vec<u8>);
    type Next = fn(u32) -> Vec<Frame>;
    let floods: [(&str, Next, u32); 11] = [
        ("ping", |_| vec![(6, 0, 0, vec![0; 8])], 2000),
        ("settings", |_| vec![(4, 0, 0, vec![])], 2000),
        ("window update", |_| vec![(8, 0, 0, vec![0, 0, 0, 1])], 2000),
        ("unknown", |_| vec![(77, 0, 0, vec![])], 2000),
        ("rapid reset", |n| vec![(1, 5, 2 * n + 1, HEAD.to_vec()), (3, 0, 2 * n + 1, vec![0, 0, 0, 8])], 300),
        // Answered with resets of ours: a window that overflows.
        (
            "made you reset",
            |n| vec![(1, 4, 2 * n + 1, HEAD.to_vec()), (8, 0, 2 * n + 1, vec![0x7f, 0xff, 0xff, 0xff])],
            600,
        ),
        ("empty data", |n| if n == 0 { vec![(1, 4, 1, HEAD.to_vec())] } else { vec![(0, 0, 1, vec![])] }, 5000),
        (
            "tiny data that nobody reads",
            |n| if n == 0 { vec![(1, 4, 1, GONE.to_vec())] } else { vec![(0, 0, 1, vec![7])] },
            2000,
        ),
        ("a head that unfolds", |n| vec![(1, 5, 2 * n + 1, unfolding(0xbe))], 1),
        ("cookies without end", |n| vec![(1, 5, 2 * n + 1, unfolding(0xa0))], 1),
        ("continuation", |n| if n == 0 { vec![(1, 0, 1, HEAD.to_vec())] } else { vec![(9, 0, 1, vec![])] }, 2000),
    ];
    for (name, next, most) in floods {
        let stage = Stage::new(Http2Config::default());
        let (mut raw, served) = Raw::new(&stage).await;
        let n = raw.flood(next).await;
        assert!(n <= most, "{name}: {n}");
        drop(raw);
        served.await.unwrap();
        let stats = stage.http.http2_stats();
        let floods = stats.reset_floods + stats.control_floods + stats.library_floods;
        assert_eq!(floods, 1, "{name}: {stats:?}");
    }
}

/// What the `h2` crate answers with 431 by itself shows in the number of streams alone.
#[tokio::test(start_paused = true)]
async fn heads_that_are_too_large_again_and_again_are_a_flood() {
    let config = Http2Config { local_resets: 10, concurrent_streams: 20, ..Http2Config::default() };
    let stage = Stage::new(config);
    let (mut raw, served) = Raw::new(&stage).await;
    // 3,000 cookies, one octet each.
    let crumbs = [HEAD, &[0xa0; 3000]].concat();
    for n in 0..30 {
        raw.frame(1, 5, 2 * n + 1, &crumbs).await;
        sleep(Duration::from_millis(1)).await;
    }
    assert_eq!(stage.http.http2_stats().malformed_floods, 0);
    raw.frame(1, 5, 61, &crumbs).await;
    drop(raw);
    served.await.unwrap();
    assert_eq!((stage.http.http2_stats().malformed_floods, stage.http.http2_stats().streams), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_head_that_does_not_end_runs_into_its_deadline() {
    let stage = Stage::new(Http2Config::default());
    let (mut raw, served) = Raw::new(&stage).await;
    raw.frame(1, 0, 1, HEAD).await;
    let begun = Instant::now();
    served.await.unwrap();
    assert_eq!(begun.elapsed().as_secs(), Timeouts::default().head.as_secs());
    assert_eq!(stage.http.http2_stats().slow_heads, 1);
}

#[tokio::test(start_paused = true)]
async fn a_socket_that_takes_nothing_is_closed() {
    let config = Http2Config { ping_after: Duration::MAX, ..Http2Config::default() };
    let stage = Stage::new(config);
    let (mut near, served) = stage.raw();
    near.write_all(crate::http::preface::OCTETS).await.unwrap();
    // A window for everything, and nobody who reads.
    near.write_all(&[0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0x7f, 0xff, 0xff, 0xff]).await.unwrap();
    near.write_all(&[0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7f, 0, 0, 0]).await.unwrap();
    for stream in [1u8, 3, 5] {
        let head = b"\x82\x86\x44\x04/big\x41\x01a";
        let mut octets = vec![0, 0, head.len() as u8, 1, 5, 0, 0, 0, stream];
        octets.extend(head);
        near.write_all(&octets).await.unwrap();
    }
    let begun = Instant::now();
    served.await.unwrap();
    let write = Timeouts::default().write;
    assert!(begun.elapsed() >= write && begun.elapsed() < 2 * write, "{:?}", begun.elapsed());
    assert_eq!(stage.http.http2_stats().stuck, 1);
}

#[tokio::test(start_paused = true)]
async fn a_head_over_the_limit_is_answered() {
    let stage = Stage::new(Http2Config::default());
    let mut client = stage.client().await;
    let request = Request::get("http://a.example/").header("x", "y".repeat(65 << 10)).body(()).unwrap();
    assert_eq!(client.ask(request).await.unwrap().0, 431);
    assert_eq!(client.get("/").await.unwrap().0, 200);
}

#[tokio::test(start_paused = true)]
async fn more_cookies_than_any_browser_has_are_too_many() {
    let stage = Stage::new(Http2Config::default());
    let mut client = stage.client().await;
    for (crumbs, status) in [(512, 200), (513, 431)] {
        let request = (0..crumbs).fold(Request::get("http://a.example/"), |request, _| request.header("cookie", "a=b"));
        assert_eq!(client.ask(request.body(()).unwrap()).await.unwrap().0, status);
    }
}

#[tokio::test(start_paused = true)]
async fn content_that_is_not_as_long_as_announced_is_malformed() {
    for (path, octets) in [("/echo", 3), ("/echo", 7), ("/gone", 3), ("/gone", 7)] {
        let stage = Stage::new(Http2Config::default());
        let mut client = stage.client().await;
        let request = Request::post(format!("http://a.example{path}")).header("content-length", "5").body(()).unwrap();
        let (response, mut send) = client.send.send_request(request, false).unwrap();
        // Otherwise it would be over before anybody looked at it.
        sleep(Duration::from_millis(1)).await;
        send.send_data(Bytes::from(vec![0; octets]), true).unwrap();
        let outcome = async { all(response.await?).await }.await;
        assert_eq!(outcome.unwrap_err().reason(), Some(h2::Reason::PROTOCOL_ERROR), "{path} {octets}");
        assert_eq!(client.get("/").await.unwrap().0, 200);
        // Also found by whoever only watches the client.
        assert!(path != "/gone" || stage.http.http2_stats().malformed == 1, "{path} {octets}");
    }
}

/// A connection of HTTP/1 is not to grow by what HTTP/2 needs.
#[test]
fn a_stream_takes_no_more_than_a_connection_of_http_1() {
    let (stream, connection) = Exchange::sizes();
    assert!(stream <= connection, "{stream} and {connection} octets");
}
