//! The task that drives a connection: it takes streams on, watches the clock, and says when it is over.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::server::{Connection, SendResponse};
use h2::{PingPong, Reason, RecvStream};
use http::Request;
use simplon_proto_http::h1::Config;
use simplon_proto_http::h2::ServerStream;
use simplon_timeout::Timer;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::config::Http2Config;
use super::frames::Fault;
use super::heads::HeadOctets;
use super::life::{End, Judged, Life};
use super::stats::{Counters, Flood};
use super::watch::{Watched, Wire};
use super::window::Window;
use crate::http::exchange::{Ending, Exchange, Shared};
use crate::http::gather::{Gather, Others};
use crate::http::linger::{Delivered, Delivery, linger};
use crate::http::service::{HttpConfig, Serve};
use crate::http::slot;
use crate::http::timeouts::Timeouts;
use crate::http::unread::Backlog;
use crate::server::Drain;

/// How many tasks a connection may have for each stream that it may have: the task of a stream that was reset takes a moment to end.
const TASKS_PER_STREAM: usize = 2;
/// How soon, and how seldom, it is asked whether what was written has arrived, while somebody waits for that.
const SOON: Duration = Duration::from_millis(5);
const SELDOM: Duration = Duration::from_millis(250);
/// Octets behind which an answer to a PING takes long: more than a PING and some responses without content.
const A_LOT: u64 = 4 << 10;

pub(super) struct Driver<S> {
    connection: Connection<Watched, Bytes>,
    wire: Arc<Wire>,
    app: Arc<S>,
    protocol: Arc<Config>,
    keep_alive: Duration,
    head: Duration,
    timeouts: Arc<Timeouts>,
    max_exchanges: Option<u32>,
    config: Arc<Http2Config>,
    counters: Arc<Counters>,
    shared: Arc<Shared>,
    drain: Drain,
    streams: JoinSet<Ending>,
    unread: Backlog,
    timer: Timer,
    born: Instant,
    served: u32,
    malformed: u32,
    /// Since when there are no streams.
    idle_since: Option<Instant>,
    life: Life,
    ping: Option<PingPong>,
    /// When a sign of life was asked for.
    asked: Option<Instant>,
    /// What it waits behind, if it is long in coming.
    behind: Option<Delivery>,
    window: Window,
    /// When exchanges that wait for what they sent to be delivered are looked at again, and how long after the last time that is.
    look_by: Option<Instant>,
    pause: Duration,
    gather: Gather,
}

impl<S: Serve> Driver<S> {
    #[expect(clippy::too_many_arguments, reason = "it is made in one place, of what that place has")]
    pub(super) fn new(
        mut connection: Connection<Watched, Bytes>,
        wire: Arc<Wire>,
        app: Arc<S>,
        config: &HttpConfig,
        http2: &Arc<Http2Config>,
        counters: &Arc<Counters>,
        shared: Arc<Shared>,
        drain: Drain,
    ) -> Self {
        let born = Instant::now();
        Self {
            ping: connection.ping_pong(),
            connection,
            wire,
            app,
            protocol: Arc::clone(&config.protocol),
            keep_alive: config.timeouts.keep_alive,
            head: config.timeouts.head,
            timeouts: Arc::clone(&config.timeouts),
            max_exchanges: config.max_exchanges,
            config: Arc::clone(http2),
            counters: Arc::clone(counters),
            shared,
            drain,
            streams: JoinSet::new(),
            unread: Backlog::default(),
            timer: Timer::new(),
            born,
            served: 0,
            malformed: 0,
            idle_since: Some(born),
            life: Life::Open,
            asked: None,
            behind: None,
            look_by: None,
            pause: SOON,
            window: Window::new(http2.stream_window_octets, http2.window_most_octets),
            gather: Gather::default(),
        }
    }

