//! Floods that send next to nothing.

use std::time::Duration;

use super::drive::{Sign, Tally};
use super::{Effort, Flooded};
use crate::h2::code::Setting;
use crate::h2::frame::Frame;
use crate::h2::hpack::Block;
use crate::h2::peer::{Miss, Peer};

/// Responses without windows, or with one octet now and then.
pub(super) async fn windows(peer: &mut Peer, effort: Effort, drip: Option<Duration>) -> Result<Flooded, Miss> {
    peer.habits.returns_window = false;
    peer.start_with(&[(Setting::INITIAL_WINDOW_SIZE, 0)]).await?;
    let mut tally = Tally::new(effort);
    let most = peer.theirs(Setting::MAX_CONCURRENT_STREAMS).unwrap_or(100).min(100);
    let streams: Vec<_> = (0..most).map(|_| peer.fresh()).collect();
    for stream in &streams {
        tally.send(peer, "GET /big", &[Frame::headers(*stream, Block::request("GET", "/big")).end_stream()]).await;
    }
    for stream in streams.iter().cycle() {
        let pause = drip.unwrap_or(Duration::from_secs(1));
        if !tally.goes_on() || !tally.listen_for(peer, pause).await {
            break;
        }
        if drip.is_some() {
            let update = Frame::window_update(*stream, 1);
            peer.note(&update);
            tally.send(peer, "WINDOW_UPDATE of 1", &[update]).await;
        }
    }
    Ok(tally.end(peer, Sign::Ping).await)
}

/// A field block that goes on octet by octet.
pub(super) async fn fields(peer: &mut Peer, effort: Effort, pause: Duration) -> Result<Flooded, Miss> {
    peer.start().await?;
    let mut tally = Tally::new(effort);
    let (stream, block) = peer.message().await?;
    let block = block.octets([0x00]).string("x-slow").integer(0x00, 7, 1 << 20);
    peer.send(Frame::headers(stream, block).unfinished().end_stream()).await;
    while tally.goes_on() && tally.listen_for(peer, pause).await {
        tally.send(peer, "CONTINUATION of one octet", &[Frame::continuation(stream, "x").unfinished()]).await;
    }
    Ok(tally.end(peer, Sign::Silence).await)
}
