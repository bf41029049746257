//! The only place that decides what a peer observes of a failure: status, stream codes, and whether the connection goes on.
//!
//! The status counts while a response can still start; after that the stream code, or on HTTP/1 closing, is what is left.
//! [`table`] yields every row, for the documentation and for the tests.
//!
//! Source: RFC 9110 §15 (status), RFC 9113 §7 (h2 codes), RFC 9114 §8.1 (h3 codes).

use http::StatusCode;
use simplon_proto_http::rules::{Rule, TABLE};
use simplon_proto_http::transfer::{Misuse, Wait};
use simplon_proto_tls::Reason;

use crate::error::{Kind, Origin};

/// An error code of HTTP/2 (RFC 9113 §7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct H2(pub u32);

#[expect(missing_docs, reason = "the names are those of RFC 9113 §7")]
impl H2 {
    pub const NO_ERROR: Self = Self(0x0);
    pub const PROTOCOL_ERROR: Self = Self(0x1);
    pub const INTERNAL_ERROR: Self = Self(0x2);
    pub const REFUSED_STREAM: Self = Self(0x7);
    pub const CANCEL: Self = Self(0x8);
    pub const ENHANCE_YOUR_CALM: Self = Self(0xb);
}

/// An error code of HTTP/3 (RFC 9114 §8.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct H3(pub u64);

#[expect(missing_docs, reason = "the names are those of RFC 9114 §8.1, without their prefix")]
impl H3 {
    pub const NO_ERROR: Self = Self(0x100);
    pub const INTERNAL_ERROR: Self = Self(0x102);
    pub const EXCESSIVE_LOAD: Self = Self(0x107);
    pub const REQUEST_REJECTED: Self = Self(0x10b);
    pub const REQUEST_CANCELLED: Self = Self(0x10c);
    pub const MESSAGE_ERROR: Self = Self(0x10e);
}

/// Whether the downstream connection is closed after the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Close {
    /// It may carry another exchange, if the request was read to its end.
    No,
    /// It may not.
    Yes,
}

/// Whether there is anybody to answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// No: the status is for the records alone.
    No,
    /// Yes, as long as no response has begun.
    Yes,
}

/// What a peer observes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effect {
    /// The status of the response.
    pub status: StatusCode,
    /// The code of RST_STREAM once the response has begun.
    pub h2: H2,
    /// The code of RESET_STREAM and STOP_SENDING once the response has begun.
    pub h3: H3,
    /// What becomes of the connection (h1).
    pub close: Close,
    /// Whether a response is sent at all.
    pub answer: Answer,
}

impl Effect {
    const fn new(status: StatusCode, h2: H2, h3: H3) -> Self {
        Self { status, h2, h3, close: Close::No, answer: Answer::Yes }
    }

    const fn close(mut self) -> Self {
        self.close = Close::Yes;
        self
    }

    /// The client is not there: 499, as the records of nginx have it.
    fn silent() -> Self {
        let status = StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST);
        Self { status, h2: H2::CANCEL, h3: H3::REQUEST_CANCELLED, close: Close::Yes, answer: Answer::No }
    }

    /// We could not: the request was not at fault.
    const fn internal(status: StatusCode) -> Self {
        Self::new(status, H2::INTERNAL_ERROR, H3::INTERNAL_ERROR)
    }

    /// We did nothing with it: safe to try elsewhere.
    const fn refused() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, H2::REFUSED_STREAM, H3::REQUEST_REJECTED)
    }

    /// The request broke a rule; what the rule's status says about size becomes a milder code.
    fn malformed(status: StatusCode) -> Self {
        match status.as_u16() {
            413 | 414 | 431 => Self::new(status, H2::ENHANCE_YOUR_CALM, H3::EXCESSIVE_LOAD).close(),
            _ => Self::new(status, H2::PROTOCOL_ERROR, H3::MESSAGE_ERROR).close(),
        }
    }
}

