//! The vocabulary of failure: what happened, on which side, how far things had gone.

use std::fmt;
use std::io::ErrorKind;

use http::StatusCode;
use simplon_proto_http::rules::Rule;
use simplon_proto_http::transfer::{Misuse, StreamError, Wait};
use simplon_proto_tls::Reason;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A message broke a rule of syntax or framing.
    Malformed(Rule),
    /// A wait ran out of time.
    Timeout(Wait),
    /// Nobody listens at the address.
    Refused,
    /// There is no way to the address.
    Unreachable,
    /// The name has no address, or its lookup failed.
    Resolve,
    /// A TLS handshake failed.
    Tls(Reason),
    /// The peer reset the connection or the stream.
    Reset,
    /// The peer closed between messages.
    Closed,
    /// The peer closed inside a message.
    Truncated,
    /// The socket failed otherwise.
    Io(ErrorKind),
    /// No healthy upstream is left to choose.
    NoUpstream,
    /// More work than is allowed at a time.
    Overloaded,
    /// As many connections to origins are open as may be, and the queue for one is full or took too long.
    NoConnection,
    /// The system gives no more descriptors or memory.
    Exhausted,
    /// A decision of the application, with its status.
    Rejected(StatusCode),
    /// Our own side asked for what the state of the message forbids.
    Misuse(Misuse),
    /// A body that had to be kept for another reading was longer than the buffer for it.
    ReplayOverflow,
    /// The client went away before it was answered.
    Cancelled,
    /// A filter or a service panicked.
    Panicked,
    /// The server takes no new work.
    Draining,
    /// An invariant of ours did not hold.
    Internal,
}

impl Kind {
    /// The kind in a word, for logs and metrics.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Malformed(_) => "malformed",
            Self::Timeout(Wait::Connect) => "connect-timeout",
            Self::Timeout(Wait::Handshake) => "handshake-timeout",
            Self::Timeout(Wait::KeepAlive) => "keep-alive-timeout",
            Self::Timeout(Wait::Head) => "head-timeout",
            Self::Timeout(Wait::Body) => "body-timeout",
            Self::Timeout(Wait::Write) => "write-timeout",
            Self::Timeout(Wait::Exchange) => "exchange-timeout",
            Self::Timeout(Wait::Tunnel) => "tunnel-timeout",
            Self::Timeout(_) => "timeout",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Resolve => "resolve",
            Self::Tls(reason) => tls_label(reason),
            Self::Reset => "reset",
            Self::Closed => "closed",
            Self::Truncated => "truncated",
            Self::Io(_) => "io",
            Self::NoUpstream => "no-upstream",
            Self::Overloaded => "overloaded",
            Self::NoConnection => "no-connection",
            Self::Exhausted => "exhausted",
            Self::Rejected(_) => "rejected",
            Self::Misuse(_) => "misuse",
            Self::ReplayOverflow => "replay-overflow",
            Self::Cancelled => "cancelled",
            Self::Panicked => "panicked",
            Self::Draining => "draining",
            Self::Internal => "internal",
        }
    }

    /// Whether what failed is that the system had no more descriptors or memory: that is our fault, wherever it shows.
    pub(crate) fn is_want(error: &std::io::Error) -> bool {
        const WANTS: [i32; 4] = [libc::EMFILE, libc::ENFILE, libc::ENOMEM, libc::ENOBUFS];
        error.raw_os_error().is_some_and(|code| WANTS.contains(&code))
    }

    /// The least that must have left for this to happen. Where in doubt: some, so that nothing is sent twice by mistake.
    pub(super) const fn least_sent(self) -> Sent {
        match self {
            Self::Refused
            | Self::Unreachable
            | Self::Resolve
            | Self::Tls(_)
            | Self::NoUpstream
            | Self::Overloaded
            | Self::NoConnection
            | Self::Exhausted
            | Self::Draining => Sent::Nothing,
            Self::Timeout(Wait::Connect | Wait::Handshake) => Sent::Nothing,
            _ => Sent::Some,
        }
    }

    /// Whether another upstream might do better: only what befell the upstream leg, and was not of our making.
    pub(super) const fn is_worth_another_try(self, origin: Origin) -> bool {
        let hopeless = matches!(
            self,
            Self::Rejected(_)
                | Self::Misuse(_)
                | Self::ReplayOverflow
                | Self::Cancelled
                | Self::Panicked
                | Self::Internal
                | Self::NoUpstream
                | Self::Timeout(Wait::Exchange)
        );
        matches!(origin, Origin::Upstream) && !hopeless
    }
}

