//! A service that answers exchanges.

use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::{Method, Request, Response, StatusCode};
use http_body::Body;
use simplon_proto_http::body::BodySource;
use simplon_proto_http::fields::Known;
use simplon_proto_http::rules::Rule;
use simplon_proto_http::transfer::{Last, Misuse, Part, Reason, Sink, Source};
use simplon_proto_http::{RequestHead, ResponseHead, hop};
use tower_service::Service;

use super::contained::Contained;
use super::feed::{self, Fed, Feed, RequestBody};
use super::{AT_ONCE, Plain, ours};
use crate::error::{BoxError, Error, Kind, Result};
use crate::http::{Exchange, Serve};
use crate::wire::Close;

/// Answers exchanges with a service: each gets a clone, which is asked whether it is ready before it is called. All threads clone from one, so it
/// is `Sync`; `tower::util::BoxCloneSyncService` forgets a type and stays so.
///
/// A request comes without what belongs to the client's connection (RFC 9110 §7.6.1), and with the connection's
/// [`ConnInfo`](crate::net::ConnInfo) (in an `Arc`) among its extensions. The response is framed here: by its Content-Length, by the size that
/// its body knows, else in chunks. A service that reads on while it answers does both at once.
///
/// Errors:  an error of the service is 500, or what [`crate::wire`] has for it if it is an [`Error`]; after the response has begun, and if its
///          body fails, it is cut. A request that cannot be read ends the exchange, and is answered if that is still possible. A panic is 500; one in a destructor
///          harms nothing.
/// Cancel:  the service's future and its bodies are dropped when the client leaves or the server stops hard.
///
/// ```
/// use std::convert::Infallible;
/// use http::{Request, Response};
/// use simplon_core::http::Http;
/// use simplon_core::tower::{FromService, RequestBody};
///
/// let hello = tower::service_fn(async |request: Request<RequestBody>| {
///     Ok::<_, Infallible>(Response::new(format!("you asked for {}\n", request.uri())))
/// });
/// let http = Http::new(FromService::new(hello)); // for `Server::listen`
/// ```
#[derive(Clone, Debug)]
pub struct FromService<S>(S);

impl<S> FromService<S> {
    /// Answers with this service.
    pub const fn new(service: S) -> Self {
        Self(service)
    }
}

impl<S, B> Serve for FromService<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error: Into<BoxError>, Future: Send>,
    S: Clone + Send + Sync + 'static,
    B: Body<Error: Into<BoxError>> + Send,
{
    async fn serve(&self, exchange: &mut Exchange) {
        let outcome = {
            let mut run = pin!(self.run(exchange));
            poll_fn(|cx| match catch_unwind(AssertUnwindSafe(|| run.as_mut().poll(cx))) {
                Ok(poll) => poll,
                Err(_) => Poll::Ready(Err(Error::internal(Kind::Panicked))),
            })
            .await
        };
        if let Err(error) = outcome {
            save(exchange, &error);
        }
    }
}

impl<S, B> FromService<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>, Error: Into<BoxError>, Future: Send>,
    S: Clone + Send + Sync + 'static,
    B: Body<Error: Into<BoxError>> + Send,
{
    async fn run(&self, exchange: &mut Exchange) -> Result<()> {
        let (mut head, last) = exchange.head().await.map_err(Error::downstream)?;
        hop::strip_request(&mut head).map_err(|rule| Error::downstream(Kind::Malformed(rule)))?;
        let (feed, body) = feed::pair(last, exchange.remaining());
        let request = request(&head, body, exchange)?;
        let response = {
            let mut service = self.0.clone();
            let mut call = pin!(async move {
                poll_fn(|cx| service.poll_ready(cx)).await?;
                Contained::new(service.call(request)).await
            });
            let called =
                |_: &mut Exchange, cx: &mut Context<'_>| call.as_mut().poll(cx).map_err(|error| ours(error.into()));
            attend(exchange, &feed, called).await?
        };
        let (parts, body) = response.into_parts();
        let body = pin!(Contained::new(Plain { body }));
        let Some(head) = begin(exchange, &head.method, ResponseHead::try_from(parts), &*body)? else {
            return Ok(());
        };
        let mut carried = Carried { head: None, source: BodySource::new(head, body) };
        attend(exchange, &feed, |exchange, cx| carried.poll(exchange, cx)).await
    }
}

fn request(head: &RequestHead, body: RequestBody, exchange: &Exchange) -> Result<Request<RequestBody>> {
    let request = Request::<()>::try_from(head);
    let request = request.map_err(|_| Error::downstream(Kind::Malformed(Rule::TargetOctets)))?;
    let mut request = request.map(|()| body);
    request.extensions_mut().insert(Arc::clone(exchange.info()));
    Ok(request)
}

