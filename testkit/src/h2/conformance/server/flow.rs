//! Flow control of what a server sends and takes: RFC 9113 §6.9.

use crate::h2::code::{Code, Setting};
use crate::h2::conformance::case::{Case, Stop, must};
use crate::h2::conformance::probe::Ended;
use crate::h2::frame::Frame;
use crate::h2::hpack::Block;
use crate::h2::peer::{Event, Peer};

const MAX: u32 = (1 << 31) - 1;

pub(super) const CASES: &[Case] = &[
    must!("9113 §6.9.1", "content waits for a window of one octet, and then for more", |peer| {
        peer.start_with(&[(Setting::INITIAL_WINDOW_SIZE, 1)]).await?;
        let stream = ask(peer, "/").await;
        drip(peer, stream, 1).await?;
        peer.send(Frame::window_update(stream, 2)).await;
        drip(peer, stream, 2).await?;
        peer.send(Frame::window_update(stream, 1 << 20)).await;
        rest(peer, stream).await
    }),
    must!("9113 §6.9.2", "content waits for SETTINGS that open its window", |peer| {
        peer.start_with(&[(Setting::INITIAL_WINDOW_SIZE, 0)]).await?;
        let stream = ask(peer, "/").await;
        peer.expect_fields(stream).await?;
        peer.send(Frame::settings(&[(Setting::INITIAL_WINDOW_SIZE, 1)])).await;
        drip(peer, stream, 1).await?;
        peer.send(Frame::settings(&[(Setting::INITIAL_WINDOW_SIZE, 1 << 20)])).await;
        rest(peer, stream).await
    }),
    must!("9113 §6.9.2", "a window may become negative, and is waited for", |peer| {
        peer.start_with(&[(Setting::INITIAL_WINDOW_SIZE, 3)]).await?;
        let stream = ask(peer, "/").await;
        drip(peer, stream, 3).await?;
        peer.send(Frame::settings(&[(Setting::INITIAL_WINDOW_SIZE, 1)])).await;
        peer.expect_ack().await?;
        // Two are owed.
        peer.send(Frame::window_update(stream, 2)).await;
        none(peer, stream).await?;
        peer.send(Frame::window_update(stream, 1)).await;
        drip(peer, stream, 1).await?;
        peer.send(Frame::window_update(stream, 1 << 20)).await;
        rest(peer, stream).await
    }),
    must!("9113 §6.9.1", "content waits for the window of the connection", |peer| {
        peer.start_with(&[(Setting::INITIAL_WINDOW_SIZE, 1 << 20)]).await?;
        let stream = ask(peer, "/big").await;
        drip(peer, stream, 65_535).await?;
        peer.send(Frame::window_update(0, 100)).await;
        drip(peer, stream, 100).await?;
        peer.send(Frame::window_update(0, 1 << 24)).await;
        peer.send(Frame::window_update(stream, 1 << 24)).await;
        rest(peer, stream).await
    }),
    must!("9113 §5.2.1", "a stream without a window does not keep others from theirs", |peer| {
        peer.start_with(&[(Setting::INITIAL_WINDOW_SIZE, 0)]).await?;
        let (stuck, free) = (ask(peer, "/").await, ask(peer, "/").await);
        peer.habits.returns_window = false;
        peer.send(Frame::window_update(free, 1 << 16)).await;
        rest(peer, free).await?;
        peer.send(Frame::window_update(stuck, 1 << 16)).await;
        rest(peer, stuck).await
    }),
    must!("9113 §4.2", "no frame is above the largest size that was not raised", |peer| {
        peer.start_with(&[(Setting::INITIAL_WINDOW_SIZE, 1 << 20)]).await?;
        peer.send(Frame::window_update(0, 1 << 20)).await;
        let stream = ask(peer, "/big").await;
        rest(peer, stream).await
    }),
    must!("9113 §6.9.1", "DATA beyond the window of a stream is an error", |peer| {
        peer.start().await?;
        let stream = peer.open().await?;
        overrun(peer, &[stream]).await?;
        peer.stream_error(stream, &[Code::FLOW_CONTROL_ERROR]).await
    }),
    must!("9113 §6.9.1", "padding beyond the window of a stream is an error", |peer| {
        peer.start().await?;
        let stream = peer.open().await?;
        fill(peer, stream).await?;
        peer.send(Frame::data(stream, "").padded(255)).await;
        peer.stream_error(stream, &[Code::FLOW_CONTROL_ERROR]).await
    }),
    must!("9113 §6.9.1", "DATA without content needs no window", |peer| {
        peer.start().await?;
        let stream = peer.open().await?;
        fill(peer, stream).await?;
        peer.send(Frame::data(stream, "").end_stream()).await;
        peer.alive().await
    }),
    must!("9113 §6.9.1", "DATA beyond the window of the connection is a connection error", |peer| {
        peer.start().await?;
        // What the server opens the window by may come after its settings.
        peer.send(Frame::ping(*b"all told")).await;
        peer.expect_pong(*b"all told").await?;
        let window = peer.theirs(Setting::INITIAL_WINDOW_SIZE).unwrap_or(0).max(1) as usize;
        let needed = peer.room(0) / window + 2;
        let most = peer.theirs(Setting::MAX_CONCURRENT_STREAMS).unwrap_or(1000).min(1000) as usize;
        if needed > most {
            return Err(Stop::Skipped("the streams of a connection cannot exceed its window"));
        }
        // More than that, for some content may be passed on, and its window given back.
        let mut streams = Vec::new();
        for _ in 0..most.min(2 * needed) {
            streams.push(peer.open().await?);
        }
        overrun(peer, &streams).await?;
        peer.connection_error(&[Code::FLOW_CONTROL_ERROR]).await
    }),
    must!("9113 §6.9.1", "a window of a stream above 2^31-1 is a stream error", |peer| {
        peer.offend_stream(|stream| Frame::window_update(stream, MAX), &[Code::FLOW_CONTROL_ERROR]).await
    }),
    must!("9113 §6.9.2", "INITIAL_WINDOW_SIZE that takes a window above 2^31-1 is a connection error", |peer| {
        peer.start().await?;
        let stream = peer.open().await?;
        peer.send(Frame::window_update(stream, MAX - 65_535)).await;
        peer.send(Frame::settings(&[(Setting::INITIAL_WINDOW_SIZE, 65_536)])).await;
        peer.connection_error(&[Code::FLOW_CONTROL_ERROR]).await
    }),
];

