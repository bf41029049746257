//! The states of streams: RFC 9113 §5.1, §4.3, §8.1.

use crate::h2::code::{Code, Setting};
use crate::h2::conformance::case::{Case, Stop, must};
use crate::h2::frame::Frame;
use crate::h2::hpack::Block;
use crate::h2::peer::Event;

const PROTOCOL: &[Code] = &[Code::PROTOCOL_ERROR];
const CLOSED: &[Code] = &[Code::STREAM_CLOSED];
/// On a stream that is closed, §5.1 and §5.1.1 say different things.
const EITHER: &[Code] = &[Code::STREAM_CLOSED, Code::PROTOCOL_ERROR];

pub(super) const CASES: &[Case] = &[
    must!("9113 §5.1", "DATA after the end of the stream is an error", |peer| {
        peer.start().await?;
        let stream = peer.fresh();
        let request = Frame::headers(stream, Block::request("GET", "/hold")).end_stream();
        peer.send_all([request, Frame::data(stream, "x")]).await;
        peer.stream_error(stream, CLOSED).await
    }),
    must!("9113 §5.1", "HEADERS after the end of the stream are an error", |peer| {
        peer.start().await?;
        let stream = peer.fresh();
        let request = Frame::headers(stream, Block::request("GET", "/hold")).end_stream();
        peer.send_all([request.clone(), request]).await;
        peer.stream_error(stream, EITHER).await
    }),
    must!("9113 §5.1", "WINDOW_UPDATE, PRIORITY and RST_STREAM may follow the end of the stream", |peer| {
        peer.start().await?;
        let stream = peer.fresh();
        peer.send_all([
            Frame::headers(stream, Block::request("GET", "/hold")).end_stream(),
            Frame::window_update(stream, 1),
            Frame::priority(stream, 0, 1),
            Frame::reset(stream, Code::CANCEL),
        ])
        .await;
        peer.alive().await
    }),
    must!("9113 §5.1", "DATA on a stream that was answered is an error", |peer| {
        peer.start().await?;
        let stream = peer.fresh();
        peer.send(Frame::headers(stream, Block::request("GET", "/")).end_stream()).await;
        peer.served(stream).await?;
        peer.send(Frame::data(stream, "x").end_stream()).await;
        peer.stream_error(stream, EITHER).await
    }),
    must!("9113 §5.1.1", "HEADERS on a stream that was answered are an error", |peer| {
        peer.start().await?;
        let stream = peer.fresh();
        let request = Frame::headers(stream, Block::request("GET", "/")).end_stream();
        peer.send(request.clone()).await;
        peer.served(stream).await?;
        peer.send(request).await;
        peer.stream_error(stream, EITHER).await
    }),
    must!("9113 §5.1", "DATA on a stream that the client reset is an error", |peer| {
        peer.start().await?;
        let stream = peer.open().await?;
        peer.send_all([Frame::reset(stream, Code::CANCEL), Frame::data(stream, "x")]).await;
        peer.stream_error(stream, EITHER).await
    }),
    must!("9113 §5.1", "HEADERS on a stream that the client reset are an error", |peer| {
        peer.start().await?;
        let stream = peer.open().await?;
        let request = Frame::headers(stream, Block::request("GET", "/")).end_stream();
        peer.send_all([Frame::reset(stream, Code::CANCEL), request]).await;
        peer.stream_error(stream, EITHER).await
    }),
    must!("9113 §6.9", "WINDOW_UPDATE on a closed stream is no error", |peer| {
        peer.start().await?;
        peer.alive().await?;
        peer.send(Frame::window_update(1, 100)).await;
        peer.alive().await
    }),
    must!("9113 §5.1", "RST_STREAM on a closed stream is no error", |peer| {
        peer.start().await?;
        peer.alive().await?;
        peer.send(Frame::reset(1, Code::NO_ERROR)).await;
        peer.alive().await
    }),
    must!("9113 §5.1", "PRIORITY on a closed stream is no error", |peer| {
        peer.start().await?;
        peer.alive().await?;
        peer.send(Frame::priority(1, 3, 7)).await;
        peer.alive().await
    }),
    must!("9113 §5.1.1", "an even stream identifier is a connection error", |peer| {
        peer.offend(Frame::headers(2, Block::request("GET", "/")).end_stream(), PROTOCOL).await
    }),
    must!("9113 §5.1.1", "a stream identifier below one that was used is a connection error", |peer| {
        peer.start().await?;
        peer.send(Frame::headers(5, Block::request("GET", "/")).end_stream()).await;
        peer.served(5).await?;
        peer.send(Frame::headers(3, Block::request("GET", "/")).end_stream()).await;
        peer.connection_error(EITHER).await
    }),
    must!("9113 §5.1.1", "stream identifiers may be left out", |peer| {
        peer.start().await?;
        peer.send(Frame::headers(21, Block::request("GET", "/")).end_stream()).await;
        peer.served(21).await?;
        peer.send(Frame::headers(4711, Block::request("GET", "/")).end_stream()).await;
        peer.served(4711).await
    }),
    must!("9113 §5.1.1", "the largest stream identifier is served", |peer| {
        peer.start().await?;
        peer.send(Frame::headers(0x7fff_ffff, Block::request("GET", "/")).end_stream()).await;
        peer.served(0x7fff_ffff).await
    }),
    must!("9113 §5.1.2", "a stream above MAX_CONCURRENT_STREAMS is refused", |peer| {
        peer.start().await?;
        let most = peer.most_streams()?;
        for _ in 0..most {
            peer.open().await?;
        }
        let stream = peer.open().await?;
        peer.stream_error(stream, &[Code::REFUSED_STREAM, Code::PROTOCOL_ERROR]).await
    }),
    must!("9113 §4.3", "field blocks of refused streams are decoded", |peer| {
        peer.start().await?;
        let most = peer.most_streams()?;
        peer.needs_table()?;
        let mut streams = Vec::new();
        for _ in 0..most {
            streams.push(peer.open().await?);
        }
        let stream = peer.fresh();
        peer.send(Frame::headers(stream, Block::request("POST", "/hold").remembered("x-a", "1"))).await;
        peer.send_all(streams.into_iter().map(|stream| Frame::reset(stream, Code::CANCEL))).await;
        peer.send(Frame::ping([0; 8])).await;
        peer.expect_pong([0; 8]).await?;
        let stream = peer.fresh();
        peer.send(Frame::headers(stream, Block::request("GET", "/").indexed(62)).end_stream()).await;
        peer.served(stream).await
    }),
    must!("9113 §4.3", "field blocks of streams that the client reset are decoded", |peer| {
        peer.start().await?;
        peer.needs_table()?;
        let (reset, stream) = (peer.fresh(), peer.fresh());
        peer.send_all([
            Frame::headers(reset, Block::request("POST", "/hold").remembered("x-a", "1")),
            Frame::reset(reset, Code::CANCEL),
            Frame::headers(stream, Block::request("GET", "/").indexed(62)).end_stream(),
        ])
        .await;
        peer.served(stream).await
    }),
    must!("9113 §4.3", "field blocks of malformed requests are decoded", |peer| {
        peer.start().await?;
        peer.needs_table()?;
        let (wrong, stream) = (peer.fresh(), peer.fresh());
        let block = Block::request("GET", "/").field("connection", "x").remembered("x-a", "1");
        peer.send(Frame::headers(wrong, block).end_stream()).await;
        peer.malformed(wrong).await?;
        peer.send(Frame::ping([0; 8])).await;
        if peer.expect_pong([0; 8]).await.is_err() {
            return Err(Stop::Skipped("the server ends the connection for a malformed request"));
        }
        peer.send(Frame::headers(stream, Block::request("GET", "/").indexed(62)).end_stream()).await;
        peer.served(stream).await
    }),
    must!("9113 §5.1", "a stream that was reset ends alone", |peer| {
        peer.start().await?;
        let (kept, reset) = (peer.fresh(), peer.fresh());
        peer.send(Frame::headers(kept, Block::request("POST", "/"))).await;
        peer.send(Frame::headers(reset, Block::request("POST", "/hold"))).await;
        peer.send(Frame::reset(reset, Code::CANCEL)).await;
        peer.send(Frame::data(kept, "still here").end_stream()).await;
        peer.served(kept).await
    }),
    must!("9113 §5.4.2", "RST_STREAM is not answered with RST_STREAM", |peer| {
        peer.start().await?;
        let stream = peer.open().await?;
        peer.send(Frame::reset(stream, Code::CANCEL)).await;
        peer.alive().await?;
        let is_reset = |event: &Event| matches!(event, Event::Reset { stream: on, .. } if *on == stream);
        Ok(peer.expect_none("RST_STREAM", peer.patience / 4, is_reset).await?)
    }),
    must!("9113 §6.4", "nothing more is sent on a stream that the client reset", |peer| {
        peer.start_with(&[(Setting::INITIAL_WINDOW_SIZE, 1)]).await?;
        peer.habits.returns_window = false;
        let stream = peer.fresh();
        peer.send(Frame::headers(stream, Block::request("GET", "/")).end_stream()).await;
        peer.expect_data(stream).await?;
        peer.send(Frame::reset(stream, Code::CANCEL)).await;
        peer.send(Frame::settings(&[(Setting::INITIAL_WINDOW_SIZE, 65_535)])).await;
        peer.expect_ack().await?;
        peer.alive().await?;
        let is_more = |event: &Event| matches!(event, Event::Data { stream: on, .. } if *on == stream);
        Ok(peer.expect_none("content", peer.patience / 4, is_more).await?)
    }),
    must!("9113 §5.1", "many streams are served at once", |peer| {
        peer.start().await?;
        let most = peer.theirs(Setting::MAX_CONCURRENT_STREAMS).unwrap_or(20).min(20);
        let streams: Vec<_> = (0..most).map(|_| peer.fresh()).collect();
        peer.send_all(streams.iter().map(|stream| Frame::headers(*stream, Block::request("POST", "/")))).await;
        peer.send_all(streams.iter().rev().map(|stream| Frame::data(*stream, "x").end_stream())).await;
        for stream in streams {
            peer.served(stream).await?;
        }
        Ok(())
    }),
];
