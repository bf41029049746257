//! User code that sees and changes what passes, phase by phase.

mod boxed;
mod stack;

pub use boxed::{BoxFilter, Chain};
pub use stack::Stack;

use std::future::Future;

use simplon_core::Result;
use simplon_proto_http::{RequestHead, ResponseHead};

use crate::chunk::{Chunk, Chunks};
use crate::message::{Request, ResponseView};
use crate::response::Response;
use crate::retry::Attempt;

/// What a filter decides about a request.
#[derive(Debug)]
pub enum Verdict {
    /// On to the next filter.
    Continue,
    /// This is the answer; no later filter, no route and no origin sees the request.
    Respond(Box<Response>),
}

impl From<Response> for Verdict {
    fn from(response: Response) -> Self {
        Self::Respond(Box::new(response))
    }
}

/// Whether a filter looks at the content of responses as it passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Looks {
    /// [`Filter::response_part`] sees each piece.
    Yes,
    /// It need not be called.
    No,
}

impl Looks {
    /// Whether one of two does.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::No, Self::No) => Self::No,
            _ => Self::Yes,
        }
    }
}

/// Sees and changes one exchange, phase by phase. All hooks pass on what they get unless they are written.
///
/// Order: on the request side the first filter of a stack runs first; on the response side it runs last. Hooks of one exchange never run at
/// the same time; while one waits, the exchange waits with it, and what was already passed on is still flushed.
///
/// Cancel: a hook's future is dropped when the client goes away for good, the time of the exchange is over, or the server stops hard.
pub trait Filter<Ctx: Send>: Send + Sync + 'static {
    /// Whether [`Self::response_part`] is written. A filter that says `Looks::No` allows that content of responses passes from socket to socket
    /// without it being called, which costs less than half of the CPU for large ones; only where all filters say so, it does.
    const RESPONSE_CONTENT: Looks = Looks::Yes;

    /// A request has come. It may be answered here, and its content may be looked at ([`Request::peek`], [`Request::collect`]) before it is routed.
    ///
    /// # Errors
    /// Ends the exchange; [`crate::Rescue`] answers.
    fn request(&self, request: &mut Request<'_>, cx: &mut Ctx) -> impl Future<Output = Result<Verdict>> + Send {
        let _ = (request, cx);
        async { Ok(Verdict::Continue) }
    }

    /// A piece of the request's content is on its way to the origin. Once for each exchange, not once for each attempt.
    ///
    /// A filter that changes how much content there is says so in `request` with [`Request::rewrite`].
    ///
    /// # Errors
    /// Ends the exchange; the origin never sees a request that ends as if it were complete.
    fn request_part(&self, chunk: Chunk, out: &mut Chunks, cx: &mut Ctx) -> impl Future<Output = Result<()>> + Send {
        let _ = cx;
        out.push(chunk);
        async { Ok(()) }
    }

    /// The request is about to go to an origin: `head` is this attempt's own copy.
    ///
    /// # Errors
    /// Ends the attempt.
    fn upstream_request(
        &self,
        head: &mut RequestHead,
        attempt: &Attempt<'_>,
        cx: &mut Ctx,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (head, attempt, cx);
        async { Ok(()) }
    }

    /// The origin's final head, as it came, before anything of ours acts upon it.
    ///
    /// # Errors
    /// Ends the attempt.
    fn upstream_response(
        &self,
        head: &mut ResponseHead,
        attempt: &Attempt<'_>,
        cx: &mut Ctx,
    ) -> impl Future<Output = Result<()>> + Send {
        let _ = (head, attempt, cx);
        async { Ok(()) }
    }

    /// A response, from wherever, is about to go to the client. Its content may be looked at or replaced first.
    ///
    /// # Errors
    /// Ends the exchange; [`crate::Rescue`] answers.
    fn response(&self, response: &mut ResponseView<'_>, cx: &mut Ctx) -> impl Future<Output = Result<()>> + Send {
        let _ = (response, cx);
        async { Ok(()) }
    }

    /// A piece of the response's content is on its way to the client.
    ///
    /// A filter that changes how much content there is says so in `response` with [`ResponseView::rewrite`].
    ///
    /// # Errors
    /// Cuts the response: the client sees that it is incomplete.
    fn response_part(&self, chunk: Chunk, out: &mut Chunks, cx: &mut Ctx) -> impl Future<Output = Result<()>> + Send {
        let _ = cx;
        out.push(chunk);
        async { Ok(()) }
    }
}

impl<Ctx: Send> Filter<Ctx> for () {
    const RESPONSE_CONTENT: Looks = Looks::No;
}
