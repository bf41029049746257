//! Connections at rest, and leave to make more.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use simplon_pool::{Health, Idle, Pool, Sharing};
use simplon_timeout::timeout;
use tokio::time::Instant;

use super::ledger::{self, Ledger, Rests, Turn, Verdict, Waiting, Wants};
use super::origins::OriginsConfig;
#[cfg(feature = "h2")]
use super::sessions::Sessions;
use super::upstream::{Link, Upstream};
use crate::connect::ReuseKey;
use crate::error::Result;
use crate::net::relief::{self, Wanted};
use crate::net::{AtRest, Probe};

/// How often connections at rest are looked through for those that are too old or were closed.
const SWEEP: Duration = Duration::from_secs(5);

/// Connections at rest, and how many there are in all.
#[derive(Debug)]
pub(crate) struct Shelf {
    pub(super) pool: Pool<ReuseKey, Box<Link>>,
    #[cfg(feature = "h2")]
    pub(super) sessions: Sessions,
    pub(super) ledger: Arc<Ledger>,
    sharing: Sharing,
    swept: AtomicBool,
}

/// What somebody gets who asks for a connection.
pub(super) enum Asked {
    Now(Turn),
    Wait(Waiting),
}

impl Idle for Box<Link> {
    /// No system call while the runtime has heard nothing of the connection.
    fn check(&mut self) -> Health {
        match self.leg.stream.at_rest(Probe::Readiness) {
            AtRest::Quiet => Health::Fresh,
            AtRest::Closed => Health::Closed,
            AtRest::Spoke => Health::Spoke,
        }
    }
}

impl Shelf {
    pub(super) fn new(config: OriginsConfig) -> Arc<Self> {
        let OriginsConfig { protocol: _, connections, pool, sharing, sessions } = config;
        #[cfg(not(feature = "h2"))]
        let _ = sessions;
        let shelf = Arc::new(Self {
            pool: Pool::new(pool).sharing(sharing),
            #[cfg(feature = "h2")]
            sessions: Sessions::new(sessions, sharing),
            ledger: Ledger::new(&connections),
            sharing,
            swept: AtomicBool::new(false),
        });
        let rests: Weak<Self> = Arc::downgrade(&shelf);
        shelf.ledger.watch(rests.clone());
        relief::register(rests);
        shelf
    }

    /// Keeps a connection for the next exchange, if it can carry one and is for any.
    pub(crate) fn put_back(self: &Arc<Self>, upstream: Upstream, now: Instant) {
        if upstream.is_bound() {
            return;
        }
        let Some((pooled, peer)) = upstream.into_rest() else { return };
        self.pool.put(peer.key(), pooled, now.into_std());
        if ledger::is_awaited() {
            self.hand_over(peer.key(), now);
        }
        if !self.swept.load(Ordering::Relaxed) {
            self.start_sweeping();
        }
    }

    /// A connection came to rest, and somebody waits for one.
    #[cold]
    fn hand_over(&self, key: &ReuseKey, now: Instant) {
        match self.ledger.first_wants(key) {
            None => relief::make_room(),
            Some(wants) if wants.takes_over() => {
                if let Some(pooled) = self.pool.take(key, now.into_std())
                    && let Some(Turn::Link(pooled)) = self.ledger.give(key, Turn::Link(pooled))
                {
                    self.pool.put(key, pooled, now.into_std());
                }
            }
            // What it was counted for goes to that one.
            Some(_) => {
                self.pool.evict_oldest(Some(key), now.into_std());
            }
        }
    }

    /// What serves `wants`, or a place in the queue.
    ///
    /// # Errors
    /// The queue is full.
    pub(super) fn ask(&self, key: &ReuseKey, wants: impl FnOnce(Sharing) -> Wants) -> Result<Asked> {
        match self.ledger.open_now(key) {
            Ok(permit) => Ok(Asked::Now(Turn::Permit(permit))),
            Err(verdict) => self.ask_again(key, wants(self.sharing), verdict),
        }
    }

