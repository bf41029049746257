//! A connection between its exchanges: how it waits for the next one, and how it goes.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use simplon_proto_http::transfer::{Part, StreamError, Wait};
use simplon_timeout::Timer;
use tokio::time::Instant;

use super::Exchange;
use crate::http::exchange::{Ended, KeepIdle, Woken};
use crate::http::leg::deadline;
use crate::http::linger::{Delivered, Delivery, linger};
use crate::net::Arrived;

/// How many octets of an unwanted request body are read and dropped so that the connection can be used again.
const DRAIN_OCTETS: u64 = 64 << 10;

impl Exchange {
    /// Waits for the first octets of a request.
    pub(in crate::http) async fn idle(&mut self, keep: KeepIdle) -> Woken {
        let idle = if self.served == 0 { self.timeouts.first_octet } else { self.forget_waits() };
        self.leg.patience.idle = idle;
        self.quiet_since = None;
        let woken = poll_fn(|cx| self.poll_idle(cx, keep)).await;
        if woken == Woken::Over {
            // Boxed: a connection at rest does not pay for how it ends.
            Box::pin(self.part()).await;
        }
        woken
    }

    /// The end of a connection at rest. What it carried before may still be on its way.
    async fn part(&mut self) {
        if self.served > 0 && self.leg.stream.unacknowledged() > Some(0) {
            self.linger(Instant::now()).await;
        } else {
            self.take_leave().await;
        }
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
                self.leg.restart_wait_keeping_time();
                self.leg.restart_uptake();
                self.served = self.served.saturating_add(1);
                return Ended::Reuse;
            }
            // A client that said so sends nothing more, and nothing more has come: it is not cut off by the end.
            if self.leg.machine.peer_closes() && !self.has_excess() {
                self.take_leave().await;
                return Ended::Close;
            }
        }
        Box::pin(self.linger(Instant::now())).await;
        Ended::Close
    }

    /// Whether more has come than was asked for, or is there to be read: costs no system call.
    fn has_excess(&self) -> bool {
        let arrived = self.leg.stream.arrived(&mut Context::from_waker(Waker::noop()));
        self.leg.machine.has_excess() || arrived == Arrived::Yes
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

    #[inline]
    pub(in crate::http) fn ends_soon(&self) -> bool {
        self.drain.is_draining() || self.leg.machine.closes()
    }

    /// Ready once the client has acknowledged the whole response, where the connection ends with it and the kernel can be asked.
    ///
    /// # Errors
    /// The client left, or takes it too slowly.
    pub(in crate::http) async fn delivered(&mut self) -> Result<(), StreamError> {
        // A client that is still to send may not read before it has: what it sends is dropped as the connection lingers.
        if !self.ends_soon() || self.is_tunnel() || !self.is_read() {
            return Ok(());
        }
        poll_fn(|cx| self.poll_flushed(cx)).await?;
        let (timeouts, mut timer, mut by) = (Arc::clone(&self.timeouts), Timer::new(), None);
        let mut delivery = Delivery::new(timeouts.write, timeouts.write_min_rate);
        let mut is_watched = self.is_read();
        poll_fn(|cx| {
            loop {
                if by.is_some() {
                    if is_watched && let Poll::Ready(error) = self.poll_gone(cx) {
                        if error != StreamError::Closed {
                            return Poll::Ready(Err(error));
                        }
                        is_watched = false;
                    }
                    ready!(timer.poll_expired(cx, by));
                }
                by = match delivery.look(&self.leg.stream, self.leg.written) {
                    Delivered::Whole => return Poll::Ready(Ok(())),
                    Delivered::Partly(next) => Some(next),
                    Delivered::Lost => return Poll::Ready(Err(StreamError::Timeout(Wait::Write))),
                };
            }
        })
        .await
    }

    /// Closes so that the client can read what it was answered `since` then.
    async fn linger(&mut self, since: Instant) {
        let (written, timeouts) = (self.leg.written, Arc::clone(&self.timeouts));
        linger(&mut self.leg.stream, written, since, &timeouts).await;
    }
}
