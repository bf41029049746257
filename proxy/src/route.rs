//! Where a request goes.

use std::future::Future;

use simplon_core::Result;
use simplon_core::connect::Peer;
use simplon_core::net::ConnInfo;

use crate::message::Request;
use crate::response::Response;

/// Where one attempt at a request goes.
#[derive(Debug)]
pub enum Target {
    /// To this origin.
    Forward(Peer),
    /// Nowhere: this is the answer.
    Respond(Box<Response>),
    /// CONNECT only: to this peer as raw octets; the tunnel ends here.
    Tunnel(Peer),
}

impl From<Response> for Target {
    fn from(response: Response) -> Self {
        Self::Respond(Box::new(response))
    }
}

/// Chooses where a request goes, and carries the state of one exchange.
///
/// `route` is asked once for each attempt; [`Request::tried`] says which peers were tried before, so that the next pick can leave them out.
///
/// ```
/// use simplon_core::{Result, connect::Peer, net::ConnInfo};
/// use simplon_proxy::{Request, Route, Target};
///
/// struct Fixed(Peer);
///
/// impl Route for Fixed {
///     type Ctx = ();
///     fn begin(&self, _from: &ConnInfo) {}
///     async fn route(&self, _request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
///         Ok(Target::Forward(self.0.clone()))
///     }
/// }
/// ```
pub trait Route: Send + Sync + 'static {
    /// State of one exchange, seen by every hook of it.
    type Ctx: Send;

    /// A fresh state. Called for every exchange, also for one whose request turns out to be malformed.
    fn begin(&self, from: &ConnInfo) -> Self::Ctx;

    /// Where this attempt goes.
    ///
    /// # Errors
    /// Ends the exchange with that error; a missing healthy origin is `Kind::NoUpstream` (503).
    fn route(&self, request: &mut Request<'_>, cx: &mut Self::Ctx) -> impl Future<Output = Result<Target>> + Send;
}

impl<R: Route> Route for std::sync::Arc<R> {
    type Ctx = R::Ctx;

    fn begin(&self, from: &ConnInfo) -> Self::Ctx {
        (**self).begin(from)
    }

    fn route(&self, request: &mut Request<'_>, cx: &mut Self::Ctx) -> impl Future<Output = Result<Target>> + Send {
        (**self).route(request, cx)
    }
}

/// Sends everything to one peer.
#[derive(Clone, Debug)]
pub struct To(pub Peer);

impl Route for To {
    type Ctx = ();

    fn begin(&self, _from: &ConnInfo) {}

    async fn route(&self, _request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
        Ok(Target::Forward(self.0.clone()))
    }
}

/// Answers everything itself, with what a function makes of the request: an origin, a status page, a test.
///
/// ```
/// use http::StatusCode;
/// use simplon_proxy::{App, Response, answer};
///
/// let app = App::new(answer(|request| {
///     Response::text(StatusCode::OK, format!("you asked for {}\n", String::from_utf8_lossy(request.target.path())))
/// }));
/// ```
pub fn answer<F: Fn(&mut Request<'_>) -> Response + Send + Sync + 'static>(make: F) -> Answer<F> {
    Answer(make)
}

/// See [`answer`].
#[derive(Clone, Copy, Debug)]
pub struct Answer<F>(F);

impl<F: Fn(&mut Request<'_>) -> Response + Send + Sync + 'static> Route for Answer<F> {
    type Ctx = ();

    fn begin(&self, _from: &ConnInfo) {}

    async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
        Ok(Target::from((self.0)(request)))
    }
}