/// What is wrong with a certificate is told apart: each of these is mended by somebody else.
const fn tls_label(reason: Reason) -> &'static str {
    match reason {
        Reason::Expired => "tls-expired",
        Reason::NotYetValid => "tls-not-yet-valid",
        Reason::WrongName => "tls-wrong-name",
        Reason::UnknownIssuer => "tls-unknown-issuer",
        Reason::Revoked => "tls-revoked",
        Reason::RevocationListExpired => "tls-revocation-list-expired",
        Reason::BadCertificate => "tls-bad-certificate",
        Reason::NoCertificate => "tls-no-certificate",
        _ => "tls",
    }
}

impl From<StreamError> for Kind {
    fn from(error: StreamError) -> Self {
        match error {
            StreamError::Malformed(rule) => Self::Malformed(rule),
            StreamError::Closed => Self::Closed,
            StreamError::Truncated => Self::Truncated,
            StreamError::Reset => Self::Reset,
            StreamError::Timeout(wait) => Self::Timeout(wait),
            StreamError::Io(kind) => Self::Io(kind),
            StreamError::Misuse(misuse) => Self::Misuse(misuse),
            _ => Self::Internal,
        }
    }
}

impl From<ErrorKind> for Kind {
    fn from(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::ConnectionRefused => Self::Refused,
            ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => Self::Unreachable,
            ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => Self::Reset,
            ErrorKind::UnexpectedEof => Self::Truncated,
            other => Self::Io(other),
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(rule) => write!(f, "malformed message: {rule}"),
            Self::Timeout(wait) => write!(f, "timed out waiting: {wait:?}"),
            Self::Refused => f.write_str("connection refused"),
            Self::Unreachable => f.write_str("address unreachable"),
            Self::Resolve => f.write_str("name not resolved"),
            Self::Tls(reason) => write!(f, "TLS handshake: {reason}"),
            Self::Reset => f.write_str("connection reset"),
            Self::Closed => f.write_str("connection closed"),
            Self::Truncated => f.write_str("closed inside a message"),
            Self::Io(kind) => write!(f, "i/o: {kind}"),
            Self::NoUpstream => f.write_str("no healthy upstream"),
            Self::Overloaded => f.write_str("overloaded"),
            Self::NoConnection => f.write_str("no connection to the origin came free"),
            Self::Exhausted => f.write_str("no descriptors or memory left"),
            Self::Rejected(status) => write!(f, "rejected with {}", status.as_u16()),
            Self::Misuse(misuse) => write!(f, "cannot be sent: {misuse:?}"),
            Self::ReplayOverflow => f.write_str("body longer than the replay buffer"),
            Self::Cancelled => f.write_str("client gone"),
            Self::Panicked => f.write_str("panicked"),
            Self::Draining => f.write_str("draining"),
            Self::Internal => f.write_str("internal error"),
        }
    }
}

/// On which side it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// The side that called us.
    Downstream,
    /// The side that we called.
    Upstream,
    /// Our own.
    Internal,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Downstream => "downstream",
            Self::Upstream => "upstream",
            Self::Internal => "internal",
        })
    }
}

/// How far a request had gone when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Not one octet of it had left, or the peer said that it did nothing with it.
    Nothing,
    /// Some octets may have reached the peer.
    Some,
    /// The response had begun to arrive and was passed on.
    ResponseStarted,
}

/// Whether the same request may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replay {
    /// Whatever the method.
    Safe,
    /// If doing it twice is the same as doing it once (RFC 9110 §9.2.2).
    IfIdempotent,
    /// Not at all.
    No,
}
