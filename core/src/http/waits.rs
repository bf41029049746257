//! The waits of one exchange, where they differ from those of its connection and of its peer.

use std::num::NonZeroU32;
use std::time::Duration;

use http::Method;
use simplon_proto_http::RequestHead;
use simplon_proto_http::fields::Known;

/// Waits of one exchange. What is `None` stays as [`super::Timeouts`] and [`crate::connect::PeerTimeouts`] have it. `Duration::MAX` is for ever.
///
/// So one stream may be silent for ten minutes without that all others may. Default: nothing is different.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Waits {
    /// Between octets of the request's content, of the client; for the response and between its octets, of the origin.
    pub read: Option<Duration>,
    /// For the client to take any octet of the response, and the origin any of the request.
    pub write: Option<Duration>,
    /// Silence in both directions of a tunnel.
    pub idle: Option<Duration>,
    /// Octets per second below which either of the two is given up, in both directions; `Some(None)` exempts it.
    pub min_rate: Option<Option<NonZeroU32>>,
    /// From the end of this exchange to the first octet of the next request. Where a connection carries many at a time, the word of the one that
    /// ended last counts.
    pub keep_alive: Option<Duration>,
}

/// Whether this is a call of gRPC: such streams are silent and slow as their two ends please.
///
/// Source:  the protocol of gRPC over HTTP/2, "Requests".
pub(super) fn is_grpc(head: &RequestHead) -> bool {
    if head.method != Method::POST {
        return false;
    }
    let Some(media_type) = head.fields.get(Known::ContentType) else { return false };
    let Some((start, rest)) = media_type.split_at_checked(GRPC.len()) else { return false };
    start.eq_ignore_ascii_case(GRPC) && matches!(rest.first(), None | Some(b'+' | b';' | b' ' | b'\t'))
}

const GRPC: &[u8] = b"application/grpc";

#[cfg(test)]
mod tests;
