//! What an exchange was, told as it happens and once as a whole.

mod access_log;
mod record;

pub use access_log::AccessLog;
pub(crate) use record::Stage;
pub use record::{End, Record};

use std::time::Duration;

use simplon_core::Error;
use simplon_core::connect::Peer;

/// Something that happened in an exchange.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A connection to an origin was made.
    Connected {
        /// Whom to.
        peer: &'a Peer,
        /// How long it took.
        took: Duration,
    },
    /// An idle connection was taken from the pool.
    Reused {
        /// Whom to.
        peer: &'a Peer,
    },
    /// An attempt failed; what follows is in the events after it.
    AttemptFailed {
        /// Whom it went to.
        peer: &'a Peer,
        /// What happened.
        error: &'a Error,
    },
    /// A retry was wanted, and refused because the request's content had outgrown the replay buffer.
    ReplayOverflowed,
    /// The exchange is over. Exactly one for each exchange, also for a malformed request, a panic in a filter, a hard stop.
    Done(&'a Record),
}

/// Is told of events. Runs on the exchange's own task: hand work that may wait to somebody else.
pub trait Observe<Ctx>: Send + Sync + 'static {
    /// Something happened.
    fn on(&self, event: &Event<'_>, cx: &mut Ctx);
}

impl<Ctx> Observe<Ctx> for () {
    fn on(&self, _event: &Event<'_>, _cx: &mut Ctx) {}
}

/// Both, in order.
impl<Ctx, A: Observe<Ctx>, B: Observe<Ctx>> Observe<Ctx> for (A, B) {
    fn on(&self, event: &Event<'_>, cx: &mut Ctx) {
        self.0.on(event, cx);
        self.1.on(event, cx);
    }
}

impl<Ctx, O: Observe<Ctx>> Observe<Ctx> for Option<O> {
    fn on(&self, event: &Event<'_>, cx: &mut Ctx) {
        if let Some(observer) = self {
            observer.on(event, cx);
        }
    }
}

impl<Ctx, O: Observe<Ctx>> Observe<Ctx> for std::sync::Arc<O> {
    fn on(&self, event: &Event<'_>, cx: &mut Ctx) {
        (**self).on(event, cx);
    }
}

/// A function as an observer.
#[derive(Clone, Copy, Debug)]
pub struct ObserveFn<F>(pub F);

impl<Ctx, F: Fn(&Event<'_>, &mut Ctx) + Send + Sync + 'static> Observe<Ctx> for ObserveFn<F> {
    fn on(&self, event: &Event<'_>, cx: &mut Ctx) {
        (self.0)(event, cx);
    }
}
