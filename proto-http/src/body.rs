//! Sources as bodies of the `http-body` crate, and such bodies as sources. (feature `http-body`)
//!
//! [`SourceBody`] is for those who take a message from us: a `tower` service, a test. [`BodySource`] is for those who give us one.
//!
//! ```
//! use bytes::Bytes;
//! use http::StatusCode;
//! use simplon_proto_http::{ResponseHead, body::{BodySource, SourceBody}};
//! # struct Empty;
//! # impl http_body::Body for Empty {
//! #     type Data = Bytes;
//! #     type Error = std::convert::Infallible;
//! #     fn poll_frame(self: std::pin::Pin<&mut Self>, _: &mut std::task::Context<'_>)
//! #         -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Self::Error>>> { None.into() }
//! #     fn is_end_stream(&self) -> bool { true }
//! # }
//! let source = BodySource::new(ResponseHead::new(StatusCode::OK), Empty);
//! let body = SourceBody::<_, ResponseHead>::new(source);
//! # drop(body);
//! ```

use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http_body::{Body, Frame};

use crate::fields::Fields;
use crate::rules::Rule;
use crate::transfer::{Last, Part, Reason, Source, StreamError};

/// The content and trailers of a source, as a body. Heads that still come are skipped: take the final one before.
///
/// Errors:  those of the source.
/// Cancel:  dropping it before its end tells the source to stop.
#[derive(Debug)]
pub struct SourceBody<S: Source<H>, H> {
    source: S,
    state: State,
    head: PhantomData<fn() -> H>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Over,
}

impl<S: Source<H>, H> SourceBody<S, H> {
    /// What follows in this source.
    pub const fn new(source: S) -> Self {
        Self { source, state: State::Open, head: PhantomData }
    }

    /// Nothing follows: the head said so.
    pub const fn empty(source: S) -> Self {
        Self { source, state: State::Over, head: PhantomData }
    }
}

impl<S: Source<H> + Unpin, H> Body for SourceBody<S, H> {
    type Data = Bytes;
    type Error = StreamError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        while self.state == State::Open {
            let (frame, last) = match ready!(self.source.poll_part(cx)) {
                Ok(Some(Part::Head(_, last))) => (None, last),
                Ok(Some(Part::Data(octets, last))) => ((!octets.is_empty()).then(|| Frame::data(octets)), last),
                Ok(Some(Part::Trailers(fields))) => (Some(Frame::trailers(fields.into())), Last::Yes),
                Ok(None) => (None, Last::Yes),
                Err(error) => {
                    self.state = State::Over;
                    return Poll::Ready(Some(Err(error)));
                }
            };
            if last == Last::Yes {
                self.state = State::Over;
            }
            if let Some(frame) = frame {
                return Poll::Ready(Some(Ok(frame)));
            }
        }
        Poll::Ready(None)
    }

    fn is_end_stream(&self) -> bool {
        self.state == State::Over
    }
}

impl<S: Source<H>, H> Drop for SourceBody<S, H> {
    fn drop(&mut self) {
        if self.state == State::Open {
            self.source.stop(Reason::Cancelled);
        }
    }
}

/// A head with a body, as a source.
///
/// Errors:  an error of the body is told as [`StreamError::Io`] of kind `Other`, and kept for [`Self::take_cause`]; trailers that a field list
///          does not take as [`StreamError::Malformed`].
/// Cancel:  nothing is lost when a poll is not repeated.
#[derive(Debug)]
pub struct BodySource<H, B: Body> {
    head: Option<H>,
    body: Option<B>,
    failed: Option<StreamError>,
    cause: Option<B::Error>,
}

impl<H, B: Body + Unpin> BodySource<H, B> {
    /// The head first, then what the body gives. Pin a body that is not `Unpin` in a box.
    pub const fn new(head: H, body: B) -> Self {
        Self { head: Some(head), body: Some(body), failed: None, cause: None }
    }

    /// What follows a head that was given already, with [`Last::No`].
    pub const fn content(body: B) -> Self {
        Self { head: None, body: Some(body), failed: None, cause: None }
    }

    /// The body's own error, once, after it failed.
    pub const fn take_cause(&mut self) -> Option<B::Error> {
        self.cause.take()
    }

    fn fail(&mut self, error: StreamError) -> Result<Option<Part<H>>, StreamError> {
        self.body = None;
        self.failed = Some(error);
        Err(error)
    }

    fn take(&mut self, frame: Frame<B::Data>, last: Last) -> Result<Option<Part<H>>, StreamError> {
        if last == Last::Yes {
            self.body = None;
        }
        match frame.into_data() {
            Ok(mut data) => Ok(Some(Part::Data(data.copy_to_bytes(data.remaining()), last))),
            Err(frame) => self.take_trailers(frame),
        }
    }

    /// A frame that is neither data nor trailers is of a kind that HTTP/1 cannot carry, and is left out.
    fn take_trailers(&mut self, frame: Frame<B::Data>) -> Result<Option<Part<H>>, StreamError> {
        let Ok(map) = frame.into_trailers() else { return Ok(Some(Part::Data(Bytes::new(), Last::No))) };
        self.body = None;
        match Fields::try_from(map) {
            Ok(fields) => Ok(Some(Part::Trailers(fields))),
            Err(_) => self.fail(StreamError::Malformed(Rule::ValueControl)),
        }
    }
}

impl<H, B: Body + Unpin> Source<H> for BodySource<H, B> {
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Part<H>>, StreamError>> {
        if let Some(error) = self.failed {
            return Poll::Ready(Err(error));
        }
        let is_over = self.body.as_ref().is_none_or(Body::is_end_stream);
        if let Some(head) = self.head.take() {
            if is_over {
                self.body = None;
            }
            return Poll::Ready(Ok(Some(Part::Head(head, if is_over { Last::Yes } else { Last::No }))));
        }
        let Some(body) = &mut self.body else { return Poll::Ready(Ok(None)) };
        Poll::Ready(match ready!(Pin::new(&mut *body).poll_frame(cx)) {
            Some(Ok(frame)) => {
                let last = if body.is_end_stream() && frame.is_data() { Last::Yes } else { Last::No };
                self.take(frame, last)
            }
            Some(Err(cause)) => {
                self.cause = Some(cause);
                self.fail(StreamError::Io(std::io::ErrorKind::Other))
            }
            None => {
                self.body = None;
                Ok(Some(Part::Data(Bytes::new(), Last::Yes)))
            }
        })
    }

    fn stop(&mut self, _why: Reason) {
        self.head = None;
        self.body = None;
    }
}

#[cfg(test)]
mod tests;
