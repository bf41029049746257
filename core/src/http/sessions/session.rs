//! One shared connection, and one exchange's share of it.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Context, Waker};
use std::time::Duration;

use bytes::Bytes;
use h2::client::SendRequest;
use simplon_proto_http::h2::Scheme;
use tokio::time::Instant;

use super::place::Place;
use super::watched::Facts;
use crate::http::ledger;
use crate::http::session_limits::SessionLimits;
use crate::net::relief;

/// A connection that many exchanges share. Its driver does not hold it: when the last exchange and the place have let go, the connection closes.
#[derive(Debug)]
pub(in crate::http) struct Session {
    sender: SendRequest<Bytes>,
    facts: Arc<Facts>,
    place: Weak<Place>,
    remote: Option<SocketAddr>,
    tls: Option<Arc<simplon_proto_tls::Facts>>,
    scheme: Scheme,
    born: Instant,
    /// When the last exchange ended, in milliseconds of its life.
    rested: AtomicU64,
    closing: AtomicBool,
}

/// What a new session is made of.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) sender: SendRequest<Bytes>,
    pub(super) facts: Arc<Facts>,
    pub(super) remote: Option<SocketAddr>,
    pub(super) tls: Option<Arc<simplon_proto_tls::Facts>>,
    pub(super) scheme: Scheme,
}

impl Session {
    pub(super) fn new(parts: Parts, place: Weak<Place>) -> Self {
        let Parts { sender, facts, remote, tls, scheme } = parts;
        Self {
            sender,
            facts,
            place,
            remote,
            tls,
            scheme,
            born: Instant::now(),
            rested: AtomicU64::new(0),
            closing: AtomicBool::new(false),
        }
    }

    pub(in crate::http) fn facts(&self) -> &Facts {
        &self.facts
    }

    pub(in crate::http) fn tls(&self) -> Option<&Arc<simplon_proto_tls::Facts>> {
        self.tls.as_ref()
    }

    pub(in crate::http) fn remote(&self) -> Option<SocketAddr> {
        self.remote
    }

    pub(in crate::http) fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The origin is to be asked in HTTP/1.1 for a while.
    pub(in crate::http) fn prefer_http1(&self) {
        self.close();
        if let Some(place) = self.place.upgrade() {
            place.prefer_http1();
        }
    }

    /// Whether it takes new exchanges, as far as is known now. Notes it if not.
    pub(super) fn is_open(&self) -> bool {
        !self.is_closing() && self.is_alive()
    }

    /// Whether the connection lives and the origin takes new streams. What runs on it may run on.
    pub(in crate::http) fn is_alive(&self) -> bool {
        let ready = self.sender.clone().poll_ready(&mut Context::from_waker(Waker::noop()));
        if matches!(ready, std::task::Poll::Ready(Err(_))) || self.facts.is_unwritable() {
            self.close();
            return false;
        }
        true
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// It takes no more exchanges.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
    }

    pub(super) fn is_at_rest(&self) -> bool {
        self.facts.running() == 0
    }

    /// Since when no exchange runs; `None` if one does.
    pub(super) fn at_rest_since(&self) -> Option<Instant> {
        self.is_at_rest().then(|| self.born + Duration::from_millis(self.rested.load(Ordering::Acquire)))
    }

    pub(super) fn has_lived(&self, limits: &SessionLimits) -> bool {
        self.born.elapsed() >= limits.age
    }

    /// When it will have lived long enough.
    pub(super) fn ends(&self, limits: &SessionLimits) -> Option<Instant> {
        self.born.checked_add(limits.age)
    }

    /// How many exchanges it takes at a time. The origin may change that at any moment.
    pub(super) fn most(&self, limits: &SessionLimits) -> usize {
        limits.most_streams().min(self.sender.current_max_send_streams())
    }

    /// Whether more exchanges run than the origin allows streams: some of them wait.
    pub(in crate::http) fn is_overfull(&self) -> bool {
        self.facts.running() > self.sender.current_max_send_streams()
    }

    /// A share of it, if it has room.
    pub(super) fn lease(self: &Arc<Self>, limits: &SessionLimits) -> Option<Lease> {
        let before = self.facts.begin(self.most(limits))?;
        if before.saturating_add(1) >= limits.exchanges {
            self.close();
        }
        Some(Lease { session: Arc::clone(self), before })
    }
}

/// One exchange's share of a session; dropping it makes room for another.
#[derive(Debug)]
pub(in crate::http) struct Lease {
    session: Arc<Session>,
    before: u32,
}

impl Lease {
    pub(in crate::http) fn session(&self) -> &Session {
        &self.session
    }

    pub(in crate::http) fn sender(&self) -> SendRequest<Bytes> {
        self.session.sender.clone()
    }

    /// Whether another exchange had the session before.
    pub(in crate::http) fn is_reused(&self) -> bool {
        self.before > 0
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        let age = self.session.born.elapsed().as_millis();
        self.session.rested.store(u64::try_from(age).unwrap_or(u64::MAX), Ordering::Release);
        self.session.facts.end();
        if let Some(place) = self.session.place.upgrade() {
            place.freed();
        }
        // It rests, and may be in the way of others.
        if ledger::is_awaited() && self.session.is_at_rest() {
            relief::make_room();
        }
    }
}