/// Does `work`, and meanwhile all that the client may expect: parts of its request are read as they are asked for, what was pushed is written,
/// and if it leaves, the work is dropped.
async fn attend<T>(
    exchange: &mut Exchange,
    feed: &Feed,
    mut work: impl FnMut(&mut Exchange, &mut Context<'_>) -> Poll<Result<T>>,
) -> Result<T> {
    poll_fn(|cx| {
        feed.awake();
        let fed = loop {
            if let ready @ Poll::Ready(_) = work(exchange, cx) {
                return ready;
            }
            match feed.pass_on(exchange, cx) {
                Ok(Fed::Part) => {}
                Ok(fed) => break fed,
                Err(error) => return Poll::Ready(Err(error)),
            }
        };
        if let Poll::Ready(Err(error)) = exchange.poll_flush(cx) {
            return Poll::Ready(Err(Error::downstream(error)));
        }
        // While a part is read, the end of the client is a fault of that part.
        match fed {
            Fed::Waiting => Poll::Pending,
            Fed::Part | Fed::Unasked => exchange.poll_gone(cx).map(|error| Err(Error::downstream(error))),
        }
    })
    .await
}

/// The head of the response made ready for its body. `None` if there is none to send: then the head was pushed.
fn begin(
    exchange: &mut Exchange,
    asked: &Method,
    head: Result<ResponseHead, Rule>,
    body: &impl Body,
) -> Result<Option<ResponseHead>> {
    let mut head = head.map_err(|rule| Error::internal(Kind::Misuse(Misuse::Head(rule))))?;
    let opens_tunnel = asked == Method::CONNECT && head.status.is_success();
    if head.status.is_informational() || opens_tunnel {
        return Err(Error::internal(Kind::Misuse(Misuse::UpgradeNotAsked)));
    }
    let is_bare = asked == Method::HEAD || matches!(head.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if let Some(octets @ 1..) = body.size_hint().exact()
        && head.status != StatusCode::NO_CONTENT
        && !head.fields.contains(Known::ContentLength)
    {
        let set = head.fields.set(Known::ContentLength, octets.to_string());
        set.map_err(|_| Error::internal(Kind::Internal))?;
    }
    if !is_bare {
        return Ok(Some(head));
    }
    exchange.push(Part::Head(head, Last::Yes)).map_err(Error::internal)?;
    Ok(None)
}

/// A response on its way to the client.
struct Carried<B: Body> {
    /// Held back until the body has said something, or nothing yet: one that fails at once can still be answered for.
    head: Option<Part<ResponseHead>>,
    source: BodySource<ResponseHead, B>,
}

impl<B: Body<Error = BoxError> + Unpin> Carried<B> {
    /// Part by part, as the client takes it. A body that is always ready makes way for others now and then, also while it gives nothing.
    fn poll(&mut self, exchange: &mut Exchange, cx: &mut Context<'_>) -> Poll<Result<()>> {
        for _ in 0..AT_ONCE {
            ready!(exchange.poll_room(cx)).map_err(Error::downstream)?;
            let part = match self.source.poll_part(cx) {
                Poll::Pending => {
                    self.push_head(exchange)?;
                    return Poll::Pending;
                }
                Poll::Ready(Ok(Some(part))) => part,
                Poll::Ready(Ok(None)) => {
                    self.push_head(exchange)?;
                    return Poll::Ready(Ok(()));
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(failed(&mut self.source, error))),
            };
            let last = part.last();
            match part {
                Part::Head(..) if last == Last::No => self.head = Some(part),
                Part::Data(octets, Last::No) if octets.is_empty() => {}
                part => {
                    self.push_head(exchange)?;
                    exchange.push(part).map_err(Error::internal)?;
                }
            }
            if last == Last::Yes {
                return Poll::Ready(Ok(()));
            }
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }

    fn push_head(&mut self, exchange: &mut Exchange) -> Result<()> {
        self.head.take().map_or(Ok(()), |head| exchange.push(head).map_err(Error::internal))
    }
}

fn failed<H, B: Body<Error = BoxError> + Unpin>(
    source: &mut BodySource<H, B>,
    error: simplon_proto_http::StreamError,
) -> Error {
    source.take_cause().map_or_else(|| Error::internal(error), ours)
}

/// Answers an error if that can still be done; otherwise cuts the exchange, so that the client sees it.
fn save(exchange: &mut Exchange, error: &Error) {
    if error.is_client_gone() || exchange.has_begun() {
        exchange.reset(Reason::Cancelled);
        return;
    }
    if error.effect().close == Close::Yes {
        exchange.close_after();
    }
    if exchange.push(Part::Head(ResponseHead::new(error.status()), Last::Yes)).is_err() {
        exchange.reset(Reason::Internal);
    }
}
