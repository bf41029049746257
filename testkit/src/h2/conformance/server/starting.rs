//! How connections begin and end: RFC 9113 §3.4, §5.4.1, §6.6, §6.8.

use crate::h2::code::{Code, Setting};
use crate::h2::conformance::case::{Case, must};
use crate::h2::frame::Frame;
use crate::h2::hpack::Block;
use crate::h2::peer::PREFACE;

const PROTOCOL: &[Code] = &[Code::PROTOCOL_ERROR];

pub(super) const CASES: &[Case] = &[
    must!("9113 §3.4", "the first frame of a server is SETTINGS", |peer| {
        peer.send_raw(PREFACE).await;
        peer.send(Frame::settings(&[])).await;
        peer.expect_settings().await?;
        peer.expect_ack().await?;
        peer.alive().await
    }),
    must!("9113 §3.4", "requests may come before the SETTINGS of the server have arrived", |peer| {
        peer.send_raw(PREFACE).await;
        let stream = peer.fresh();
        peer.send_all([Frame::settings(&[]), Frame::headers(stream, Block::request("GET", "/")).end_stream()]).await;
        peer.served(stream).await
    }),
    must!("9113 §3.4", "the preface is read however it is cut", |peer| {
        for octet in PREFACE {
            peer.send_raw(&[*octet]).await;
            tokio::task::yield_now().await;
        }
        peer.send_slowly([Frame::settings(&[(Setting::MAX_CONCURRENT_STREAMS, 100)])]).await;
        peer.expect_ack().await?;
        peer.alive().await
    }),
    must!("9113 §3.4", "a preface with a wrong ending is a connection error", |peer| {
        peer.send_raw(b"PRI * HTTP/2.0\r\n\r\nXM\r\n\r\n").await;
        peer.send(Frame::settings(&[])).await;
        Ok(peer.expect_close().await?)
    }),
    must!("9113 §3.4", "a preface that is followed by another frame than SETTINGS is a connection error", |peer| {
        peer.send_raw(PREFACE).await;
        peer.send(Frame::ping([0; 8])).await;
        peer.connection_error(PROTOCOL).await
    }),
    must!("9113 §3.4", "a preface that is followed by a request is a connection error", |peer| {
        peer.send_raw(PREFACE).await;
        peer.send(Frame::headers(1, Block::request("GET", "/")).end_stream()).await;
        peer.connection_error(PROTOCOL).await
    }),
    must!("9113 §3.4", "a preface that is followed by an acknowledgment is a connection error", |peer| {
        peer.send_raw(PREFACE).await;
        peer.send(Frame::settings_ack()).await;
        peer.connection_error(PROTOCOL).await
    }),
    must!("9113 §6.6", "PUSH_PROMISE by a client is a connection error", |peer| {
        peer.offend_open(|stream| Frame::push_promise(stream, 2, Block::request("GET", "/")), PROTOCOL).await
    }),
    must!("9113 §6.5.2", "nothing is pushed to who does not want it", |peer| {
        peer.start_with(&[(Setting::ENABLE_PUSH, 0)]).await?;
        peer.alive().await
    }),
    must!("9113 §6.8", "what was asked before GOAWAY is answered", |peer| {
        peer.start().await?;
        let stream = peer.fresh();
        let request = Frame::headers(stream, Block::request("GET", "/")).end_stream();
        peer.send_all([request, Frame::go_away(0, Code::NO_ERROR)]).await;
        peer.served(stream).await
    }),
    must!("9113 §6.8", "a request that was begun before GOAWAY may be finished after it", |peer| {
        peer.start().await?;
        let stream = peer.fresh();
        peer.send(Frame::headers(stream, Block::request("POST", "/"))).await;
        peer.send(Frame::go_away(0, Code::NO_ERROR)).await;
        peer.send(Frame::data(stream, "late").end_stream()).await;
        peer.served(stream).await
    }),
    must!("9113 §6.8", "GOAWAY names no stream that was not opened", |peer| {
        peer.start().await?;
        peer.alive().await?;
        peer.send(Frame::ping([0; 8]).on(1)).await;
        let last = peer.expect("GOAWAY, or the end of the connection", |event| match event {
            crate::h2::Event::GoAway { last, .. } => Some(*last),
            crate::h2::Event::Closed { .. } => Some(1),
            _ => None,
        });
        match last.await? {
            ..=1 => Ok(()),
            last => Err(peer.missed("GOAWAY for stream 1 at most", format!("{last}")).into()),
        }
    }),
    must!("9113 §6.4", "RST_STREAM with an unknown code is taken", |peer| {
        peer.start().await?;
        let stream = peer.open().await?;
        peer.send(Frame::reset(stream, Code(0xfafa_fafa))).await;
        peer.alive().await
    }),
];