async fn ask(peer: &mut Peer, path: &str) -> u32 {
    let stream = peer.fresh();
    peer.habits.returns_window = false;
    peer.send(Frame::headers(stream, Block::request("GET", path)).end_stream()).await;
    stream
}

/// Exactly so many octets of content come.
async fn drip(peer: &mut Peer, stream: u32, octets: usize) -> Ended {
    let mut came = 0;
    while came < octets {
        let (data, is_last) = peer.expect_data(stream).await?;
        came += data.len();
        if is_last {
            return Err(peer.missed("more content", "the end of the stream").into());
        }
    }
    // More than the window allows would be a breach.
    none(peer, stream).await
}

/// No content comes.
async fn none(peer: &mut Peer, stream: u32) -> Ended {
    let pause = peer.patience / 4;
    let is_content =
        |event: &Event| matches!(event, Event::Data { stream: on, octets, .. } if *on == stream && !octets.is_empty());
    Ok(peer.expect_none("content beyond the window", pause, is_content).await?)
}

/// The content comes to its end.
async fn rest(peer: &mut Peer, stream: u32) -> Ended {
    while !peer.expect_data(stream).await?.1 {}
    Ok(())
}

/// Fills the window of a stream whose content is not read, until no more of it is given back.
async fn fill(peer: &mut Peer, stream: u32) -> Ended {
    for _ in 0..100 {
        if peer.room(stream) == 0 {
            break;
        }
        peer.send_within(stream, peer.room(stream), |room| Frame::data(stream, vec![0; room])).await?;
        peer.expect_none("", peer.patience / 8, |_| false).await?;
    }
    Ok(())
}

/// Sends the windows of these streams full and goes on until the other end protests, or should have.
async fn overrun(peer: &mut Peer, streams: &[u32]) -> Ended {
    let window = peer.theirs(Setting::INITIAL_WINDOW_SIZE).unwrap_or(0) as usize;
    let most = if streams.len() == 1 { window * 2 + (8 << 20) } else { window };
    for stream in streams {
        let mut rest = most;
        while rest > 0 {
            let octets = rest.min(16_384);
            rest -= octets;
            if !peer.send_many("DATA of 16384 octets", &Frame::data(*stream, vec![0; octets]).encode()).await {
                return Ok(());
            }
        }
    }
    Ok(())
}
