use tokio::io::{AsyncWriteExt, duplex};

use super::*;
use crate::h2::{Block, Code};

fn pair() -> (Peer, Peer) {
    let (near, far) = duplex(1 << 10);
    (Peer::client(near), Peer::server(far))
}

async fn started() -> (Peer, Peer) {
    let (mut client, mut server) = pair();
    let (one, other) = tokio::join!(client.start(), server.start());
    one.and(other).unwrap();
    (client, server)
}

#[tokio::test(start_paused = true)]
async fn two_of_them_exchange_messages() -> Result<(), Miss> {
    let (mut client, mut server) = started().await;
    let stream = client.fresh();
    client.send_split(Frame::headers(stream, []), &[Block::request("POST", "/a").as_ref(), b""]).await;
    client.send_slowly([Frame::data(stream, "hello").padded(9)]).await;
    client.send(Frame::headers(stream, Block::new().huffman("sum", "5")).end_stream()).await;
    let asked = server.expect_request().await?;
    assert_eq!((asked.stream, asked.field(":path"), asked.body.as_slice()), (1, Some("/a"), b"hello".as_slice()));
    assert_eq!(asked.trailers, [("sum".to_owned(), "5".to_owned())]);
    server.send(Frame::headers(stream, Block::response("103"))).await;
    server.send(Frame::headers(stream, Block::response("200"))).await;
    server.send(Frame::data(stream, "world").end_stream()).await;
    let answer = client.expect_response(stream).await?;
    assert_eq!((answer.status, answer.interim, answer.body.as_slice()), (200, vec![103], b"world".as_slice()));
    Ok(())
}

#[tokio::test(start_paused = true)]
async fn what_was_not_expected_yet_is_kept() -> Result<(), Miss> {
    let (mut client, mut server) = started().await;
    server.send(Frame::reset(1, Code::CANCEL)).await;
    server.send(Frame::ping(*b"12345678")).await;
    server.send(Frame::go_away(1, Code::NO_ERROR)).await;
    drop(server);
    client.expect_close().await?;
    assert_eq!(client.expect_goaway(Code::NO_ERROR).await?, 1);
    client.expect_reset(1, Code::CANCEL).await?;
    client.expect_close().await
}

#[tokio::test(start_paused = true)]
async fn what_does_not_come_is_missed_with_a_transcript() {
    let (mut client, mut server) = started().await;
    server.send(Frame::reset(1, Code::CANCEL)).await;
    let miss = client.expect_response(1).await.unwrap_err();
    assert_eq!(miss.instead, "RST_STREAM on 1");
    assert!(miss.transcript.ends_with("← RST_STREAM on 1, CANCEL\n"), "{miss:?}");
    let miss = client.expect_goaway(Code::NO_ERROR).await.unwrap_err();
    assert_eq!(miss.to_string(), "expected GOAWAY (NO_ERROR); instead: nothing");
}

#[tokio::test(start_paused = true)]
async fn what_is_never_allowed_is_a_breach() {
    let long = Frame::new(Kind(0xfa), 0, vec![0; 16_385]);
    for (breach, rule) in [
        (Frame::ping([0; 8]).on(1), "must be on stream 0"),
        (Frame::window_update(1, 0), "WINDOW_UPDATE of 0 (§6.9)"),
        (Frame::settings(&[(Setting::MAX_FRAME_SIZE, 1)]), "MAX_FRAME_SIZE is out of range (§6.5.2)"),
        (Frame::headers(1, Block::new().indexed(70)), "an index without an entry (RFC 7541 §2.3.3)"),
        (Frame::continuation(1, []), "CONTINUATION of nothing (§6.10)"),
        (Frame::settings_ack(), "an acknowledgment of no SETTINGS"),
        (long, "a frame above SETTINGS_MAX_FRAME_SIZE (§4.2)"),
    ] {
        let (mut client, mut server) = started().await;
        let (_, missed) = tokio::join!(server.send(breach), client.expect_close());
        assert_eq!(missed.unwrap_err().instead, format!("a breach: {rule}"));
    }
}

#[tokio::test(start_paused = true)]
async fn data_beyond_the_window_is_a_breach() {
    let (mut client, mut server) = pair();
    let (one, other) = tokio::join!(client.start_with(&[(Setting::INITIAL_WINDOW_SIZE, 3)]), server.start());
    one.and(other).unwrap();
    client.habits.returns_window = false;
    server.send(Frame::data(1, "abc")).await;
    assert_eq!(client.expect_data(1).await.unwrap().0, b"abc");
    client.send(Frame::window_update(1, 1)).await;
    server.send(Frame::data(1, "d")).await;
    assert_eq!(client.expect_data(1).await.unwrap().0, b"d");
    server.send(Frame::data(1, "e")).await;
    assert!(client.expect_data(1).await.unwrap_err().instead.contains("window of the stream"));
}

#[tokio::test(start_paused = true)]
async fn an_end_within_a_frame_is_a_breach() {
    let (near, mut far) = duplex(1 << 10);
    let mut client = Peer::client(near);
    far.write_all(&Frame::settings(&[]).encode()[..5]).await.unwrap();
    drop(far);
    let miss = client.expect_close().await.unwrap_err();
    assert!(miss.instead.starts_with("a breach: the connection ended within a frame"), "{miss:?}");
}

#[tokio::test(start_paused = true)]
async fn a_long_transcript_keeps_its_ends() {
    let (mut client, _server) = started().await;
    for _ in 0..1000 {
        client.send_many("PING", &Frame::ping([0; 8]).encode()).await;
    }
    for at in 0..100 {
        client.send(Frame::ping_ack([at; 8])).await;
    }
    let transcript = client.transcript();
    assert!(transcript.starts_with("→ 24 octets: PRI"), "{transcript}");
    assert!(transcript.contains("→ PING, 1000 times\n"), "{transcript}");
    assert!(transcript.contains("… 42 lines …\n"), "{transcript}");
}
