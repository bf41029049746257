//! Requests that an origin did nothing with, and origins that do not speak HTTP/2.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use h2::Reason;
use simplon_core::connect::{Peer, TcpConnector, Versions};
use simplon_core::http::{Origins, OriginsConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::frames::{GOAWAY, Listener};
use crate::stage::{Stage, soon};

/// Answers one request of HTTP/1 with 200.
async fn answer_http1(stream: &mut TcpStream, content: &str) -> String {
    let mut heard = Vec::new();
    while !String::from_utf8_lossy(&heard).contains("\r\n\r\n") {
        assert!(soon("a request", stream.read_buf(&mut heard)).await.unwrap() > 0);
    }
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{content}", content.len());
    stream.write_all(head.as_bytes()).await.unwrap();
    String::from_utf8_lossy(&heard).into_owned()
}

/// F54
#[tokio::test]
async fn a_refused_stream_is_tried_again_whatever_the_method() {
    let listener = Listener::bind().await;
    let stage = Stage::before(listener.at()).await;
    let (heard, _frames) = tokio::join!(stage.post("once"), async {
        let mut frames = listener.accept(None).await;
        let stream = frames.request().await;
        frames.reset(stream, Reason::REFUSED_STREAM.into()).await;
        let again = frames.request().await;
        assert!(again > stream);
        frames.answer(again, b"now").await;
        frames
    });
    assert!(heard.contains("now"), "{heard}");
}

#[tokio::test]
async fn a_stream_that_is_refused_again_and_again_is_an_error_in_the_end() {
    let listener = Listener::bind().await;
    let stage = Stage::before(listener.at()).await;
    let refused = AtomicUsize::new(0);
    let heard = tokio::select! {
        heard = stage.post("never") => heard,
        () = async {
            let mut frames = listener.accept(None).await;
            loop {
                let stream = frames.request().await;
                refused.fetch_add(1, Ordering::Relaxed);
                frames.reset(stream, Reason::REFUSED_STREAM.into()).await;
            }
        } => unreachable!(),
    };
    assert!(heard.starts_with("HTTP/1.1 502"), "{heard}");
    assert!(refused.load(Ordering::Relaxed) <= 6, "{refused:?}");
}

/// F54: streams above the last that the origin names were not looked at: they go out again on another connection. Those below finish.
#[tokio::test]
async fn nothing_is_lost_and_nothing_is_sent_twice_when_the_origin_goes_away() {
    let listener = Listener::bind().await;
    let stage = Arc::new(Stage::before(listener.at()).await);
    let ask = |content: &'static str| {
        let stage = Arc::clone(&stage);
        tokio::spawn(async move { stage.post(content).await })
    };
    let first = ask("first");
    let mut frames = listener.accept(None).await;
    let one = frames.request().await;
    let second = ask("second");
    let two = frames.request().await;
    frames.go_away(one, 0).await;

    let mut anew = listener.accept(None).await;
    let again = anew.request().await;
    anew.answer(again, b"from the second").await;
    assert!(second.await.unwrap().contains("from the second"));
    frames.answer(one, b"from the first").await;
    assert!(first.await.unwrap().contains("from the first"));
    assert!(two > one);

    // The old connection takes no more; the new one does.
    let third = ask("third");
    let next = anew.request().await;
    anew.answer(next, b"third").await;
    assert!(third.await.unwrap().contains("third"));
    soon("the old connection is closed", async { while frames.read().await.is_some() {} }).await;
}