    /// Drives the connection to its end, sees to it that the client gets what it was sent, and then waits for the streams to notice.
    pub(super) async fn run(mut self) {
        let end = poll_fn(|cx| {
            let others = if self.streams.len() > 1 { Others::Some } else { Others::None };
            ready!(self.gather.poll(cx, others));
            self.poll(cx)
        })
        .await;
        let Self { connection, mut streams, wire, shared, timeouts, idle_since, served, .. } = self;
        drop(connection);
        if end == End::Parted && served > 0 {
            let (mut stream, written) = wire.take();
            let since = idle_since.unwrap_or_else(Instant::now);
            if Box::pin(linger(&mut stream, written, since, &timeouts)).await == Delivered::Whole {
                shared.deliveries.all();
            }
        }
        shared.deliveries.end();
        while streams.join_next().await.is_some() {}
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        let taken = self.shared.deliveries.taken(cx);
        loop {
            self.take_back(cx);
            match self.poll_stream(cx) {
                Poll::Ready(Some(Ok((request, respond)))) => self.begin(request, respond, cx),
                Poll::Ready(Some(Err(error))) => return self.broken(&error),
                Poll::Ready(None) if matches!(self.life, Life::Over(_)) => return Poll::Ready(End::Cut),
                Poll::Ready(None) => return Poll::Ready(End::Parted),
                Poll::Pending if self.judge(cx) == Judged::Told || self.measure(cx) == Judged::Told => {}
                Poll::Pending if self.read_on() => {}
                Poll::Pending => break,
            }
        }
        self.wire.state().pass();
        self.deliver(taken);
        self.poll_time(cx)
    }

    /// Lets exchanges go whose octets the client has, of those that waited before the crate wrote.
    fn deliver(&mut self, taken: u64) {
        if taken == 0 {
            return;
        }
        let wire = self.wire.state();
        let deliveries = &self.shared.deliveries;
        let is_any = if wire.is_stuck { true } else { deliveries.mark(taken, wire.transported()) };
        let now = Instant::now();
        if !is_any {
            (self.look_by, self.pause) = (None, SOON);
        } else if self.look_by.is_none_or(|by| by <= now) {
            let acknowledged = wire.acknowledged().unwrap_or_else(|| wire.transported());
            deliveries.arrived(acknowledged);
            self.pause = (self.pause * 2).min(SELDOM);
            self.look_by = Some(now + self.pause);
        }
    }

    /// Where nothing more was read before this was looked at: heads were taken on, and content that waits is copied together.
    fn read_on(&mut self) -> bool {
        if !self.wire.state().is_paused() {
            return false;
        }
        let crumbs = self.unread.compact();
        self.wire.state().read_on(crumbs);
        true
    }

