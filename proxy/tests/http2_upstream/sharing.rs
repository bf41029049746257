//! Many exchanges on one connection, and when there is another.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use simplon_core::connect::{Peer, PeerTimeouts, TcpConnector};
use simplon_core::http::{Origins, OriginsConfig, SessionLimits};

use tokio::io::AsyncWriteExt;

use crate::frames::{DATA, HEADERS, Listener, PING, WINDOW_UPDATE};
use crate::origin::{Call, Listening, origin, origin_with, send_all};
use crate::stage::{Stage, until};

fn origins(change: impl FnOnce(&mut SessionLimits)) -> Origins {
    let mut config = OriginsConfig::default();
    change(&mut config.sessions);
    Origins::new(TcpConnector::new(), config)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_shares_one_connection() {
    let listening = origin(|mut call: Call| async move {
        tokio::time::sleep(Duration::from_millis(50)).await;
        let path = call.request.uri().path().to_owned();
        call.answer(path);
    })
    .await;
    let stage = Arc::new(Stage::before(listening.at).await);
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..80 {
        let stage = Arc::clone(&stage);
        asking.spawn(async move {
            let heard = stage.get(&format!("/{number}/")).await;
            assert!(heard.contains(&format!("/{number}/")), "{heard}");
        });
    }
    asking.join_all().await;
    assert_eq!(listening.connections(), 1);
    assert_eq!(stage.origins.at_rest(), 1);
    stage.origins.forget(&stage.peer);
    assert_eq!(stage.origins.at_rest(), 0);
    assert!(stage.get("/after").await.contains("/after"));
    assert_eq!(listening.connections(), 2);
}

/// Before the origin has said how many it takes, more may be on their way: those that it refuses go out again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_that_is_too_large_at_first_is_served_all_the_same() {
    let mut builder = h2::server::Builder::new();
    builder.max_concurrent_streams(10);
    let listening = origin_with(builder, |mut call: Call| async move {
        let (content, _) = call.read().await;
        tokio::time::sleep(Duration::from_millis(10)).await;
        call.answer(content);
    })
    .await;
    let origins = origins(|sessions| sessions.connections = 4);
    let stage = Arc::new(Stage::over(Peer::builder(listening.at), origins).await);
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..150 {
        let stage = Arc::clone(&stage);
        asking.spawn(async move {
            let heard = stage.post(&format!("<{number}>")).await;
            assert!(heard.contains(&format!("<{number}>")), "{heard}");
        });
    }
    asking.join_all().await;
    assert!(listening.connections() <= 4, "{}", listening.connections());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_own_bound_on_streams_holds() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (running, highest) = (Arc::clone(&now), Arc::clone(&most));
    let listening = origin(move |mut call: Call| {
        let (running, highest) = (Arc::clone(&running), Arc::clone(&highest));
        async move {
            highest.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            tokio::time::sleep(Duration::from_millis(20)).await;
            running.fetch_sub(1, Ordering::SeqCst);
            call.answer("x");
        }
    })
    .await;
    let origins = origins(|sessions| {
        sessions.streams = NonZeroU32::new(3);
        sessions.connections = 2;
    });
    let stage = Arc::new(Stage::over(Peer::builder(listening.at), origins).await);
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..30 {
        let stage = Arc::clone(&stage);
        asking.spawn(async move { assert!(stage.get("/").await.starts_with("HTTP/1.1 200")) });
    }
    asking.join_all().await;
    assert_eq!(listening.connections(), 2);
    assert!(most.load(Ordering::SeqCst) <= 6, "{most:?}");
}

