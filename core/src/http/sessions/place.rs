//! The open connections of one key, and those who wait for one.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use simplon_proto_http::Limits;
use simplon_proto_http::transfer::Wait;
use simplon_timeout::timeout;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::drive;
use super::session::{Lease, Session};
use super::stats::Counters;
use crate::connect::{Connected, Peer};
use crate::error::{Error, Kind, Origin, Result, Sent};
use crate::http::ledger::Permit;
use crate::http::session_limits::SessionLimits;

/// Exchanges that a connection is expected to take before it said how many.
pub(super) const USUAL_STREAMS: usize = 100;

/// Where the connections of one key are.
#[derive(Debug)]
pub(in crate::http) struct Place {
    state: Mutex<State>,
    /// Told whenever somebody who waits may find something.
    changed: Notify,
    limits: Arc<SessionLimits>,
    counters: Arc<Counters>,
}

#[derive(Debug)]
struct State {
    sessions: Vec<Arc<Session>>,
    making: usize,
    waiting: usize,
    /// Until when the origin is asked in HTTP/1.1.
    http1_until: Option<Instant>,
    /// How often making one failed, and why it did last.
    failures: u64,
    failure: (Kind, Origin),
}

/// What an exchange finds.
#[derive(Debug)]
pub(in crate::http) enum Entry {
    /// A stream on an open connection.
    Stream(Lease),
    /// Nothing: it makes a connection, for itself and for others.
    Make(Making),
    /// The origin is to be asked in HTTP/1.1.
    Http1,
}

enum Look {
    Found(Entry),
    /// One is being made, or one becomes free.
    Wait,
    /// The origin takes no exchanges at all.
    Closed,
    Failed(Error),
}

impl Place {
    pub(super) fn new(limits: Arc<SessionLimits>, counters: Arc<Counters>) -> Self {
        let state = State {
            sessions: Vec::new(),
            making: 0,
            waiting: 0,
            http1_until: None,
            failures: 0,
            failure: (Kind::Closed, Origin::Upstream),
        };
        Self { state: Mutex::new(state), changed: Notify::new(), limits, counters }
    }

    /// A stream on an open connection that has room, without waiting.
    pub(in crate::http) fn take(&self) -> Option<Lease> {
        self.state().take(&self.limits)
    }

    /// A stream, or leave to make a connection; waits where others make one or all are in use.
    ///
    /// Cancel: nothing is lost.
    ///
    /// # Errors
    /// Nothing came free in time: [`Kind::Overloaded`]. Another's try failed while this one waited for it: as that failed.
    pub(in crate::http) async fn enter(self: &Arc<Self>, patience: Duration) -> Result<Entry> {
        let known = match self.look(None) {
            (Look::Found(entry), _) => return Ok(entry),
            (_, failures) => failures,
        };
        let waiting = Waiting::begin(self);
        match timeout(patience, self.wait(known)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(waiting.in_vain()),
        }
    }

    async fn wait(self: &Arc<Self>, known: u64) -> Result<Entry> {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            match self.look(Some(known)).0 {
                Look::Found(entry) => return Ok(entry),
                Look::Failed(error) => return Err(error),
                Look::Closed => return Err(overloaded()),
                Look::Wait => changed.await,
            }
        }
    }

    fn look(self: &Arc<Self>, known: Option<u64>) -> (Look, u64) {
        let mut state = self.state();
        let failures = state.failures;
        let look = if known.is_some_and(|known| known < failures) {
            let (kind, origin) = state.failure;
            Look::Failed(Error::new(kind, origin).with_sent(Sent::Nothing))
        } else if state.prefers_http1() {
            Look::Found(Entry::Http1)
        } else if let Some(lease) = state.take(&self.limits) {
            Look::Found(Entry::Stream(lease))
        } else if state.sessions.iter().any(|session| session.most(&self.limits) == 0) {
            Look::Closed
        } else if state.may_make(&self.limits) {
            state.making += 1;
            Look::Found(Entry::Make(Making { place: Arc::clone(self) }))
        } else {
            Look::Wait
        };
        (look, failures)
    }

    /// The origin turned out not to speak HTTP/2, or not always.
    pub(super) fn prefer_http1(&self) {
        self.state().http1_until = Instant::now().checked_add(self.limits.prefer_http1);
        self.changed.notify_waiters();
    }

    /// An exchange ended.
    pub(super) fn freed(&self) {
        self.changed.notify_one();
    }

    /// The origin changed its limits.
    pub(super) fn moved(&self) {
        self.changed.notify_waiters();
    }

    /// No new exchange on this one.
    pub(super) fn remove(&self, session: &Arc<Session>) {
        session.close();
        let removed = {
            let mut state = self.state();
            let at = state.sessions.iter().position(|other| Arc::ptr_eq(other, session));
            at.map(|at| state.sessions.swap_remove(at))
        };
        drop(removed);
        self.changed.notify_waiters();
    }

    /// No new exchange on any.
    pub(super) fn clear(&self) {
        let cleared = std::mem::take(&mut self.state().sessions);
        cleared.iter().for_each(|session| session.close());
    }

    pub(super) fn at_rest(&self) -> usize {
        self.state().sessions.iter().filter(|session| session.is_at_rest()).count()
    }

    /// Since when the connection rests that has rested longest; none that is waited for.
    pub(super) fn at_rest_since(&self) -> Option<Instant> {
        let state = self.state();
        let resting = state.sessions.iter().filter_map(|session| session.at_rest_since());
        resting.min().filter(|_| state.waiting == 0)
    }

    /// Closes all that rest; gives how many.
    pub(super) fn let_go(&self) -> usize {
        // Dropped without the lock.
        let gone: Vec<_> = self.state().sessions.extract_if(.., |session| session.is_at_rest()).collect();
        gone.iter().for_each(|session| session.close());
        gone.len()
    }

    /// Closes the one that has rested longest; false if there is none.
    pub(super) fn let_go_oldest(&self) -> bool {
        let gone = {
            let mut state = self.state();
            let resting = state.sessions.iter().enumerate();
            let oldest = resting.filter_map(|(at, session)| Some((session.at_rest_since()?, at))).min();
            oldest.map(|(_, at)| state.sessions.remove(at))
        };
        gone.inspect(|session| session.close()).is_some()
    }

    /// A stream, once a connection has room.
    ///
    /// Cancel: nothing is lost.
    pub(in crate::http) async fn room(&self) -> Lease {
        loop {
            let mut changed = pin!(self.changed.notified());
            changed.as_mut().enable();
            if let Some(lease) = self.take() {
                return lease;
            }
            changed.await;
        }
    }

    /// Whether there is nothing here; what is remembered counts until it expires, if `now` is given.
    pub(super) fn is_vacant(&self, now: Option<Instant>) -> bool {
        let state = self.state();
        let remembers = matches!((now, state.http1_until), (Some(now), Some(until)) if now < until);
        state.sessions.is_empty() && state.making == 0 && state.waiting == 0 && !remembers
    }

    pub(super) fn limits(&self) -> &Arc<SessionLimits> {
        &self.limits
    }

    pub(super) fn counters(&self) -> &Arc<Counters> {
        &self.counters
    }

    fn state(&self) -> MutexGuard<'_, State> {
        super::lock(&self.state)
    }
}

