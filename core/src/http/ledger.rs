//! Leave to open connections to origins: bounded for each key and in all, with a bounded queue.
//!
//! Each [`Origins`](super::Origins) has a [`Ledger`]. Those to which no total was said have one together, the share of the process. A [`Permit`]
//! lives as long as the connection that it was given for; when it goes, whoever is next has it.

mod book;
mod queue;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::time::Duration;

use super::origin_limits::{OriginLimits, Purpose};
use crate::connect::ReuseKey;
use crate::error::{Error, Kind, Result, Sent};
use crate::net::descriptors::{self, Allowed, Shares};
use crate::net::relief;
pub(super) use book::Verdict;
use book::{Book, Total};
use queue::Waiter;
pub(super) use queue::{Turn, Waiting, Wants};

/// What all of the process have together, where nothing else was said.
static PROCESS: Total = Total::new(usize::MAX);
/// Those who wait, in all of the process: what a connection that comes to rest costs more than usual hangs on it.
static WAITERS: AtomicUsize = AtomicUsize::new(0);

/// Whether anybody waits for a connection. One load.
#[inline]
pub(super) fn is_awaited() -> bool {
    WAITERS.load(Ordering::Relaxed) > 0
}

/// Where connections rest that can be closed for those who wait.
pub(super) trait Rests: Send + Sync {
    /// How many.
    fn resting(&self) -> usize;
}

/// Who has how many connections.
#[derive(Debug)]
pub(super) struct Ledger {
    book: Mutex<Book<Waiter>>,
    own: Option<Total>,
    queue_timeout: Duration,
    purpose: Purpose,
    rests: OnceLock<Weak<dyn Rests>>,
    refused: AtomicUsize,
    _said: Option<Allowed>,
}

impl std::fmt::Debug for dyn Rests {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Rests")
    }
}

/// Leave to have one connection open, for as long as it is.
#[derive(Debug)]
pub(super) struct Permit(Option<(Arc<Ledger>, ReuseKey)>);

impl Drop for Permit {
    fn drop(&mut self) {
        if let Some((ledger, key)) = self.0.take() {
            ledger.closed(&key);
        }
    }
}

impl Ledger {
    /// With these bounds. Says in the log if they cannot all be kept.
    pub(super) fn new(limits: &OriginLimits) -> Arc<Self> {
        PROCESS.most.store(Shares::now().origins, Ordering::Relaxed);
        let OriginLimits { max_connections, max_connections_per_key, max_pending_requests, queue_timeout, purpose } =
            *limits;
        let most = max_connections.map(usize::from);
        let per_key = max_connections_per_key.map(usize::from);
        let said = most.map(Allowed::origins);
        if purpose == Purpose::Traffic {
            warn(most, per_key);
        }
        Arc::new(Self {
            book: Mutex::new(Book::new(per_key, max_pending_requests)),
            own: most.map(Total::new),
            queue_timeout,
            purpose,
            rests: OnceLock::new(),
            refused: AtomicUsize::new(0),
            _said: said,
        })
    }

    /// Who is asked how many connections rest.
    pub(super) fn watch(&self, rests: Weak<dyn Rests>) {
        let _ = self.rests.set(rests);
    }

    /// Open connections; those who wait; those who were answered that there is none.
    pub(super) fn counts(&self) -> (usize, usize, usize) {
        let book = self.book();
        (book.open(), book.waiting(), self.refused.load(Ordering::Relaxed))
    }

    /// How long one waits.
    pub(super) const fn queue_timeout(&self) -> Duration {
        self.queue_timeout
    }

    /// Whether the total is that of the process.
    pub(super) const fn is_process_wide(&self) -> bool {
        self.own.is_none()
    }

    /// Another connection at once, or why not.
    pub(super) fn open_now(self: &Arc<Self>, key: &ReuseKey) -> std::result::Result<Permit, Verdict> {
        if self.purpose == Purpose::Checks {
            return Ok(Permit(None));
        }
        let mut verdict = self.book().open_now(key, self.total(), 0);
        if verdict == Verdict::KeyFull {
            // What others let rest is left for it, too. Asked without the lock.
            let resting = self.resting();
            verdict = self.book().open_now(key, self.total(), resting);
        }
        if verdict == Verdict::Yes { Ok(self.permit(key)) } else { Err(verdict) }
    }

