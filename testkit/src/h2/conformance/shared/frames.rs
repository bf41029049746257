//! The rules of each type of frame: RFC 9113 §6, but for SETTINGS and WINDOW_UPDATE.

use std::time::Duration;

use crate::h2::code::Code;
use crate::h2::conformance::case::{Case, must};
use crate::h2::conformance::probe::IDLE;
use crate::h2::frame::{ACK, END_HEADERS, END_STREAM, Frame, Kind, PADDED, PRIORITY};
use crate::h2::hpack::Block;
use crate::h2::peer::Event;

const PROTOCOL: &[Code] = &[Code::PROTOCOL_ERROR];
const SIZE: &[Code] = &[Code::FRAME_SIZE_ERROR];
/// For a frame that is too small for the fields that its flags say it has: §4.2 or the rule of its type.
const SMALL: &[Code] = &[Code::FRAME_SIZE_ERROR, Code::PROTOCOL_ERROR];

pub(super) const CASES: &[Case] = &[
    must!("9113 §6.1", "DATA on stream 0 is a connection error", |peer| {
        peer.offend(Frame::data(0, "x"), PROTOCOL).await
    }),
    must!("9113 §6.1", "padded DATA is taken without its padding", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        peer.send_all([
            Frame::headers(stream, block.field("content-length", "3")),
            Frame::data(stream, "ab").padded(255),
            Frame::data(stream, "").padded(10),
            Frame::data(stream, "c").padded(0).end_stream(),
        ])
        .await;
        peer.served(stream).await
    }),
    must!("9113 §6.1", "DATA with more padding than payload is a connection error", |peer| {
        peer.offend_open(|stream| Frame::data(stream, "abc").saying_padded(4), PROTOCOL).await
    }),
    must!("9113 §6.1", "DATA without room for the length of its padding is a connection error", |peer| {
        peer.offend_open(|stream| Frame::data(stream, "").with(PADDED), SMALL).await
    }),
    must!("9113 §6.2", "HEADERS on stream 0 are a connection error", |peer| {
        peer.start().await?;
        let (_, block) = peer.message().await?;
        peer.send(Frame::headers(0, block).end_stream()).await;
        peer.connection_error(PROTOCOL).await
    }),
    must!("9113 §6.2", "padded and prioritized HEADERS are taken", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        peer.send(Frame::headers(stream, block).prioritized(0, 255).padded(100).end_stream()).await;
        peer.served(stream).await
    }),
    must!("9113 §6.2", "HEADERS with more padding than payload are a connection error", |peer| {
        peer.start().await?;
        let (stream, _) = peer.message().await?;
        peer.send(Frame::headers(stream, [0x88]).saying_padded(100).end_stream()).await;
        peer.connection_error(PROTOCOL).await
    }),
    must!("9113 §6.2", "HEADERS whose padding takes the room of the priority fields are a connection error", |peer| {
        peer.start().await?;
        let (stream, _) = peer.message().await?;
        peer.habits.confirms_table = false;
        peer.send(Frame::headers(stream, []).prioritized(0, 1).saying_padded(3).end_stream()).await;
        peer.connection_error(SMALL).await
    }),
    must!("9113 §6.2", "HEADERS without room for the priority fields are a connection error", |peer| {
        peer.start().await?;
        let (stream, _) = peer.message().await?;
        peer.send(Frame::headers(stream, [0x88]).with(PRIORITY).end_stream()).await;
        peer.connection_error(SMALL).await
    }),
    must!("9113 §6.3", "PRIORITY on stream 0 is a connection error", |peer| {
        peer.offend(Frame::priority(0, 1, 1), PROTOCOL).await
    }),
    must!("9113 §6.3", "PRIORITY of another length than 5 is an error", |peer| {
        peer.offend_stream(|stream| Frame::new(Kind::PRIORITY, stream, [0; 4]), SIZE).await
    }),
    must!("9113 §6.3", "PRIORITY on an open stream is ignored", |peer| {
        peer.tolerate_open(|stream| Frame::priority(stream, 0, 255)).await
    }),
    must!("9113 §6.4", "RST_STREAM on stream 0 is a connection error", |peer| {
        peer.offend(Frame::reset(0, Code::CANCEL), PROTOCOL).await
    }),
    must!("9113 §6.4", "RST_STREAM of another length than 4 is a connection error", |peer| {
        peer.offend_open(|stream| Frame::new(Kind::RST_STREAM, stream, [0; 5]), SIZE).await
    }),
    must!("9113 §6.7", "PING is answered with the same octets", |peer| {
        peer.start().await?;
        peer.send(Frame::ping([0, 1, 2, 3, 0xfc, 0xfd, 0xfe, 0xff])).await;
        Ok(peer.expect_pong([0, 1, 2, 3, 0xfc, 0xfd, 0xfe, 0xff]).await?)
    }),
    must!("9113 §6.7", "the answer to a PING is not answered", |peer| {
        peer.start().await?;
        peer.send(Frame::ping_ack(*b"unasked!")).await;
        peer.send(Frame::ping(*b"a signal")).await;
        peer.expect_pong(*b"a signal").await?;
        peer.alive().await?;
        let unasked = Event::PingAck(*b"unasked!");
        Ok(peer.expect_none("answer to an answer", Duration::ZERO, |event| *event == unasked).await?)
    }),
    must!("9113 §6.7", "PING on a stream is a connection error", |peer| {
        peer.offend(Frame::ping([0; 8]).on(IDLE), PROTOCOL).await
    }),
    must!("9113 §6.7", "PING of less than 8 octets is a connection error", |peer| {
        peer.offend(Frame::new(Kind::PING, 0, [0; 7]), SIZE).await
    }),
    must!("9113 §6.7", "the answer to a PING of more than 8 octets is a connection error", |peer| {
        peer.offend(Frame::new(Kind::PING, 0, [0; 9]).with(ACK), SIZE).await
    }),
    must!("9113 §6.8", "GOAWAY on a stream is a connection error", |peer| {
        peer.offend(Frame::go_away(0, Code::NO_ERROR).on(IDLE), PROTOCOL).await
    }),
    must!("9113 §4.2", "GOAWAY of less than 8 octets is a connection error", |peer| {
        peer.offend(Frame::new(Kind::GOAWAY, 0, [0; 7]), SMALL).await
    }),
    must!("9113 §6.10", "a field block may be cut anywhere", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        let (first, rest) = block.as_ref().split_at(3);
        let (second, third) = rest.split_at(rest.len() / 2);
        peer.send_split(Frame::headers(stream, first).end_stream(), &[second, third]).await;
        peer.served(stream).await
    }),
    must!("9113 §6.10", "pieces of a field block may be empty", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        peer.send_split(Frame::headers(stream, []).end_stream(), &[b"", block.as_ref(), b""]).await;
        peer.served(stream).await
    }),
    must!("9113 §6.10", "CONTINUATION on stream 0 is a connection error", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        peer.send(Frame::headers(stream, block).unfinished().end_stream()).await;
        peer.send(Frame::continuation(0, [])).await;
        peer.connection_error(PROTOCOL).await
    }),
    must!("9113 §6.10", "CONTINUATION on another stream is a connection error", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        peer.send(Frame::headers(stream, block).unfinished().end_stream()).await;
        peer.send(Frame::continuation(stream + 2, [])).await;
        peer.connection_error(PROTOCOL).await
    }),
    must!("9113 §6.10", "CONTINUATION of nothing is a connection error", |peer| {
        peer.offend_open(|stream| Frame::continuation(stream, []), PROTOCOL).await
    }),
    must!("9113 §6.10", "CONTINUATION after the end of its field block is a connection error", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        peer.send_split(Frame::headers(stream, block), &[b"", b""]).await;
        peer.send(Frame::continuation(stream, Block::new().field("x-a", "b"))).await;
        peer.connection_error(PROTOCOL).await
    }),
    must!("9113 §6.2", "HEADERS of another stream within a field block are a connection error", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        peer.send(Frame::headers(stream, &block).unfinished().end_stream()).await;
        peer.send(Frame::headers(stream + 2, block).end_stream()).await;
        peer.connection_error(PROTOCOL).await
    }),
    must!("9113 §6.2", "DATA within a field block is a connection error", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        peer.send(Frame::headers(stream, block).unfinished()).await;
        peer.send(Frame::data(stream, "x").end_stream()).await;
        peer.connection_error(PROTOCOL).await
    }),
    must!("9113 §4.3", "PING within a field block is a connection error", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        peer.send(Frame::headers(stream, block).unfinished()).await;
        peer.send(Frame::ping([0; 8])).await;
        peer.connection_error(PROTOCOL).await
    }),
    must!("9113 §6.4", "RST_STREAM within a field block is a connection error", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        peer.send(Frame::headers(stream, block).unfinished()).await;
        peer.send(Frame::reset(stream, Code::CANCEL)).await;
        peer.connection_error(PROTOCOL).await
    }),
    must!("9113 §6.2", "the end of the stream is that of HEADERS, not of CONTINUATION", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        let frames = [
            Frame::headers(stream, block).unfinished(),
            // END_STREAM means nothing here.
            Frame::new(Kind::CONTINUATION, stream, []).with(END_HEADERS | END_STREAM),
            Frame::data(stream, "x").end_stream(),
        ];
        peer.send_all(frames).await;
        peer.served(stream).await
    }),
];
