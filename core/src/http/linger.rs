//! The end of a connection: what was written is delivered before it is closed.
//!
//! A socket that is closed while octets for it are unread, or come later, is reset by the kernel, and the reset takes along what the peer has
//! not read yet: all of its send buffer, some megabytes. So our side is ended, and what still comes is read and dropped, until the peer ends
//! too (RFC 9112 §9.6): for as long as it acknowledges what it was sent at the least rate, and for [`super::Timeouts::linger`] after that.
//!
//! What the peer has acknowledged is asked of the kernel, some times a second at most, and only here and before somebody is cut: see
//! [`super::uptake`].

use std::future::poll_fn;
use std::num::NonZeroU32;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use simplon_timeout::Timer;
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::time::Instant;

use super::allowance::Allowance;
use super::leg::deadline;
use super::timeouts::Timeouts;
use crate::net::Stream;

/// How many octets are read at a time before they are dropped.
const DISCARD: usize = 16 << 10;
/// How soon the kernel is asked again, to begin with and at most.
const SOON: Duration = Duration::from_millis(10);
const SELDOM: Duration = Duration::from_millis(500);

/// Whether all that was written has been acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivered {
    /// All of it, as far as anybody can tell.
    Whole,
    /// Some of it; ask again at that time.
    Partly(Instant),
    /// The peer takes it too slowly, or not at all.
    Lost,
}

/// Waits for a peer to acknowledge what was written: how long, and how it stood when the kernel was asked last.
#[derive(Debug)]
pub(super) struct Delivery {
    allowance: Allowance,
    acknowledged: Option<i64>,
    pause: Duration,
}

impl Delivery {
    pub(super) const fn new(most: Duration, rate: Option<NonZeroU32>) -> Self {
        Self { allowance: Allowance::new(most, rate), acknowledged: None, pause: SOON }
    }

    /// Asks the kernel whether all of the `written` octets have arrived.
    pub(super) fn look(&mut self, stream: &Stream, written: u64) -> Delivered {
        match stream.unacknowledged() {
            None | Some(0) => Delivered::Whole,
            Some(_) => self.wait(stream.acknowledged(written).unwrap_or(0)),
        }
    }

    fn wait(&mut self, acknowledged: i64) -> Delivered {
        let before = self.acknowledged.replace(acknowledged);
        let octets = before.map_or(0, |before| acknowledged.saturating_sub(before));
        if let Ok(octets @ 1..) = u64::try_from(octets) {
            self.allowance.credit(octets);
        }
        self.allowance.begin();
        let now = Instant::now();
        if self.allowance.is_over(now) {
            return Delivered::Lost;
        }
        self.pause = (self.pause * 2).min(SELDOM);
        Delivered::Partly(now + self.pause)
    }
}

/// Closes a stream so that its peer can read all that it was sent. `since` is when the peer was given something last.
pub(super) async fn linger(stream: &mut Stream, written: u64, since: Instant, timeouts: &Timeouts) -> Delivered {
    let (mut timer, mut delivery) = (Timer::new(), Delivery::new(timeouts.write, timeouts.write_min_rate));
    let mut by = since.checked_add(timeouts.linger);
    let mut is_owed = false;
    let mut parting = Parting::default();
    poll_fn(|cx| {
        if parting.poll(cx, stream).is_ready() {
            return Poll::Ready(Delivered::Whole);
        }
        loop {
            ready!(timer.poll_expired(cx, by));
            match delivery.look(stream, written) {
                // It has just got the last of it.
                Delivered::Whole if is_owed => {
                    is_owed = false;
                    by = deadline(timeouts.linger);
                }
                Delivered::Partly(next) => {
                    is_owed = true;
                    by = Some(next);
                }
                outcome => return Poll::Ready(outcome),
            }
        }
    })
    .await
}

/// Both ends of a stream being closed: ours by us, the other by its peer.
#[derive(Debug, Default)]
struct Parting {
    is_shut: bool,
}

impl Parting {
    /// Ready once the peer has closed or reset; what comes until then is dropped.
    fn poll(&mut self, cx: &mut Context<'_>, stream: &mut Stream) -> Poll<()> {
        if !self.is_shut {
            // A peer that is gone already is no fault.
            let _ = ready!(Pin::new(&mut *stream).poll_shutdown(cx));
            self.is_shut = true;
        }
        loop {
            let mut dropped = bytes::BytesMut::with_capacity(DISCARD);
            let outcome = pin!(stream.read_buf(&mut dropped)).poll(cx);
            match ready!(outcome) {
                Ok(1..) => {}
                Ok(0) | Err(_) => return Poll::Ready(()),
            }
        }
    }
}
