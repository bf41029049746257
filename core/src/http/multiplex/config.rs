//! Every bound of a connection of HTTP/2, with its default and its reason.

use std::time::Duration;

use crate::http::Rate;

/// Bounds of a connection of HTTP/2. What they have in common with HTTP/1 is in [`super::super::HttpConfig`]: heads, waits, content.
///
/// Bounds that the `h2` crate has by itself: frames of CONTINUATION in one head (as many as fill it, and a quarter more), a head of four times
/// the limit ends the connection, 100 empty frames of DATA that do not end a stream, in its life, fields that are no HTTP/2.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Http2Config {
    /// Streams at a time. Default 128: browsers open 100, and RFC 9113 §5.1.2 advises no less.
    pub concurrent_streams: u32,
    /// Octets that one stream may send ahead of whoever reads them, to begin with. Default 128 KiB: at 20 ms of delay this gives 6 MB/s.
    pub stream_window_octets: u32,
    /// The same for the whole connection, to begin with. Default 512 KiB.
    pub connection_window_octets: u32,
    /// What both grow to when the client sends as much as it may and it is read as fast; and so the memory that the uploads of a connection can
    /// take. Not more than the two before means that they do not grow. Default 2 MiB.
    pub window_most_octets: u32,
    /// Octets of responses that wait in one stream for the socket. Default 64 KiB, what one write of the kernel takes.
    pub send_buffer_octets: usize,
    /// Octets of the largest frame that is taken. Default 16 KiB, the least: larger ones hold up other streams.
    pub frame_octets: u32,
    /// Octets of the table that compresses the client's fields. Default 4 KiB, that of RFC 9113.
    pub header_table_octets: u32,
    /// Memory that the heads of all requests of a connection may take together: names, values, and 104 octets for each field. A stream whose
    /// head is beyond it is refused (REFUSED_STREAM, RFC 9113 §8.7), which tells the client that it may ask again; to wait for room would hold the
    /// head all the same, or hold up what other streams need to end. A head counts until a response has begun and no retry can need it, and
    /// one alone is always taken. Default 2 MiB: 128 streams with 15 KiB each.
    pub head_budget_octets: usize,
    /// Whether WebSockets and the like may be opened by extended CONNECT (RFC 8441). Default: they may.
    pub extended_connect: ExtendedConnect,
    /// Requests that break a rule before the connection is closed; good ones between them do not count. Default 32.
    pub malformed_requests: u32,
    /// Streams that the `h2` crate resets or refuses on a connection before it closes it: its answer to MadeYouReset. Heads that it answers with
    /// 431, since they are far too large, count as well, beyond [`Self::concurrent_streams`]. Default 512: a client that has not read our
    /// settings yet may open more streams at once than it may have.
    pub local_resets: usize,
    /// Streams reset by the client before anybody looked at them; more end the connection. Default 20.
    pub pending_resets: usize,
    /// Streams that we reset and whose late frames are still ignored. Default 64.
    pub remembered_resets: usize,
    /// RST_STREAM of the client: so many at once, and then so many each second. Rapid reset (CVE-2023-44487). Default 256 and 32.
    pub resets: Rate,
    /// PING and answers to none, SETTINGS, PRIORITY, WINDOW_UPDATE, GOAWAY and unknown frames: so many at once, and then so many each second, beside what a client needs to
    /// take what it is sent. Default 1,024 and 64.
    pub control_frames: Rate,
    /// Octets that small frames of DATA may waste in the `h2` crate before they are copied together: 256, less their own, for each that was not
    /// read. `None` is half of the connection's window. Default 1 MiB: whatever one read of the socket can bring, so that small messages of gRPC
    /// whose reader is slow are no offence.
    pub small_data_octets: Option<usize>,
    /// With streams open: after so much silence the client is asked for a sign of life. Default 30 s.
    pub ping_after: Duration,
    /// How long it may take to give one. Default 20 s.
    pub ping_answer: Duration,
    /// How old a connection gets before it is closed with grace. Default: any age.
    pub max_age: Duration,
    /// How long a connection without streams is kept after it was told to go, so that the client can read that. Default 2 s.
    pub farewell: Duration,
}

/// Whether extended CONNECT is offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExtendedConnect {
    /// The client is told that it may.
    #[default]
    Offered,
    /// A request for it is malformed.
    Refused,
}

impl Default for Http2Config {
    fn default() -> Self {
        Self {
            concurrent_streams: 128,
            stream_window_octets: 128 << 10,
            connection_window_octets: 512 << 10,
            window_most_octets: 2 << 20,
            send_buffer_octets: 64 << 10,
            frame_octets: 16 << 10,
            header_table_octets: 4 << 10,
            head_budget_octets: 2 << 20,
            extended_connect: ExtendedConnect::Offered,
            malformed_requests: 32,
            local_resets: 512,
            pending_resets: 20,
            remembered_resets: 64,
            resets: Rate { burst: 256, per_second: 32 },
            control_frames: Rate { burst: 1024, per_second: 64 },
            small_data_octets: Some(1 << 20),
            ping_after: Duration::from_secs(30),
            ping_answer: Duration::from_secs(20),
            max_age: Duration::MAX,
            farewell: Duration::from_secs(2),
        }
    }
}
