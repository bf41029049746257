//! A peer as a service.

use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Method, Request, Response};
use http_body::Body;
use simplon_proto_http::fields::Known;
use simplon_proto_http::transfer::{Last, Misuse, Part, StreamError};
use simplon_proto_http::{RequestHead, ResponseHead, hop};
use tokio::time::Instant;
use tower_service::Service;

use super::body::ResponseBody;
use super::transfer::{Content, Fault, Transfer};
use super::{BoxBody, Plain};
use crate::connect::{Connect, Peer, TcpConnector};
use crate::error::{BoxError, Error, Kind, Result};
use crate::http::{Origins, Protocol};

/// Sends requests to one peer, over pooled connections. Cheap to clone; a clone shares the pool.
///
/// What belongs to a connection (RFC 9110 §7.6.1) is taken out of both heads, so that a request may be passed on as it came; Host is the one
/// given, else that of the URI, else the peer's address. A body is framed by its Content-Length, by the size that it knows, else in chunks. The
/// response is there with its final head, perhaps before the request has ended: what is left of the request moves while the response's
/// body is polled. The peer's [timeouts](crate::connect::PeerTimeouts) hold.
///
/// It is always ready: how many requests may be under way is for others to say.
///
/// Errors:  [`Error`], of the upstream if the peer failed, with what may be replayed; of the downstream if the request's body did or the request
///          breaks a rule. A pooled connection that turns out to be dead is no failure if the request can go out again as it was.
/// Cancel:  dropping the future, or the body before its end, closes the connection, so that the origin sees it.
///
/// ```
/// use std::sync::Arc;
/// use http::Request;
/// use simplon_core::connect::Peer;
/// use simplon_core::http::Origins;
/// use simplon_core::tower::Client;
/// use tower::ServiceExt;
///
/// # async fn run() -> simplon_core::Result<()> {
/// # let address = simplon_core::net::Address::parse("127.0.0.1:8080").unwrap();
/// let client = Client::new(Arc::new(Origins::default()), Peer::new(address));
/// let response = client.oneshot(Request::new(String::from("content"))).await?;
/// assert_eq!(response.status(), 200);
/// # Ok(())
/// # }
/// ```
pub struct Client<C = TcpConnector> {
    origins: Arc<Origins<C>>,
    peer: Peer,
}

impl<C> Client<C> {
    /// To this peer, over connections of these origins.
    pub const fn new(origins: Arc<Origins<C>>, peer: Peer) -> Self {
        Self { origins, peer }
    }

    /// Whom it sends to.
    pub const fn peer(&self) -> &Peer {
        &self.peer
    }
}

impl<C> Clone for Client<C> {
    fn clone(&self) -> Self {
        Self { origins: Arc::clone(&self.origins), peer: self.peer.clone() }
    }
}

impl<C> fmt::Debug for Client<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("peer", &self.peer).finish_non_exhaustive()
    }
}

impl<C, B> Service<Request<B>> for Client<C>
where
    C: Connect + 'static,
    B: Body<Error: Into<BoxError>> + Send + 'static,
{
    type Response = Response<ResponseBody>;
    type Error = Error;
    type Future = Asking;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Asking {
        let client = self.clone();
        let request = request.map(|body| -> BoxBody { Box::pin(Plain { body }) });
        Asking(Box::pin(async move { client.ask(request).await }))
    }
}

/// The future of a response. It ends with the final head; the content follows in the [`ResponseBody`].
#[must_use = "futures do nothing unless they are polled"]
pub struct Asking(Pin<Box<dyn Future<Output = Result<Response<ResponseBody>>> + Send>>);

impl Future for Asking {
    type Output = Result<Response<ResponseBody>>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.0.as_mut().poll(cx)
    }
}

impl fmt::Debug for Asking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Asking")
    }
}

impl<C: Connect> Client<C> {
    async fn ask(&self, request: Request<BoxBody>) -> Result<Response<ResponseBody>> {
        let (parts, body) = request.into_parts();
        let head = head(parts, &body, &self.peer)?;
        let last = if body.is_end_stream() { Last::Yes } else { Last::No };
        let mut content = Content::content(body);
        let mut idle = self.origins.idle_for(&self.peer, &head.method, Instant::now());
        loop {
            let upstream = match idle.take() {
                Some(idle) => idle,
                None => self.origins.connect(&self.peer, Protocol::Http).await?.0,
            };
            let mut transfer = Transfer::begin(upstream, head.clone(), content, last)?;
            match poll_fn(|cx| poll_head(&mut transfer, cx)).await {
                Ok((head, last)) => return self.response(head, last, transfer),
                // Once more, on a new connection.
                Err(fault) if transfer.went_stale(&fault, &head.method) => content = transfer.into_content(),
                Err(fault) => return Err(transfer.error(fault)),
            }
        }
    }

    fn response(&self, mut head: ResponseHead, last: Last, transfer: Transfer) -> Result<Response<ResponseBody>> {
        hop::strip_response(&mut head).map_err(|rule| transfer.upstream.error(StreamError::Malformed(rule)))?;
        Ok(Response::from(&head).map(|()| ResponseBody::new(transfer, last, self.origins.shelf())))
    }
}

/// The head as it goes to the peer.
fn head(parts: http::request::Parts, body: &BoxBody, peer: &Peer) -> Result<RequestHead> {
    let malformed = |rule| Error::downstream(Kind::Malformed(rule));
    let mut head = RequestHead::try_from(parts).map_err(malformed)?;
    if head.method == Method::CONNECT {
        return Err(Error::internal(Kind::Misuse(Misuse::UpgradeNotAsked)));
    }
    hop::strip_request(&mut head).map_err(malformed)?;
    // Content goes without being asked for.
    head.fields.remove(Known::Expect);
    let length = body.size_hint().exact().filter(|octets| *octets > 0 && !head.fields.contains(Known::ContentLength));
    let host = head.authority().is_none().then(|| peer.host());
    for (name, value) in [(Known::ContentLength, length.map(|octets| octets.to_string())), (Known::Host, host)] {
        if let Some(value) = value {
            head.fields.set(name, value).map_err(|_| Error::internal(Kind::Internal))?;
        }
    }
    Ok(head)
}

fn poll_head(transfer: &mut Transfer, cx: &mut Context<'_>) -> Poll<Result<(ResponseHead, Last), Fault>> {
    loop {
        match ready!(transfer.poll_part(cx))? {
            Some(Part::Head(head, _)) if head.is_interim() => {}
            Some(Part::Head(head, last)) => return Poll::Ready(Ok((head, last))),
            Some(_) | None => return Poll::Ready(Err(Fault::Origin(StreamError::Truncated))),
        }
    }
}
