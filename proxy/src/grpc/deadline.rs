//! Callers' deadlines, kept here too.

use std::time::Duration;

use simplon_core::Result;
use simplon_proto_http::fields::Known;

use super::{GRPC, WEB, WEB_TEXT, after, timeout};
use crate::filter::{Filter, Looks, Verdict};
use crate::message::Request;

/// Ends a call when its caller has stopped waiting: the whole exchange is bounded by what `grpc-timeout` says, attempts and the pauses between
/// them included. With [`super::GrpcErrors`] the answer is then `DEADLINE_EXCEEDED`.
///
/// Other requests, and calls that say nothing, are left alone, unless [`Self::at_most`] bounds those calls.
///
/// ```
/// use simplon_core::connect::Peer;
/// use simplon_core::net::Address;
/// use simplon_proxy::grpc::{GrpcDeadline, GrpcErrors};
/// use simplon_proxy::{App, To};
/// use std::time::Duration;
///
/// let origin = Peer::new(Address::parse("127.0.0.1:50051")?);
/// let deadline = GrpcDeadline::new().at_most(Duration::from_secs(60));
/// let app = App::new(To(origin)).filter(deadline).rescue(GrpcErrors::new());
/// # Ok::<(), simplon_core::net::AddressError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct GrpcDeadline {
    most: Option<Duration>,
}

impl GrpcDeadline {
    /// Callers decide.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// No call takes longer than this, whatever its caller says.
    #[must_use]
    pub fn at_most(mut self, most: Duration) -> Self {
        self.most = Some(most);
        self
    }

    fn of(&self, asked: Option<Duration>) -> Option<Duration> {
        match (asked, self.most) {
            (Some(asked), Some(most)) => Some(asked.min(most)),
            (asked, most) => asked.or(most),
        }
    }
}

impl<Ctx: Send> Filter<Ctx> for GrpcDeadline {
    const RESPONSE_CONTENT: Looks = Looks::No;

    async fn request(&self, request: &mut Request<'_>, _cx: &mut Ctx) -> Result<Verdict> {
        let content_type = request.fields.get(Known::ContentType).unwrap_or_default();
        let is_call = [GRPC, WEB, WEB_TEXT].iter().any(|call| after(content_type, call).is_some());
        if is_call && let Some(wait) = self.of(timeout(&request.fields)) {
            request.exchange_within(wait);
        }
        Ok(Verdict::Continue)
    }
}
