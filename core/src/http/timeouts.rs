//! Every wait of a downstream connection, bounded.

use std::num::NonZeroU32;
use std::time::Duration;

/// How long a downstream connection is waited for. All are finite by default; `Duration::MAX` means for ever.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// From accepting a connection to the first octet of its first request. Default 30 s.
    pub first_octet: Duration,
    /// From the end of one exchange to the first octet of the next request. Default 75 s, a little over what browsers keep.
    pub keep_alive: Duration,
    /// The whole request head, from its first octet to its last. Total, not per read. Default 15 s.
    pub head: Duration,
    /// Between octets of a request body. Default 60 s.
    pub body: Duration,
    /// Octets per second below which a request body is given up, on average, after [`Timeouts::body`] of credit, whether it has a length or not.
    /// Tunnels and streams of gRPC are exempt. `None` for uploads that trickle on purpose. Default 128.
    pub body_min_rate: Option<NonZeroU32>,
    /// For the client to take any octet of the response. Before it is given up, the kernel is asked what it acknowledged: behind a large send
    /// buffer that goes on while the socket takes nothing. Default 60 s.
    pub write: Duration,
    /// Octets per second below which a response is given up that the client takes too slowly, on average, after [`Timeouts::write`] of credit: a
    /// window that opens by one octet now and then is not worth a stream, nor a connection. Tunnels and streams of gRPC are exempt. `None` for
    /// clients that may drip. Default 128.
    pub write_min_rate: Option<NonZeroU32>,
    /// After the last answer on a connection, once the client has acknowledged all of it: how long octets are still read and dropped, so that it
    /// can read the answer before it sees a reset. Default 2 s.
    pub linger: Duration,
    /// Silence in both directions of a tunnel. Default 1 h.
    pub tunnel_idle: Duration,
    /// The whole life of a tunnel. Default: for ever.
    pub tunnel: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            first_octet: Duration::from_secs(30),
            keep_alive: Duration::from_secs(75),
            head: Duration::from_secs(15),
            body: Duration::from_secs(60),
            body_min_rate: NonZeroU32::new(128),
            write: Duration::from_secs(60),
            write_min_rate: NonZeroU32::new(128),
            linger: Duration::from_secs(2),
            tunnel_idle: Duration::from_secs(3600),
            tunnel: Duration::MAX,
        }
    }
}
