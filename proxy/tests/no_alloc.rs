//! A steady exchange allocates nothing: a thousand of them on kept-alive connections, with this program's allocator counting.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test may fail loudly")]

use std::sync::Arc;
use std::time::Duration;

use simplon_core::Result;
use simplon_core::connect::Peer;
use simplon_core::http::{Exchange, Http, Serve};
use simplon_core::net::{ConnInfo, Stream, Transport};
use simplon_core::server::Drain;
use simplon_proto_http::transfer::{Last, Part, Sink};
use simplon_proto_http::{RequestHead, ResponseHead};
use simplon_proxy::{App, Attempt, Filter, ResponseView, To};
use simplon_testkit::alloc::{self, Counted, Counting};
use simplon_testkit::{End, Network, PipeConfig, pipe};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const WARM_UP: usize = 100;
const EXCHANGES: usize = 1000;

const REQUEST: &[u8] = b"GET /path?query HTTP/1.1\r\nHost: origin.example\r\nUser-Agent: test\r\nAccept: */*\r\n\r\n";
const RESPONSE: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\nContent-Type: text/plain\r\nServer: origin\r\n\r\nhello, world\n";

/// Changes a field on each side.
struct Mark;

impl<Ctx: Send> Filter<Ctx> for Mark {
    async fn upstream_request(&self, head: &mut RequestHead, _attempt: &Attempt<'_>, _cx: &mut Ctx) -> Result<()> {
        head.fields.set("X-Edge", "simplon").unwrap();
        Ok(())
    }

    async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut Ctx) -> Result<()> {
        response.fields.set("Server", "simplon").unwrap();
        response.fields.set("X-Frame-Options", "DENY").unwrap();
        Ok(())
    }
}

/// A client and an origin that say the same again and again, from a buffer of their own.
struct Ends {
    client: End,
    origin: End,
    heard: Box<[u8]>,
}

impl Ends {
    /// One exchange. Allocates nothing itself.
    async fn exchange(&mut self) {
        self.client.write_all(REQUEST).await.unwrap();
        self.answer().await;
    }

    async fn answer(&mut self) {
        read_until(&mut self.origin, &mut self.heard, b"\r\n\r\n").await;
        self.origin.write_all(RESPONSE).await.unwrap();
        read_until(&mut self.client, &mut self.heard, b"hello, world\n").await;
    }
}

async fn read_until(end: &mut End, heard: &mut [u8], last: &[u8]) {
    let mut length = 0;
    while !heard[..length].ends_with(last) {
        let n = end.read(&mut heard[length..]).await.unwrap();
        assert!(n > 0, "closed after {}", heard[..length].escape_ascii());
        length += n;
    }
}

/// What a thousand exchanges allocate, after some that may.
fn allocated<S: Serve>(make: impl FnOnce(Peer, &Network) -> S) -> Counted {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let pipes = PipeConfig::default().capacity(4 << 10).unrecorded();
        let network = Network::with_pipes(pipes);
        let mut hosts = network.origin();
        let http = Http::new(make(hosts.peer(), &network));
        let (mut client, far) = pipe(pipes);
        let info = Arc::new(ConnInfo::new("test".into(), Transport::Other).with_peer(([192, 0, 2, 1], 4711).into()));
        let serving = tokio::spawn(async move { http.serve_stream(Stream::other(far), info, Drain::never()).await });
        client.write_all(REQUEST).await.unwrap();
        let origin = hosts.accept().await.into_end();
        let mut ends = Ends { client, origin, heard: vec![0; 4 << 10].into() };
        ends.answer().await;
        for _ in 0..WARM_UP {
            ends.exchange().await;
        }
        let ((), counted) = alloc::count_async(async {
            for _ in 0..EXCHANGES {
                ends.exchange().await;
            }
        })
        .await;
        assert!(!serving.is_finished());
        counted
    })
}

fn nothing(counted: &Counted) {
    assert_eq!(counted.times, 0, "{} octets; the first:\n{}", counted.octets, counted.first.as_ref().unwrap());
}

#[test]
fn the_bare_stack_allocates_nothing_in_a_steady_exchange() {
    nothing(&allocated(|origin, network| App::new(To(origin)).origins(network.origins())));
}

#[test]
fn a_filter_that_changes_fields_allocates_nothing_in_a_steady_exchange() {
    nothing(&allocated(|origin, network| App::new(To(origin)).origins(network.origins()).filter(Mark)));
}

/// Its timer is the connection's.
#[test]
fn the_time_of_an_exchange_allocates_nothing_in_a_steady_exchange() {
    nothing(&allocated(|origin, network| {
        App::new(To(origin)).origins(network.origins()).exchange_within(Duration::from_secs(30))
    }));
}

/// Allocates once for each response.
struct Wasteful;

impl<Ctx: Send> Filter<Ctx> for Wasteful {
    async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut Ctx) -> Result<()> {
        let text = std::hint::black_box(response.fields.len().to_string());
        response.fields.set("X-Octets", text).unwrap();
        Ok(())
    }
}

