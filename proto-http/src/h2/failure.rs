//! What an error of the `h2` crate means for the message that it interrupts, and the codes that we reset with.

use std::io;

use h2::Reason as Code;

use crate::rules::Rule;
use crate::transfer::{Reason, StreamError};

/// Who broke off, and how.
pub(super) fn of(error: &h2::Error) -> StreamError {
    match error.get_io() {
        Some(error) => of_io(error.kind()),
        // What the crate itself resets, it resets because the peer broke a rule. Until the reset has left it is told as if the connection ended.
        None if error.is_library() && (error.is_reset() || error.reason() == Some(Code::PROTOCOL_ERROR)) => {
            StreamError::Malformed(Rule::StreamBroken)
        }
        None => StreamError::Reset,
    }
}

fn of_io(kind: io::ErrorKind) -> StreamError {
    match kind {
        // A session of TLS that ends without a word is no better than a connection that does: nobody is there to be told anything.
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => StreamError::Reset,
        kind => StreamError::Io(kind),
    }
}

/// The code of RST_STREAM (RFC 9113 §7).
pub(super) const fn code(why: Reason) -> Code {
    match why {
        Reason::Done => Code::NO_ERROR,
        Reason::Cancelled | Reason::Timeout => Code::CANCEL,
        Reason::Malformed => Code::PROTOCOL_ERROR,
        Reason::Internal => Code::INTERNAL_ERROR,
    }
}
