//! What is counted of connections of HTTP/2.

use crate::server::Counter;

/// What a client did too much of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flood {
    Resets,
    ControlFrames,
    Malformed,
    /// The `h2` crate said ENHANCE_YOUR_CALM.
    Library,
}

/// Shared by all connections of one service.
#[derive(Debug, Default)]
pub(in crate::http) struct Counters {
    pub(super) connections: Counter,
    pub(super) streams: Counter,
    pub(super) stillborn: Counter,
    pub(super) refused: Counter,
    pub(super) malformed: Counter,
    pub(super) stalled: Counter,
    pub(super) panicked: Counter,
    pub(super) resets: Counter,
    pub(super) control_frames: Counter,
    pub(super) too_malformed: Counter,
    pub(super) library: Counter,
    pub(super) silent: Counter,
    pub(super) stuck: Counter,
    pub(super) slow_heads: Counter,
}

/// What a service has counted of connections of HTTP/2 since it began. See [`super::super::Http::http2_stats`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Http2Stats {
    /// Connections.
    pub connections: u64,
    /// Streams.
    pub streams: u64,
    /// Streams that were reset before anybody looked at them: they are no exchanges, and have no record.
    pub stillborn: u64,
    /// Streams refused since the heads of their connection took too much memory: they are no exchanges, and have no record.
    pub refused: u64,
    /// Streams whose request broke a rule. What the `h2` crate itself refuses is not among them.
    pub malformed: u64,
    /// Streams given up since the client took the response too slowly.
    pub stalled: u64,
    /// Streams whose task panicked.
    pub panicked: u64,
    /// Connections closed since the client reset too many streams.
    pub reset_floods: u64,
    /// Connections closed since too many frames carried nothing, or next to nothing that anybody read.
    pub control_floods: u64,
    /// Connections closed since too many requests were malformed.
    pub malformed_floods: u64,
    /// Connections that the `h2` crate closed with ENHANCE_YOUR_CALM: heads and CONTINUATION without end, small and empty DATA, streams
    /// reset before they were looked at, streams that it had to reset itself.
    pub library_floods: u64,
    /// Connections closed since the client gave no sign of life.
    pub silent: u64,
    /// Connections closed since the socket took nothing for too long.
    pub stuck: u64,
    /// Connections closed since a head took too long.
    pub slow_heads: u64,
}

impl Counters {
    pub(super) fn flood(&self, flood: Flood) {
        match flood {
            Flood::Resets => self.resets.add(),
            Flood::ControlFrames => self.control_frames.add(),
            Flood::Malformed => self.too_malformed.add(),
            Flood::Library => self.library.add(),
        }
    }

    pub(in crate::http) fn read(&self) -> Http2Stats {
        // No `..` on purpose: what is counted is shown.
        let Self {
            connections,
            streams,
            stillborn,
            refused,
            malformed,
            stalled,
            panicked,
            resets,
            control_frames,
            too_malformed,
            library,
            silent,
            stuck,
            slow_heads,
        } = self;
        Http2Stats {
            connections: connections.read(),
            streams: streams.read(),
            stillborn: stillborn.read(),
            refused: refused.read(),
            malformed: malformed.read(),
            stalled: stalled.read(),
            panicked: panicked.read(),
            reset_floods: resets.read(),
            control_floods: control_frames.read(),
            malformed_floods: too_malformed.read(),
            library_floods: library.read(),
            silent: silent.read(),
            stuck: stuck.read(),
            slow_heads: slow_heads.read(),
        }
    }
}
