//! What an application sees when something fails: one word wide, private inside, asked by questions.
//!
//! An error enters here where the leg is known ([`Error::downstream`], [`Error::upstream`]) or where no leg is to blame
//! ([`Error::internal`]); it always knows its origin. What a peer observes of it is decided by [`crate::wire`] alone.
//!
//! ```
//! use simplon_core::error::{Error, Kind, Replay};
//! let error = Error::upstream(Kind::Refused).with_context("origin 10.0.0.7:80");
//! assert_eq!(error.status(), 502);
//! assert_eq!(error.may_replay(), Replay::Safe); // nothing was sent
//! assert_eq!(error.to_string(), "origin 10.0.0.7:80: upstream: connection refused");
//! ```

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::panic::Location;

use http::StatusCode;

use crate::wire::{self, Effect};

mod kind;

pub use kind::{Kind, Origin, Replay, Sent};

/// A result whose error is [`Error`] unless said otherwise.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Any other error, as a source.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Why something could not be done.
pub struct Error(Box<Inner>);

struct Inner {
    kind: Kind,
    origin: Origin,
    sent: Sent,
    born: &'static Location<'static>,
    context: Option<Cow<'static, str>>,
    source: Option<BoxError>,
}

impl Error {
    /// An error of this kind, from there.
    ///
    /// How much of the request had left is assumed from the kind: nothing when no connection came about, else some of it.
    /// [`Error::with_sent`] states it where it is known.
    #[track_caller]
    #[must_use]
    pub fn new(kind: impl Into<Kind>, origin: Origin) -> Self {
        let kind = kind.into();
        let born = Location::caller();
        Self(Box::new(Inner { kind, origin, sent: kind.least_sent(), born, context: None, source: None }))
    }

    /// The caller's side is to blame.
    #[track_caller]
    #[must_use]
    pub fn downstream(kind: impl Into<Kind>) -> Self {
        Self::new(kind, Origin::Downstream)
    }

    /// The called side is to blame.
    #[track_caller]
    #[must_use]
    pub fn upstream(kind: impl Into<Kind>) -> Self {
        Self::new(kind, Origin::Upstream)
    }

    /// We are to blame.
    #[track_caller]
    #[must_use]
    pub fn internal(kind: impl Into<Kind>) -> Self {
        Self::new(kind, Origin::Internal)
    }

    /// What was underneath; [`StdError::source`] gives it back.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// What was being done or with whom; stands first in the text. A second one stands before the first.
    #[must_use]
    pub fn with_context(mut self, context: impl Into<Cow<'static, str>>) -> Self {
        let context = context.into();
        self.0.context = Some(match self.0.context.take() {
            Some(inner) => Cow::Owned(format!("{context}: {inner}")),
            None => context,
        });
        self
    }

    /// How much of the request had left when it failed.
    #[must_use]
    pub fn with_sent(mut self, sent: Sent) -> Self {
        self.0.sent = sent;
        self
    }

    /// What happened.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.0.kind
    }

    /// On which side.
    #[must_use]
    pub fn origin(&self) -> Origin {
        self.0.origin
    }

    /// How much of the request had left.
    #[must_use]
    pub fn sent(&self) -> Sent {
        self.0.sent
    }

    /// Where in the source it was made.
    #[must_use]
    pub fn born(&self) -> &'static Location<'static> {
        self.0.born
    }

    /// The words of [`Error::with_context`].
    #[must_use]
    pub fn context(&self) -> Option<&str> {
        self.0.context.as_deref()
    }

    /// A wait ran out of time, on whichever side.
    #[must_use]
    pub fn is_timeout(&self) -> bool {
        matches!(self.0.kind, Kind::Timeout(_))
    }

    /// Nobody is there any more to be answered.
    #[must_use]
    pub fn is_client_gone(&self) -> bool {
        self.effect().answer == wire::Answer::No
    }

    /// Whether the same request may be tried again, from facts: what had left, and what failed.
    #[must_use]
    pub fn may_replay(&self) -> Replay {
        match (self.0.kind.is_worth_another_try(self.0.origin), self.0.sent) {
            (false, _) | (true, Sent::ResponseStarted) => Replay::No,
            (true, Sent::Nothing) => Replay::Safe,
            (true, Sent::Some) => Replay::IfIdempotent,
        }
    }

    /// The status a response to it has; 499 where none can be sent, for the records alone.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.effect().status
    }

    /// All that a peer observes of it.
    #[must_use]
    pub fn effect(&self) -> Effect {
        wire::effect(self.0.kind, self.0.origin)
    }

    /// The kind in a word, for logs and metrics; one of a small fixed set.
    #[must_use]
    pub fn label(&self) -> &'static str {
        self.0.kind.label()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(context) = &self.0.context {
            write!(f, "{context}: ")?;
        }
        write!(f, "{}: {}", self.0.origin, self.0.kind)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // No `..` on purpose: what is added must be shown or ruled out here.
        let Inner { kind, origin, sent, born, context, source } = &*self.0;
        f.debug_struct("Error")
            .field("kind", kind)
            .field("origin", origin)
            .field("sent", sent)
            .field("context", context)
            .field("born", &format_args!("{born}"))
            .field("source", source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests;
