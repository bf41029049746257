//! Errors as callers of gRPC read them.

use bytes::Bytes;
use http::StatusCode;
use simplon_core::Error;

use super::{Code, GRPC, GRPC_MESSAGE, GRPC_STATUS, encode_message};
use crate::observe::Record;
use crate::rescue::{PlainErrors, Rescue};
use crate::response::Response;

/// Answers what fails of a call with trailers alone: status 200, a `grpc-status` by [`Code::of`] and a `grpc-message`. So are the responses that
/// filters and the route make for calls, unless they are gRPC already. Requests of other kinds get what the inner rescue gives.
///
/// A request is a call when its Content-Type, as received, begins with `application/grpc`; that includes gRPC-Web.
///
/// ```
/// use simplon_core::connect::{Peer, Versions};
/// use simplon_core::net::Address;
/// use simplon_proxy::grpc::GrpcErrors;
/// use simplon_proxy::{App, To};
///
/// let origin = Peer::builder(Address::parse("127.0.0.1:50051")?).versions(Versions::Http2Only).build()?;
/// let app = App::new(To(origin)).rescue(GrpcErrors::new());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct GrpcErrors<Inner = PlainErrors>(Inner);

impl GrpcErrors {
    /// Requests of other kinds get [`PlainErrors`].
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl<Inner> GrpcErrors<Inner> {
    /// Requests of other kinds get what this gives.
    #[must_use]
    pub fn or(inner: Inner) -> Self {
        Self(inner)
    }
}

impl<Ctx, Inner: Rescue<Ctx>> Rescue<Ctx> for GrpcErrors<Inner> {
    fn respond(&self, error: &Error, cx: &mut Ctx) -> Response {
        self.0.respond(error, cx)
    }

    fn respond_to(&self, error: &Error, record: &Record, cx: &mut Ctx) -> Response {
        match call(record) {
            Some(content_type) => trailers_only(content_type, error.status(), reason(error.status())),
            None => self.0.respond_to(error, record, cx),
        }
    }

    fn recast(&self, response: Response, record: &Record, cx: &mut Ctx) -> Response {
        match call(record) {
            Some(_) if response.head.fields.get("content-type").is_some_and(is_grpc) => response,
            Some(content_type) => trailers_only(content_type, response.head.status, words(&response)),
            None => self.0.recast(response, record, cx),
        }
    }
}

/// The Content-Type of a call.
fn call(record: &Record) -> Option<&Bytes> {
    record.content_type.as_ref().filter(|content_type| is_grpc(content_type))
}

fn is_grpc(content_type: &[u8]) -> bool {
    content_type.get(..GRPC.len()).is_some_and(|start| start.eq_ignore_ascii_case(GRPC.as_bytes()))
}

fn reason(status: StatusCode) -> &'static str {
    status.canonical_reason().unwrap_or("Error")
}

/// What a response says in words, if those are few.
fn words(response: &Response) -> &str {
    let is_text = response.head.fields.get("content-type").is_some_and(|value| value.starts_with(b"text/plain"));
    let said = std::str::from_utf8(&response.body).map_or("", str::trim);
    if is_text && !said.is_empty() && said.len() <= MOST_WORDS { said } else { reason(response.head.status) }
}

/// A success that is not gRPC is none: the caller asked for something else.
fn trailers_only(content_type: &[u8], status: StatusCode, message: &str) -> Response {
    let code = match Code::of(status) {
        Code::Ok => Code::Unknown,
        code => code,
    };
    let mut response = Response::new(StatusCode::OK);
    let fields = &mut response.head.fields;
    let set = fields
        .set("Content-Type", content_type)
        .and_then(|()| fields.set(GRPC_STATUS, (code as u8).to_string()))
        .and_then(|()| fields.set(GRPC_MESSAGE, encode_message(message)));
    debug_assert_eq!(set, Ok(()));
    response
}

/// Octets of a response's content that are taken over as the message.
const MOST_WORDS: usize = 1024;

#[cfg(test)]
mod tests;