    #[cold]
    fn ask_again(&self, key: &ReuseKey, wants: Wants, verdict: Verdict) -> Result<Asked> {
        let now = Instant::now();
        let has_gone = match verdict {
            Verdict::TotalFull => self.let_go_oldest(now) || (self.ledger.is_process_wide() && relief::let_go_one()),
            Verdict::KeyFull => self.let_go_unusable(key, wants, now),
            Verdict::Yes => true,
        };
        if has_gone && let Ok(permit) = self.ledger.open_now(key) {
            return Ok(Asked::Now(Turn::Permit(permit)));
        }
        let waiting = self.ledger.wait(key, wants)?;
        // Who put one back before may not have known that it is waited for. Counted under the locks, unlike by `take` alone.
        if wants.takes_over()
            && self.pool.len_of(key) > 0
            && let Some(pooled) = self.pool.take(key, now.into_std())
        {
            return Ok(Asked::Now(Turn::Link(pooled)));
        }
        relief::make_room();
        Ok(Asked::Wait(waiting))
    }

    /// Waits for one's turn.
    ///
    /// Cancel: the turn is the next one's.
    ///
    /// # Errors
    /// It did not come in time.
    pub(super) async fn wait(&self, mut waiting: Waiting) -> Result<Turn> {
        match timeout(self.ledger.queue_timeout(), &mut waiting).await {
            Ok(Some(turn)) => Ok(turn),
            Ok(None) | Err(_) => waiting.at_last().ok_or_else(|| self.ledger.in_vain()),
        }
    }

    /// Closes what rests under this key and does not serve `wants`: it is of another thread, or was used before.
    fn let_go_unusable(&self, key: &ReuseKey, wants: Wants, now: Instant) -> bool {
        let is_elsewhere = self.sharing == Sharing::SameThread;
        if (is_elsewhere || !wants.takes_over()) && self.pool.evict_oldest(Some(key), now.into_std()) {
            return true;
        }
        #[cfg(feature = "h2")]
        return is_elsewhere && self.sessions.let_go_oldest(Some(key));
        #[cfg(not(feature = "h2"))]
        false
    }

    /// Closes what rested longest: of connections that carry exchanges one by one if there are any, otherwise of those that carry many.
    fn let_go_oldest(&self, now: Instant) -> bool {
        if self.pool.evict_oldest(None, now.into_std()) {
            return true;
        }
        #[cfg(feature = "h2")]
        return self.sessions.let_go_oldest(None);
        #[cfg(not(feature = "h2"))]
        false
    }

    fn start_sweeping(self: &Arc<Self>) {
        if self.swept.swap(true, Ordering::AcqRel) {
            return;
        }
        let sweeping = Sweeping(Arc::downgrade(self));
        tokio::spawn(async move {
            while sweeping.once() {
                tokio::time::sleep(SWEEP).await;
            }
        });
    }
}

impl Rests for Shelf {
    fn resting(&self) -> usize {
        let resting = self.pool.len();
        #[cfg(feature = "h2")]
        let resting = resting + self.sessions.at_rest();
        resting
    }
}

impl relief::Keeps for Shelf {
    fn let_go(&self) -> usize {
        let gone = self.pool.clear(Instant::now().into_std());
        #[cfg(feature = "h2")]
        let gone = gone + self.sessions.let_go();
        gone
    }

    fn let_go_one(&self) -> bool {
        self.let_go_oldest(Instant::now())
    }

    fn wants(&self) -> Wanted {
        match (self.ledger.is_short(), self.ledger.is_process_wide()) {
            (false, _) => Wanted::Nothing,
            (true, false) => Wanted::OneHere,
            (true, true) => Wanted::One,
        }
    }

    fn serve(&self) {
        self.ledger.serve();
    }
}

/// Says, when its task ends with its runtime, that somebody else has to sweep.
struct Sweeping(Weak<Shelf>);

impl Sweeping {
    fn once(&self) -> bool {
        let Some(shelf) = self.0.upgrade() else { return false };
        shelf.pool.sweep(Instant::now().into_std());
        true
    }
}

impl Drop for Sweeping {
    fn drop(&mut self) {
        if let Some(shelf) = self.0.upgrade() {
            shelf.swept.store(false, Ordering::Release);
        }
    }
}

#[cfg(test)]
mod tests;