/// F54: the origin changes its mind, downwards and upwards, while exchanges run.
#[tokio::test]
async fn limits_of_the_origin_count_as_they_change() {
    let listener = Listener::bind().await;
    let origins = origins(|sessions| sessions.connections = 1);
    let stage = Arc::new(Stage::over(Peer::builder(listener.at()), origins).await);
    let ask = || {
        let stage = Arc::clone(&stage);
        tokio::spawn(async move { stage.get("/").await })
    };
    let first = ask();
    let mut frames = listener.accept(Some(2)).await;
    let one = frames.request().await;
    let second = ask();
    let two = frames.request().await;

    // Both are in use: a third has to wait until one more is allowed.
    let third = ask();
    let quiet = tokio::time::timeout(Duration::from_millis(100), frames.expect(HEADERS)).await;
    assert!(quiet.is_err(), "{quiet:?}");
    frames.allow(Some(3)).await;
    let three = frames.request().await;

    // One only from here on: the next one waits until all three are over.
    frames.allow(Some(1)).await;
    let fourth = ask();
    for stream in [one, two] {
        frames.answer(stream, b"ok").await;
    }
    assert!(first.await.unwrap().contains("ok") && second.await.unwrap().contains("ok"));
    let quiet = tokio::time::timeout(Duration::from_millis(100), frames.expect(HEADERS)).await;
    assert!(quiet.is_err(), "{quiet:?}");
    frames.answer(three, b"ok").await;
    let four = frames.request().await;
    frames.answer(four, b"ok").await;
    assert!(third.await.unwrap().contains("ok") && fourth.await.unwrap().contains("ok"));
}

/// F54, 3-070: an origin that takes nothing is an error, not a wait.
#[tokio::test]
async fn an_origin_that_allows_no_stream_is_overloaded() {
    let listener = Listener::bind().await;
    let stage = Arc::new(Stage::before(listener.at()).await);
    let asking = tokio::spawn({
        let stage = Arc::clone(&stage);
        async move { stage.get("/").await }
    });
    let mut frames = listener.accept(Some(0)).await;
    // Its first request was on its way, or waits; nobody else is to wait.
    frames.expect(4).await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    let heard = stage.get("/").await;
    assert!(heard.starts_with("HTTP/1.1 503"), "{heard}");
    asking.abort();
}

#[tokio::test]
async fn a_connection_that_rests_is_closed_after_a_while() {
    let listening = origin(|mut call: Call| async move { call.answer("x") }).await;
    let mut timeouts = PeerTimeouts::default();
    timeouts.idle = Duration::from_millis(150);
    let stage = Stage::with(Peer::builder(listening.at).timeouts(timeouts)).await;
    for _ in 0..2 {
        stage.get("/").await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        stage.get("/").await;
        assert_eq!(stage.origins.at_rest(), 1);
        until("it is closed", || stage.origins.at_rest() == 0).await;
    }
    assert_eq!(listening.connections(), 2);
}

#[tokio::test]
async fn a_connection_that_is_old_or_carried_enough_takes_no_more() {
    let listening = origin(|mut call: Call| async move { call.answer("x") }).await;
    let stage = Stage::over(Peer::builder(listening.at), origins(|sessions| sessions.exchanges = 2)).await;
    for _ in 0..3 {
        assert!(stage.get("/").await.starts_with("HTTP/1.1 200"));
        assert!(stage.post("x").await.starts_with("HTTP/1.1 200"));
    }
    assert_eq!(listening.connections(), 3);
    until("none is left open", || stage.origins.at_rest() == 0).await;

    let listening = origin(|mut call: Call| async move { call.answer("x") }).await;
    let old = origins(|sessions| sessions.age = Duration::from_millis(100));
    let stage = Stage::over(Peer::builder(listening.at), old).await;
    for _ in 0..2 {
        assert!(stage.get("/").await.starts_with("HTTP/1.1 200"));
        until("it is closed", || stage.origins.at_rest() == 0).await;
    }
    assert_eq!(listening.connections(), 2);
}

/// F55: the octets stop, the socket stays: only a question tells.
#[tokio::test]
async fn an_origin_without_a_sign_of_life_is_given_up() {
    let listener = Listener::bind().await;
    let mut timeouts = PeerTimeouts::default();
    (timeouts.ping, timeouts.pong) = (Duration::from_millis(100), Duration::from_millis(100));
    let stage = Stage::with(Peer::builder(listener.at()).timeouts(timeouts)).await;
    let (heard, _) = tokio::join!(stage.post("x"), async {
        let mut frames = listener.accept(None).await;
        frames.request().await;
        // Answers are read and asked for, but none is given.
        while frames.read().await.is_some() {}
    });
    assert!(heard.starts_with("HTTP/1.1 502"), "{heard}");
    assert_eq!(stage.origins.at_rest(), 0);
}

