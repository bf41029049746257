//! The task that drives a shared connection: frames, signs of life, age and rest.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::client::{Builder, Connection};
use h2::{Ping, PingPong, Reason};
use simplon_proto_http::Limits;
use simplon_proto_http::h2::Scheme;
use simplon_proto_http::transfer::Wait;
use simplon_timeout::{Timer, timeout};
use tokio::time::Instant;

use super::place::{Place, USUAL_STREAMS};
use super::session::{Parts, Session};
use super::stats::Counters;
use super::toll::Toll;
use super::watched::{Facts, Greeting, Watched};
use crate::connect::{Connected, Peer};
use crate::error::{Error, Kind, Result, Sent};
use crate::http::gather::{Gather, Others};
use crate::http::ledger::Permit;
use crate::http::session_limits::SessionLimits;

/// Octets with which something large seems to begin.
const BURST: u64 = 32 << 10;
/// How often it is measured what fits on the way, and how seldom in the end.
const OFTEN: Duration = Duration::from_millis(100);
const SELDOM: Duration = Duration::from_secs(10);
/// What small frames of DATA may waste in the `h2` crate before they are copied together: whatever one read of the socket can bring.
const SMALL_DATA_OCTETS: usize = 1 << 20;
/// How long resets of ours are remembered.
const REMEMBER: Duration = Duration::from_secs(5);

/// Says the preface and spawns the driver.
///
/// # Errors
/// The socket did not take the preface.
pub(super) async fn open(
    place: &Arc<Place>,
    connected: Connected,
    permit: Permit,
    peer: &Peer,
    heads: &Limits,
) -> Result<Arc<Session>> {
    let Connected { stream, remote, protocol, .. } = connected;
    let tls = stream.tls().cloned();
    let limits = Arc::clone(place.limits());
    let facts = Arc::new(Facts::default());
    let counters = Arc::clone(place.counters());
    let watched =
        Watched::new(stream, Arc::clone(&facts), Toll::new(&limits, heads.interim_heads, Arc::clone(&counters)))
            .counted(permit);
    let handshake = builder(&limits, heads.head_octets).handshake(watched);
    let (sender, mut connection) = match timeout(peer.timeouts().write, handshake).await {
        Ok(Ok(both)) => both,
        Ok(Err(error)) => {
            let kind = error.get_io().map_or(Kind::Closed, |error| error.kind().into());
            return Err(Error::upstream(kind).with_sent(Sent::Nothing).with_source(error));
        }
        Err(_) => return Err(Error::upstream(Kind::Timeout(Wait::Handshake))),
    };
    // Where the handshake of TLS agreed upon something, there was TLS.
    let scheme = if protocol.is_some() { Scheme::Https } else { Scheme::Http };
    let pings = connection.ping_pong();
    let parts = Parts { sender, facts: Arc::clone(&facts), remote, tls, scheme };
    let session = Arc::new(Session::new(parts, Arc::downgrade(place)));
    counters.connections.add();
    let now = Instant::now();
    let driver = Driver {
        most: connection.max_concurrent_send_streams(),
        window: limits.stream_window_octets,
        connection: Some(connection),
        pings,
        facts,
        counters,
        idle: limits.idle.min(peer.timeouts().idle),
        ping: peer.timeouts().ping,
        pong: peer.timeouts().pong,
        limits,
        session: Arc::downgrade(&session),
        place: Arc::downgrade(place),
        timer: Timer::new(),
        is_settled: false,
        heard: 0,
        measured: 0,
        measure_at: now,
        measure_gap: OFTEN,
        ping_at: now.checked_add(peer.timeouts().ping),
        asked: None,
        look_at: None,
        gather: Gather::default(),
    };
    tokio::spawn(driver);
    Ok(session)
}

fn builder(limits: &SessionLimits, head_octets: usize) -> Builder {
    let mut builder = Builder::new();
    builder
        .enable_push(false)
        .initial_max_send_streams(USUAL_STREAMS)
        .initial_window_size(limits.stream_window_octets)
        .initial_connection_window_size(limits.connection_window())
        .max_frame_size(limits.frame_octets.clamp(16 << 10, (1 << 24) - 1))
        .max_header_list_size(u32::try_from(head_octets).unwrap_or(u32::MAX))
        .max_send_buffer_size(limits.send_buffer_octets)
        .data_frame_budget(SMALL_DATA_OCTETS)
        .max_concurrent_reset_streams(limits.remembered_resets)
        .reset_stream_duration(REMEMBER)
        .max_local_error_reset_streams(Some(limits.faulty_streams));
    builder
}

/// Drives one connection until it is over.
///
/// It does not hold the session, so that a session which nobody wants any more lets the connection close.
struct Driver {
    connection: Option<Connection<Watched, Bytes>>,
    pings: Option<PingPong>,
    facts: Arc<Facts>,
    counters: Arc<Counters>,
    session: Weak<Session>,
    place: Weak<Place>,
    limits: Arc<SessionLimits>,
    idle: Duration,
    ping: Duration,
    pong: Duration,
    timer: Timer,
    /// Whether the origin's settings came.
    is_settled: bool,
    /// What the origin allowed when it was asked last.
    most: usize,
    /// Octets of one response on their way.
    window: u32,
    /// Octets that had come when the last question was asked or spared.
    heard: u64,
    /// Octets that had come when it was measured last how much is on its way.
    measured: u64,
    /// When it may be measured again: seldom where it did not help.
    measure_at: Instant,
    measure_gap: Duration,
    ping_at: Option<Instant>,
    /// A question is on its way: when it was asked, and what had come until then.
    asked: Option<(Instant, u64)>,
    /// When to look next whether it rested or lived long enough.
    look_at: Option<Instant>,
    gather: Gather,
}

