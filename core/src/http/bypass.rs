//! Content of a response from the origin's socket to the client's without passing through the process.
//!
//! Between two connections of HTTP/1 in the clear, content of an announced length that nobody looks at need not be read: the kernel moves it
//! through a pipe (`splice`). For a body of a megabyte that takes less than half of the CPU that copying in and out takes; for short ones, which
//! mostly come with their head, there is nothing to gain.

use std::task::{Context, Poll};

use simplon_proto_http::transfer::{Last, StreamError};

use super::exchange::Exchange;
use super::upstream::Upstream;
#[cfg(target_os = "linux")]
use crate::net::pipe::Pipe;

/// Content shorter than this is read and written: moving it would not pay.
pub const LEAST_BYPASS: u64 = 64 << 10;
/// How much is moved before others have their turn.
#[cfg(target_os = "linux")]
const MOST_AT_ONCE: u64 = 256 << 10;

/// The way past the process, for the content of one response.
///
/// Cancel: dropped with octets in it, they are lost; the connection to the client then ends short of the announced length, so that it sees the cut.
#[derive(Debug)]
pub struct Bypass {
    #[cfg(target_os = "linux")]
    pipe: Pipe,
}

/// What was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Moved {
    /// Octets that the client's socket took.
    pub octets: u64,
    /// Whether the content is at its end, which is still to be pushed.
    pub last: Last,
}

/// On which leg it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BypassError {
    /// The response cannot be read on.
    Origin(StreamError),
    /// The client does not take it.
    Client(StreamError),
}

#[cfg(not(target_os = "linux"))]
impl Bypass {
    /// There is no such way on this system.
    #[must_use]
    pub fn between(_: &Exchange, _: &Upstream) -> Option<Self> {
        None
    }

    /// Never asked.
    pub fn poll_move(
        &mut self,
        _: &mut Context<'_>,
        _: &mut Exchange,
        _: &mut Upstream,
    ) -> Poll<Result<Moved, BypassError>> {
        Poll::Pending
    }
}

#[cfg(target_os = "linux")]
impl Bypass {
    /// A way from this origin to this client, if there is one now: both are sockets of TCP that speak HTTP/1 in the clear, the response's head
    /// has passed with a length, at least [`LEAST_BYPASS`] of it is still to come, and nothing of it is buffered here.
    ///
    /// Cost: two descriptors while it lasts, if none are left over from before.
    #[must_use]
    pub fn between(exchange: &Exchange, upstream: &Upstream) -> Option<Self> {
        let left = upstream.as_h1()?.may_bypass()?;
        if left < LEAST_BYPASS || exchange.as_h1()?.takes_bypass()? != left {
            return None;
        }
        // Without descriptors it goes the usual way.
        Some(Self { pipe: Pipe::take().ok()? })
    }

    /// Moves what has come to where there is room. What was pushed before is flushed first.
    ///
    /// Gives what was moved once nothing more can be at once, or it is much. Cancel: nothing is lost.
    ///
    /// # Errors
    /// Says which leg failed.
    pub fn poll_move(
        &mut self,
        cx: &mut Context<'_>,
        exchange: &mut Exchange,
        upstream: &mut Upstream,
    ) -> Poll<Result<Moved, BypassError>> {
        let mut octets = 0;
        loop {
            match self.poll_step(cx, exchange, upstream) {
                Poll::Ready(Ok(Step::Drawn)) => {}
                Poll::Ready(Ok(Step::Poured(n))) => octets += n,
                Poll::Ready(Ok(Step::Over)) => return Poll::Ready(Ok(Moved { octets, last: Last::Yes })),
                Poll::Ready(Err(error)) if octets == 0 => return Poll::Ready(Err(error)),
                Poll::Pending if octets == 0 => return Poll::Pending,
                // A failure stays, and is told next time.
                Poll::Ready(Err(_)) | Poll::Pending => return Poll::Ready(Ok(Moved { octets, last: Last::No })),
            }
            if octets >= MOST_AT_ONCE && self.pipe.held() == 0 {
                return Poll::Ready(Ok(Moved { octets, last: Last::No }));
            }
        }
    }

    fn poll_step(
        &mut self,
        cx: &mut Context<'_>,
        exchange: &mut Exchange,
        upstream: &mut Upstream,
    ) -> Poll<Result<Step, BypassError>> {
        let (Some(client), Some(origin)) = (exchange.as_h1_mut(), upstream.as_h1_mut()) else {
            return Poll::Ready(Err(BypassError::Origin(StreamError::Truncated)));
        };
        if self.pipe.held() > 0 {
            return client.poll_pour(cx, &mut self.pipe).map(|poured| match poured {
                Ok(n) => Ok(Step::Poured(n as u64)),
                Err(error) => Err(BypassError::Client(error)),
            });
        }
        if origin.is_drawn() {
            return Poll::Ready(Ok(Step::Over));
        }
        origin.poll_draw(cx, &mut self.pipe).map(|drawn| match drawn {
            Ok(0) => Err(BypassError::Origin(StreamError::Truncated)),
            Ok(_) => Ok(Step::Drawn),
            Err(error) => Err(BypassError::Origin(error)),
        })
    }
}

#[cfg(target_os = "linux")]
enum Step {
    Drawn,
    Poured(u64),
    Over,
}
