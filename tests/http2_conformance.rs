//! Both ends of HTTP/2 against RFC 9113, case by case, and against clients that do too much of what is allowed.
//!
//! What is not met stands in tables with the reason for it, so that a new failure shows, and a new success too. The floods are of a few
//! thousand frames each; `floods` has them last, over sockets.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

#[path = "common/common.rs"]
mod common;

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use common::site::{Site, is_last};
use http::{Method, StatusCode};
use simplon::core::connect::{Connect, Connected, Versions};
use simplon::core::http::{ExtendedConnect, Http2Config, Origins, OriginsConfig, Protocol, Upstream};
use simplon::core::net::{ConnInfo, Negotiated, Stream, Transport};
use simplon::core::server::Drain;
use simplon::prelude::{Address, Error, Http, HttpConfig, Kind, Last, Peer, RequestHead};
use simplon::proto_http::Target;
use simplon::proto_http::fields::Known;
use simplon::proto_http::transfer::{Part, Sink, Source, StreamError};
use simplon_testkit::alloc::{self, Counting};
use simplon_testkit::h2::conformance::{self, Report};
use simplon_testkit::h2::flood::{Effort, End, Flood, Flooded, Offence};
use simplon_testkit::h2::{Block, Code, Frame, Peer as Raw};
use tokio::io::{DuplexStream, duplex};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[tokio::test(start_paused = true)]
async fn a_service_as_a_server() {
    let report = conformance::server(async || connect(&Http::new(Site))).await;
    assert_eq!(report.skipped().count(), 2);
    check(&report, &[&[NO_HTTP2], NOT_MET_BY_SERVERS].concat());
}

/// With few streams and a smaller table, without extended CONNECT, and HTTP/2 agreed upon beforehand.
#[tokio::test(start_paused = true)]
async fn a_service_with_other_settings_as_a_server() {
    let mut http2 = Http2Config::default();
    http2.concurrent_streams = 16;
    http2.header_table_octets = 1024;
    http2.extended_connect = ExtendedConnect::Refused;
    let mut config = HttpConfig::default();
    config.http2 = Some(Arc::new(http2));
    let http = Http::with_config(Site, config);
    let info = || ConnInfo::new("memory".into(), Transport::Other).with_protocol(Negotiated::Http2);
    let report = conformance::server(async || connect_as(&http, info())).await;
    assert_eq!(report.skipped().count(), 1);
    let table =
        ("a field block that does not confirm a smaller table is a decoding error", "the h2 crate does not insist");
    check(&report, &[&[table], NOT_MET_BY_SERVERS].concat());
}

#[tokio::test(start_paused = true)]
async fn origins_as_a_client() {
    let report = conformance::client(async || ask().await.0).await;
    assert_eq!(report.skipped().count(), 1);
    check(&report, &[]);
}

/// D38 to D41: each flood on a connection of its own, with another client beside it that is served all the while.
#[tokio::test(start_paused = true)]
async fn a_service_under_floods() {
    for flood in Flood::BY_CLIENTS {
        survive(*flood, effort(*flood)).await;
    }
}

/// Each flood of an origin, and which counter says so.
#[tokio::test(start_paused = true)]
async fn origins_that_flood() {
    for flood in Flood::BY_SERVERS {
        let (end, origins) = ask().await;
        let mut origin = Raw::server(end);
        let (flooded, counted) = alloc::count_async(flood.run(&mut origin, effort(*flood))).await;
        let (flooded, peak) = (flooded.unwrap(), counted.peak);
        let stats = origins.http2_stats();
        println!("{flood}: {flooded:?}, {peak} octets at most");
        let what = format!("{flood}: {flooded:?}, {stats:?}");
        let (end, counters) = match flood {
            Flood::Continuation | Flood::EmptyContinuation | Flood::EmptyData | Flood::SlowFields(_) => {
                (CALM, [1, 0, 0])
            }
            Flood::Ping
            | Flood::Pong
            | Flood::Settings
            | Flood::Priority
            | Flood::WindowUpdate
            | Flood::Unknown
            | Flood::Interim
            | Flood::GoAway => (CALM, [0, 1, 0]),
            Flood::Reset => (CALM, [0, 0, 1]),
            Flood::Push => (End::GoAway(Code::PROTOCOL_ERROR), [0, 0, 0]),
            // It is content, and read as it comes.
            _ => (End::Survived, [0, 0, 0]),
        };
        assert_eq!(flooded.end, end, "{what}");
        assert_eq!([stats.library_floods, stats.control_floods, stats.reset_floods], counters, "{what}");
        // The exchange that was told too much fails before the connection does.
        assert_eq!(flooded.resets, u64::from(*flood == Flood::Interim), "{what}");
        assert!(peak < MOST_OCTETS, "{what}: {peak} octets");
    }
}

