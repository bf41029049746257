//! WINDOW_UPDATE and flow control of both ends: RFC 9113 §5.2, §6.9.

use crate::h2::code::Code;
use crate::h2::conformance::case::{Case, must};
use crate::h2::frame::{Frame, Kind};
use crate::h2::peer::Role;

const MAX: u32 = (1 << 31) - 1;

pub(super) const CASES: &[Case] = &[
    must!("9113 §6.9", "WINDOW_UPDATE of 0 on the connection is a connection error", |peer| {
        peer.offend(Frame::window_update(0, 0), &[Code::PROTOCOL_ERROR]).await
    }),
    must!("9113 §6.9", "WINDOW_UPDATE of 0 on a stream is a stream error", |peer| {
        peer.offend_stream(|stream| Frame::window_update(stream, 0), &[Code::PROTOCOL_ERROR]).await
    }),
    must!("9113 §6.9", "WINDOW_UPDATE of another length than 4 is a connection error", |peer| {
        peer.offend(Frame::new(Kind::WINDOW_UPDATE, 0, [0, 0, 1]), &[Code::FRAME_SIZE_ERROR]).await
    }),
    must!("9113 §6.9", "WINDOW_UPDATE of another length than 4 on a stream is a connection error", |peer| {
        peer.offend_open(|stream| Frame::new(Kind::WINDOW_UPDATE, stream, [0, 0, 0, 0, 1]), &[Code::FRAME_SIZE_ERROR])
            .await
    }),
    must!("9113 §6.9", "the reserved bit of WINDOW_UPDATE is ignored", |peer| {
        peer.tolerate(Frame::window_update(0, 1 | 1 << 31)).await
    }),
    must!("9113 §6.9.1", "a window of the connection above 2^31-1 is a connection error", |peer| {
        peer.offend(Frame::window_update(0, MAX), &[Code::FLOW_CONTROL_ERROR]).await
    }),
    must!("9113 §6.9.1", "a window of 2^31-1 is no error", |peer| {
        peer.start().await?;
        peer.send(Frame::window_update(0, MAX - 65_535)).await;
        let stream = peer.open().await?;
        peer.send(Frame::window_update(stream, MAX - 65_535)).await;
        peer.habits.returns_window = false;
        peer.alive().await
    }),
    must!("9113 §6.9.1", "the window that padding takes is given back", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        peer.send(Frame::headers(stream, block)).await;
        // More than either window, of which one octet in 256 is content.
        peer.send_within(stream, 200_000, |_| Frame::data(stream, "x").padded(254)).await?;
        peer.send(Frame::data(stream, "").end_stream()).await;
        peer.served(stream).await
    }),
    must!("9113 §5.2.1", "the window that content takes is given back", |peer| {
        peer.start().await?;
        let (stream, block) = peer.message().await?;
        peer.send(Frame::headers(stream, block)).await;
        peer.send_within(stream, 300_000, |room| Frame::data(stream, vec![b'x'; room.min(4096)])).await?;
        peer.send(Frame::data(stream, "").end_stream()).await;
        peer.served(stream).await
    }),
    must!("9113 §5.1", "the window that content of a reset stream took is given back to the connection", |peer| {
        peer.start().await?;
        for _ in 0..10 {
            let stream = peer.open().await?;
            peer.send_within(stream, 20_000, |room| Frame::data(stream, vec![b'x'; room])).await?;
            peer.send(Frame::reset(stream, Code::CANCEL)).await;
            peer.begun = None;
            if peer.role() == Role::Server {
                peer.next_is("/failed").await?;
            }
        }
        peer.alive().await
    }),
];
