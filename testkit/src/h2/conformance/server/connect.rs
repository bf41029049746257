//! CONNECT, with and without a protocol, and priorities: RFC 9113 §8.5, RFC 8441, RFC 9218.

use crate::h2::code::{Code, Setting};
use crate::h2::conformance::case::{Case, Stop, must};
use crate::h2::conformance::probe::{Ended, IDLE};
use crate::h2::frame::{Frame, Kind};
use crate::h2::hpack::Block;
use crate::h2::peer::Peer;

pub(super) const CASES: &[Case] = &[
    must!("9113 §8.5", "CONNECT with :path is malformed", |peer| {
        peer.refuse(connect().field(":authority", "conformance.test:443").field(":path", "/")).await
    }),
    must!("9113 §8.5", "CONNECT with :scheme is malformed", |peer| {
        peer.refuse(connect().field(":authority", "conformance.test:443").field(":scheme", "https")).await
    }),
    must!("9113 §8.5", "CONNECT without :authority is malformed", |peer| peer.refuse(connect()).await),
    must!("8441 §4", ":protocol with another method than CONNECT is malformed", |peer| {
        peer.refuse(Block::request("GET", "/").field(":protocol", "websocket")).await
    }),
    must!("8441 §3", ":protocol is malformed to a server that does not offer it", |peer| {
        peer.start().await?;
        if offers(peer) {
            return Err(Stop::Skipped("the server offers ENABLE_CONNECT_PROTOCOL"));
        }
        malformed(peer, extended()).await
    }),
    must!("8441 §4", ":protocol without :scheme and :path is malformed", |peer| {
        peer.start().await?;
        malformed(peer, connect().field(":protocol", "websocket").field(":authority", "conformance.test")).await
    }),
    must!("8441 §4", ":protocol twice is malformed", |peer| {
        peer.start().await?;
        malformed(peer, extended().field(":protocol", "websocket")).await
    }),
    must!("8441 §4", "CONNECT with a protocol is answered by who offers it", |peer| {
        peer.start().await?;
        if !offers(peer) {
            return Err(Stop::Skipped("the server does not offer ENABLE_CONNECT_PROTOCOL"));
        }
        let stream = peer.fresh();
        peer.send(Frame::headers(stream, extended())).await;
        peer.expect_fields(stream).await?;
        peer.send(Frame::reset(stream, Code::CANCEL)).await;
        peer.alive().await
    }),
    must!("9218 §7.1", "PRIORITY_UPDATE is taken or ignored", |peer| {
        peer.tolerate_open(|stream| Frame::priority_update(stream, "u=1, i")).await
    }),
    must!("9218 §7.1", "PRIORITY_UPDATE of an idle stream is taken or ignored", |peer| {
        peer.tolerate(Frame::priority_update(IDLE, "u=7")).await
    }),
    must!("9218 §7.1", "PRIORITY_UPDATE of a closed stream is ignored", |peer| {
        peer.start().await?;
        peer.alive().await?;
        peer.send(Frame::priority_update(1, "u=0")).await;
        peer.alive().await
    }),
    must!("9218 §4", "PRIORITY_UPDATE with a value that cannot be parsed is ignored", |peer| {
        peer.tolerate_open(|stream| Frame::priority_update(stream, "u=,,(=\"")).await
    }),
    must!("9218 §7.1", "PRIORITY_UPDATE on a stream is a connection error to who knows it", |peer| {
        known(peer, Frame::priority_update(IDLE, "u=1").on(IDLE), &[Code::PROTOCOL_ERROR]).await
    }),
    must!("9218 §7.1", "PRIORITY_UPDATE of stream 0 is a connection error to who knows it", |peer| {
        known(peer, Frame::priority_update(0, "u=1"), &[Code::PROTOCOL_ERROR]).await
    }),
    must!("9218 §7.1", "PRIORITY_UPDATE of less than 4 octets is a connection error to who knows it", |peer| {
        known(peer, Frame::new(Kind::PRIORITY_UPDATE, 0, [0; 3]), &[Code::FRAME_SIZE_ERROR, Code::PROTOCOL_ERROR]).await
    }),
    must!("9218 §7.1", "PRIORITY_UPDATE of an even stream is a connection error to who knows it", |peer| {
        known(peer, Frame::priority_update(IDLE + 1, "u=1"), &[Code::PROTOCOL_ERROR]).await
    }),
    must!("9218 §4", "a Priority field that cannot be parsed is ignored", |peer| {
        peer.understand(|block| block.field("priority", "u=99, what is this")).await
    }),
];

fn connect() -> Block {
    Block::new().field(":method", "CONNECT")
}

fn extended() -> Block {
    Block::request("CONNECT", "/").field(":protocol", "websocket")
}

fn offers(peer: &Peer) -> bool {
    peer.theirs(Setting::ENABLE_CONNECT_PROTOCOL) == Some(1)
}

async fn malformed(peer: &mut Peer, block: Block) -> Ended {
    let stream = peer.fresh();
    peer.send(Frame::headers(stream, block).end_stream()).await;
    peer.malformed(stream).await
}

/// A connection error to a server that says by NO_RFC7540_PRIORITIES that it knows the extension, and nothing to others.
async fn known(peer: &mut Peer, frame: Frame, codes: &[Code]) -> Ended {
    peer.start().await?;
    let knows = peer.theirs(Setting::NO_RFC7540_PRIORITIES).is_some();
    peer.send(frame).await;
    if knows { peer.connection_error(codes).await } else { peer.alive().await }
}
