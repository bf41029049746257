//! Origins over connections in memory, on a clock that is moved by hand.

mod floods;
mod opening;

use std::future::poll_fn;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use h2::server;
use http::{Method, Response, StatusCode};
use simplon_proto_http::fields::Known;
use simplon_proto_http::rules::Rule;
use simplon_proto_http::transfer::{Last, Part, Reason, Sink, Source, StreamError, Wait};
use simplon_proto_http::{RequestHead, Target};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::*;
use crate::connect::{Connect, Connected, PeerTimeouts, Versions};
use crate::error::{Error, Kind, Result};
use crate::http::{Origins, OriginsConfig, Protocol, Upstream};
use crate::net::{Address, Negotiated, Stream};

/// Connections in memory; the far ends go to the test.
struct Memory {
    ends: UnboundedSender<DuplexStream>,
    protocol: Option<Negotiated>,
    takes: Duration,
    refuses: bool,
    tries: Arc<AtomicUsize>,
}

impl Connect for Memory {
    async fn connect(&self, _peer: &Peer) -> Result<Connected> {
        self.tries.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(self.takes).await;
        if self.refuses {
            return Err(Error::upstream(Kind::Refused));
        }
        let (near, far) = tokio::io::duplex(64 << 10);
        self.ends.send(far).unwrap();
        Ok(Connected { protocol: self.protocol, ..Connected::new(Stream::other(near)) })
    }
}

struct Stage {
    origins: Arc<Origins<Memory>>,
    ends: UnboundedReceiver<DuplexStream>,
    tries: Arc<AtomicUsize>,
}

impl Stage {
    fn new(change: impl FnOnce(&mut Memory, &mut OriginsConfig)) -> Self {
        let (sender, ends) = unbounded_channel();
        let tries = Arc::default();
        let takes = Duration::from_millis(10);
        let mut memory = Memory { ends: sender, protocol: None, takes, refuses: false, tries: Arc::clone(&tries) };
        let mut config = OriginsConfig::default();
        change(&mut memory, &mut config);
        Self { origins: Arc::new(Origins::new(memory, config)), ends, tries }
    }

    fn tries(&self) -> usize {
        self.tries.load(Ordering::Relaxed)
    }

    /// Answers all streams on all connections with 200, from a task; says the scheme of each request.
    fn answer(&mut self) -> UnboundedReceiver<String> {
        let (schemes, told) = unbounded_channel();
        let (none, empty) = unbounded_channel();
        drop(none);
        let mut ends = std::mem::replace(&mut self.ends, empty);
        tokio::spawn(async move {
            while let Some(end) = ends.recv().await {
                let schemes = schemes.clone();
                tokio::spawn(async move {
                    let mut connection = server::handshake(end).await.unwrap();
                    while let Some(Ok((request, mut respond))) = connection.accept().await {
                        let _ = schemes.send(request.uri().scheme_str().unwrap().to_owned());
                        let _ = respond.send_response(Response::new(()), true);
                    }
                });
            }
        });
        told
    }
}

fn peer(versions: Versions) -> Peer {
    Peer::builder(Address::parse("192.0.2.1:80").unwrap()).versions(versions).build().unwrap()
}

fn get() -> Part<RequestHead> {
    let mut head = RequestHead::new(Method::GET, Target::origin("/").unwrap());
    head.fields.set(Known::Host, "a.example").unwrap();
    Part::Head(head, Last::Yes)
}

async fn status(upstream: &mut Upstream) -> std::result::Result<StatusCode, StreamError> {
    match poll_fn(|cx| upstream.poll_part(cx)).await? {
        Some(Part::Head(head, _)) => Ok(head.status),
        other => panic!("{other:?}"),
    }
}

/// As an exchange gets its connection: an open one, else a new one.
async fn ask<C: Connect>(origins: &Origins<C>, peer: &Peer) -> Result<Upstream> {
    let open = origins.idle(peer, Instant::now());
    let mut upstream = match open {
        Some(upstream) => upstream,
        None => origins.connect(peer, Protocol::Http).await?.0,
    };
    upstream.push(get()).unwrap();
    status(&mut upstream).await.map_err(Error::upstream)?;
    Ok(upstream)
}

