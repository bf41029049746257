//! One request with its response, seen from the side that answers.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Extensions, StatusCode};
use simplon_proto_http::h1::{Config, Machine, Server};
use simplon_proto_http::head::{RequestHead, ResponseHead};
use simplon_proto_http::transfer::{Last, Part, Reason, Sink, Source, StreamError};
use simplon_timeout::Timer;
use tokio::time::Instant;

use super::leg::{Leg, Patience, deadline};
use super::timeouts::Timeouts;
use super::turn::Turn;
use crate::net::{ConnInfo, Stream};
use crate::server::Drain;

/// How many octets of an unwanted request body are read and dropped so that the connection can be used again.
const DRAIN_OCTETS: u64 = 64 << 10;
/// How many pipelined octets are taken in while an exchange is still under way.
const READ_AHEAD: usize = 64 << 10;

/// What became of a connection when an exchange on it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It can carry another exchange.
    Reuse,
    /// It is over; drop it.
    Close,
}

/// What an idle connection turned to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Woken {
    /// The first octets of a request are here.
    Request,
    /// The peer left, was silent for too long, or the server drains.
    Over,
}

/// One request with its response, seen from the side that answers: a [`Source`] of the request's parts, a [`Sink`] of the response's.
///
/// The head is a part like any other: a malformed request is an exchange whose first poll fails, and that can still be answered.
///
/// Cancel: dropping an exchange before its response is complete closes the connection, so that the peer sees the cut.
#[derive(Debug)]
pub struct Exchange {
    leg: Leg<Server>,
    timer: Timer,
    /// For whoever serves: kept here so that what it has registered outlives the exchange.
    lent: Timer,
    info: Arc<ConnInfo>,
    drain: Drain,
    timeouts: Arc<Timeouts>,
    state: Extensions,
    served: u32,
    quiet_since: Option<Instant>,
    turn: Turn,
    is_cut: bool,
}

impl Exchange {
    pub(super) fn new(
        stream: Stream,
        config: Arc<Config>,
        timeouts: Arc<Timeouts>,
        info: Arc<ConnInfo>,
        drain: Drain,
    ) -> Self {
        let patience = Patience {
            idle: timeouts.first_octet,
            head: timeouts.head,
            body: timeouts.body,
            write: timeouts.write,
            min_rate: timeouts.body_min_rate,
        };
        Self {
            leg: Leg::new(stream, Machine::new(config), patience),
            timer: Timer::new(),
            lent: Timer::new(),
            info,
            drain,
            timeouts,
            state: Extensions::new(),
            served: 0,
            quiet_since: None,
            turn: Turn::default(),
            is_cut: false,
        }
    }

    /// An exchange over any byte stream, for tests and for embedding: default limits and timeouts, no server around it.
    pub fn over(stream: Stream, info: ConnInfo) -> Self {
        Self::new(stream, Arc::default(), Arc::default(), Arc::new(info), Drain::never())
    }

    /// Where the request came from.
    pub fn info(&self) -> &Arc<ConnInfo> {
        &self.info
    }

    /// State that lives as long as the connection, across its exchanges.
    pub fn connection_state(&mut self) -> &mut Extensions {
        &mut self.state
    }

    /// How many exchanges this connection carried before this one.
    pub fn served(&self) -> u32 {
        self.served
    }

    /// Waits of this connection.
    pub fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    /// A timer that lives as long as the connection, for waits beside those of the exchange itself: what it has registered serves the next
    /// exchange too. Take it out and put it back.
    pub fn timer(&mut self) -> &mut Timer {
        &mut self.lent
    }

    /// Octets of request content that are announced and still to come; `None` if that is not known.
    pub fn remaining(&self) -> Option<u64> {
        self.leg.machine.remaining()
    }

    /// Whether the client is what is waited for: to send more of its request, or to take more of its response.
    pub fn awaits_client(&self) -> bool {
        self.leg.deadline().is_some()
    }

    /// Says in the response head, if it is not written yet, that the connection ends with this exchange.
    pub fn close_after(&mut self) {
        self.leg.machine.close_after();
    }

    /// Whether the client holds its content back until it is told to go on (RFC 9110 §10.1.1), and was not told yet.
    ///
    /// Polling for the content tells it. A proxy that lets the origin decide polls only after it has passed on a 100 (Continue).
    pub fn awaits_continue(&self) -> bool {
        self.leg.machine.awaits_continue()
    }

    /// Whether both sides agreed on raw octets.
    pub fn is_tunnel(&self) -> bool {
        self.leg.machine.is_tunnel()
    }