#[test]
fn a_filter_that_allocates_is_noticed() {
    let counted = allocated(|origin, network| App::new(To(origin)).origins(network.origins()).filter(Wasteful));
    assert_eq!(counted.times, EXCHANGES as u64);
    assert!(counted.first.unwrap().to_string().contains("Wasteful"));
}

/// What a connection may hold between exchanges.
const AT_REST: i64 = 2 << 10;

#[test]
fn a_connection_at_rest_holds_little() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let pipes = PipeConfig::default().capacity(1 << 10).unrecorded();
        let network = Network::with_pipes(pipes);
        let mut hosts = network.origin();
        let http = Http::new(App::new(To(hosts.peer())).origins(network.origins()));
        let info = Arc::new(ConnInfo::new("test".into(), Transport::Other));
        let serve = |far: End| {
            let (http, info) = (http.clone(), Arc::clone(&info));
            tokio::spawn(async move { http.serve_stream(Stream::other(far), info, Drain::never()).await })
        };
        let (mut client, far) = pipe(pipes);
        drop(serve(far));
        client.write_all(REQUEST).await.unwrap();
        let origin = hosts.accept().await.into_end();
        let mut ends = Ends { client, origin, heard: vec![0; 4 << 10].into() };
        ends.answer().await;
        let count = 200;
        let mut clients: Vec<_> = (0..count).map(|_| pipe(pipes)).collect();
        let mut kept = Vec::with_capacity(count);
        let ((), counted) = alloc::count_async(async {
            while let Some((near, far)) = clients.pop() {
                drop(serve(far));
                kept.push(std::mem::replace(&mut ends.client, near));
                ends.exchange().await;
                tokio::task::yield_now().await;
            }
        })
        .await;
        let each = counted.held / count as i64;
        assert!(each <= AT_REST, "{each} octets for each connection at rest");
    });
}

/// What a connection of HTTP/2 may hold between streams beside what the `h2` crate does.
const AT_REST_BESIDE_H2: i64 = 4 << 10;

/// The preface, SETTINGS, and GET / with indexed fields and the authority as a literal.
const H2_REQUEST: &[u8] =
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0\0\0\x06\x01\x05\0\0\0\x01\x82\x86\x84\x41\x01a";

#[test]
fn a_connection_of_http_2_at_rest_holds_little_beside_what_the_crate_does() {
    let crate_alone = h2_at_rest(|far| {
        drop(tokio::spawn(async move {
            let mut connection = h2::server::handshake(far).await.unwrap();
            while let Some(Ok((_, mut respond))) = connection.accept().await {
                // As every final response has one (RFC 9110 §6.6.1).
                let head = http::Response::builder().header("date", "Sun, 06 Nov 1994 08:49:37 GMT").body(()).unwrap();
                let mut send = respond.send_response(head, false).unwrap();
                send.send_data("hello, world\n".into(), true).unwrap();
            }
        }));
    });
    let http = Http::new(Hello);
    let ours = h2_at_rest(move |far| {
        let (http, info) = (http.clone(), Arc::new(ConnInfo::new("test".into(), Transport::Other)));
        drop(tokio::spawn(async move { http.serve_stream(Stream::other(far), info, Drain::never()).await }));
    });
    println!("at rest: {crate_alone} octets for the h2 crate, {ours} for a connection");
    assert!(ours - crate_alone <= AT_REST_BESIDE_H2, "{crate_alone} octets for the h2 crate, {ours} for a connection");
}

struct Hello;

impl Serve for Hello {
    async fn serve(&self, exchange: &mut Exchange) {
        exchange.head().await.unwrap();
        exchange.push(Part::Head(ResponseHead::new(http::StatusCode::OK), Last::No)).unwrap();
        exchange.push(Part::Data("hello, world\n".into(), Last::Yes)).unwrap();
    }
}

/// Octets held for each connection that carried one stream.
fn h2_at_rest(serve: impl Fn(End)) -> i64 {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let pipes = PipeConfig::default().capacity(1 << 10).unrecorded();
        let count = 200;
        let mut ends: Vec<_> = (0..=count).map(|_| pipe(pipes)).collect();
        let mut heard: Box<[u8]> = vec![0; 4 << 10].into();
        let mut kept = Vec::with_capacity(count + 1);
        let mut all = async |count| {
            for _ in 0..count {
                let Some((mut near, far)) = ends.pop() else { return };
                serve(far);
                near.write_all(H2_REQUEST).await.unwrap();
                read_until(&mut near, &mut heard, b"hello, world\n").await;
                // An acknowledgment of SETTINGS.
                near.write_all(b"\0\0\0\x04\x01\0\0\0\0").await.unwrap();
                tokio::task::yield_now().await;
                kept.push(near);
            }
        };
        // What is made once is not to be counted.
        all(1).await;
        let ((), counted) = alloc::count_async(all(count)).await;
        counted.held / count as i64
    })
}
