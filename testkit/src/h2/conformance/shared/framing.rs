//! Frames as such: RFC 9113 §4, and what may be on a stream at all: §5.

use crate::h2::code::Code;
use crate::h2::conformance::case::{Case, must};
use crate::h2::conformance::probe::IDLE;
use crate::h2::frame::{Frame, Kind};
use crate::h2::hpack::Block;

const UNKNOWN: Kind = Kind(0xfa);

pub(super) const CASES: &[Case] = &[
    must!("9113 §4.1", "a frame of an unknown type is ignored", |peer| {
        peer.tolerate(Frame::new(UNKNOWN, 0, "what is this").with(0xff)).await
    }),
    must!("9113 §4.1", "a frame of an unknown type on an open stream is ignored", |peer| {
        peer.tolerate_open(|stream| Frame::new(UNKNOWN, stream, [0; 100])).await
    }),
    must!("9113 §5.5", "a frame of an unknown type on an idle stream is ignored", |peer| {
        peer.tolerate(Frame::new(UNKNOWN, IDLE, [])).await
    }),
    must!("9113 §4.1", "undefined flags are ignored", |peer| {
        peer.start().await?;
        peer.send(Frame::ping(*b"flagged!").with(0xfe)).await;
        Ok(peer.expect_pong(*b"flagged!").await?)
    }),
    must!("9113 §4.1", "undefined flags of WINDOW_UPDATE and SETTINGS are ignored", |peer| {
        peer.start().await?;
        peer.send(Frame::window_update(0, 1).with(0xff)).await;
        peer.send(Frame::settings(&[]).with(0xfe)).await;
        peer.expect_ack().await?;
        peer.alive().await
    }),
    must!("9113 §4.1", "the reserved bit is ignored", |peer| {
        peer.start().await?;
        peer.send(Frame::ping(*b"reserved").reserved()).await;
        Ok(peer.expect_pong(*b"reserved").await?)
    }),
    must!("9113 §4.1", "the reserved bit of the identifier of an open stream is ignored", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        peer.send(Frame::headers(stream, block).reserved()).await;
        peer.send(Frame::data(stream, "x").reserved().end_stream()).await;
        peer.served(stream).await
    }),
    must!("9113 §4.2", "a frame of the largest size is taken", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        let octets = vec![b'x'; 16_384];
        peer.send_all([Frame::headers(stream, block), Frame::data(stream, octets).end_stream()]).await;
        peer.served(stream).await
    }),
    must!("9113 §4.2", "DATA above the largest size is an error", |peer| {
        peer.start().await?;
        let (stream, octets) = (peer.open().await?, vec![0; peer.max_frame() + 1]);
        peer.send(Frame::data(stream, octets)).await;
        peer.stream_error(stream, &[Code::FRAME_SIZE_ERROR]).await
    }),
    must!("9113 §4.2", "HEADERS above the largest size are a connection error", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        let padding = "x".repeat(peer.max_frame());
        peer.send(Frame::headers(stream, block.field("x-long", padding)).end_stream()).await;
        peer.connection_error(&[Code::FRAME_SIZE_ERROR]).await
    }),
    must!("9113 §4.2", "SETTINGS above the largest size are a connection error", |peer| {
        peer.start().await?;
        let octets = vec![0xee; (peer.max_frame() / 6 + 1) * 6];
        peer.send(Frame::new(Kind::SETTINGS, 0, octets)).await;
        peer.connection_error(&[Code::FRAME_SIZE_ERROR]).await
    }),
    must!("9113 §4.2", "CONTINUATION above the largest size is a connection error", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        let more = Block::new().field("x-long", "x".repeat(peer.max_frame()));
        peer.send_all([Frame::headers(stream, block).unfinished().end_stream(), Frame::continuation(stream, more)])
            .await;
        peer.connection_error(&[Code::FRAME_SIZE_ERROR]).await
    }),
    must!("9113 §4.2", "a frame of an unknown type above the largest size on stream 0 is a connection error", |peer| {
        peer.start().await?;
        let octets = vec![0; peer.max_frame() + 1];
        peer.send(Frame::new(UNKNOWN, 0, octets)).await;
        peer.connection_error(&[Code::FRAME_SIZE_ERROR]).await
    }),
    must!("9113 §4.2", "frames are read however they are cut", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        let frames = [Frame::headers(stream, block), Frame::data(stream, "content").padded(3).end_stream()];
        peer.send_slowly(frames).await;
        peer.served(stream).await
    }),
    must!("9113 §5.1", "DATA on an idle stream is a connection error", |peer| {
        peer.offend(Frame::data(IDLE, "x").end_stream(), &[Code::PROTOCOL_ERROR, Code::STREAM_CLOSED]).await
    }),
    must!("9113 §5.1", "RST_STREAM on an idle stream is a connection error", |peer| {
        peer.offend(Frame::reset(IDLE, Code::CANCEL), &[Code::PROTOCOL_ERROR]).await
    }),
    must!("9113 §5.1", "WINDOW_UPDATE on an idle stream is a connection error", |peer| {
        peer.offend(Frame::window_update(IDLE, 1), &[Code::PROTOCOL_ERROR]).await
    }),
    must!("9113 §5.1", "WINDOW_UPDATE on an idle stream of the other parity is a connection error", |peer| {
        peer.offend(Frame::window_update(IDLE + 1, 1), &[Code::PROTOCOL_ERROR]).await
    }),
    must!("9113 §5.1", "PRIORITY on an idle stream is ignored", |peer| {
        peer.tolerate(Frame::priority(IDLE, 0, 15)).await
    }),
    must!("9113 §5.5", "a frame of an unknown type within a field block is a connection error", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        peer.send(Frame::headers(stream, block).unfinished()).await;
        peer.send(Frame::new(UNKNOWN, stream, [])).await;
        peer.send(Frame::continuation(stream, Block::new())).await;
        peer.connection_error(&[Code::PROTOCOL_ERROR]).await
    }),
];