/// What ends a flood of clients, and which counter says so.
async fn survive(flood: Flood, effort: Effort) {
    let http = Http::new(Site);
    let ((flooded, served), counted) = alloc::count_async(beside(&http, flood, effort)).await;
    let stats = http.http2_stats();
    println!("{flood}: {flooded:?}, {} octets at most", counted.peak);
    let what = format!("{flood}: {flooded:?}, {served} served beside, {stats:?}");
    let (end, counters) = match flood {
        // The first offence ends the connection.
        Flood::MadeYouReset(Offence::ZeroWindowUpdate | Offence::DataAfterEnd | Offence::HeadersAfterEnd) => {
            (End::GoAway(Code::PROTOCOL_ERROR), [0, 0, 0])
        }
        Flood::MadeYouReset(Offence::PriorityLength) => (End::GoAway(Code::FRAME_SIZE_ERROR), [0, 0, 0]),
        Flood::RapidReset
        | Flood::MadeYouReset(_)
        | Flood::Continuation
        | Flood::EmptyContinuation
        | Flood::HpackBomb
        | Flood::EmptyData
        | Flood::SlowFields(_) => (CALM, [1, 0, 0]),
        Flood::Ping
        | Flood::Pong
        | Flood::Settings
        | Flood::Priority
        | Flood::PriorityUpdate
        | Flood::WindowUpdate
        | Flood::Unknown => (CALM, [0, 1, 0]),
        // Each stream is given up; a connection without any is told to go.
        Flood::Stall | Flood::Drip(_) => (End::Closed, [0, 0, 100]),
        // Each request is too large, and answered so; content is read as it comes.
        _ => (End::Survived, [0, 0, 0]),
    };
    assert_eq!(flooded.end, end, "{what}");
    assert_eq!([stats.library_floods, stats.control_floods, stats.stalled], counters, "{what}");
    assert!(served > 0, "{what}");
    assert!(counted.peak < MOST_OCTETS, "{} octets for {what}", counted.peak);
}

const CALM: End = End::GoAway(Code::ENHANCE_YOUR_CALM);
/// What a connection may take that is flooded, with the two clients.
const MOST_OCTETS: i64 = 1 << 20;

async fn beside(http: &Http<Site>, flood: Flood, effort: Effort) -> (Flooded, u32) {
    let mut attacker = Raw::client(connect(http));
    let mut other = Raw::client(connect(http));
    other.start().await.unwrap();
    let mut served = 0;
    // By a clock that stands still while there is something to do.
    let pause = if is_slow(flood) { Duration::from_secs(5) } else { Duration::ZERO };
    let mut flooding = pin!(flood.run(&mut attacker, effort));
    let flooded = loop {
        if served % 1000 == 999 {
            // It keeps a record of each of its streams, which is not what is to be measured.
            other = Raw::client(connect(http));
            other.start().await.unwrap();
        }
        tokio::select! {
            biased;
            () = get(&mut other, pause) => served += 1,
            flooded = &mut flooding => break flooded.unwrap(),
        }
    };
    drop(other);
    (flooded, served)
}

fn is_slow(flood: Flood) -> bool {
    matches!(flood, Flood::Stall | Flood::Drip(_) | Flood::SlowFields(_))
}

async fn get(peer: &mut Raw, pause: Duration) {
    let stream = peer.fresh();
    peer.send(Frame::headers(stream, Block::request("GET", "/")).end_stream()).await;
    assert_eq!(peer.expect_response(stream).await.unwrap().status, 200);
    if !pause.is_zero() {
        sleep(pause).await;
    }
}

