//! Origins that allow no stream, before the first one left.

use std::pin::pin;
use std::task::Poll;

use super::*;

const SETTINGS: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];
const PREFACE: usize = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();
const HEADERS: u8 = 1;

/// SETTINGS with MAX_CONCURRENT_STREAMS.
fn allow(streams: u8) -> Vec<u8> {
    let mut frame = SETTINGS.to_vec();
    frame[2] = 6;
    frame.extend([0, 3, 0, 0, 0, streams]);
    frame
}

/// An exchange on a connection whose origin has said that it allows no stream, before it was asked for one.
async fn before_a_closed_door(stage: &mut Stage, peer: &Peer) -> (Upstream, DuplexStream) {
    let (mut upstream, _) = stage.origins.connect(peer, Protocol::Http).await.unwrap();
    let mut end = stage.ends.recv().await.unwrap();
    end.write_all(&allow(0)).await.unwrap();
    upstream.push(get()).unwrap();
    (upstream, end)
}

/// As an exchange of the proxy is waited for: until its deadline, which may be another after each poll.
async fn status_in_time(upstream: &mut Upstream) -> std::result::Result<StatusCode, StreamError> {
    let mut timer = pin!(tokio::time::sleep(Duration::ZERO));
    poll_fn(|cx| {
        loop {
            if let Poll::Ready(outcome) = pin!(status(upstream)).poll(cx) {
                return Poll::Ready(outcome);
            }
            let by = upstream.deadline().unwrap();
            if timer.deadline() != by {
                timer.as_mut().reset(by);
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if let Some(error) = upstream.expire(Instant::now()) {
                return Poll::Ready(Err(error));
            }
        }
    })
    .await
}

/// What the origin was asked, by kinds of frames.
async fn asked(end: &mut DuplexStream) -> Vec<u8> {
    let mut wire = vec![0; 64 << 10];
    tokio::time::sleep(Duration::from_millis(1)).await;
    let octets = end.read(&mut wire).await.unwrap();
    let (mut kinds, mut rest) = (Vec::new(), &wire[PREFACE..octets]);
    while let [a, b, c, kind, ..] = rest {
        kinds.push(*kind);
        rest = &rest[9 + u32::from_be_bytes([0, *a, *b, *c]) as usize..];
    }
    kinds
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_leave_waits_no_longer_than_for_a_connection() {
    let mut stage = Stage::new(|_, _| {});
    let peer = peer(Versions::Http2);
    let (mut upstream, mut end) = before_a_closed_door(&mut stage, &peer).await;
    let begun = Instant::now();
    assert_eq!(status_in_time(&mut upstream).await, Err(StreamError::Timeout(Wait::Connect)));
    assert_eq!(begun.elapsed(), peer.timeouts().connect);
    assert!(!upstream.has_sent());
    assert!(!asked(&mut end).await.contains(&HEADERS));
    // Whatever its method: not an octet had left.
    let error = upstream.error(StreamError::Timeout(Wait::Connect));
    assert_eq!(error.may_replay(), crate::error::Replay::Safe);
    let error = stage.origins.connect(&peer, Protocol::Http).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Overloaded, "others need not wait");
}

#[tokio::test(start_paused = true)]
async fn a_request_leaves_once_the_origin_allows_it() {
    let mut stage = Stage::new(|_, _| {});
    let peer = peer(Versions::Http2);
    let (mut upstream, mut end) = before_a_closed_door(&mut stage, &peer).await;
    let read = peer.timeouts().read;
    let asking = tokio::spawn(async move {
        let begun = Instant::now();
        (status_in_time(&mut upstream).await, begun.elapsed(), upstream.has_sent())
    });
    tokio::time::sleep(peer.timeouts().connect - Duration::from_millis(10)).await;
    end.write_all(&allow(1)).await.unwrap();
    assert!(asked(&mut end).await.contains(&HEADERS));
    // From here on it is the answer that is waited for.
    let (outcome, waited, has_sent) = asking.await.unwrap();
    assert_eq!((outcome, waited, has_sent), (Err(StreamError::Timeout(Wait::Head)), read, true));
}

/// What has left may be answered: an origin that wants no more finishes what it has.
#[tokio::test(start_paused = true)]
async fn a_request_that_left_before_is_waited_for() {
    let mut stage = Stage::new(|_, _| {});
    let peer = peer(Versions::Http2);
    let (mut upstream, _) = stage.origins.connect(&peer, Protocol::Http).await.unwrap();
    upstream.push(get()).unwrap();
    let mut end = stage.ends.recv().await.unwrap();
    assert!(asked(&mut end).await.contains(&HEADERS));
    end.write_all(&allow(0)).await.unwrap();
    let begun = Instant::now();
    assert_eq!(status_in_time(&mut upstream).await, Err(StreamError::Timeout(Wait::Head)));
    assert_eq!(begun.elapsed(), peer.timeouts().read);
}
