//! What a client gets when an exchange fails before its response began.

use simplon_core::Error;

use crate::observe::Record;
use crate::response::Response;

/// Makes the response to an error: a malformed request, a rejection, an origin that cannot be reached.
///
/// The status to answer with is [`Error::status`]; framing, closing and what happens when a response has begun already are not decided here.
///
/// ```
/// use simplon_core::Error;
/// use simplon_proxy::{Rescue, Response};
///
/// struct Json;
///
/// impl<Ctx> Rescue<Ctx> for Json {
///     fn respond(&self, error: &Error, _cx: &mut Ctx) -> Response {
///         Response::new(error.status()).body(format!("{{\"error\":\"{}\"}}", error.label()))
///     }
/// }
/// ```
pub trait Rescue<Ctx>: Send + Sync + 'static {
    /// The response to this error.
    fn respond(&self, error: &Error, cx: &mut Ctx) -> Response;

    /// The same where it depends on what was asked: this is what is called. A record of a request that could not be read says nothing.
    fn respond_to(&self, error: &Error, record: &Record, cx: &mut Ctx) -> Response {
        let _ = record;
        self.respond(error, cx)
    }

    /// What becomes of a response that a filter or the route made, before response filters see it: by default it stays as it is.
    ///
    /// For protocols that have one form for all that is not an origin's answer, as gRPC has ([`crate::grpc::GrpcErrors`]).
    fn recast(&self, response: Response, record: &Record, cx: &mut Ctx) -> Response {
        let _ = (record, cx);
        response
    }
}

/// The default: the status with a line of plain text, not to be stored by caches. Says nothing about what is behind the proxy.
#[derive(Clone, Copy, Debug, Default)]
pub struct PlainErrors;

impl<Ctx> Rescue<Ctx> for PlainErrors {
    fn respond(&self, error: &Error, _cx: &mut Ctx) -> Response {
        let status = error.status();
        let mut response =
            Response::text(status, format!("{} {}\n", status.as_u16(), status.canonical_reason().unwrap_or("Error")));
        let set = response.head.fields.set("Cache-Control", "private, no-store");
        debug_assert_eq!(set, Ok(()));
        response
    }
}
