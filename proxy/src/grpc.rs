//! gRPC: errors as its clients read them, its deadlines, and browsers that speak gRPC-Web.
//!
//! Calls pass without any of this: a call is a request of HTTP/2 with trailers, and those pass as they are. What is here concerns what a proxy
//! says by itself.
//!
//! - [`GrpcErrors`] answers errors with a `grpc-status` instead of a status of HTTP.
//! - [`GrpcDeadline`] ends a call when its caller has stopped waiting.
//! - [`WebBridge`] lets gRPC-Web in.

mod code;
mod deadline;
mod errors;
mod message;
mod timeout;
mod web;

pub use code::Code;
pub use deadline::GrpcDeadline;
pub use errors::GrpcErrors;
pub use message::encode as encode_message;
pub use timeout::{parse as parse_timeout, timeout};
#[cfg(fuzzing)]
pub use web::fuzzing;
pub use web::{WebBridge, WebCall};

/// What follows `prefix` in a media type, if that is the end, a suffix (`+proto`) or a parameter (`;…`).
fn after<'a>(media_type: &'a [u8], prefix: &str) -> Option<&'a [u8]> {
    let (start, rest) = media_type.split_at_checked(prefix.len())?;
    let ends = matches!(rest.first(), None | Some(b'+' | b';' | b' ' | b'\t'));
    (ends && start.eq_ignore_ascii_case(prefix.as_bytes())).then_some(rest)
}

const GRPC: &str = "application/grpc";
const WEB: &str = "application/grpc-web";
const WEB_TEXT: &str = "application/grpc-web-text";
const GRPC_STATUS: &str = "grpc-status";
const GRPC_MESSAGE: &str = "grpc-message";
