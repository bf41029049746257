//! Every bound of an upstream connection that carries many exchanges.

use std::num::NonZeroU32;
use std::time::Duration;

use super::Rate;

/// Bounds of upstream connections that carry many exchanges at once (HTTP/2). Each has a default and a reason. How long an origin may be silent
/// is its peer's matter ([`crate::connect::PeerTimeouts`]), and how large a head may be that of [`super::OriginsConfig::protocol`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionLimits {
    /// Connections under one key. Default 64: with the usual hundred streams on each, more exchanges than one origin answers at a time.
    pub connections: usize,
    /// Exchanges at a time on one connection, if the origin allows more. Default: what the origin allows, and the window of the connection.
    pub streams: Option<NonZeroU32>,
    /// Exchanges one connection carries in its life. Default 1 000 000: far below the end of the stream numbers, and a connection is made anew
    /// now and then.
    pub exchanges: u32,
    /// How old a connection may become before it takes no more exchanges. Default 1 h: a changed name or a rebalanced origin is noticed even
    /// under steady traffic.
    pub age: Duration,
    /// How long a connection without exchanges is kept; the shorter one of this and of the peer's. Default 60 s.
    pub idle: Duration,
    /// Octets of one response that may be on their way or wait for the client. Default 256 KiB: 20 Mbit/s at 100 ms, and a client that does not
    /// read pins no more.
    pub stream_window_octets: u32,
    /// To how much that grows where the connection turns out to be longer and wider. Default 1 MiB.
    pub most_stream_window_octets: u32,
    /// The same for all responses on a connection together. It never is what anybody waits for: a connection takes no more exchanges than it has
    /// whole windows for, of [`Self::most_stream_window_octets`] each, and at least one. Default 128 MiB: 128 exchanges on a connection.
    pub connection_window_octets: u32,
    /// Octets of one request that wait for the socket. Default 64 KiB.
    pub send_buffer_octets: usize,
    /// The largest frame that is taken. Default 16 KiB, the least that RFC 9113 §4.2 allows: streams take turns sooner.
    pub frame_octets: u32,
    /// Streams that we reset and still remember, so that what was on its way is no fault of the origin. Default 256, for 5 s: many clients may
    /// leave at once.
    pub remembered_resets: usize,
    /// Streams on which the origin may break a rule before the connection is closed. Default 64.
    pub faulty_streams: usize,
    /// PING, SETTINGS, PRIORITY, WINDOW_UPDATE, GOAWAY and unknown frames: so many at once, and then so many each second, beside eight for each
    /// stream and one for 64 octets that it was sent. As many heads, beside those that each stream may have. Default 1,024 and 64: far more than
    /// servers say that measure the way.
    pub control_frames: Rate,
    /// RST_STREAM: so many at once, and then so many each second, beside one for each stream. Default 256 and 32.
    pub resets: Rate,
    /// How long an origin is asked in HTTP/1.1 after it turned out not to speak HTTP/2. Default 10 min.
    pub prefer_http1: Duration,
}

impl Default for SessionLimits {
    fn default() -> Self {
        Self {
            connections: 64,
            streams: None,
            exchanges: 1_000_000,
            age: Duration::from_secs(3600),
            idle: Duration::from_secs(60),
            stream_window_octets: 256 << 10,
            most_stream_window_octets: 1 << 20,
            connection_window_octets: 128 << 20,
            send_buffer_octets: 64 << 10,
            frame_octets: 16 << 10,
            remembered_resets: 256,
            faulty_streams: 64,
            control_frames: Rate { burst: 1024, per_second: 64 },
            resets: Rate { burst: 256, per_second: 32 },
            prefer_http1: Duration::from_secs(600),
        }
    }
}

impl SessionLimits {
    /// Exchanges at a time on one connection, as far as it is ours to say: who does not read holds up nobody else (RFC 9113 §5.2.2).
    pub(super) fn most_streams(&self) -> usize {
        let credit = self.connection_window() / self.most_stream_window_octets.max(self.stream_window_octets).max(1);
        let own = self.streams.map_or(u32::MAX, NonZeroU32::get);
        own.min(credit).max(1) as usize
    }

    /// No connection has less than the standard gives it (RFC 9113 §6.9.2), nor more than it can say.
    pub(super) fn connection_window(&self) -> u32 {
        self.connection_window_octets.clamp(LEAST_WINDOW, MOST_WINDOW)
    }
}

const LEAST_WINDOW: u32 = 65_535;
const MOST_WINDOW: u32 = (1 << 31) - 1;

#[cfg(test)]
mod tests;
