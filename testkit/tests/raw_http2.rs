//! How a server that speaks HTTP/2 is tested frame by frame: here the `h2` crate, over a connection in memory.

use bytes::Bytes;
use http::Response;
use simplon_testkit::h2::flood::{Effort, End, Flood};
use simplon_testkit::h2::{Block, Code, Frame, Miss, Peer, Setting, conformance};
use tokio::io::{DuplexStream, duplex};

/// The peer says anything, and what it expects is heard in time or missed with a transcript.
#[tokio::test(start_paused = true)]
async fn content_waits_for_its_window() -> Result<(), Miss> {
    let mut peer = Peer::client(serve());
    peer.start_with(&[(Setting::INITIAL_WINDOW_SIZE, 2)]).await?;
    peer.habits.returns_window = false;

    // A head cut in three, with a field in Huffman code and one that the server is to remember.
    let stream = peer.fresh();
    let block = Block::request("GET", "/").huffman("accept", "text/plain").remembered("x-a", "1");
    let (first, rest) = block.as_ref().split_at(7);
    peer.send_split(Frame::headers(stream, first).padded(9).end_stream(), &[rest, b""]).await;

    assert_eq!(peer.expect_data(stream).await?, (b"he".to_vec(), false));
    peer.send(Frame::window_update(stream, 100)).await;
    assert_eq!(peer.expect_data(stream).await?, (b"llo".to_vec(), true));

    peer.send(Frame::window_update(0, 0)).await;
    peer.expect_goaway(Code::PROTOCOL_ERROR).await?;
    peer.expect_close().await
}

/// One section of the suite; `conformance::server` runs all of it.
#[tokio::test(start_paused = true)]
async fn streams_are_numbered_by_the_rules() {
    for case in conformance::server_cases().into_iter().filter(|case| case.section == "9113 §5.1.1") {
        let verdict = case.run(Peer::client(serve())).await;
        assert!(verdict.outcome.is_met(), "{verdict:?}");
    }
}

/// What is allowed and sent too often must end.
#[tokio::test(start_paused = true)]
async fn cancelling_without_end_is_ended() -> Result<(), Miss> {
    let flooded = Flood::RapidReset.run(&mut Peer::client(serve()), Effort::frames(10_000)).await?;
    assert_eq!(flooded.end, End::GoAway(Code::ENHANCE_YOUR_CALM));
    assert!(flooded.frames < 1000, "{flooded:?}");
    Ok(())
}

fn serve() -> DuplexStream {
    let (near, far) = duplex(64 << 10);
    tokio::spawn(async move {
        let mut connection = h2::server::handshake(far).await?;
        while let Some(request) = connection.accept().await {
            let (_, mut respond) = request?;
            respond.send_response(Response::new(()), false)?.send_data(Bytes::from_static(b"hello"), true)?;
        }
        Ok::<_, h2::Error>(())
    });
    near
}