impl State {
    /// The one that was made first and has room: the others may come to rest.
    fn take(&mut self, limits: &SessionLimits) -> Option<Lease> {
        let mut at = 0;
        while let Some(session) = self.sessions.get(at) {
            if !session.is_open() || session.has_lived(limits) {
                session.close();
                self.sessions.remove(at);
                continue;
            }
            if let Some(lease) = session.lease(limits) {
                if session.is_closing() {
                    // That was its last: it goes when its exchanges have ended.
                    self.sessions.remove(at);
                }
                return Some(lease);
            }
            at += 1;
        }
        None
    }

    /// One at a time, and more only if more wait than one will take.
    fn may_make(&self, limits: &SessionLimits) -> bool {
        let most = self.sessions.last().map_or(USUAL_STREAMS, |session| session.most(limits)).clamp(1, USUAL_STREAMS);
        self.making <= self.waiting / most
            && (self.making == 0 || self.waiting > 0)
            && self.sessions.len() + self.making < limits.connections
    }

    fn prefers_http1(&mut self) -> bool {
        match self.http1_until {
            Some(until) if Instant::now() < until => true,
            Some(_) => {
                self.http1_until = None;
                false
            }
            None => false,
        }
    }
}

/// One who waits.
struct Waiting<'a>(&'a Place);

impl<'a> Waiting<'a> {
    fn begin(place: &'a Place) -> Self {
        place.state().waiting += 1;
        Self(place)
    }

    fn in_vain(&self) -> Error {
        if self.0.state().making > 0 { Error::upstream(Kind::Timeout(Wait::Connect)) } else { overloaded() }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.state().waiting -= 1;
    }
}

fn overloaded() -> Error {
    Error::upstream(Kind::Overloaded).with_context("no free stream to the origin")
}

/// Leave to make a connection. Dropped without one, somebody else may.
#[derive(Debug)]
pub(in crate::http) struct Making {
    place: Arc<Place>,
}

impl Making {
    /// The connection speaks HTTP/2: it is driven from here on, and the first stream on it is the maker's.
    ///
    /// # Errors
    /// Not even the preface could be written.
    pub(in crate::http) async fn open(
        self,
        connected: Connected,
        permit: Permit,
        peer: &Peer,
        heads: &Limits,
    ) -> Result<Lease> {
        let opened = drive::open(&self.place, connected, permit, peer, heads).await;
        let session = opened.inspect_err(|error| self.note(error))?;
        let limits = &self.place.limits;
        // Nobody knows of it yet.
        let lease = session.lease(limits).ok_or_else(overloaded)?;
        self.place.state().sessions.push(session);
        Ok(lease)
    }

    /// The connection speaks HTTP/1.1, and so will the next ones for a while.
    pub(in crate::http) fn prefer_http1(self) {
        self.place.prefer_http1();
    }

    /// There is no connection: those who wait for it are told the same.
    pub(in crate::http) fn failed(self, error: &Error) {
        self.note(error);
    }

    fn note(&self, error: &Error) {
        let mut state = self.place.state();
        state.failures += 1;
        state.failure = (error.kind(), error.origin());
    }
}

impl Drop for Making {
    fn drop(&mut self) {
        self.place.state().making -= 1;
        self.place.changed.notify_waiters();
    }
}