/// F52: what may have been acted upon is not sent twice, unless that does no harm.
#[tokio::test]
async fn a_connection_that_breaks_loses_a_post_and_repeats_a_get() {
    for method in ["GET", "POST"] {
        let listener = Listener::bind().await;
        let stage = Stage::before(listener.at()).await;
        let warm = async {
            let mut frames = listener.accept(None).await;
            let stream = frames.request().await;
            frames.answer(stream, b"warm").await;
            frames
        };
        let (_, mut frames) = tokio::join!(stage.get("/"), warm);
        let request = format!("{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        let asked = stage.ask(request);
        let origin = async {
            frames.request().await;
            drop(frames);
            if method == "GET" {
                let mut anew = listener.accept(None).await;
                let stream = anew.request().await;
                anew.answer(stream, b"again").await;
                // Not closed before the answer was read.
                anew.read().await;
            }
        };
        let heard = tokio::select! {
            (heard, ()) = async { tokio::join!(asked, origin) } => heard,
        };
        let expected = if method == "GET" { "HTTP/1.1 200" } else { "HTTP/1.1 502" };
        assert!(heard.starts_with(expected), "{method}: {heard}");
    }
}

/// F52: the origin closed while nobody asked: the next request, a POST, finds it out before it is sent.
#[tokio::test]
async fn a_connection_that_was_closed_at_rest_is_not_used() {
    let listener = Listener::bind().await;
    let stage = Stage::before(listener.at()).await;
    for round in ["one", "two"] {
        let (heard, frames) = tokio::join!(stage.post("x"), async {
            let mut frames = listener.accept(None).await;
            let stream = frames.request().await;
            frames.answer(stream, round.as_bytes()).await;
            frames
        });
        assert!(heard.contains(round), "{heard}");
        drop(frames);
        crate::stage::until("it is noticed", || stage.origins.at_rest() == 0).await;
    }
}

#[tokio::test]
async fn an_origin_that_wants_http_1_1_gets_it_and_is_remembered() {
    let listener = Listener::bind().await;
    let stage = Stage::before(listener.at()).await;
    let (heard, mut plain) = tokio::join!(stage.post("x"), async {
        let mut frames = listener.accept(None).await;
        let stream = frames.request().await;
        frames.reset(stream, Reason::HTTP_1_1_REQUIRED.into()).await;
        let mut plain = listener.accept_raw().await;
        let asked = answer_http1(&mut plain, "in text").await;
        assert!(asked.starts_with("POST / HTTP/1.1\r\n"), "{asked}");
        plain
    });
    assert!(heard.contains("in text"), "{heard}");
    // The connection is kept, and the next request goes out on it.
    let (heard, asked) = tokio::join!(stage.get("/next"), answer_http1(&mut plain, "again"));
    assert!(heard.contains("again") && asked.starts_with("GET /next HTTP/1.1\r\n"), "{heard} {asked}");
}

/// An origin of HTTP/1 takes the preface for a bad request.
#[tokio::test]
async fn an_origin_that_does_not_speak_http2_is_asked_in_text_until_that_is_forgotten() {
    let listener = Listener::bind().await;
    let mut config = OriginsConfig::default();
    config.sessions.prefer_http1 = Duration::from_millis(200);
    let stage = Stage::over(Peer::builder(listener.at()), Origins::new(TcpConnector::new(), config)).await;
    let refuse = async || {
        let mut stream = listener.accept_raw().await;
        let _ = stream.read(&mut [0; 100]).await;
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await.unwrap();
    };
    let (heard, ()) = tokio::join!(stage.post("x"), async {
        refuse().await;
        let mut plain = listener.accept_raw().await;
        answer_http1(&mut plain, "in text").await;
    });
    assert!(heard.contains("in text"), "{heard}");
    let (heard, ()) = tokio::join!(stage.get("/"), async {
        let mut plain = listener.accept_raw().await;
        answer_http1(&mut plain, "still").await;
    });
    assert!(heard.contains("still"), "{heard}");
    tokio::time::sleep(Duration::from_millis(250)).await;
    let (heard, ()) = tokio::join!(stage.get("/"), async {
        let mut frames = listener.accept(None).await;
        let stream = frames.request().await;
        frames.answer(stream, b"learned it").await;
        frames.read().await;
    });
    assert!(heard.contains("learned it"), "{heard}");
}

/// A failure that all who wait share is told to all of them, without a try for each.
#[tokio::test]
async fn nobody_listens() {
    let at = {
        let listener = Listener::bind().await;
        listener.at()
    };
    let stage = Stage::before(at).await;
    let heard = stage.get("/").await;
    assert!(heard.starts_with("HTTP/1.1 502"), "{heard}");
}

/// A first frame that is one of HTTP/2, and may not be first: the origin speaks HTTP/2, badly.
#[tokio::test]
async fn an_origin_that_begins_with_a_wrong_frame_is_not_asked_in_text() {
    let wrong: [&[u8]; 4] = [
        b"\0\0\x08\x06\0\0\0\0\0pingping",
        b"\0\0\0\x04\x01\0\0\0\0",
        b"\0\0\0\x04\0\0\0\0\x01",
        b"\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\x01",
    ];
    for first in wrong {
        let listener = Listener::bind().await;
        let stage = Stage::once(Peer::builder(listener.at()).versions(Versions::Http2).build().unwrap()).await;
        let (heard, ()) = tokio::join!(stage.get("/"), async {
            let mut stream = listener.accept_raw().await;
            let _ = stream.read(&mut [0; 24]).await;
            stream.write_all(first).await.unwrap();
            while stream.read(&mut [0; 1000]).await.is_ok_and(|n| n > 0) {}
        });
        assert!(heard.starts_with("HTTP/1.1 502"), "{first:?}: {heard}");
        let (heard, ()) = tokio::join!(stage.get("/"), async {
            let mut frames = listener.accept(None).await;
            let stream = frames.request().await;
            frames.answer(stream, b"better").await;
            frames.read().await;
        });
        assert!(heard.contains("better"), "{first:?}: {heard}");
    }
}

/// RFC 9113 §4.2, §6: as a client hears it.
#[tokio::test]
async fn an_origin_hears_frame_size_error_for_wrong_sizes() {
    for (kind, flags, octets) in
        [(6, 0, 7), (6, 0, 9), (4, 0, 5), (4, 1, 6), (3, 0, 3), (8, 0, 5), (7, 0, 4), (2, 0, 4)]
    {
        let listener = Listener::bind().await;
        let stage = Stage::before(listener.at()).await;
        let (heard, ()) = tokio::join!(stage.post("x"), async {
            let mut frames = listener.accept(None).await;
            let stream = frames.request().await;
            let on = if matches!(kind, 2 | 3) { stream } else { 0 };
            frames.write(kind, flags, on, &vec![0; octets]).await;
            assert_eq!(
                frames.expect(GOAWAY).await.code(),
                Reason::FRAME_SIZE_ERROR.into(),
                "kind {kind}, {octets} octets"
            );
        });
        assert!(heard.starts_with("HTTP/1.1 502"), "{heard}");
    }
}