    /// The next stream. While tasks of streams that were reset pile up, none is taken on; where many wait for that, they are refused.
    fn poll_stream(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Accepted, h2::Error>>> {
        if self.has_room() || self.wire.state().is_paused() {
            return self.connection.poll_accept(cx);
        }
        self.connection.poll_closed(cx).map(|outcome| outcome.err().map(Err))
    }

    fn has_room(&self) -> bool {
        self.streams.len() < (self.config.concurrent_streams as usize).saturating_mul(TASKS_PER_STREAM)
    }

    fn begin(&mut self, request: Request<RecvStream>, mut respond: SendResponse<Bytes>, cx: &mut Context<'_>) {
        self.counters.streams.add();
        let before = self.served;
        self.served = before.saturating_add(1);
        if respond.poll_reset(cx).is_ready() {
            // Over before anybody looked at it: nobody is to do anything for it.
            self.counters.stillborn.add();
            return;
        }
        let octets = HeadOctets::of(&request);
        if !self.has_room() || !self.shared.heads.take(octets) {
            self.counters.refused.add();
            respond.send_reset(Reason::REFUSED_STREAM);
            return;
        }
        let stream = ServerStream::new(request, respond, Arc::clone(&self.protocol));
        if !stream.is_head_alone() {
            self.unread.add(stream.unread());
        }
        let exchange = Exchange::h2(stream, Arc::clone(&self.shared), before, octets);
        let running = slot::run(&self.app, Box::new(exchange));
        self.streams.spawn(async move {
            let (exchange, _) = running.await;
            exchange.ending()
        });
        self.idle_since = None;
        self.note_open();
        if self.max_exchanges.is_some_and(|most| self.served >= most) {
            self.leave();
        }
    }

    fn note_open(&self) {
        self.shared.open.store(u32::try_from(self.streams.len()).unwrap_or(u32::MAX), Ordering::Relaxed);
    }

    /// Streams that ended.
    fn take_back(&mut self, cx: &mut Context<'_>) {
        while let Poll::Ready(Some(ended)) = self.streams.poll_join_next(cx) {
            self.note_open();
            let Ok(Ending { is_malformed, is_stalled, keep_alive }) = ended else {
                self.counters.panicked.add();
                continue;
            };
            self.keep_alive = keep_alive.unwrap_or(self.timeouts.keep_alive);
            if is_stalled {
                self.counters.stalled.add();
            }
            if is_malformed {
                self.counters.malformed.add();
                self.malformed = self.malformed.saturating_add(1);
            }
        }
        if self.streams.is_empty() && self.idle_since.is_none() {
            self.unread.forget_gone();
            self.idle_since = Some(Instant::now());
        }
    }

    /// What has happened that the client is to be told of.
    fn judge(&mut self, cx: &mut Context<'_>) -> Judged {
        if matches!(self.life, Life::Over(_)) {
            return Judged::Unchanged;
        }
        let (flood, begun, fault, is_told) = {
            let wire = self.wire.state();
            (wire.flood, wire.begun(), wire.fault, wire.has_said_goaway())
        };
        if is_told {
            // The crate ends the connection with the last stream.
            self.shared.deliveries.leave();
        }
        if let Some(fault) = fault {
            self.connection.abrupt_shutdown(match fault {
                Fault::NoSettings => Reason::PROTOCOL_ERROR,
                Fault::Size => Reason::FRAME_SIZE_ERROR,
            });
            self.life = Life::Over(Instant::now());
            return Judged::Told;
        }
        let flood = flood.or_else(|| self.is_too_malformed(begun).then_some(Flood::Malformed));
        if let Some(flood) = flood {
            self.counters.flood(flood);
            self.connection.abrupt_shutdown(Reason::ENHANCE_YOUR_CALM);
            self.life = Life::Over(Instant::now());
            return Judged::Told;
        }
        if self.life == Life::Open && self.drain.poll_draining(cx).is_ready() {
            self.leave();
            return Judged::Told;
        }
        Judged::Unchanged
    }

    /// Whether too many requests were wrong: of those that came here, or of those that the crate refused or answered by itself. What it has
    /// read and not yet looked at is among the latter, and that is no more than what may run at a time.
    fn is_too_malformed(&self, begun: u32) -> bool {
        let unseen = begun.saturating_sub(self.served).saturating_sub(self.config.concurrent_streams);
        self.malformed >= self.config.malformed_requests || unseen as usize > self.config.local_resets
    }

    /// Lets the window grow with what comes in a round trip.
    fn measure(&mut self, cx: &mut Context<'_>) -> Judged {
        self.window.arrived(std::mem::take(&mut self.wire.state().data_octets));
        let Some(ping) = &mut self.ping else { return Judged::Unchanged };
        if self.window.is_asking() && ping.poll_pong(cx).is_ready() {
            self.asked = None;
            let Some(octets) = self.window.answered(Instant::now()) else { return Judged::Unchanged };
            self.connection.set_target_window_size(octets.max(self.config.connection_window_octets));
            // Refused while the client has not taken notice of the last change: the next one will do.
            let _ = self.connection.set_initial_window_size(octets);
            return Judged::Told;
        }
        if self.window.is_worth_asking() && self.asked.is_none() && self.wire.send_ping(ping, cx) {
            self.window.ask(Instant::now());
            return Judged::Told;
        }
        Judged::Unchanged
    }

    /// GOAWAY in two steps: the first says that there will be an end, the second, a round trip later, which streams were the last.
    fn leave(&mut self) {
        if self.life == Life::Open {
            self.connection.graceful_shutdown();
            self.shared.deliveries.leave();
            self.life = Life::Leaving(Instant::now());
        }
    }

    fn broken(&self, error: &h2::Error) -> Poll<End> {
        let is_flood = error.is_library() && error.reason() == Some(Reason::ENHANCE_YOUR_CALM);
        if is_flood && !matches!(self.life, Life::Over(_)) {
            self.counters.flood(Flood::Library);
        }
        Poll::Ready(End::Cut)
    }

    /// Looks at all waits, acts on those that ran out, and sleeps until the next one.
    fn poll_time(&mut self, cx: &mut Context<'_>) -> Poll<End> {
        loop {
            let now = Instant::now();
            if let Some(count) = self.lost(cx, now) {
                count(&self.counters);
                return Poll::Ready(End::Cut);
            }
            if self.has_taken_leave(now) {
                return Poll::Ready(if matches!(self.life, Life::Over(_)) { End::Cut } else { End::Parted });
            }
            if self.look_by.is_some_and(|by| by <= now) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if self.is_to_leave(now) {
                self.leave();
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            if self.ask(cx, now) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let next = self.next_wait(now);
            if next.is_none() || self.timer.poll_expired(cx, next).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Whether nothing can come of the connection any more, and how that is counted.
    fn lost(&mut self, cx: &mut Context<'_>, now: Instant) -> Option<fn(&Counters)> {
        let passed = |since: Option<Instant>, wait: Duration| {
            since.is_some_and(|since| since.checked_add(wait).is_some_and(|by| by <= now))
        };
        let (is_given_up, head, heard) = {
            let mut wire = self.wire.state();
            (wire.is_given_up(now), wire.head_since, wire.heard)
        };
        if is_given_up {
            return Some(|counters| counters.stuck.add());
        }
        if passed(head, self.head) {
            return Some(|counters| counters.slow_heads.add());
        }
        if self.is_answered(cx, heard) {
            (self.asked, self.behind) = (None, None);
        }
        let is_silent = passed(self.asked, self.config.ping_answer) && !self.is_behind(now);
        is_silent.then_some(|counters| counters.silent.add())
    }

    /// Whether the answer may be long in coming: what was asked waits behind what the client has not taken yet, and does take.
    fn is_behind(&mut self, now: Instant) -> bool {
        let wire = self.wire.state();
        if self.behind.is_none() && wire.stream.unacknowledged().is_none_or(|octets| octets < A_LOT) {
            return false;
        }
        let timeouts = &self.timeouts;
        let delivery = self.behind.get_or_insert_with(|| Delivery::new(timeouts.write, timeouts.write_min_rate));
        match delivery.look(&wire.stream, wire.written) {
            Delivered::Whole => self.behind = None,
            Delivered::Partly(_) => {}
            Delivered::Lost => return false,
        }
        self.asked = Some(now);
        true
    }

    /// Whether the client has had its time to read that the connection is over.
    fn has_taken_leave(&self, now: Instant) -> bool {
        self.leave_by().is_some_and(|by| by <= now)
    }

    fn leave_by(&self) -> Option<Instant> {
        self.farewell_since()?.checked_add(self.config.farewell)
    }

    /// Since when the connection is only there so that the client can read that it is over.
    fn farewell_since(&self) -> Option<Instant> {
        match self.life {
            Life::Open => None,
            // What the streams left behind is written first.
            Life::Leaving(_) if self.wire.state().is_stuck => None,
            Life::Leaving(since) => self.idle_since.map(|idle| idle.max(since)),
            Life::Over(since) => Some(since),
        }
    }

    /// Any octet is a sign of life.
    fn is_answered(&mut self, cx: &mut Context<'_>, heard: Instant) -> bool {
        let Some(asked) = self.asked else { return false };
        let is_ours = !self.window.is_asking();
        let has_ponged = is_ours && self.ping.as_mut().is_some_and(|ping| ping.poll_pong(cx).is_ready());
        has_ponged || heard > asked
    }

    fn is_to_leave(&self, now: Instant) -> bool {
        self.life == Life::Open
            && (self.idle_by().is_some_and(|by| by <= now) || self.old_by().is_some_and(|by| by <= now))
    }

    fn idle_by(&self) -> Option<Instant> {
        self.idle_since?.checked_add(self.keep_alive)
    }

    fn old_by(&self) -> Option<Instant> {
        self.born.checked_add(self.config.max_age)
    }

    /// Asks for a sign of life, if it is time; says whether it did.
    fn ask(&mut self, cx: &mut Context<'_>, now: Instant) -> bool {
        if self.ask_by().is_none_or(|by| by > now) {
            return false;
        }
        // One that is still under way will do.
        if let (false, Some(ping)) = (self.window.is_asking(), &mut self.ping) {
            self.wire.send_ping(ping, cx);
        }
        self.asked = Some(now);
        true
    }

    fn ask_by(&self) -> Option<Instant> {
        if self.streams.is_empty() || self.asked.is_some() {
            return None;
        }
        self.wire.state().heard.checked_add(self.config.ping_after)
    }

    fn next_wait(&self, now: Instant) -> Option<Instant> {
        let (stuck, head) = {
            let wire = self.wire.state();
            (wire.stuck_by(), wire.head_since)
        };
        let is_open = self.life == Life::Open;
        [
            stuck,
            head.and_then(|since| since.checked_add(self.head)),
            self.asked.and_then(|since| since.checked_add(self.config.ping_answer)),
            self.leave_by(),
            self.look_by,
            self.idle_by().filter(|_| is_open),
            self.old_by().filter(|_| is_open),
            self.ask_by(),
        ]
        .into_iter()
        .flatten()
        .filter(|by| *by > now)
        .min()
    }
}

type Accepted = (Request<RecvStream>, SendResponse<Bytes>);