    /// A place in the queue.
    ///
    /// # Errors
    /// It is full.
    pub(super) fn wait(self: &Arc<Self>, key: &ReuseKey, wants: Wants) -> Result<Waiting> {
        let (waiter, given) = Waiter::new(wants);
        // Before it stands there, so that nobody who sees it takes it away first.
        WAITERS.fetch_add(1, Ordering::Relaxed);
        let enqueued = self.book().enqueue(key, waiter, self.total());
        match enqueued {
            Ok(turn) => {
                let waiting = Waiting::new(Arc::clone(self), key.clone(), turn, given);
                // One may have come free before it stood there.
                self.serve();
                Ok(waiting)
            }
            Err(_) => {
                WAITERS.fetch_sub(1, Ordering::Relaxed);
                self.refused.fetch_add(1, Ordering::Relaxed);
                // To another origin there may be one.
                Err(Error::upstream(Kind::NoConnection)
                    .with_sent(Sent::Nothing)
                    .with_context("too many requests wait for a connection"))
            }
        }
    }

    /// Nothing came in time.
    pub(super) fn in_vain(&self) -> Error {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let text = format!("no connection came free within {:?}", self.queue_timeout);
        Error::internal(Kind::NoConnection).with_context(text)
    }

    /// What the first who waits for this key wants.
    pub(super) fn first_wants(&self, key: &ReuseKey) -> Option<Wants> {
        self.book().first_of(key).map(|waiter| waiter.wants)
    }

    /// Gives something to the first who waits for this key; gives it back if nobody does.
    pub(super) fn give(&self, key: &ReuseKey, turn: Turn) -> Option<Turn> {
        let mut turn = turn;
        loop {
            let Some(waiter) = self.book().pop_first_of(key) else { return Some(turn) };
            WAITERS.fetch_sub(1, Ordering::Relaxed);
            match waiter.give(turn) {
                None => return None,
                Some(back) => turn = back,
            }
        }
    }

    /// Whether somebody waits who would be next if a connection at rest were closed.
    pub(super) fn is_short(&self) -> bool {
        let resting = self.resting();
        self.book().is_short(self.total(), resting)
    }

    /// Gives to those who wait what is there.
    pub(super) fn serve(self: &Arc<Self>) {
        loop {
            let resting = if self.book().waiting() > 0 { self.resting() } else { return };
            let Some((key, waiter)) = self.book().open_next(self.total(), resting) else { return };
            self.opened();
            WAITERS.fetch_sub(1, Ordering::Relaxed);
            // Dropped if that one left meanwhile, and then for the next.
            drop(waiter.give(Turn::Permit(Permit(Some((Arc::clone(self), key))))));
        }
    }

    /// Leaves the queue.
    fn leave(self: &Arc<Self>, key: &ReuseKey, turn: u64) {
        let left = self.book().leave(key, turn);
        if left.is_some() {
            WAITERS.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn closed(self: &Arc<Self>, key: &ReuseKey) {
        self.book().closed(key, self.total());
        if self.own.is_some() {
            PROCESS.give_back();
        }
        relief::came_back();
        if is_awaited() {
            self.serve();
            relief::serve();
        }
    }

    fn permit(self: &Arc<Self>, key: &ReuseKey) -> Permit {
        self.opened();
        Permit(Some((Arc::clone(self), key.clone())))
    }

    /// What has a total of its own counts for the others, too.
    fn opened(&self) {
        if self.own.is_some() {
            PROCESS.note();
        }
    }

    fn total(&self) -> &Total {
        self.own.as_ref().unwrap_or(&PROCESS)
    }

    fn resting(&self) -> usize {
        self.rests.get().and_then(Weak::upgrade).map_or(0, |rests| rests.resting())
    }

    fn book(&self) -> MutexGuard<'_, Book<Waiter>> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says which bounds contradict each other.
fn warn(most: Option<usize>, per_key: Option<usize>) {
    if let Some((total, per_key)) = unreachable(most, per_key) {
        tracing::warn!(max_connections = total, max_connections_per_key = per_key, "one key can never have as many");
    }
    if most.is_some()
        && let Some(too_many) = descriptors::contradiction()
    {
        tracing::warn!("{too_many}");
    }
}

/// A bound of one key that is above that of all.
fn unreachable(most: Option<usize>, per_key: Option<usize>) -> Option<(usize, usize)> {
    let total = most.unwrap_or_else(|| PROCESS.most.load(Ordering::Relaxed));
    per_key.filter(|per_key| *per_key > total).map(|per_key| (total, per_key))
}

#[cfg(test)]
mod tests;
