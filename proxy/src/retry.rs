//! Whether a request is tried again.

mod budget;

pub use budget::Budget;

use std::time::Duration;

use http::{Method, StatusCode};
use simplon_core::Error;
use simplon_core::connect::Peer;

/// How an attempt ended.
#[derive(Debug)]
#[non_exhaustive]
pub enum Outcome<'a> {
    /// It is under way.
    Open,
    /// It failed before a response began.
    Failed(&'a Error),
    /// The origin answered with this status; the response has not begun to go to the client.
    Answered(StatusCode),
}

/// One attempt at a request, and how it ended.
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempt<'a> {
    /// How often the request went out, this time included: 1 for the first. A connection that died with it counts.
    pub number: u32,
    /// The peer it went to.
    pub peer: &'a Peer,
    /// The request's method.
    pub method: &'a Method,
    /// How it ended.
    pub outcome: Outcome<'a>,
}

/// What follows an attempt that did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Nothing: the error, or the response, goes to the client.
    No,
    /// Another attempt at once; the route is asked again.
    Now,
    /// Another attempt after this wait.
    After(Duration),
}

/// Decides whether a request is tried again.
///
/// It is asked only where another attempt is safe: nothing of the request reached an origin, or its method is idempotent (RFC 9110 §9.2.2); what
/// was sent of it is still at hand; and no response has begun. A policy cannot make an unsafe retry happen.
pub trait Retry<Ctx>: Send + Sync + 'static {
    /// What follows this attempt.
    fn again(&self, attempt: &Attempt<'_>, cx: &mut Ctx) -> Again;

    /// Whether a request that is safe to repeat goes out once more on a new connection, at once and to the same peer, because an idle connection
    /// on which it was the attempt of this number died with it. That is no fault of the origin's, and no policy is asked for it, but the origin may
    /// have acted upon it: the next attempt has the next number. Default: yes.
    fn resends(&self, number: u32) -> bool {
        let _ = number;
        true
    }

    /// An exchange began: budgets grow by it.
    fn begun(&self) {}
}

/// Never.
impl<Ctx> Retry<Ctx> for () {
    fn again(&self, _attempt: &Attempt<'_>, _cx: &mut Ctx) -> Again {
        Again::No
    }
}

/// Whether repeating a request of this method has no other effect than making it once (RFC 9110 §9.2.2).
pub fn is_idempotent(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE)
}
