//! Every bound that a peer can reach, with its default and its reason.

/// Bounds on one message. The same meaning for every version of HTTP.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Octets of a head, from the first octet of the start line through the empty line. Default 64 KiB: cookies and tokens of real browsers stay below 32 KiB.
    pub head_octets: usize,
    /// Fields in a head. Default 128: browsers with every client hint stay below 60.
    pub head_fields: usize,
    /// Octets of the request target. Default 16 KiB: twice what common origins accept.
    pub target_octets: usize,
    /// Octets of a trailer section. Default 16 KiB: gRPC status details stay below 8 KiB.
    pub trailer_octets: usize,
    /// Fields in a trailer section. Default 64.
    pub trailer_fields: usize,
    /// Octets of a chunk-size line with its extensions; all extensions of a body together may take four times as many. Default 4 KiB.
    pub chunk_line_octets: usize,
    /// Octets of a request body; `None` is unbounded. Default `None`: filters and routes set it for each request.
    pub body_octets: Option<u64>,
    /// Informational responses (1xx) before a final one. Default 32: an origin that only ever says "soon" must end somewhere.
    pub interim_heads: u8,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            head_octets: 64 << 10,
            head_fields: 128,
            target_octets: 16 << 10,
            trailer_octets: 16 << 10,
            trailer_fields: 64,
            chunk_line_octets: 4 << 10,
            body_octets: None,
            interim_heads: 32,
        }
    }
}