/// From cause and origin to what the peer observes.
#[must_use]
pub fn effect(kind: Kind, origin: Origin) -> Effect {
    use Kind::{
        Cancelled, Closed, Draining, Exhausted, Io, Malformed, NoConnection, NoUpstream, Overloaded, Refused, Rejected,
        ReplayOverflow, Reset, Resolve, Timeout, Tls, Truncated, Unreachable,
    };
    use Origin::{Downstream, Internal, Upstream};
    match (kind, origin) {
        // What an application decides, decides it.
        (Rejected(status), _) => Effect::new(status, H2::CANCEL, H3::REQUEST_CANCELLED),
        (Cancelled, _) => Effect::silent(),
        (Draining, _) => Effect::refused().close(),
        (Overloaded | NoConnection | Exhausted | NoUpstream, _) => Effect::refused(),
        (ReplayOverflow, Downstream) => Effect::malformed(StatusCode::PAYLOAD_TOO_LARGE),
        (ReplayOverflow, Upstream) => Effect::internal(StatusCode::BAD_GATEWAY),

        (Malformed(rule), Downstream) => Effect::malformed(status_of(rule)),
        (Timeout(Wait::Head | Wait::Body | Wait::Exchange), Downstream) => {
            Effect::new(StatusCode::REQUEST_TIMEOUT, H2::CANCEL, H3::REQUEST_CANCELLED).close()
        }
        (Timeout(_) | Tls(_) | Reset | Closed | Io(_), Downstream) => Effect::silent(),
        (Truncated, Downstream) => Effect::malformed(StatusCode::BAD_REQUEST),

        (Timeout(_), Upstream) => Effect::new(StatusCode::GATEWAY_TIMEOUT, H2::CANCEL, H3::REQUEST_CANCELLED),
        (Malformed(_) | Refused | Unreachable | Resolve | Tls(_), Upstream) => {
            Effect::internal(StatusCode::BAD_GATEWAY)
        }
        (Reset | Closed | Truncated | Io(_), Upstream) => Effect::internal(StatusCode::BAD_GATEWAY),

        (Timeout(_), Internal) => Effect::new(StatusCode::GATEWAY_TIMEOUT, H2::CANCEL, H3::REQUEST_CANCELLED),
        // A bug of ours, wherever it was noticed: the state of the connection is not to be trusted.
        _ => Effect::internal(StatusCode::INTERNAL_SERVER_ERROR).close(),
    }
}

/// The rules know their status; a number that is none would be a bug of the table.
fn status_of(rule: Rule) -> StatusCode {
    StatusCode::from_u16(rule.status()).unwrap_or(StatusCode::BAD_REQUEST)
}

/// Every kind with every origin, and its effect. Kinds that carry a value stand for all with the same effect.
pub fn table() -> impl Iterator<Item = (Kind, Origin, Effect)> {
    kinds().into_iter().flat_map(|kind| {
        [Origin::Downstream, Origin::Upstream, Origin::Internal].map(|origin| (kind, origin, effect(kind, origin)))
    })
}

fn kinds() -> Vec<Kind> {
    let waits = [
        Wait::Connect,
        Wait::Handshake,
        Wait::KeepAlive,
        Wait::Head,
        Wait::Body,
        Wait::Write,
        Wait::Exchange,
        Wait::Tunnel,
    ];
    let tls = [
        Reason::Expired,
        Reason::NotYetValid,
        Reason::WrongName,
        Reason::UnknownIssuer,
        Reason::Revoked,
        Reason::RevocationListExpired,
        Reason::BadCertificate,
        Reason::NoCertificate,
        Reason::Library,
    ];
    let rules = TABLE.iter().filter(|row| !row.is_dropping()).map(|row| Kind::Malformed(row.rule));
    let rest = [
        Kind::Refused,
        Kind::Unreachable,
        Kind::Resolve,
        Kind::Reset,
        Kind::Closed,
        Kind::Truncated,
        Kind::Io(std::io::ErrorKind::Other),
        Kind::NoUpstream,
        Kind::Overloaded,
        Kind::NoConnection,
        Kind::Exhausted,
        Kind::Rejected(StatusCode::FORBIDDEN),
        Kind::Misuse(Misuse::OutOfOrder),
        Kind::ReplayOverflow,
        Kind::Cancelled,
        Kind::Panicked,
        Kind::Draining,
        Kind::Internal,
    ];
    rules.chain(waits.map(Kind::Timeout)).chain(tls.map(Kind::Tls)).chain(rest).collect()
}

#[cfg(test)]
mod tests;
