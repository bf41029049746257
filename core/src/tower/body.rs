//! The content of a response on its way from a peer.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use simplon_proto_http::transfer::{Last, Part};
use tokio::time::Instant;

use super::transfer::Transfer;
use crate::error::{Error, Result};
use crate::http::shelf::Shelf;

/// The content of a response, as the peer sends it. What is left of the request goes on while this is polled.
///
/// At its end the connection goes back to the pool, if it can carry another exchange.
///
/// Errors:  those of the upstream, and of the request's body if that goes on.
/// Cancel:  nothing is lost when a poll is not repeated. Dropped before its end, it closes the connection, so that the origin sees it.
#[derive(Debug)]
pub struct ResponseBody(Option<Box<Open>>);

#[derive(Debug)]
struct Open {
    transfer: Transfer,
    shelf: Arc<Shelf>,
}

impl ResponseBody {
    /// What follows the final head.
    pub(super) fn new(transfer: Transfer, head: Last, shelf: &Arc<Shelf>) -> Self {
        let mut body = Self(Some(Box::new(Open { transfer, shelf: Arc::clone(shelf) })));
        if head == Last::Yes {
            body.end();
        }
        body
    }

    fn end(&mut self) {
        if let Some(Open { transfer, shelf }) = self.0.take().map(|open| *open) {
            shelf.put_back(transfer.upstream, Instant::now());
        }
    }

    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Part<()>>>> {
        let Some(Open { transfer, .. }) = self.0.as_deref_mut() else { return Poll::Ready(None) };
        let part = ready!(transfer.poll_part(cx)).map_err(|fault| transfer.error(fault));
        Poll::Ready(match part {
            Ok(Some(Part::Data(octets, last))) => Some(Ok(Part::Data(octets, last))),
            Ok(Some(Part::Trailers(fields))) => Some(Ok(Part::Trailers(fields))),
            Ok(Some(Part::Head(..)) | None) => Some(Ok(Part::Data(Bytes::new(), Last::Yes))),
            Err(error) => {
                self.0 = None;
                Some(Err(error))
            }
        })
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>>>> {
        loop {
            let part = match ready!(self.poll_part(cx)) {
                Some(Ok(part)) => part,
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => return Poll::Ready(None),
            };
            if part.last() == Last::Yes {
                self.end();
            }
            match part {
                Part::Data(octets, _) if octets.is_empty() => {}
                Part::Data(octets, _) => return Poll::Ready(Some(Ok(Frame::data(octets)))),
                Part::Trailers(fields) => return Poll::Ready(Some(Ok(Frame::trailers(fields.into())))),
                Part::Head((), _) => {}
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        let remaining = self.0.as_ref().map_or(Some(0), |open| open.transfer.upstream.remaining());
        remaining.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}