impl Future for Driver {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let others = if this.facts.running() > 1 { Others::Some } else { Others::None };
        ready!(this.gather.poll(cx, others));
        let Some(connection) = &mut this.connection else { return Poll::Ready(()) };
        let mut polled = Pin::new(&mut *connection).poll(cx);
        while polled.is_pending() && this.facts.read_on() {
            polled = Pin::new(&mut *connection).poll(cx);
        }
        if let Poll::Ready(outcome) = polled {
            if let Err(error) = outcome {
                let is_flooded = this.facts.is_flooded();
                tracing::debug!(%error, is_flooded, "an upstream connection broke");
                if !is_flooded && error.is_library() && error.reason() == Some(Reason::ENHANCE_YOUR_CALM) {
                    this.counters.library_floods.add();
                }
            }
            return Poll::Ready(());
        }
        this.facts.pass();
        if !this.is_settled && this.facts.greeting() != Greeting::None {
            this.is_settled = true;
            this.facts.settle();
        }
        let most = connection.max_concurrent_send_streams();
        if most != this.most {
            this.most = most;
            if let Some(place) = this.place.upgrade() {
                place.moved();
            }
        }
        this.poll_pong(cx);
        loop {
            let now = Instant::now();
            if this.is_silent(now) {
                tracing::debug!("an upstream connection gave no sign of life");
                this.counters.silent.add();
                return Poll::Ready(());
            }
            this.ask_if_due(now);
            this.look_if_due(now);
            let next = [this.ping_at, this.look_at, this.answer_by()].into_iter().flatten().min();
            if next.is_none() || this.timer.poll_expired(cx, next).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl Driver {
    /// An answer to a ping; what came meanwhile tells how much fits on the way.
    fn poll_pong(&mut self, cx: &mut Context<'_>) {
        let Some(pings) = &mut self.pings else { return };
        let Some((_, before)) = self.asked else { return };
        match pings.poll_pong(cx) {
            Poll::Ready(Ok(_)) => {
                self.asked = None;
                self.ping_at = Instant::now().checked_add(self.ping);
                self.measured = self.facts.read();
                let widened = self.widen(self.measured.saturating_sub(before));
                self.measure_gap = if widened { OFTEN } else { (self.measure_gap * 4).min(SELDOM) };
                self.measure_at = Instant::now() + self.measure_gap;
            }
            Poll::Ready(Err(_)) => self.asked = None,
            Poll::Pending => {}
        }
    }

    /// More came within one round trip than two thirds of a window: the window was what held the rest up.
    fn widen(&mut self, came: u64) -> bool {
        let is_full = came > u64::from(self.window) / 3 * 2;
        if !is_full || self.window >= self.limits.most_stream_window_octets {
            return false;
        }
        let wider = self.window.saturating_mul(2).min(self.limits.most_stream_window_octets);
        if let Some(connection) = &mut self.connection
            // Refused while an earlier change was not acknowledged: another time.
            && connection.set_initial_window_size(wider).is_ok()
        {
            self.window = wider;
            return true;
        }
        false
    }

    fn answer_by(&self) -> Option<Instant> {
        self.asked.and_then(|(at, _)| at.checked_add(self.pong))
    }

    fn is_silent(&self, now: Instant) -> bool {
        self.answer_by().is_some_and(|by| by <= now)
    }

    /// Whoever spoke since the last time need not be asked.
    fn ask_if_due(&mut self, now: Instant) {
        let heard = self.facts.read();
        if self.asked.is_some() || !(self.is_worth_measuring(now, heard) || self.is_due(now, heard)) {
            return;
        }
        if let Some(pings) = &mut self.pings
            && pings.send_ping(Ping::opaque()).is_ok()
        {
            self.asked = Some((now, heard));
            self.ping_at = None;
        }
    }

    /// A burst begins, and the window may still grow: what comes until the answer to a ping is what fits on the way.
    fn is_worth_measuring(&self, now: Instant, heard: u64) -> bool {
        self.window < self.limits.most_stream_window_octets
            && heard.saturating_sub(self.measured) >= BURST
            && self.measure_at <= now
    }

    fn is_due(&mut self, now: Instant, heard: u64) -> bool {
        if self.ping_at.is_none_or(|at| now < at) {
            return false;
        }
        self.ping_at = now.checked_add(self.ping);
        std::mem::replace(&mut self.heard, heard) == heard
    }

    /// Has it rested or lived long enough?
    fn look_if_due(&mut self, now: Instant) {
        if self.look_at.is_some_and(|at| now < at) {
            return;
        }
        let Some(session) = self.session.upgrade() else {
            self.look_at = None;
            return;
        };
        let rest_ends = session.at_rest_since().and_then(|since| since.checked_add(self.idle));
        if session.has_lived(&self.limits) || rest_ends.is_some_and(|end| end <= now) {
            self.look_at = None;
            if let Some(place) = self.place.upgrade() {
                place.remove(&session);
            }
            return;
        }
        let age_ends = session.ends(&self.limits);
        let idle_ends = rest_ends.or_else(|| now.checked_add(self.idle));
        self.look_at = [age_ends, idle_ends].into_iter().flatten().min();
    }
}

impl Drop for Driver {
    /// Nobody is to find the session any more before its streams see that the connection is gone.
    fn drop(&mut self) {
        if let (Some(session), Some(place)) = (self.session.upgrade(), self.place.upgrade()) {
            place.remove(&session);
        }
        self.facts.settle();
        self.connection = None;
    }
}
