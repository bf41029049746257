//! One who waits for a connection, and what it is given.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::thread::{self, ThreadId};

use simplon_pool::{Pooled, Sharing};
use tokio::sync::oneshot;

use super::{Ledger, Permit};
use crate::connect::ReuseKey;
use crate::http::upstream::Link;

/// What one gets whose turn it is.
#[derive(Debug)]
pub(in crate::http) enum Turn {
    /// Leave to make a connection.
    Permit(Permit),
    /// A connection that another put back.
    Link(Pooled<Box<Link>>),
}

impl Turn {
    /// Leave to make a connection. One that was put back is closed for it.
    #[cfg(feature = "h2")]
    pub(in crate::http) fn into_permit(self) -> Permit {
        match self {
            Self::Permit(permit) => permit,
            Self::Link(pooled) => pooled.connection.into_permit(),
        }
    }
}

/// What serves one who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Wants {
    /// Any connection that carries exchanges of HTTP one by one; of this thread alone, where they stay with theirs.
    Any(Option<ThreadId>),
    /// One of its own.
    New,
}

impl Wants {
    pub(in crate::http) fn any(sharing: Sharing) -> Self {
        Self::Any((sharing == Sharing::SameThread).then(|| thread::current().id()))
    }

    /// Whether a connection of this thread serves it.
    pub(in crate::http) fn takes_over(self) -> bool {
        match self {
            Self::Any(None) => true,
            Self::Any(Some(thread)) => thread == thread::current().id(),
            Self::New => false,
        }
    }
}

/// One who waits, as the queue has it.
#[derive(Debug)]
pub(super) struct Waiter {
    pub(super) wants: Wants,
    given: oneshot::Sender<Turn>,
}

impl Waiter {
    pub(super) fn new(wants: Wants) -> (Self, oneshot::Receiver<Turn>) {
        let (sender, receiver) = oneshot::channel();
        (Self { wants, given: sender }, receiver)
    }

    /// Wakes it; gives back what it does not need any more.
    pub(super) fn give(self, turn: Turn) -> Option<Turn> {
        self.given.send(turn).err()
    }
}

/// A place in the queue.
///
/// Cancel: dropped, its turn is the next one's, even if it had come.
#[derive(Debug)]
pub(in crate::http) struct Waiting {
    ledger: Arc<Ledger>,
    key: ReuseKey,
    turn: u64,
    given: oneshot::Receiver<Turn>,
}

impl Waiting {
    pub(super) fn new(ledger: Arc<Ledger>, key: ReuseKey, turn: u64, given: oneshot::Receiver<Turn>) -> Self {
        Self { ledger, key, turn, given }
    }

    /// What came in the last moment.
    pub(in crate::http) fn at_last(&mut self) -> Option<Turn> {
        self.given.try_recv().ok()
    }
}

impl Future for Waiting {
    type Output = Option<Turn>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.given).poll(cx).map(Result::ok)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.ledger.leave(&self.key, self.turn);
    }
}
