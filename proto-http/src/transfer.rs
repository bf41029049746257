//! The parts of a message, and the two seams through which they move.

use std::task::{Context, Poll};

use bytes::Bytes;

use crate::fields::Fields;
use crate::rules::Rule;

/// Whether anything follows in the same message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Last {
    /// More parts follow.
    No,
    /// This was the last part.
    Yes,
}

/// A piece of a message. In a message they come as: informational heads, one final head, data, at most one trailer section.
///
/// After an agreed upgrade (101, or 2xx to CONNECT) the same stream goes on with `Data` alone: raw octets of the tunnel, and
/// `Data(empty, Last::Yes)` is a half-close.
#[derive(Clone, Debug)]
pub enum Part<H> {
    /// The head. On the response side informational heads (1xx, always `Last::No`) may come before the final one.
    Head(H, Last),
    /// Octets of content; may be empty when it only carries the end.
    Data(Bytes, Last),
    /// The trailer section; always the last part.
    Trailers(Fields),
}

impl<H> Part<H> {
    /// Whether anything follows in the same message.
    pub const fn last(&self) -> Last {
        match self {
            Self::Head(_, last) | Self::Data(_, last) => *last,
            Self::Trailers(_) => Last::Yes,
        }
    }
}

/// Why one side gives up a direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The other direction is complete and no more is wanted (RFC 9110 §9.3.5 early answers; h2 NO_ERROR).
    Done,
    /// The peer of the other leg went away.
    Cancelled,
    /// The message broke a rule.
    Malformed,
    /// Something of ours failed.
    Internal,
    /// A deadline passed.
    Timeout,
}

/// Which wait ran out of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wait {
    /// Opening the transport, all tries together.
    Connect,
    /// A TLS or tunnel handshake.
    Handshake,
    /// The next request on a kept-alive connection.
    KeepAlive,
    /// The whole head, from its first octet to its last.
    Head,
    /// The next octets of a body.
    Body,
    /// The peer to take octets.
    Write,
    /// The whole exchange.
    Exchange,
    /// Octets in either direction of a tunnel.
    Tunnel,
}

/// Why a message, or the connection that carries it, cannot go on. Scope and blame follow from the variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StreamError {
    /// The peer broke a rule of the message syntax or framing.
    Malformed(Rule),
    /// The peer closed between messages, before the first octet of one. Not a fault.
    Closed,
    /// The peer closed inside a message.
    Truncated,
    /// The peer reset the connection or the stream.
    Reset,
    /// A wait ran out of time.
    Timeout(Wait),
    /// The socket failed otherwise.
    Io(std::io::ErrorKind),
    /// We asked for something that the state of the message forbids, such as more content than announced.
    Misuse(Misuse),
}

/// What our own side asked of a sink that the message's state forbids. The connection cannot be reused afterwards.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Misuse {
    /// A part out of order: data before a head, a second final head, anything after the end.
    OutOfOrder,
    /// More content than Content-Length announced.
    TooLong,
    /// The message ended with less content than Content-Length announced.
    TooShort,
    /// Content for a message that cannot have any (HEAD, 204, 304).
    NoContentAllowed,
    /// 101 without a matching request, or a tunnel that both sides did not agree upon (RFC 9110 §7.8).
    UpgradeNotAsked,
    /// The head, after filters, breaks a rule; it was not sent.
    Head(Rule),
}

impl std::fmt::Display for StreamError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Malformed(rule) => write!(f, "malformed message: {rule}"),
            Self::Closed => f.write_str("closed between messages"),
            Self::Truncated => f.write_str("closed inside a message"),
            Self::Reset => f.write_str("reset by the peer"),
            Self::Timeout(wait) => write!(f, "timed out: {wait:?}"),
            Self::Io(kind) => write!(f, "i/o: {kind}"),
            Self::Misuse(misuse) => write!(f, "cannot be sent: {misuse}"),
        }
    }
}

impl std::error::Error for StreamError {}

impl std::fmt::Display for Misuse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::OutOfOrder => f.write_str("a part out of order"),
            Self::TooLong => f.write_str("more content than announced"),
            Self::TooShort => f.write_str("less content than announced"),
            Self::NoContentAllowed => f.write_str("content where there cannot be any"),
            Self::UpgradeNotAsked => f.write_str("a switch of protocols that was not asked for"),
            Self::Head(rule) => write!(f, "{rule}"),
        }
    }
}

/// Anything that yields the parts of one message, in order.
///
/// Cancel: nothing is lost when a poll is not repeated.
pub trait Source<H> {
    /// The next part; `None` once the last one was given.
    ///
    /// # Errors
    /// The message cannot be completed; every later poll gives the same error.
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Part<H>>, StreamError>>;

    /// "I will not read on." Idempotent.
    fn stop(&mut self, why: Reason);
}

/// Anything that takes the parts of one message, in order.
pub trait Sink<H> {
    /// Ready with how many octets of content fit now (at least 1); pending while the peer or the socket is full.
    ///
    /// # Errors
    /// The message cannot be delivered.
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, StreamError>>;

    /// Takes one part; never blocks, never loses it. Nothing need reach the wire before [`Sink::poll_flush`].
    ///
    /// # Errors
    /// [`StreamError::Misuse`] if the part does not fit the message's state.
    fn push(&mut self, part: Part<H>) -> Result<(), StreamError>;

    /// Ready once all that was pushed was handed to the socket.
    ///
    /// # Errors
    /// The message cannot be delivered.
    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>>;

    /// "I will not write on." Idempotent.
    fn reset(&mut self, why: Reason);
}
