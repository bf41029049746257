//! One request on its way to an origin, and its response on the way back, driven by whoever polls for the response.

use std::fmt;
use std::task::{Context, Poll, ready};

use http::Method;
use simplon_proto_http::body::BodySource;
use simplon_proto_http::transfer::{Last, Part, Sink, Source, StreamError};
use simplon_proto_http::{RequestHead, ResponseHead};
use simplon_timeout::Timer;
use tokio::time::Instant;

use super::{AT_ONCE, BoxBody, ours};
use crate::error::{Error, Result, Sent};
use crate::http::Upstream;

/// Content that goes to an origin.
pub(super) type Content = BodySource<RequestHead, BoxBody>;

/// Where the request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Upload {
    Open,
    /// All of it was handed over.
    Ended,
    /// The origin took no more of it. Its response may still come (RFC 9112 §9.5); if not, this is why.
    Stuck(StreamError),
}

/// Why a response does not come.
#[derive(Debug)]
pub(super) enum Fault {
    /// The origin failed.
    Origin(StreamError),
    /// The request did: its content, or what we made of it.
    Request(Error),
}

/// A connection with a request upon it.
pub(super) struct Transfer {
    pub(super) upstream: Upstream,
    content: Content,
    upload: Upload,
    /// Some of the content was taken.
    is_touched: bool,
    is_answered: bool,
    timer: Timer,
}

impl Transfer {
    /// The head is taken at once; the content follows as the origin takes it.
    pub(super) fn begin(mut upstream: Upstream, head: RequestHead, content: Content, last: Last) -> Result<Self> {
        upstream.push(Part::Head(head, last)).map_err(Error::internal)?;
        let upload = if last == Last::Yes { Upload::Ended } else { Upload::Open };
        Ok(Self { upstream, content, upload, is_touched: false, is_answered: false, timer: Timer::new() })
    }

    /// Whether a pooled connection was dead before it was used, and the request can safely go out again as it was.
    pub(super) fn went_stale(&self, fault: &Fault, method: &Method) -> bool {
        use StreamError::{Closed, Reset, Truncated};
        let is_broken = matches!(fault, Fault::Origin(Closed | Reset | Truncated));
        let is_safe = method.is_idempotent() || !self.upstream.has_sent();
        self.upstream.is_reused() && is_broken && !self.is_answered && !self.is_touched && is_safe
    }

    /// The content, for another connection.
    pub(super) fn into_content(self) -> Content {
        self.content
    }

    /// The next part of the response. Meanwhile the request goes on.
    pub(super) fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Part<ResponseHead>>, Fault>> {
        self.upload(cx)?;
        match self.upstream.poll_part(cx) {
            Poll::Pending => self.poll_time(cx).map(Err),
            Poll::Ready(Ok(part)) => {
                self.is_answered |= matches!(&part, Some(Part::Head(head, _)) if !head.is_interim());
                Poll::Ready(Ok(part))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(self.first(error))),
        }
    }

    /// Hands over as much of the request as there is, and as the origin takes.
    fn upload(&mut self, cx: &mut Context<'_>) -> Result<(), Fault> {
        let mut left = AT_ONCE;
        while self.upload == Upload::Open {
            if left == 0 {
                cx.waker().wake_by_ref();
                break;
            }
            left -= 1;
            match self.upstream.poll_room(cx) {
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return self.stuck(error),
                Poll::Pending => return Ok(()),
            }
            let Poll::Ready(part) = self.content.poll_part(cx) else { break };
            let part = part.map_err(|error| self.failed(error))?;
            self.is_touched = true;
            self.pass(part)?;
        }
        match self.upload {
            Upload::Stuck(_) => Ok(()),
            Upload::Open | Upload::Ended => match self.upstream.poll_flush(cx) {
                Poll::Ready(Err(error)) => self.stuck(error),
                Poll::Ready(Ok(())) | Poll::Pending => Ok(()),
            },
        }
    }

    fn pass(&mut self, part: Option<Part<RequestHead>>) -> Result<(), Fault> {
        let last = part.as_ref().map_or(Last::Yes, Part::last);
        // What says nothing need not be told.
        let part = part.filter(|part| !matches!(part, Part::Data(octets, Last::No) if octets.is_empty()));
        if let Some(part) = part {
            self.upstream.push(part).map_err(|misuse| Fault::Request(Error::internal(misuse)))?;
        }
        if last == Last::Yes {
            self.upload = Upload::Ended;
        }
        if !self.is_answered {
            // The wait for the answer begins when the request ends.
            self.upstream.restart_wait();
        }
        Ok(())
    }

    fn failed(&mut self, error: StreamError) -> Fault {
        Fault::Request(self.content.take_cause().map_or_else(|| Error::downstream(error), ours))
    }

    /// The origin stopped reading: it may have answered already, so the response is still read.
    fn stuck(&mut self, error: StreamError) -> Result<(), Fault> {
        if matches!(error, StreamError::Timeout(_) | StreamError::Misuse(_)) {
            return Err(Fault::Origin(error));
        }
        self.upload = Upload::Stuck(error);
        Ok(())
    }

    fn first(&self, error: StreamError) -> Fault {
        match self.upload {
            Upload::Stuck(first) => Fault::Origin(first),
            Upload::Open | Upload::Ended => Fault::Origin(error),
        }
    }

    fn poll_time(&mut self, cx: &mut Context<'_>) -> Poll<Fault> {
        if self.upload == Upload::Open && !self.is_answered {
            // It is the request that is waited for.
            self.upstream.restart_wait();
        }
        loop {
            ready!(self.timer.poll_expired(cx, self.upstream.deadline()));
            if let Some(error) = self.upstream.expire(Instant::now()) {
                return Poll::Ready(Fault::Origin(error));
            }
        }
    }

    /// A fault as the caller sees it.
    pub(super) fn error(&self, fault: Fault) -> Error {
        match fault {
            Fault::Origin(error) if self.is_answered => self.upstream.error(error).with_sent(Sent::ResponseStarted),
            Fault::Origin(error) => self.upstream.error(error),
            Fault::Request(error) => error,
        }
    }
}

impl fmt::Debug for Transfer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transfer")
            .field("upstream", &self.upstream)
            .field("upload", &self.upload)
            .finish_non_exhaustive()
    }
}
