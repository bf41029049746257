//! Status codes of gRPC, and how those of HTTP become such.

use http::StatusCode;

/// How a call ended.
///
/// Source: gRPC, "Status codes and their use in gRPC".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Code {
    /// Well.
    Ok = 0,
    /// The caller gave it up.
    Cancelled = 1,
    /// Nobody knows better.
    Unknown = 2,
    /// What was asked makes no sense.
    InvalidArgument = 3,
    /// Not in time.
    DeadlineExceeded = 4,
    /// There is no such thing.
    NotFound = 5,
    /// There is such a thing already.
    AlreadyExists = 6,
    /// The caller may not do that.
    PermissionDenied = 7,
    /// Too much, or too large.
    ResourceExhausted = 8,
    /// The system is not in a state for it.
    FailedPrecondition = 9,
    /// It collided with something else.
    Aborted = 10,
    /// Past the end.
    OutOfRange = 11,
    /// There is no such method.
    Unimplemented = 12,
    /// Something that must not happen.
    Internal = 13,
    /// Not now; worth another try.
    Unavailable = 14,
    /// Data is lost or broken.
    DataLoss = 15,
    /// Nobody knows who the caller is.
    Unauthenticated = 16,
}

impl Code {
    /// What a response with this status would have meant, had it been one of gRPC.
    ///
    /// Source: gRPC, "HTTP to gRPC Status Code Mapping". In addition to it, what a proxy knows better: 504 is a deadline, 413 and 431 are sizes.
    pub fn of(status: StatusCode) -> Self {
        match status.as_u16() {
            200..=299 => Self::Ok,
            400 => Self::Internal,
            401 => Self::Unauthenticated,
            403 => Self::PermissionDenied,
            404 => Self::Unimplemented,
            413 | 431 => Self::ResourceExhausted,
            429 | 502 | 503 => Self::Unavailable,
            504 => Self::DeadlineExceeded,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests;
