//! How connections begin and end: RFC 9113 §3.4, §6.6, §6.8, §8.4.

use crate::h2::code::{Code, Setting};
use crate::h2::conformance::case::{Case, Stop, must};
use crate::h2::frame::Frame;
use crate::h2::hpack::Block;
use crate::h2::peer::Event;

const PROTOCOL: &[Code] = &[Code::PROTOCOL_ERROR];

pub(super) const CASES: &[Case] = &[
    must!("9113 §3.4", "a client begins with its preface and SETTINGS", |peer| {
        peer.expect_preface().await?;
        // An answer to the client's may not come first.
        peer.send(Frame::settings(&[])).await;
        peer.expect_settings().await?;
        peer.expect_ack().await?;
        peer.alive().await
    }),
    must!("9113 §3.4", "a first frame that is not SETTINGS is a connection error", |peer| {
        peer.expect_preface().await?;
        peer.send(Frame::ping([0; 8])).await;
        peer.connection_error(PROTOCOL).await
    }),
    must!("9113 §3.4", "what is no HTTP/2 is a connection error", |peer| {
        peer.expect_preface().await?;
        peer.send_raw(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n").await;
        peer.connection_error(&[Code::PROTOCOL_ERROR, Code::FRAME_SIZE_ERROR]).await
    }),
    must!("9113 §6.5.2", "ENABLE_PUSH 1 by a server is a connection error", |peer| {
        peer.offend(Frame::settings(&[(Setting::ENABLE_PUSH, 1)]), PROTOCOL).await
    }),
    must!("9113 §6.5.2", "ENABLE_PUSH 0 by a server is taken", |peer| {
        peer.tolerate(Frame::settings(&[(Setting::ENABLE_PUSH, 0)])).await
    }),
    must!("9113 §6.6", "PUSH_PROMISE to a client that does not want it is a connection error", |peer| {
        peer.start().await?;
        if peer.theirs(Setting::ENABLE_PUSH) != Some(0) {
            return Err(Stop::Skipped("the client lets servers push"));
        }
        let (stream, _) = peer.message().await?;
        peer.send(Frame::push_promise(stream, 2, Block::request("GET", "/pushed"))).await;
        peer.connection_error(PROTOCOL).await
    }),
    must!("9113 §6.6", "PUSH_PROMISE on stream 0 is a connection error", |peer| {
        peer.offend(Frame::push_promise(0, 2, Block::request("GET", "/pushed")), PROTOCOL).await
    }),
    must!("9113 §6.6", "PUSH_PROMISE of an odd stream is a connection error", |peer| {
        peer.offend_open(|stream| Frame::push_promise(stream, stream + 2, Block::request("GET", "/")), PROTOCOL).await
    }),
    must!("9113 §6.8", "no request is begun after GOAWAY", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        let answer = Frame::headers(stream, block).end_stream();
        peer.send_all([Frame::go_away(stream, Code::NO_ERROR), answer]).await;
        let pause = peer.patience / 2;
        Ok(peer.expect_none("request", pause, |event| matches!(event, Event::Fields { .. })).await?)
    }),
    must!("9113 §6.8", "a response may be finished after GOAWAY", |peer| {
        peer.start().await?;
        let stream = peer.open().await?;
        peer.send(Frame::go_away(stream, Code::NO_ERROR)).await;
        peer.send(Frame::ping(*b"not yet!")).await;
        peer.expect_pong(*b"not yet!").await?;
        peer.send(Frame::data(stream, "late").end_stream()).await;
        let reset = |event: &Event| matches!(event, Event::Reset { .. });
        let pause = peer.patience / 4;
        Ok(peer.expect_none("reset of the stream", pause, reset).await?)
    }),
    must!("9113 §8.2", "a request has lowercase names and nothing connection-specific", |peer| {
        peer.start().await?;
        let asked = peer.expect_request().await?;
        let forbidden = ["connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade", "te"];
        let is_wrong = |name: &str| name != name.to_lowercase() || forbidden.contains(&name);
        match asked.fields.iter().find(|(name, value)| is_wrong(name) && !(name == "te" && value == "trailers")) {
            None => Ok(()),
            Some((name, _)) => Err(peer.missed("fields of HTTP/2", name.clone()).into()),
        }
    }),
    must!("9113 §8.3.1", "a request has its pseudo-header fields first and once", |peer| {
        peer.start().await?;
        let asked = peer.expect_request().await?;
        let names: Vec<_> = asked.fields.iter().map(|(name, _)| name.as_str()).collect();
        let mut pseudo: Vec<_> = names.iter().take_while(|name| name.starts_with(':')).copied().collect();
        let is_first = !names[pseudo.len()..].iter().any(|name| name.starts_with(':'));
        pseudo.sort_unstable();
        match is_first
            && matches!(pseudo[..], [":authority", ":method", ":path", ":scheme"] | [":method", ":path", ":scheme"])
        {
            true => Ok(()),
            false => Err(peer.missed("the pseudo-header fields of a request", names.join(", ")).into()),
        }
    }),
];
