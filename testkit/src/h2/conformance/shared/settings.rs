//! SETTINGS: RFC 9113 §6.5, RFC 9218 §2.1.

use crate::h2::code::{Code, Setting};
use crate::h2::conformance::case::{Case, must};
use crate::h2::conformance::probe::IDLE;
use crate::h2::frame::{ACK, Frame, Kind};

const PROTOCOL: &[Code] = &[Code::PROTOCOL_ERROR];
const SIZE: &[Code] = &[Code::FRAME_SIZE_ERROR];

pub(super) const CASES: &[Case] = &[
    must!("9113 §6.5.3", "SETTINGS are acknowledged, each", |peer| {
        peer.start().await?;
        peer.send_all([Frame::settings(&[]), Frame::settings(&[(Setting::MAX_HEADER_LIST_SIZE, 1 << 20)])]).await;
        peer.expect_ack().await?;
        Ok(peer.expect_ack().await?)
    }),
    must!("9113 §6.5", "an acknowledgment with payload is a connection error", |peer| {
        peer.offend(Frame::new(Kind::SETTINGS, 0, [0; 6]).with(ACK), SIZE).await
    }),
    must!("9113 §6.5", "SETTINGS on a stream are a connection error", |peer| {
        peer.offend(Frame::settings(&[]).on(IDLE), PROTOCOL).await
    }),
    must!("9113 §6.5", "SETTINGS whose length is no multiple of 6 are a connection error", |peer| {
        peer.offend(Frame::new(Kind::SETTINGS, 0, [0; 7]), SIZE).await
    }),
    must!("9113 §6.5.2", "an unknown setting is ignored", |peer| {
        peer.start().await?;
        peer.send(Frame::settings(&[(Setting(0xfafa), u32::MAX), (Setting(0), 0)])).await;
        peer.expect_ack().await?;
        peer.alive().await
    }),
    must!("9113 §6.5.2", "ENABLE_PUSH other than 0 and 1 is a connection error", |peer| {
        peer.offend(Frame::settings(&[(Setting::ENABLE_PUSH, 2)]), PROTOCOL).await
    }),
    must!("9113 §6.5.2", "INITIAL_WINDOW_SIZE above 2^31-1 is a connection error", |peer| {
        peer.offend(Frame::settings(&[(Setting::INITIAL_WINDOW_SIZE, 1 << 31)]), &[Code::FLOW_CONTROL_ERROR]).await
    }),
    must!("9113 §6.5.2", "INITIAL_WINDOW_SIZE of 2^31-1 is taken", |peer| {
        peer.tolerate(Frame::settings(&[(Setting::INITIAL_WINDOW_SIZE, (1 << 31) - 1)])).await
    }),
    must!("9113 §6.5.2", "MAX_FRAME_SIZE below 2^14 is a connection error", |peer| {
        peer.offend(Frame::settings(&[(Setting::MAX_FRAME_SIZE, (1 << 14) - 1)]), PROTOCOL).await
    }),
    must!("9113 §6.5.2", "MAX_FRAME_SIZE above 2^24-1 is a connection error", |peer| {
        peer.offend(Frame::settings(&[(Setting::MAX_FRAME_SIZE, 1 << 24)]), PROTOCOL).await
    }),
    must!("9113 §6.5.2", "MAX_FRAME_SIZE of 2^24-1 is taken", |peer| {
        peer.tolerate(Frame::settings(&[(Setting::MAX_FRAME_SIZE, (1 << 24) - 1)])).await
    }),
    must!("9113 §6.5.3", "of a setting that is given twice the last value holds", |peer| {
        peer.tolerate(Frame::settings(&[(Setting::INITIAL_WINDOW_SIZE, 0), (Setting::INITIAL_WINDOW_SIZE, 65_535)]))
            .await
    }),
    must!("9113 §4.3.1", "a smaller dynamic table is confirmed by the encoder", |peer| {
        peer.start_with(&[(Setting::HEADER_TABLE_SIZE, 0)]).await?;
        peer.alive().await?;
        peer.alive().await
    }),
    must!("9113 §4.3.1", "a dynamic table that shrinks within the connection is confirmed by the encoder", |peer| {
        peer.start().await?;
        peer.alive().await?;
        peer.send(Frame::settings(&[(Setting::HEADER_TABLE_SIZE, 64)])).await;
        peer.expect_ack().await?;
        peer.alive().await?;
        peer.alive().await
    }),
    must!(
        "7541 §4.2",
        "a dynamic table that shrinks and grows again between two field blocks is confirmed at its smallest",
        |peer| {
            peer.start().await?;
            peer.alive().await?;
            peer.send(Frame::settings(&[(Setting::HEADER_TABLE_SIZE, 0)])).await;
            peer.send(Frame::settings(&[(Setting::HEADER_TABLE_SIZE, 4096)])).await;
            peer.expect_ack().await?;
            peer.expect_ack().await?;
            peer.alive().await?;
            peer.alive().await
        }
    ),
    must!("9218 §2.1", "NO_RFC7540_PRIORITIES other than 0 and 1 is a connection error to who knows it", |peer| {
        peer.start().await?;
        let knows = peer.theirs(Setting::NO_RFC7540_PRIORITIES).is_some();
        peer.send(Frame::settings(&[(Setting::NO_RFC7540_PRIORITIES, 2)])).await;
        if knows { peer.connection_error(PROTOCOL).await } else { peer.alive().await }
    }),
];
