//! The states of streams as a client sees them: RFC 9113 §5.1.

use crate::h2::code::{Code, Setting};
use crate::h2::conformance::case::{Case, Stop, must};
use crate::h2::conformance::probe::IDLE;
use crate::h2::frame::Frame;
use crate::h2::hpack::Block;
use crate::h2::peer::Event;

const PROTOCOL: &[Code] = &[Code::PROTOCOL_ERROR];
const EITHER: &[Code] = &[Code::STREAM_CLOSED, Code::PROTOCOL_ERROR];

pub(super) const CASES: &[Case] = &[
    must!("9113 §5.1", "HEADERS on an idle stream are a connection error", |peer| {
        peer.offend(Frame::headers(IDLE, Block::response("200")).end_stream(), PROTOCOL).await
    }),
    must!("9113 §5.1.1", "HEADERS on a stream that only a server could open are a connection error", |peer| {
        peer.offend(Frame::headers(2, Block::response("200")).end_stream(), PROTOCOL).await
    }),
    must!("9113 §5.1", "DATA on a response that has ended is an error", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        peer.send_all([Frame::headers(stream, block).end_stream(), Frame::data(stream, "x")]).await;
        peer.stream_error(stream, EITHER).await
    }),
    must!("9113 §5.1", "HEADERS on a response that has ended are an error", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        peer.send_all([Frame::headers(stream, &block).end_stream(), Frame::headers(stream, block)]).await;
        peer.stream_error(stream, EITHER).await
    }),
    must!("9113 §5.1", "WINDOW_UPDATE, PRIORITY and RST_STREAM may follow the end of a response", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        peer.send_all([
            Frame::headers(stream, block).end_stream(),
            Frame::window_update(stream, 1),
            Frame::priority(stream, 0, 1),
            Frame::reset(stream, Code::NO_ERROR),
        ])
        .await;
        peer.served(stream).await?;
        peer.alive().await
    }),
    must!("9113 §5.1", "RST_STREAM ends the request alone", |peer| {
        peer.start().await?;
        let (stream, _) = peer.message().await?;
        peer.send(Frame::reset(stream, Code::INTERNAL_ERROR)).await;
        peer.next_is("/failed").await?;
        peer.alive().await
    }),
    must!("9113 §5.4.2", "RST_STREAM is not answered with RST_STREAM", |peer| {
        peer.start().await?;
        let (stream, _) = peer.message().await?;
        peer.send(Frame::reset(stream, Code::INTERNAL_ERROR)).await;
        peer.next_is("/failed").await?;
        let is_reset = |event: &Event| matches!(event, Event::Reset { .. });
        Ok(peer.expect_none("RST_STREAM", peer.patience / 4, is_reset).await?)
    }),
    must!("9113 §8.1", "RST_STREAM within content cuts the response", |peer| {
        peer.start().await?;
        let stream = peer.open().await?;
        peer.send_all([Frame::data(stream, "half"), Frame::reset(stream, Code::CANCEL)]).await;
        peer.begun = None;
        peer.next_is("/failed").await?;
        peer.alive().await
    }),
    must!("9113 §6.4", "RST_STREAM with an unknown code is taken", |peer| {
        peer.start().await?;
        let (stream, _) = peer.message().await?;
        peer.send(Frame::reset(stream, Code(0xfafa_fafa))).await;
        peer.next_is("/failed").await?;
        peer.alive().await
    }),
    must!("9113 §5.1.2", "MAX_CONCURRENT_STREAMS of 0 lets no request begin", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        peer.send(Frame::settings(&[(Setting::MAX_CONCURRENT_STREAMS, 0)])).await;
        peer.expect_ack().await?;
        peer.send(Frame::headers(stream, block).end_stream()).await;
        let pause = peer.patience / 4;
        peer.expect_none("request", pause, |event| matches!(event, Event::Fields { .. })).await?;
        peer.send(Frame::settings(&[(Setting::MAX_CONCURRENT_STREAMS, 1)])).await;
        peer.served(stream).await
    }),
    must!("9113 §4.3", "field blocks of malformed responses are decoded", |peer| {
        peer.start().await?;
        peer.needs_table()?;
        let (stream, block) = peer.message().await?;
        peer.send(Frame::headers(stream, block.field("connection", "x").remembered("x-a", "1")).end_stream()).await;
        peer.malformed(stream).await?;
        if peer.asked.is_none() && peer.next_is("/failed").await.is_err() {
            return Err(Stop::Skipped("the client ends the connection for a malformed response"));
        }
        let (stream, block) = peer.message().await?;
        peer.send(Frame::headers(stream, block.indexed(62)).end_stream()).await;
        peer.served(stream).await
    }),
];