#[tokio::test(start_paused = true)]
async fn those_who_come_at_once_make_one_connection() {
    let mut stage = Stage::new(|_, _| {});
    stage.answer();
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let origins = Arc::clone(&stage.origins);
        asking.spawn(async move { ask(&origins, &peer(Versions::Http2)).await.unwrap().may_reuse() });
    }
    assert!(asking.join_all().await.into_iter().all(|may_reuse| may_reuse));
    assert_eq!(stage.tries(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_failure_is_told_to_all_who_waited_for_it() {
    let stage = Stage::new(|memory, _| memory.refuses = true);
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let origins = Arc::clone(&stage.origins);
        asking.spawn(async move { ask(&origins, &peer(Versions::Http2)).await.unwrap_err() });
    }
    for error in asking.join_all().await {
        assert_eq!((error.kind(), error.may_replay()), (Kind::Refused, crate::error::Replay::Safe));
    }
    assert_eq!(stage.tries(), 1);
    ask(&stage.origins, &peer(Versions::Http2)).await.unwrap_err();
    assert_eq!(stage.tries(), 2);
}

/// Whoever made the connection may leave before it is there: another makes one.
#[tokio::test(start_paused = true)]
async fn a_maker_that_leaves_is_followed_by_another() {
    let mut stage = Stage::new(|_, _| {});
    stage.answer();
    let (maker, waiter) = (Arc::clone(&stage.origins), Arc::clone(&stage.origins));
    let maker = tokio::spawn(async move { ask(&maker, &peer(Versions::Http2)).await.map(drop) });
    tokio::time::sleep(Duration::from_millis(1)).await;
    let waiter = tokio::spawn(async move { ask(&waiter, &peer(Versions::Http2)).await.map(drop) });
    tokio::time::sleep(Duration::from_millis(1)).await;
    maker.abort();
    waiter.await.unwrap().unwrap();
    assert_eq!(stage.tries(), 2);
}

#[tokio::test(start_paused = true)]
async fn more_than_one_connection_takes_are_spread_over_several() {
    let mut stage = Stage::new(|_, config| config.sessions.streams = std::num::NonZeroU32::new(10));
    let mut held = Vec::new();
    for _ in 0..35 {
        held.push(stage.origins.connect(&peer(Versions::Http2), Protocol::Http).await.unwrap().0);
    }
    assert_eq!(stage.tries(), 4);
    assert_eq!(stage.origins.at_rest(), 0);
    held.clear();
    assert_eq!(stage.origins.at_rest(), 4);
    stage.origins.forget(&peer(Versions::Http2));
    assert_eq!(stage.origins.at_rest(), 0);
    while let Ok(end) = stage.ends.try_recv() {
        // It may be closed before its preface was read.
        let Ok(mut connection) = server::handshake(end).await else { continue };
        assert!(connection.accept().await.is_none_or(|stream| stream.is_err()), "it is closed");
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_too_long_for_a_stream_is_told_that_there_is_none() {
    let stage = Stage::new(|_, config| {
        config.sessions.streams = std::num::NonZeroU32::new(1);
        config.sessions.connections = 1;
    });
    let peer = peer(Versions::Http2);
    let (first, _) = stage.origins.connect(&peer, Protocol::Http).await.unwrap();
    let begun = Instant::now();
    let error = stage.origins.connect(&peer, Protocol::Http).await.unwrap_err();
    assert_eq!((error.kind(), error.status().as_u16()), (Kind::Overloaded, 503));
    assert_eq!(begun.elapsed(), peer.timeouts().connect);

    let waiting = tokio::spawn({
        let (origins, peer) = (Arc::clone(&stage.origins), peer.clone());
        async move { origins.connect(&peer, Protocol::Http).await.map(|(upstream, _)| upstream.is_reused()) }
    });
    tokio::time::sleep(Duration::from_millis(1)).await;
    drop(first);
    assert!(waiting.await.unwrap().unwrap());
}

/// ALPN decides; what it said is remembered, so that nobody waits for a version that there is not.
#[tokio::test(start_paused = true)]
async fn what_tls_agreed_upon_is_spoken() {
    let mut stage = Stage::new(|memory, _| memory.protocol = Some(Negotiated::Http2));
    let mut schemes = stage.answer();
    for versions in [Versions::Auto, Versions::Http2] {
        ask(&stage.origins, &peer(versions)).await.unwrap();
        assert_eq!(schemes.recv().await.unwrap(), "https");
    }

    let mut stage = Stage::new(|memory, _| memory.protocol = Some(Negotiated::Http1));
    let auto = peer(Versions::Auto);
    let (mut upstream, _) = stage.origins.connect(&auto, Protocol::Http).await.unwrap();
    upstream.push(get()).unwrap();
    poll_fn(|cx| upstream.poll_flush(cx)).await.unwrap();
    let mut said = [0; 14];
    stage.ends.recv().await.unwrap().read_exact(&mut said).await.unwrap();
    assert_eq!(&said, b"GET / HTTP/1.1");
    let begun = Instant::now();
    let both = [1, 2].map(|_| stage.origins.connect(&auto, Protocol::Http));
    let [one, other] = both;
    let (one, other) = tokio::join!(one, other);
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(begun.elapsed(), Duration::from_millis(10), "side by side");
}

#[tokio::test(start_paused = true)]
async fn auto_on_plain_text_is_http1() {
    let stage = Stage::new(|_, _| {});
    let (upstream, _) = stage.origins.connect(&peer(Versions::Auto), Protocol::Http).await.unwrap();
    assert!(!upstream.is_reused() && !upstream.may_reuse());
    assert_eq!(stage.origins.at_rest(), 0);
    drop(upstream);
    assert_eq!(stage.origins.at_rest(), 0);
}

/// A raw tunnel has its connection alone, whatever the peer speaks.
#[tokio::test(start_paused = true)]
async fn raw_octets_are_never_shared() {
    let stage = Stage::new(|_, _| {});
    for _ in 0..2 {
        let (upstream, _) = stage.origins.connect(&peer(Versions::Http2), Protocol::Raw).await.unwrap();
        drop(upstream);
    }
    assert_eq!((stage.tries(), stage.origins.at_rest()), (2, 0));
}

#[test]
fn connections_stay_with_their_thread_where_they_should() {
    for (sharing, expected) in [(Sharing::AcrossThreads, 1), (Sharing::SameThread, 2)] {
        let sessions = Sessions::new(SessionLimits::default(), sharing);
        let here = sessions.place(&peer(Versions::Http2));
        let there = std::thread::scope(|scope| scope.spawn(|| sessions.place(&peer(Versions::Http2))).join().unwrap());
        assert_eq!(1 + usize::from(!Arc::ptr_eq(&here, &there)), expected);
    }
}

#[test]
fn what_is_remembered_is_bounded() {
    let sessions = Sessions::new(SessionLimits::default(), Sharing::AcrossThreads);
    for port in 1..10_000 {
        let address: std::net::SocketAddr = ([192, 0, 2, 1], port).into();
        let place = sessions.place(&Peer::builder(address).versions(Versions::Auto).build().unwrap());
        place.prefer_http1();
    }
    let kept: usize = sessions.shards.iter().map(|shard| lock(shard).len()).sum();
    assert!(kept <= SHARDS * REMEMBERED, "{kept}");
}

/// Silence is asked for a sign of life, and its lack closes the connection; an answer keeps it.
#[tokio::test(start_paused = true)]
async fn a_sign_of_life_keeps_a_connection_and_its_lack_closes_it() {
    let timeouts = PeerTimeouts { idle: Duration::from_secs(3600), ..PeerTimeouts::default() };
    let peer = peer(Versions::Http2).to_builder().timeouts(timeouts).build().unwrap();
    let mut stage = Stage::new(|_, config| config.sessions.idle = Duration::from_secs(3600));
    stage.answer();
    ask(&stage.origins, &peer).await.unwrap();
    tokio::time::sleep(Duration::from_secs(600)).await;
    assert_eq!((stage.origins.at_rest(), stage.tries()), (1, 1));

    let mut stage = Stage::new(|_, _| {});
    let (mut upstream, _) = stage.origins.connect(&peer, Protocol::Http).await.unwrap();
    let _end = stage.ends.recv().await.unwrap();
    upstream.push(get()).unwrap();
    let begun = Instant::now();
    assert_eq!(status(&mut upstream).await, Err(StreamError::Closed));
    let waited = begun.elapsed();
    assert!(waited >= peer.timeouts().ping && waited <= peer.timeouts().ping * 2 + peer.timeouts().pong, "{waited:?}");
    assert!(upstream.has_sent() && !upstream.was_turned_away());
    assert_eq!(stage.origins.at_rest(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_goes_when_it_rested_or_lived_long_enough() {
    let mut stage = Stage::new(|_, config| {
        config.sessions.idle = Duration::from_secs(50);
        config.sessions.age = Duration::from_secs(100);
    });
    stage.answer();
    let peer = peer(Versions::Http2);
    ask(&stage.origins, &peer).await.unwrap();
    tokio::time::sleep(Duration::from_secs(49)).await;
    assert_eq!(stage.origins.at_rest(), 1);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(stage.origins.at_rest(), 0);
    for _ in 0..5 {
        ask(&stage.origins, &peer).await.unwrap();
        assert_eq!((stage.origins.at_rest(), stage.tries()), (1, 2));
        tokio::time::sleep(Duration::from_secs(19)).await;
    }
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(stage.origins.at_rest(), 0);
}

/// The waits of one exchange are its own; the connection lives on.
#[tokio::test(start_paused = true)]
async fn an_exchange_that_waits_too_long_fails_alone() {
    let mut stage = Stage::new(|_, _| {});
    let peer = peer(Versions::Http2);
    let (mut upstream, _) = stage.origins.connect(&peer, Protocol::Http).await.unwrap();
    upstream.read_within(Duration::from_secs(2));
    upstream.push(get()).unwrap();
    assert_eq!(upstream.deadline(), None);
    let mut connection = server::handshake(stage.ends.recv().await.unwrap()).await.unwrap();
    let (request, _respond) = connection.accept().await.unwrap().unwrap();
    let polled = poll_fn(|cx| std::task::Poll::Ready(upstream.poll_part(cx).is_pending())).await;
    assert!(polled);
    let by = upstream.deadline().unwrap();
    assert_eq!(by - Instant::now(), Duration::from_secs(2));
    assert_eq!(upstream.expire(Instant::now()), None);
    assert_eq!(upstream.expire(by), Some(StreamError::Timeout(Wait::Head)));
    assert_eq!(status(&mut upstream).await, Err(StreamError::Timeout(Wait::Head)));
    drop(upstream);
    let mut body = request.into_body();
    let reset = tokio::select! {
        reset = body.data() => reset,
        _ = connection.accept() => panic!("closed"),
    };
    assert!(reset.is_none(), "the request had ended: {reset:?}");
    assert_eq!(stage.origins.at_rest(), 1);
}

/// Room is what the origin's window has left, and a request that waits for it has a deadline.
#[tokio::test(start_paused = true)]
async fn an_upload_waits_for_the_window() {
    let mut stage = Stage::new(|_, _| {});
    let (mut upstream, _) = stage.origins.connect(&peer(Versions::Http2), Protocol::Http).await.unwrap();
    let Part::Head(mut head, _) = get() else { unreachable!() };
    head.method = Method::POST;
    upstream.push(Part::Head(head, Last::No)).unwrap();
    let mut connection = server::handshake(stage.ends.recv().await.unwrap()).await.unwrap();
    let (mut request, mut respond) = connection.accept().await.unwrap().unwrap();
    let driving = tokio::spawn(async move { while connection.accept().await.is_some() {} });
    let mut sent = 0;
    loop {
        let room = tokio::time::timeout(Duration::from_secs(1), poll_fn(|cx| upstream.poll_room(cx))).await;
        let Ok(room) = room else { break };
        let piece = room.unwrap().min(16 << 10);
        upstream.push(Part::Data(Bytes::from(vec![0; piece]), Last::No)).unwrap();
        sent += piece;
        assert!(sent < 1 << 20);
    }
    assert!((65_535..=65_535 + (16 << 10)).contains(&sent), "{sent}");
    assert!(upstream.deadline().is_some());
    let reading = async {
        let mut got = 0;
        while got < sent {
            let octets = request.body_mut().data().await.unwrap().unwrap();
            let _ = request.body_mut().flow_control().release_capacity(octets.len());
            got += octets.len();
        }
    };
    let (room, ()) = tokio::join!(poll_fn(|cx| upstream.poll_room(cx)), reading);
    room.unwrap();
    upstream.push(Part::Data(Bytes::new(), Last::Yes)).unwrap();
    assert!(request.body_mut().data().await.is_none_or(|last| last.unwrap().is_empty()));
    respond.send_response(Response::new(()), true).unwrap();
    assert_eq!(status(&mut upstream).await, Ok(StatusCode::OK));
    assert!(upstream.may_reuse());
    drop(upstream);
    drop(stage);
    driving.await.unwrap();
}

/// The same connection from far away: octets take 50 ms in each direction, however many there are.
fn from_afar(end: DuplexStream) -> DuplexStream {
    const WAY: Duration = Duration::from_millis(50);
    let (near, far) = tokio::io::duplex(64 << 10);
    let (end_reads, end_writes) = tokio::io::split(end);
    let (near_reads, near_writes) = tokio::io::split(near);
    for (mut from, mut to) in [(end_reads, near_writes), (near_reads, end_writes)] {
        let (sent, mut under_way) = unbounded_channel();
        tokio::spawn(async move {
            let mut octets = Vec::new();
            while from.read_buf(&mut octets).await.is_ok_and(|n| n > 0) {
                sent.send((Instant::now() + WAY, std::mem::take(&mut octets))).unwrap();
            }
        });
        tokio::spawn(async move {
            while let Some((at, octets)) = under_way.recv().await {
                tokio::time::sleep_until(at).await;
                let _ = to.write_all(&octets).await;
            }
        });
    }
    far
}

/// A wide and long way gets a wider window, up to the bound.
#[tokio::test(start_paused = true)]
async fn windows_grow_where_it_helps() {
    let mut stage = Stage::new(|_, _| {});
    let (mut upstream, _) = stage.origins.connect(&peer(Versions::Http2), Protocol::Http).await.unwrap();
    upstream.push(get()).unwrap();
    let mut connection = server::handshake(from_afar(stage.ends.recv().await.unwrap())).await.unwrap();
    let (_, mut respond) = connection.accept().await.unwrap().unwrap();
    tokio::spawn(async move { while connection.accept().await.is_some() {} });
    let mut send = respond.send_response(Response::new(()), false).unwrap();
    assert_eq!(status(&mut upstream).await, Ok(StatusCode::OK));
    let sending = tokio::spawn(async move {
        let (mut left, mut most) = (8usize << 20, 0);
        while left > 0 {
            send.reserve_capacity(left);
            let Some(Ok(room)) = poll_fn(|cx| send.poll_capacity(cx)).await else { break };
            most = most.max(room);
            let piece = room.min(left);
            send.send_data(Bytes::from(vec![0; piece]), left == piece).unwrap();
            left -= piece;
        }
        most
    });
    let mut got = 0;
    while let Some(part) = poll_fn(|cx| upstream.poll_part(cx)).await.unwrap() {
        let Part::Data(octets, _) = part else { panic!("{part:?}") };
        got += octets.len();
    }
    assert_eq!(got, 8 << 20);
    assert!(sending.await.unwrap() > 256 << 10);
}

#[tokio::test(start_paused = true)]
async fn parts_that_do_not_fit_are_misuse() {
    use simplon_proto_http::transfer::Misuse;
    let stage = Stage::new(|_, _| {});
    let peer = peer(Versions::Http2);
    let post = |length: &str| {
        let Part::Head(mut head, _) = get() else { unreachable!() };
        head.method = Method::POST;
        head.fields.set(Known::ContentLength, length).unwrap();
        Part::Head(head, Last::No)
    };
    let data = |text: &'static str, last| Part::Data(Bytes::from_static(text.as_bytes()), last);
    let table = [
        (vec![data("x", Last::No)], Misuse::OutOfOrder),
        (vec![get(), data("x", Last::Yes)], Misuse::OutOfOrder),
        (vec![get(), get()], Misuse::OutOfOrder),
        (vec![post("2"), data("xyz", Last::No)], Misuse::TooLong),
        (vec![post("2"), data("x", Last::Yes)], Misuse::TooShort),
        (vec![post("2"), Part::Trailers(simplon_proto_http::Fields::new())], Misuse::TooShort),
    ];
    for (parts, misuse) in table {
        let (mut upstream, _) = stage.origins.connect(&peer, Protocol::Http).await.unwrap();
        let outcome = parts.into_iter().try_for_each(|part| upstream.push(part));
        assert_eq!(outcome, Err(StreamError::Misuse(misuse)));
        upstream.reset(Reason::Internal);
    }
}