/// F55: what does no harm twice goes out again, over another connection.
#[tokio::test]
async fn a_request_outlives_a_connection_without_a_sign_of_life() {
    let listener = Listener::bind().await;
    let mut timeouts = PeerTimeouts::default();
    (timeouts.ping, timeouts.pong) = (Duration::from_millis(100), Duration::from_millis(100));
    let stage = Stage::with(Peer::builder(listener.at()).timeouts(timeouts)).await;
    let (heard, _) = tokio::join!(stage.get("/"), async {
        let mut dead = listener.accept(None).await;
        dead.request().await;
        let mut pings = 0;
        while let Some(frame) = dead.read().await {
            pings += usize::from(frame.kind == PING);
        }
        assert_eq!(pings, 1, "asked once, and not again and again");
        let mut alive = listener.accept(None).await;
        let stream = alive.request().await;
        alive.answer(stream, b"well").await;
        alive
    });
    assert!(heard.starts_with("HTTP/1.1 200") && heard.contains("well"), "{heard}");
}

/// An origin whose `/large` is larger than a stream's window, and all else 100,000 octets.
async fn large_and_small() -> Listening {
    origin(|mut call: Call| async move {
        let octets = if call.request.uri().path() == "/large" { 4 << 20 } else { 100_000 };
        let mut send = call.begin(http::Response::new(()));
        if send_all(&mut send, vec![b'x'; octets].into()).await.is_ok() {
            let _ = send.send_data(bytes::Bytes::new(), true);
        }
    })
    .await
}

/// No exchange waits for another client's reading, however many there are that read nothing (RFC 9113 §5.2.2).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_read_nothing_hold_up_nobody_else() {
    let listening = large_and_small().await;
    let origins = origins(|sessions| sessions.connections = 1);
    let stage = Arc::new(Stage::over(Peer::builder(listening.at), origins).await);
    let mut idle = Vec::new();
    for _ in 0..80 {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.set_recv_buffer_size(4096).unwrap();
        let mut client = socket.connect(stage.at).await.unwrap();
        client.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        idle.push(client);
    }
    // All of them have as much as they will take.
    tokio::time::sleep(Duration::from_millis(300)).await;
    for _ in 0..5 {
        assert!(stage.get("/").await.len() > 100_000);
    }
    assert_eq!(listening.connections(), 1);
}

/// A connection without credit for one more exchange takes none: another connection does.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_short_of_credit_takes_no_more_exchanges() {
    let listening = large_and_small().await;
    let origins = origins(|sessions| {
        sessions.stream_window_octets = 64 << 10;
        sessions.most_stream_window_octets = 64 << 10;
        sessions.connection_window_octets = 256 << 10;
    });
    let stage = Arc::new(Stage::over(Peer::builder(listening.at), origins).await);
    let mut idle = Vec::new();
    for _ in 0..4 {
        let mut client = stage.client().await;
        client.write_all(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        client.readable().await.unwrap();
        idle.push(client);
    }
    assert_eq!(listening.connections(), 1);
    assert!(stage.get("/").await.len() > 100_000);
    assert_eq!(listening.connections(), 2);
}

/// Uploads that have nothing to send take nothing of the origin's window from those that have.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uploads_that_rest_leave_the_window_to_others() {
    let listener = Listener::bind().await;
    let stage = Arc::new(Stage::over(Peer::builder(listener.at()), Origins::default()).await);
    let begin = async |octets: usize| {
        let mut client = stage.client().await;
        let head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 65536\r\n\r\n";
        client.write_all(head.as_bytes()).await.unwrap();
        client.write_all(&vec![b'x'; octets]).await.unwrap();
        client
    };
    let mut first = begin(30_000).await;
    let mut frames = listener.accept(None).await;
    let mut idle = Vec::new();
    for _ in 0..20 {
        idle.push(begin(0).await);
    }
    assert_eq!(frames.requests(21, 30_000).await.len(), 21);
    // What is left of the 65,535 octets of the connection, to the last one, which those that rest do not keep.
    first.write_all(&[b'x'; 35_534]).await.unwrap();
    frames.requests(0, 35_534).await;
    let _last = begin(1).await;
    let heard = frames.requests(1, 1).await;
    // There is none left. One more comes, and goes to who has something to send.
    let _late = begin(1).await;
    let late = frames.request().await;
    frames.write(WINDOW_UPDATE, 0, 0, &1_u32.to_be_bytes()).await;
    let data = frames.expect(DATA).await;
    assert_eq!((data.stream, data.payload.len()), (late, 1), "after {heard:?}");
}
