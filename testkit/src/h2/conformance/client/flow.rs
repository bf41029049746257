//! Flow control of what a client sends and takes: RFC 9113 §6.9.

use crate::h2::code::{Code, Setting};
use crate::h2::conformance::case::{Case, must};
use crate::h2::conformance::probe::Ended;
use crate::h2::frame::Frame;
use crate::h2::hpack::Block;
use crate::h2::peer::{Event, Miss, Peer};

pub(super) const CASES: &[Case] = &[
    must!("9113 §6.9.1", "content waits for a window of one octet, and then for more", |peer| {
        let stream = narrow(peer, 1).await?;
        drip(peer, stream, 1).await?;
        peer.send(Frame::window_update(stream, 2)).await;
        drip(peer, stream, 2).await?;
        peer.send(Frame::window_update(stream, 1 << 16)).await;
        drip(peer, stream, 97).await
    }),
    must!("9113 §6.9.2", "content waits for SETTINGS that open its window", |peer| {
        let stream = narrow(peer, 0).await?;
        drip(peer, stream, 0).await?;
        peer.send(Frame::settings(&[(Setting::INITIAL_WINDOW_SIZE, 100)])).await;
        drip(peer, stream, 100).await
    }),
    must!("9113 §6.9.2", "a window may become negative, and is waited for", |peer| {
        let stream = narrow(peer, 50).await?;
        drip(peer, stream, 50).await?;
        peer.send(Frame::settings(&[(Setting::INITIAL_WINDOW_SIZE, 10)])).await;
        peer.expect_ack().await?;
        peer.send(Frame::window_update(stream, 40)).await;
        drip(peer, stream, 0).await?;
        peer.send(Frame::window_update(stream, 50)).await;
        drip(peer, stream, 50).await
    }),
    must!("9113 §8.1", "a response before the end of the request is taken", |peer| {
        let stream = narrow(peer, 10).await?;
        drip(peer, stream, 10).await?;
        let block = Block::response("200");
        peer.send_all([Frame::headers(stream, block).end_stream(), Frame::reset(stream, Code::NO_ERROR)]).await;
        peer.send(Frame::settings(&[(Setting::INITIAL_WINDOW_SIZE, 65_535)])).await;
        peer.served(stream).await
    }),
];

/// A request whose content has a window of so many octets.
async fn narrow(peer: &mut Peer, octets: u32) -> Result<u32, Miss> {
    peer.start().await?;
    let (stream, block) = peer.message().await?;
    peer.send(Frame::settings(&[(Setting::INITIAL_WINDOW_SIZE, octets)])).await;
    peer.expect_ack().await?;
    peer.habits.returns_window = false;
    peer.send(Frame::headers(stream, block).end_stream()).await;
    Ok(peer.expect_request_head().await?.0.stream)
}

/// Exactly so many octets of content come.
async fn drip(peer: &mut Peer, stream: u32, octets: usize) -> Ended {
    let mut came = 0;
    while came < octets {
        came += peer.expect_data(stream).await?.0.len();
    }
    let pause = peer.patience / 4;
    let is_content =
        |event: &Event| matches!(event, Event::Data { stream: on, octets, .. } if *on == stream && !octets.is_empty());
    Ok(peer.expect_none("content beyond the window", pause, is_content).await?)
}