    /// Whether the request was given to its end.
    pub fn is_read(&self) -> bool {
        self.leg.machine.is_read()
    }

    /// Whether the response was taken to its end.
    pub fn is_written(&self) -> bool {
        self.leg.machine.is_written()
    }

    /// Whether a final response head was taken.
    pub fn has_begun(&self) -> bool {
        self.leg.machine.has_begun_writing()
    }

    /// Ready when this exchange's own waits, or `also`, have run out; gives the time it is. Of its own waits the next read tells which.
    ///
    /// Cost: nothing is registered anew when deadlines only move later.
    pub fn poll_deadline(&mut self, cx: &mut Context<'_>, also: Option<Instant>) -> Poll<Instant> {
        let own = self.leg.deadline();
        let earliest = match (own, also) {
            (Some(own), Some(also)) => Some(own.min(also)),
            (own, also) => own.or(also),
        };
        if earliest.is_none() || self.timer.poll_expired(cx, earliest).is_pending() {
            return Poll::Pending;
        }
        Poll::Ready(Instant::now())
    }

    /// Fails this exchange if one of its own waits ran out.
    pub fn expire(&mut self, now: Instant) -> Option<StreamError> {
        self.leg.expire(now)
    }

    /// Ready once the client has closed its side or reset, while the request was read to its end.
    ///
    /// Reads ahead at most 64 KiB of pipelined requests; with more than that waiting it stays pending.
    pub fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<StreamError> {
        loop {
            if self.leg.machine.buffered() >= READ_AHEAD {
                return Poll::Pending;
            }
            match self.leg.poll_fill_untimed(cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready(StreamError::Closed),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Poll::Ready(error),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// The request head, and whether it is the whole request.
    ///
    /// # Errors
    /// [`StreamError::Closed`] if the client left before it said anything; otherwise the fault in what it said.
    pub async fn head(&mut self) -> Result<(RequestHead, Last), StreamError> {
        match poll_fn(|cx| self.poll_part(cx)).await? {
            Some(Part::Head(head, last)) => Ok((head, last)),
            _ => Err(StreamError::Closed),
        }
    }

    /// Waits for the first octets of a request.
    pub(super) async fn idle(&mut self, keep: KeepIdle) -> Woken {
        self.leg.patience.idle = if self.served == 0 { self.timeouts.first_octet } else { self.timeouts.keep_alive };
        self.quiet_since = None;
        poll_fn(|cx| self.poll_idle(cx, keep)).await
    }

    fn poll_idle(&mut self, cx: &mut Context<'_>, keep: KeepIdle) -> Poll<Woken> {
        if !self.leg.machine.is_idle() {
            return Poll::Ready(Woken::Request);
        }
        if self.leg.stream.poll_arrived(cx).is_ready() && self.turn.poll(cx).is_pending() {
            return Poll::Pending;
        }
        match self.leg.poll_fill(cx) {
            Poll::Ready(Ok(1..)) => {
                // The wait for a request is over; that for its head begins now.
                self.leg.restart_wait();
                return Poll::Ready(Woken::Request);
            }
            Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(Woken::Over),
            Poll::Pending => {}
        }
        let grace = if self.drain.poll_draining(cx).is_ready() { Some(self.grace(keep)) } else { None };
        match self.poll_deadline(cx, grace) {
            Poll::Ready(_) => Poll::Ready(Woken::Over),
            Poll::Pending => Poll::Pending,
        }
    }

    /// Until when an idle connection of a draining server may still begin a request: one that was busy a moment ago may have sent one.
    fn grace(&mut self, keep: KeepIdle) -> Instant {
        let now = Instant::now();
        match self.leg.deadline().and_then(|by| by.checked_sub(self.leg.patience.idle)) {
            Some(since) => *self.quiet_since.get_or_insert(since) + keep.grace,
            None => now,
        }
    }

    /// Nobody reads the request on: the client has all the time it wants to send it.
    #[cfg(feature = "tower")]
    pub(crate) fn stop_waiting(&mut self) {
        self.leg.restart_wait();
    }

    /// Brings the exchange to an end on the wire: flushes, reads or drops what is left of the request, and says what became of the connection.
    pub(super) async fn finish(&mut self) -> Ended {
        if self.is_cut || !self.leg.machine.is_written() {
            let machine = &self.leg.machine;
            // Of a response that was taken to its end nobody knows any more whether the end of the connection is its own.
            if machine.is_close_delimited() || (machine.is_written() && machine.wants_transmit()) {
                self.leg.stream.reset_on_close();
            }
            return Ended::Close;
        }
        if poll_fn(|cx| self.poll_flushed(cx)).await.is_err() {
            return Ended::Close;
        }
        if self.is_tunnel() {
            return Ended::Close;
        }
        if !self.leg.machine.is_read() && self.may_drain() {
            self.drop_rest().await;
        }
        if self.leg.machine.is_read() && !self.leg.has_failed() {
            if self.leg.machine.may_reuse() {
                self.leg.machine.advance();
                self.leg.restart_wait();
                self.served = self.served.saturating_add(1);
                return Ended::Reuse;
            }
            if !self.leg.machine.has_excess() {
                return Ended::Close;
            }
        }
        self.linger().await;
        Ended::Close
    }

    /// Whether what is left of the request is little enough to read and drop. A client that waits for 100 may never send it.
    fn may_drain(&self) -> bool {
        !self.leg.has_failed()
            && !self.awaits_continue()
            && self.leg.machine.may_reuse()
            && self.leg.machine.remaining().is_none_or(|octets| octets <= DRAIN_OCTETS)
    }

    async fn drop_rest(&mut self) {
        let mut dropped = 0;
        let by = deadline(self.timeouts.linger);
        poll_fn(|cx| {
            loop {
                match self.leg.poll_part(cx) {
                    Poll::Ready(Ok(Some(Part::Data(octets, _)))) => dropped += octets.len() as u64,
                    Poll::Ready(Ok(Some(_))) => {}
                    Poll::Ready(Ok(None) | Err(_)) => return Poll::Ready(()),
                    Poll::Pending => return self.poll_deadline(cx, by).map(drop),
                }
                if dropped > DRAIN_OCTETS {
                    return Poll::Ready(());
                }
            }
        })
        .await;
    }

    /// Closes so that the client can read the answer: ends our side, then drops what still comes until the client closes too (RFC 9112 §9.6).
    async fn linger(&mut self) {
        let by = deadline(self.timeouts.linger);
        poll_fn(|cx| {
            if self.leg.poll_shutdown(cx).is_ready() && self.leg.poll_discard(cx).is_ready() {
                return Poll::Ready(());
            }
            self.leg.restart_wait();
            self.poll_deadline(cx, by).map(drop)
        })
        .await;
    }

    fn poll_flushed(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        match self.leg.poll_flush(cx) {
            Poll::Pending => self.poll_own_deadline(cx).map(Err),
            ready => ready,
        }
    }

    fn poll_own_deadline(&mut self, cx: &mut Context<'_>) -> Poll<StreamError> {
        loop {
            match self.poll_deadline(cx, None) {
                Poll::Pending => return Poll::Pending,
                Poll::Ready(now) => {
                    if let Some(error) = self.leg.expire(now) {
                        return Poll::Ready(error);
                    }
                }
            }
        }
    }

    /// The client holds its content back and somebody wants it: tell it to go on.
    fn invite(&mut self) -> Result<(), StreamError> {
        self.leg.machine.send(Part::Head(ResponseHead::new(StatusCode::CONTINUE), Last::No))
    }
}

/// How long a recently busy connection of a draining server is still listened to.
#[derive(Clone, Copy, Debug)]
pub(super) struct KeepIdle {
    pub(super) grace: Duration,
}

impl Source<RequestHead> for Exchange {
    fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Part<RequestHead>>, StreamError>> {
        if self.leg.machine.awaits_continue() {
            self.invite()?;
        }
        let part = self.leg.poll_part(cx);
        if part.is_ready() {
            return part;
        }
        if self.leg.machine.wants_transmit() {
            let _ = self.leg.poll_flush(cx);
        }
        self.poll_own_deadline(cx).map(Err)
    }

    fn stop(&mut self, _why: Reason) {
        self.leg.machine.close_after();
    }
}

impl Sink<ResponseHead> for Exchange {
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, StreamError>> {
        match self.leg.poll_room(cx) {
            Poll::Pending => self.poll_own_deadline(cx).map(Err),
            ready => ready,
        }
    }

    fn push(&mut self, part: Part<ResponseHead>) -> Result<(), StreamError> {
        if matches!(part, Part::Head(..)) && self.drain.is_draining() {
            self.leg.machine.close_after();
        }
        self.leg.machine.send(part)
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        self.poll_flushed(cx)
    }

    fn reset(&mut self, why: Reason) {
        self.is_cut = true;
        let error = match why {
            Reason::Timeout => StreamError::Timeout(simplon_proto_http::transfer::Wait::Exchange),
            _ => StreamError::Reset,
        };
        self.leg.fail(error);
    }
}
