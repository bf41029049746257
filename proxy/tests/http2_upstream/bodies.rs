//! Content in both directions: whole, bounded, cut, and given up.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::Reason;
use http::Response;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc::unbounded_channel;

use crate::frames::{DATA, END_STREAM, Listener, RST_STREAM};
use crate::origin::{Call, origin, send_all};
use crate::stage::{Stage, soon, until};

const LARGE: usize = 8 << 20;

fn content(length: usize) -> Bytes {
    (0..length).map(|at| (at % 251) as u8).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_response_passes_whole() {
    let listening = origin(|mut call: Call| async move {
        let response = Response::builder().header("content-length", LARGE).body(()).unwrap();
        let mut send = call.begin(response);
        send_all(&mut send, content(LARGE)).await.unwrap();
        send.send_data(Bytes::new(), true).unwrap();
    })
    .await;
    let stage = Stage::before(listening.at).await;
    let mut client = stage.client().await;
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut heard = Vec::new();
    soon("all", client.read_to_end(&mut heard)).await.unwrap();
    assert!(heard.ends_with(&content(LARGE)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_request_passes_whole() {
    let listening = origin(|mut call: Call| async move {
        let (heard, _) = call.read().await;
        call.answer(if heard == content(LARGE) { "the same" } else { "another" });
    })
    .await;
    let stage = Stage::before(listening.at).await;
    for length in
        [format!("Content-Length: {LARGE}\r\n\r\n"), format!("Transfer-Encoding: chunked\r\n\r\n{LARGE:x}\r\n")]
    {
        let mut request = format!("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n{length}").into_bytes();
        request.extend(content(LARGE));
        if length.contains("chunked") {
            request.extend(b"\r\n0\r\n\r\n");
        }
        assert!(stage.ask(request).await.contains("the same"));
    }
}

/// Flow control from one end to the other: a client that does not read stops the origin.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_does_not_read_stops_the_origin() {
    let sent = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&sent);
    let listening = origin(move |mut call: Call| {
        let count = Arc::clone(&count);
        async move {
            let mut send = call.begin(Response::new(()));
            while send_all(&mut send, content(16 << 10)).await.is_ok() {
                count.fetch_add(16 << 10, Ordering::Relaxed);
            }
        }
    })
    .await;
    let stage = Stage::before(listening.at).await;
    let mut client = stage.client().await;
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut last = usize::MAX;
    while last != sent.load(Ordering::Relaxed) || last == 0 {
        last = sent.load(Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // What the sockets of this machine hold (up to 6 MiB each way), and the window.
    assert!(last < 24 << 20, "{last} octets are on their way");
    let mut some = vec![0; 1 << 20];
    for _ in 0..16 {
        soon("more", client.read_exact(&mut some)).await.unwrap();
    }
    until("the origin goes on", || sent.load(Ordering::Relaxed) > last).await;
}

/// The other way: an origin that does not read stops the client.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_origin_that_does_not_read_stops_the_client() {
    let (keep, _kept) = unbounded_channel();
    let listening = origin(move |call: Call| {
        keep.send(call).ok().unwrap();
        async {}
    })
    .await;
    let stage = Stage::before(listening.at).await;
    let mut client = stage.client().await;
    client.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n").await.unwrap();
    let mut sent = 0;
    while let Ok(Ok(n)) = tokio::time::timeout(Duration::from_millis(500), client.write(&[0; 16 << 10])).await {
        sent += n;
        assert!(sent < 24 << 20, "{sent} octets were taken");
    }
}

/// C31: an answer that was complete is delivered whole, though the origin then says that it wants no more of the request.
#[tokio::test]
async fn a_complete_answer_survives_a_reset_without_an_error() {
    let listener = Listener::bind().await;
    let stage = Stage::before(listener.at()).await;
    let mut client = stage.client().await;
    client.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\nbegin").await.unwrap();
    let mut frames = listener.accept(None).await;
    let stream = frames.request().await;
    frames.begin(stream).await;
    for _ in 0..3 {
        frames.write(DATA, 0, stream, &[b'x'; 16_000]).await;
    }
    frames.write(DATA, END_STREAM, stream, b"the end").await;
    frames.reset(stream, 0).await;
    let mut heard = Vec::new();
    while !String::from_utf8_lossy(&heard).contains("the end\r\n0\r\n\r\n") {
        assert!(soon("the answer", client.read_buf(&mut heard)).await.unwrap() > 0, "cut after {}", heard.len());
    }
}

/// C30: the answer reaches a client that still uploads, and the origin is told that no more comes.
#[tokio::test]
async fn an_early_answer_ends_the_upload() {
    let listener = Listener::bind().await;
    let stage = Stage::before(listener.at()).await;
    let mut client = stage.client().await;
    client.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\nbegin").await.unwrap();
    let mut frames = listener.accept(None).await;
    let stream = frames.request().await;
    frames.answer(stream, b"enough").await;
    let mut heard = Vec::new();
    while !String::from_utf8_lossy(&heard).contains("enough") {
        assert!(soon("the answer", client.read_buf(&mut heard)).await.unwrap() > 0);
    }
    let reset = frames.expect(RST_STREAM).await;
    assert_eq!((reset.stream, reset.code()), (stream, Reason::NO_ERROR.into()));
}

/// A12: what was cut looks cut.
#[tokio::test]
async fn a_reset_in_the_middle_cuts_the_answer() {
    for code in [Reason::INTERNAL_ERROR, Reason::CANCEL, Reason::NO_ERROR] {
        let listener = Listener::bind().await;
        let stage = Stage::before(listener.at()).await;
        let mut client = stage.client().await;
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut frames = listener.accept(None).await;
        let stream = frames.request().await;
        frames.begin(stream).await;
        frames.write(DATA, 0, stream, b"half").await;
        let mut heard = Vec::new();
        while !heard.ends_with(b"half\r\n") {
            assert!(soon("half of it", client.read_buf(&mut heard)).await.unwrap() > 0);
        }
        frames.reset(stream, code.into()).await;
        let _ = soon("the cut", client.read_to_end(&mut heard)).await;
        let heard = String::from_utf8_lossy(&heard);
        assert!(heard.starts_with("HTTP/1.1 200") && !heard.contains("\r\n0\r\n"), "{code:?}: {heard}");
    }
}

/// E48: the origin hears of a client that left within milliseconds, and the connection lives on.
#[tokio::test]
async fn a_client_that_leaves_cancels_its_stream_alone() {
    let listener = Listener::bind().await;
    let stage = Stage::before(listener.at()).await;
    let mut client = stage.client().await;
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    let mut frames = listener.accept(None).await;
    let stream = frames.request().await;
    let left = Instant::now();
    drop(client);
    let reset = frames.expect(RST_STREAM).await;
    assert_eq!((reset.stream, reset.code()), (stream, Reason::CANCEL.into()));
    assert!(left.elapsed() < Duration::from_millis(200), "{:?}", left.elapsed());

    let (heard, ()) = tokio::join!(stage.get("/"), async {
        let next = frames.request().await;
        frames.answer(next, b"still here").await;
    });
    assert!(heard.contains("still here"), "{heard}");
}

/// E46: the same while the upload waits for the origin's window.
#[tokio::test]
async fn a_client_that_leaves_while_its_upload_waits_cancels_too() {
    let listener = Listener::bind().await;
    let stage = Stage::before(listener.at()).await;
    let mut client = stage.client().await;
    client.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n").await.unwrap();
    client.write_all(&[b'x'; 90_000]).await.unwrap();
    let mut frames = listener.accept(None).await;
    let stream = frames.request().await;
    let mut came = 0;
    while came < 65_535 {
        came += frames.expect(DATA).await.payload.len();
    }
    client.set_zero_linger().unwrap();
    drop(client);
    let reset = frames.expect(RST_STREAM).await;
    assert_eq!((reset.stream, reset.code()), (stream, Reason::CANCEL.into()));
}

/// What HTTP/2 calls malformed becomes 502, and the stream is reset.
#[tokio::test]
async fn malformed_answers_become_502() {
    let field = |name: &str, value: &str| {
        let literal = |text: &str| [&[text.len() as u8][..], text.as_bytes()].concat();
        [&[0x88, 0x00][..], &literal(name), &literal(value)].concat()
    };
    let heads = [
        field("connection", "close"),
        field("transfer-encoding", "chunked"),
        field("keep-alive", "timeout=5"),
        field("upgrade", "websocket"),
        field("content-length", "1, 1"),
        field("content-length", "-1"),
        // 101
        [&[0x08, 3][..], b"101"].concat(),
    ];
    for head in heads {
        let listener = Listener::bind().await;
        let stage = Stage::before(listener.at()).await;
        let (heard, reset) = tokio::join!(stage.post("x"), async {
            let mut frames = listener.accept(None).await;
            let stream = frames.request().await;
            frames.write(1, 4, stream, &head).await;
            frames.expect(RST_STREAM).await
        });
        assert!(heard.starts_with("HTTP/1.1 502"), "{}: {heard}", head.escape_ascii());
        assert_eq!(reset.code(), Reason::PROTOCOL_ERROR.into());
    }
}
