//! One request with its response on a connection of HTTP/1, which carries one after the other.

mod between;

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Extensions, StatusCode};
use simplon_proto_http::h1::{Config, Machine, Server};
use simplon_proto_http::head::{RequestHead, ResponseHead};
use simplon_proto_http::transfer::{Last, Part, Reason, Sink, Source, StreamError};
use simplon_timeout::Timer;
use tokio::time::Instant;

#[cfg(feature = "h2")]
use super::Unspoken;
use super::wait_until;
use crate::http::kept::Kept;
use crate::http::leg::{Leg, Patience};
#[cfg(feature = "h2")]
use crate::http::preface::Preface;
use crate::http::timeouts::Timeouts;
use crate::http::turn::Turn;
use crate::http::waits::Waits;
#[cfg(target_os = "linux")]
use crate::net::pipe::Pipe;
use crate::net::{ConnInfo, Ending, Stream};
use crate::server::Drain;

/// How many octets of content and pipelined requests are taken in before somebody asks for them, to see whether the client leaves.
const READ_AHEAD: usize = 64 << 10;
/// How often that is asked of the socket while there are more.
const LOOK: Duration = Duration::from_secs(1);

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
    is_cut: bool,
    /// When the end of a client is looked for that has sent more than is read ahead.
    look: Option<Box<Look>>,
    waits: Option<Box<Waits>>,
    /// Upstream connections that belong to this one.
    pub(super) kept: Kept,
}

/// The next time that a socket is asked whether its end has come.
#[derive(Debug)]
struct Look {
    timer: Timer,
    at: Instant,
}

impl Exchange {
    pub(in crate::http) fn new(
        stream: Stream,
        config: Arc<Config>,
        timeouts: Arc<Timeouts>,
        info: Arc<ConnInfo>,
        drain: Drain,
    ) -> Self {
        let patience = patience_with(&timeouts);
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
            look: None,
            waits: None,
            kept: Kept::default(),
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

    pub(super) fn own_waits(&self) -> Option<&Waits> {
        self.waits.as_deref()
    }

    pub(super) fn wait_so(&mut self, waits: Waits) {
        self.leg.wait_so(&waits);
        self.waits = Some(Box::new(waits));
    }

    /// How long the connection rests after the exchange that is over, whose waits were its own.
    fn forget_waits(&mut self) -> Duration {
        let Some(waits) = self.waits.take() else { return self.timeouts.keep_alive };
        self.leg.be_patient(patience_with(&self.timeouts));
        waits.keep_alive.unwrap_or(self.timeouts.keep_alive)
    }

    pub(super) fn lent(&mut self) -> &mut Timer {
        &mut self.lent
    }

    pub(super) fn saw(&mut self, now: Instant) {
        self.leg.saw(now);
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

    /// Ready once the client has closed its side or reset.
    ///
    /// Reads ahead at most 64 KiB; with more than that waiting it asks once a second.
    pub(super) fn poll_gone(&mut self, cx: &mut Context<'_>) -> Poll<StreamError> {
        loop {
            if self.leg.machine.buffered() >= READ_AHEAD {
                return self.poll_ended(cx);
            }
            match self.leg.poll_fill_untimed(cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready(StreamError::Closed),
                Poll::Ready(Ok(_)) => {}
                // Of a session of TLS that ends without a word. What it cuts, the next read tells.
                Poll::Ready(Err(StreamError::Truncated)) => return Poll::Ready(StreamError::Reset),
                Poll::Ready(Err(error)) => return Poll::Ready(error),
                Poll::Pending => {
                    self.look = None;
                    return Poll::Pending;
                }
            }
        }
    }

    /// The end of a client before which there are octets that are not read now. The runtime wakes nobody for it alone.
    #[cold]
    fn poll_ended(&mut self, cx: &mut Context<'_>) -> Poll<StreamError> {
        match self.leg.stream.ending() {
            Some(Ending::Closed) => return Poll::Ready(StreamError::Closed),
            Some(Ending::Reset) => return Poll::Ready(self.leg.fail(StreamError::Reset)),
            None => {}
        }
        let look = self.look.get_or_insert_with(|| Box::new(Look { timer: Timer::new(), at: Instant::now() + LOOK }));
        while look.timer.poll_expired(cx, Some(look.at)).is_ready() {
            look.at = Instant::now() + LOOK;
        }
        Poll::Pending
    }

    /// Whether what came so far may be the preface of HTTP/2: all of it, or a beginning.
    #[cfg(feature = "h2")]
    pub(in crate::http) fn preface(&self) -> Preface {
        Preface::of(self.leg.machine.unread())
    }

    /// Waits until it is certain whether the connection begins with the preface. The wait for the head bounds it.
    #[cfg(feature = "h2")]
    pub(in crate::http) async fn speaks_h2(&mut self) -> bool {
        std::future::poll_fn(|cx| {
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
    pub(in crate::http) fn into_unspoken(self) -> Unspoken {
        let before = bytes::Bytes::copy_from_slice(self.leg.machine.unread());
        Unspoken { stream: self.leg.stream, before, info: self.info, drain: self.drain }
    }

    /// How much of the response may be given past the machine; of sockets of TCP in the clear.
    #[cfg(target_os = "linux")]
    pub(in crate::http) fn takes_bypass(&self) -> Option<u64> {
        self.leg.stream.as_tcp()?;
        self.leg.machine.remaining_to_write()
    }

    /// What is in the pipe goes to the socket, after what was pushed before.
    #[cfg(target_os = "linux")]
    pub(in crate::http) fn poll_pour(
        &mut self,
        cx: &mut Context<'_>,
        pipe: &mut Pipe,
    ) -> Poll<Result<usize, StreamError>> {
        if self.leg.machine.wants_transmit() {
            std::task::ready!(self.poll_flushed(cx))?;
        }
        match self.leg.poll_pour(cx, pipe) {
            Poll::Pending => self.poll_own_deadline(cx).map(Err),
            ready => ready,
        }
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

fn patience_with(timeouts: &Timeouts) -> Patience {
    Patience {
        idle: timeouts.first_octet,
        head: timeouts.head,
        body: timeouts.body,
        body_min_rate: timeouts.body_min_rate,
        write: timeouts.write,
        write_min_rate: timeouts.write_min_rate,
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
