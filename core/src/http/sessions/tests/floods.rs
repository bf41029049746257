//! Origins that send much: what carries something, and what carries nothing.

use h2::Reason as Code;

use super::*;

const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
const PING: [u8; 17] = [0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
const GOAWAY: u8 = 7;

/// The code of the GOAWAY that comes last.
fn code_of_goaway(mut wire: &[u8]) -> Option<Code> {
    let mut code = None;
    while let [a, b, c, kind, rest @ ..] = wire {
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let payload = &rest[5..];
        if *kind == GOAWAY {
            code = Some(Code::from(u32::from_be_bytes(payload[4..8].try_into().unwrap())));
        }
        wire = &payload[length..];
    }
    code
}

/// All that run learn why, and the next one gets a connection of its own.
#[tokio::test(start_paused = true)]
async fn exchanges_on_a_flooded_connection_fail_with_the_reason() {
    let mut stage = Stage::new(|_, _| {});
    let peer = peer(Versions::Http2);
    let mut running = Vec::new();
    for _ in 0..3 {
        running.push(ask_only(&stage, &peer).await);
    }
    let (mut reads, mut writes) = tokio::io::split(stage.ends.recv().await.unwrap());
    tokio::spawn(async move {
        writes.write_all(&SETTINGS).await.unwrap();
        while writes.write_all(&PING).await.is_ok() {}
    });
    let hearing = tokio::spawn(async move {
        let mut heard = Vec::new();
        reads.read_to_end(&mut heard).await.unwrap();
        heard
    });
    for upstream in &mut running {
        assert_eq!(status(upstream).await, Err(StreamError::Malformed(Rule::Flood)));
        assert!(!upstream.was_turned_away() && !upstream.may_reuse());
    }
    let heard = hearing.await.unwrap();
    assert_eq!(code_of_goaway(&heard["PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len()..]), Some(Code::ENHANCE_YOUR_CALM));
    let stats = stage.origins.http2_stats();
    assert_eq!((stats.connections, stats.control_floods, stats.library_floods), (1, 1, 0));
    ask_only(&stage, &peer).await;
    assert_eq!(stage.tries(), 2);
}

async fn ask_only(stage: &Stage, peer: &Peer) -> Upstream {
    let (mut upstream, _) = stage.origins.connect(peer, Protocol::Http).await.unwrap();
    upstream.push(get()).unwrap();
    upstream
}

/// Small frames, each with something in it, are what an origin may send as long as they are read.
#[tokio::test(start_paused = true)]
async fn a_large_response_in_small_frames_is_no_flood() {
    const PIECES: usize = 200_000;
    let mut stage = Stage::new(|_, _| {});
    let mut upstream = ask_only(&stage, &peer(Versions::Http2)).await;
    let mut connection = server::handshake(stage.ends.recv().await.unwrap()).await.unwrap();
    let (_, mut respond) = connection.accept().await.unwrap().unwrap();
    tokio::spawn(async move { while connection.accept().await.is_some() {} });
    let mut send = respond.send_response(Response::new(()), false).unwrap();
    tokio::spawn(async move {
        for _ in 0..PIECES {
            send.reserve_capacity(5);
            while send.capacity() < 5 {
                poll_fn(|cx| send.poll_capacity(cx)).await.unwrap().unwrap();
            }
            send.send_data(Bytes::from_static(b"small"), false).unwrap();
            tokio::task::yield_now().await;
        }
        send.send_data(Bytes::new(), true).unwrap();
    });
    let mut octets = 0;
    while let Some(part) = poll_fn(|cx| upstream.poll_part(cx)).await.unwrap() {
        if let Part::Data(piece, _) = part {
            octets += piece.len();
        }
    }
    assert_eq!(octets, 5 * PIECES);
    assert!(upstream.may_reuse());
}

/// An origin that answers and resets each of its streams, and asks for signs of life meanwhile, does what it may.
#[tokio::test(start_paused = true)]
async fn an_origin_that_resets_each_of_many_streams_is_no_flood() {
    let mut stage = Stage::new(|_, _| {});
    let (none, empty) = unbounded_channel();
    drop(none);
    let mut ends = std::mem::replace(&mut stage.ends, empty);
    tokio::spawn(async move {
        let mut connection = server::handshake(ends.recv().await.unwrap()).await.unwrap();
        let mut pings = connection.ping_pong().unwrap();
        while let Some(Ok((_, mut respond))) = connection.accept().await {
            respond.send_reset(Code::INTERNAL_ERROR);
            let _ = pings.send_ping(h2::Ping::opaque());
            let _ = poll_fn(|cx| std::task::Poll::Ready(pings.poll_pong(cx).is_ready())).await;
        }
    });
    let peer = peer(Versions::Http2);
    for _ in 0..5000 {
        let mut upstream = match stage.origins.idle(&peer, Instant::now()) {
            Some(upstream) => upstream,
            None => stage.origins.connect(&peer, Protocol::Http).await.unwrap().0,
        };
        upstream.push(get()).unwrap();
        assert_eq!(status(&mut upstream).await, Err(StreamError::Reset));
    }
    assert_eq!(stage.tries(), 1);
}
