//! One request with its response on a connection of HTTP/1, which carries one after the other.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Extensions, StatusCode};
use simplon_proto_http::h1::{Config, Machine, Server};
use simplon_proto_http::head::{RequestHead, ResponseHead};
use simplon_proto_http::transfer::{Last, Part, Reason, Sink, Source, StreamError};
use simplon_timeout::Timer;
use tokio::time::Instant;

use super::{Ended, KeepIdle, Woken, wait_until};
use crate::http::leg::{Leg, Patience, deadline};
#[cfg(feature = "h2")]
use crate::http::preface::Preface;
use crate::http::timeouts::Timeouts;
use crate::http::turn::Turn;
use crate::net::{Arrived, ConnInfo, Stream};
use crate::server::Drain;

/// How many octets of an unwanted request body are read and dropped so that the connection can be used again.
const DRAIN_OCTETS: u64 = 64 << 10;
/// How many pipelined octets are taken in while an exchange is still under way.
const READ_AHEAD: usize = 64 << 10;

/// A connection of HTTP/1 with the exchange that it carries now.
#[derive(Debug)]
pub(in crate::http) struct Exchange {
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
    /// When whoever served last looked at the time.
    seen: Option<Instant>,
    is_cut: bool,
}

impl Exchange {
    pub(in crate::http) fn new(
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
            seen: None,
            is_cut: false,
        }
    }

    /// Where the request came from.
    pub(super) fn info(&self) -> &Arc<ConnInfo> {
        &self.info
    }

    /// State that lives as long as the connection, across its exchanges.
    pub(super) fn connection_state(&mut self) -> &mut Extensions {
        &mut self.state
    }

    /// How many exchanges this connection carried before this one.
    pub(in crate::http) fn served(&self) -> u32 {
        self.served
    }

    /// Waits of this connection.
    pub(super) fn timeouts(&self) -> &Timeouts {
        &self.timeouts
    }

    pub(super) fn lent(&mut self) -> &mut Timer {
        &mut self.lent
    }

    pub(super) fn saw(&mut self, now: Instant) {
        self.seen = Some(now);
    }

    pub(super) fn remaining(&self) -> Option<u64> {
        self.leg.machine.remaining()
    }

    pub(super) fn awaits_client(&self) -> bool {
        self.leg.deadline().is_some()
    }

    #[cfg(feature = "tower")]
    pub(super) fn stop_waiting(&mut self) {
        self.leg.restart_wait();
    }

    /// Says in the response head, if it is not written yet, that the connection ends with this exchange.
    pub(in crate::http) fn close_after(&mut self) {
        self.leg.machine.close_after();
    }

    /// Whether the client holds its content back until it is told to go on (RFC 9110 §10.1.1), and was not told yet.
    ///
    /// Polling for the content tells it. A proxy that lets the origin decide polls only after it has passed on a 100 (Continue).
    pub(super) fn awaits_continue(&self) -> bool {
        self.leg.machine.awaits_continue()
    }

    /// Whether both sides agreed on raw octets.
    pub(super) fn is_tunnel(&self) -> bool {
        self.leg.machine.is_tunnel()
    }

    /// Whether the request was given to its end.
    pub(super) fn is_read(&self) -> bool {
        self.leg.machine.is_read()
    }

    /// Whether the response was taken to its end.
    pub(super) fn is_written(&self) -> bool {
        self.leg.machine.is_written()
    }

    /// Whether a final response head was taken.
    pub(super) fn has_begun(&self) -> bool {
        self.leg.machine.has_begun_writing()
    }

    pub(super) fn poll_deadline(&mut self, cx: &mut Context<'_>, also: Option<Instant>) -> Poll<Instant> {
        wait_until(&mut self.timer, cx, self.leg.deadline(), also)
    }

    /// Fails this exchange if one of its own waits ran out.
    pub(super) fn expire(&mut self, now: Instant) -> Option<StreamError> {
        self.leg.expire(now)
    }

    /// Ready once the client has closed its side or reset, while the request was read to its end.
    ///
    /// Reads ahead at most 64 KiB of pipelined requests; with more than that waiting it stays pending.
    pub(super) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<StreamError> {
        loop {
            if self.leg.machine.buffered() >= READ_AHEAD {
                return Poll::Pending;
            }
            match self.leg.poll_fill_untimed(cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready(StreamError::Closed),
                Poll::Ready(Ok(_)) => {}
                // Of a session of TLS that ends without a word. No message is cut by it: the request was read to its end.
                Poll::Ready(Err(StreamError::Truncated)) => return Poll::Ready(StreamError::Reset),
                Poll::Ready(Err(error)) => return Poll::Ready(error),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// Whether what came so far may be the preface of HTTP/2: all of it, or a beginning.
    #[cfg(feature = "h2")]
    pub(in crate::http) fn preface(&self) -> Preface {
        Preface::of(self.leg.machine.unread())
    }

    /// Waits until it is certain whether the connection begins with the preface. The wait for the head bounds it.
    #[cfg(feature = "h2")]
    pub(in crate::http) async fn speaks_h2(&mut self) -> bool {
        poll_fn(|cx| {
            loop {
                match self.preface() {
                    Preface::Whole => return Poll::Ready(true),
                    Preface::No => return Poll::Ready(false),
                    Preface::Begun => {}
                }
                match self.leg.poll_fill(cx) {
                    Poll::Ready(Ok(1..)) => {}
                    Poll::Ready(Ok(0) | Err(_)) => return Poll::Ready(false),
                    Poll::Pending => return self.poll_own_deadline(cx).map(|_| false),
                }
            }
        })
        .await
    }

    /// The connection with what was read of it, for another protocol.
    #[cfg(feature = "h2")]
    pub(in crate::http) fn into_stream(self) -> (Stream, bytes::Bytes) {
        let unread = bytes::Bytes::copy_from_slice(self.leg.machine.unread());
        (self.leg.stream, unread)
    }

    /// Waits for the first octets of a request.
    pub(in crate::http) async fn idle(&mut self, keep: KeepIdle) -> Woken {
        self.leg.patience.idle = if self.served == 0 { self.timeouts.first_octet } else { self.timeouts.keep_alive };
        self.quiet_since = None;
        let woken = poll_fn(|cx| self.poll_idle(cx, keep)).await;
        if woken == Woken::Over {
            self.take_leave().await;
        }
        woken
    }

    fn poll_idle(&mut self, cx: &mut Context<'_>, keep: KeepIdle) -> Poll<Woken> {
        if !self.leg.machine.is_idle() {
            return Poll::Ready(Woken::Request);
        }
        let filled = match self.leg.stream.arrived(cx) {
            Arrived::Yes if self.turn.poll(cx).is_pending() => return Poll::Pending,
            Arrived::Yes => self.leg.poll_fill_arrived(cx),
            Arrived::No => self.leg.nothing_to_fill(),
            Arrived::Unknown => self.leg.poll_fill(cx),
        };
        match filled {
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

    /// Brings the exchange to an end on the wire: flushes, reads or drops what is left of the request, and says what became of the connection.
    pub(in crate::http) async fn finish(&mut self) -> Ended {
        if self.is_cut || !self.leg.machine.is_written() {
            let machine = &self.leg.machine;
            // Of a response that was taken to its end nobody knows any more whether the end of the connection is its own.
            if machine.is_close_delimited() || (machine.is_written() && machine.wants_transmit()) {
                self.leg.stream.reset_on_close();
            }
            return Ended::Close;
        }
        let flushed = poll_fn(|cx| {
            let flushed = self.poll_flushed(cx);
            if flushed.is_pending() {
                self.seen = None;
            }
            flushed
        });
        if flushed.await.is_err() {
            return Ended::Close;
        }
        if self.is_tunnel() {
            return Ended::Close;
        }
        if !self.leg.machine.is_read() && self.may_drain() {
            self.seen = None;
            self.drop_rest().await;
        }
        if self.leg.machine.is_read() && !self.leg.has_failed() {
            if self.leg.machine.may_reuse() {
                self.leg.machine.advance();
                self.leg.restart_wait_at(self.seen.take());
                self.served = self.served.saturating_add(1);
                return Ended::Reuse;
            }
            if !self.leg.machine.has_excess() {
                self.take_leave().await;
                return Ended::Close;
            }
        }
        self.linger().await;
        Ended::Close
    }

    /// In TLS the end has to be said: without it, what ends with the connection looks cut off (RFC 8446 §6.1).
    async fn take_leave(&mut self) {
        if self.leg.stream.tls().is_none() {
            return;
        }
        let by = deadline(self.timeouts.linger);
        poll_fn(|cx| match self.leg.poll_shutdown(cx) {
            Poll::Ready(()) => Poll::Ready(()),
            Poll::Pending => self.poll_deadline(cx, by).map(drop),
        })
        .await;
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