fn effort(flood: Flood) -> Effort {
    match flood {
        // Each is worth thousands.
        Flood::HpackBomb | Flood::CookieCrumbs => Effort::frames(50),
        _ if is_slow(flood) => Effort::lasting(Duration::from_secs(300)),
        _ => Effort::frames(5000),
    }
}

/// Prints what is not met, and fails if that is not what is known.
fn check(report: &Report, known: &[(&str, &str)]) {
    println!("{report}");
    if let Err(difference) = report.compare(&[conformance::NOT_MET_BY_H2, known].concat()) {
        panic!("{difference}");
    }
}

/// The connection ends as it must, but the peer hears another code.
const CODE: &str = "the h2 crate says PROTOCOL_ERROR";
const NOT_MET_BY_SERVERS: &[(&str, &str)] =
    &[("DATA after the end of the stream is an error", CODE), ("content after trailers is an error", CODE)];

/// Where nothing was agreed upon, the first octets tell the version.
const NO_HTTP2: (&str, &str) =
    ("a preface with a wrong ending is a connection error", "it is a request of HTTP/1 with a version that is unknown");

/// A client's end of a connection that is served from a task.
fn connect(http: &Http<Site>) -> DuplexStream {
    connect_as(http, ConnInfo::new("memory".into(), Transport::Other))
}

fn connect_as(http: &Http<Site>, info: ConnInfo) -> DuplexStream {
    let (near, far) = duplex(64 << 10);
    let http = http.clone();
    tokio::spawn(async move { http.serve_stream(Stream::other(far), info.into(), Drain::never()).await });
    near
}

/// One connection in memory, whose other end goes to the test; no second one.
struct Memory {
    ends: UnboundedSender<DuplexStream>,
    has_connected: AtomicBool,
}

impl Connect for Memory {
    async fn connect(&self, _peer: &Peer) -> simplon::core::Result<Connected> {
        if self.has_connected.swap(true, Ordering::SeqCst) {
            return Err(Error::upstream(Kind::Refused));
        }
        let (near, far) = duplex(64 << 10);
        self.ends.send(far).unwrap();
        Ok(Connected::new(Stream::other(near)))
    }
}

/// An origin's end of a connection on which a client asks as the suite wants.
async fn ask() -> (DuplexStream, Arc<Origins<Memory>>) {
    let (ends, mut far) = unbounded_channel();
    let memory = Memory { ends, has_connected: AtomicBool::new(false) };
    let origins = Arc::new(Origins::new(memory, OriginsConfig::default()));
    let asking = Arc::clone(&origins);
    tokio::spawn(async move {
        let origins = asking;
        let peer = Peer::builder(Address::parse("192.0.2.1:80").unwrap()).versions(Versions::Http2).build().unwrap();
        let mut path = "/";
        loop {
            let mut upstream = match origins.idle(&peer, Instant::now()) {
                Some(upstream) => upstream,
                None => match origins.connect(&peer, Protocol::Http).await {
                    Ok((upstream, _)) => upstream,
                    // The connection is there, and takes nothing now.
                    Err(error) if error.kind() == Kind::Overloaded => {
                        sleep(Duration::from_millis(10)).await;
                        continue;
                    }
                    Err(_) => return,
                },
            };
            path = if exchange(&mut upstream, path).await == Ok(StatusCode::OK) { "/ok" } else { "/failed" };
            origins.put_back(upstream, Instant::now());
        }
    });
    (far.recv().await.unwrap(), origins)
}

/// Asks once, and reads the response to its end.
async fn exchange(upstream: &mut Upstream, path: &'static str) -> Result<StatusCode, StreamError> {
    let mut head = RequestHead::new(Method::POST, Target::origin(path).unwrap());
    head.fields.set(Known::Host, "conformance.test").unwrap();
    upstream.push(Part::Head(head, Last::No))?;
    upstream.push(Part::Data(Bytes::from_static(&[b'x'; 100]), Last::Yes))?;
    let mut status = StatusCode::CONTINUE;
    while let Some(part) = poll_fn(|cx| upstream.poll_part(cx)).await? {
        let is_over = is_last(&part);
        if let Part::Head(head, _) = part {
            status = head.status;
        }
        if is_over {
            break;
        }
    }
    Ok(status)
}
