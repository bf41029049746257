//! The byte stream of a connection of HTTP/2, looked at as it passes: what came, how much of it was of no use, whether writes stand still.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use h2::{Ping, PingPong};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::budget::Budget;
use super::config::Http2Config;
use super::frames::{Fault, Frames};
use super::stats::Flood;
use crate::http::field_blocks::BadFields;
use crate::http::passes::Passes;
use crate::http::timeouts::Timeouts;
use crate::http::unread::{MOST_CRUMBS, MOST_SMALL_DATA};
use crate::http::uptake::Uptake;
use crate::net::Stream;

/// Octets written that allow the client one more frame of control: it has to open windows for what it takes.
const OCTETS_FOR_A_FRAME: f64 = 64.0;
/// Frames of control that may come with each request, such as PRIORITY.
const FRAMES_FOR_A_HEAD: f64 = 2.0;

/// Heads that are read before the driver has looked at those that came: the `h2` crate holds them until then.
const UNSEEN_HEADS: u32 = 16;

/// A stream that is read and written by the `h2` crate, after octets that were read before.
pub(super) struct Watched {
    before: Bytes,
    wire: Arc<Wire>,
}

/// The byte stream, and what the driver knows of it. Both run in one task, and exchanges only ask before they give up: the lock is hardly ever
/// waited for.
#[derive(Debug)]
pub(in crate::http) struct Wire(Mutex<State>);

/// What was seen.
#[derive(Debug)]
pub(in crate::http) struct State {
    pub(in crate::http) stream: Stream,
    frames: Frames,
    resets: Budget,
    control: Budget,
    /// When octets came last.
    pub(super) heard: Instant,
    /// Since when a head is under way.
    pub(super) head_since: Option<Instant>,
    /// The wait of what the socket did not take.
    uptake: Uptake,
    /// Whether the socket takes nothing.
    pub(super) is_stuck: bool,
    /// Octets that the stream took, ever.
    pub(super) written: u64,
    /// Octets of content that came since the driver looked.
    pub(super) data_octets: u64,
    /// Heads and small frames of DATA that came since the driver looked.
    unseen_heads: u32,
    small_data: u32,
    /// Who waits until small pieces were written.
    pub(in crate::http) passes: Passes,
    /// What the client does too much of.
    pub(super) flood: Option<Flood>,
    /// What is wrong with a frame. Nothing more is read.
    pub(super) fault: Option<Fault>,
}

impl Watched {
    pub(super) fn new(before: Bytes, wire: Arc<Wire>) -> Self {
        Self { before, wire }
    }
}

impl Wire {
    pub(super) fn new(stream: Stream, config: &Http2Config, timeouts: &Timeouts, bad_fields: Arc<BadFields>) -> Self {
        let now = Instant::now();
        Self(Mutex::new(State {
            stream,
            frames: Frames::of_requests(bad_fields),
            resets: Budget::new(config.resets, now),
            control: Budget::new(config.control_frames, now),
            heard: now,
            head_since: None,
            uptake: Uptake::new(timeouts.write, timeouts.write_min_rate),
            is_stuck: false,
            written: 0,
            data_octets: 0,
            unseen_heads: 0,
            small_data: 0,
            passes: Passes::default(),
            flood: None,
            fault: None,
        }))
    }

    /// The stream, once nobody else reads or writes it, and how much was written to it.
    pub(super) fn take(&self) -> (Stream, u64) {
        let mut state = self.state();
        (std::mem::replace(&mut state.stream, Stream::other(tokio::io::empty())), state.written)
    }

    /// Sends a PING, if none is under way. The answer to one before may not have been looked at.
    pub(super) fn send_ping(&self, ping: &mut PingPong, cx: &mut Context<'_>) -> bool {
        let _ = ping.poll_pong(cx);
        let is_sent = ping.send_ping(Ping::opaque()).is_ok();
        if is_sent {
            self.state().asked();
        }
        is_sent
    }

    pub(in crate::http) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn received(&mut self, octets: &[u8]) {
        let now = Instant::now();
        let seen = self.frames.pass(octets);
        self.fault = self.frames.fault();
        self.heard = now;
        self.data_octets += seen.data_octets;
        self.small_data += seen.small_data;
        self.head_since = if self.frames.is_mid_head() { self.head_since.or(Some(now)) } else { None };
        if seen.heads > 0 {
            self.unseen_heads = self.unseen_heads.saturating_add(seen.heads);
            self.control.earn(f64::from(seen.heads) * FRAMES_FOR_A_HEAD);
        }
        if seen.resets > 0 && !self.resets.take(seen.resets, now) {
            self.flood = Some(Flood::Resets);
        }
        if seen.control > 0 && !self.control.take(seen.control, now) {
            self.flood = Some(Flood::ControlFrames);
        }
    }

    /// By the driver, once the crate had nothing more to do.
    pub(super) fn pass(&mut self) {
        if !self.is_stuck {
            self.passes.pass();
        }
    }

    /// Streams that the client began.
    pub(super) const fn begun(&self) -> u32 {
        self.frames.streams()
    }

    /// Whether nothing is read before the driver has looked at what came.
    pub(super) const fn is_paused(&self) -> bool {
        self.unseen_heads >= UNSEEN_HEADS || self.small_data >= MOST_SMALL_DATA
    }

    /// The driver has looked at what came. So many frames too small for any message wait to be read.
    pub(super) fn read_on(&mut self, crumbs: u32) {
        (self.unseen_heads, self.small_data) = (0, 0);
        if crumbs > MOST_CRUMBS {
            self.flood = Some(Flood::ControlFrames);
        }
    }

    /// A PING was sent: its answer is no frame that nobody wants.
    fn asked(&mut self) {
        self.control.earn(1.0);
    }

    /// Whether the client said that it opens no more streams.
    pub(super) const fn has_said_goaway(&self) -> bool {
        self.frames.has_goaway()
    }

    /// When the wait of what the socket does not take has to be looked at.
    pub(super) fn stuck_by(&self) -> Option<Instant> {
        self.uptake.by()
    }

    /// Whether the client takes too little of what it is sent. Before that is said, the kernel is asked what it acknowledged.
    pub(super) fn is_given_up(&mut self, now: Instant) -> bool {
        let Self { uptake, stream, written, .. } = self;
        uptake.is_over(now, || stream.acknowledged(*written))
    }

    /// Octets that the client acknowledged, ever, counted as [`Self::transported`], if anybody knows.
    pub(super) fn acknowledged(&self) -> Option<u64> {
        self.stream.acknowledged(self.written).map(|octets| u64::try_from(octets).unwrap_or(0))
    }

    /// Octets that went to the transport, ever: what the client acknowledges is counted there.
    pub(super) fn transported(&self) -> u64 {
        self.stream.sent().unwrap_or(self.written)
    }

    /// Octets that the client acknowledged, ever, while the socket takes nothing; otherwise it is not the socket that is waited for.
    pub(in crate::http) fn acknowledged_while_stuck(&self) -> Option<i64> {
        if self.is_stuck { self.stream.acknowledged(self.written) } else { None }
    }

    fn wrote(&mut self, outcome: &Poll<io::Result<usize>>) {
        match outcome {
            Poll::Pending => {
                self.uptake.wrote(0, self.stream.sent());
                self.is_stuck = true;
                self.uptake.begin(|| self.stream.unacknowledged().is_some());
            }
            Poll::Ready(Ok(n)) => {
                self.is_stuck = false;
                self.written += *n as u64;
                self.uptake.wrote(*n as u64, self.stream.sent());
                self.uptake.pause();
                self.control.earn(*n as f64 / OCTETS_FOR_A_FRAME);
            }
            Poll::Ready(Err(_)) => {
                self.is_stuck = false;
                self.uptake.restart();
            }
        }
    }

    /// Sockets keep nothing back, sessions of TLS do.
    fn flushed(&mut self, outcome: &Poll<io::Result<()>>) {
        match outcome {
            Poll::Pending => {
                self.uptake.wrote(0, self.stream.sent());
                self.is_stuck = true;
                self.uptake.begin(|| self.stream.unacknowledged().is_some());
            }
            Poll::Ready(_) if self.is_stuck => {
                self.is_stuck = false;
                self.uptake.wrote(0, self.stream.sent());
                self.uptake.pause();
            }
            Poll::Ready(_) => {}
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { before, wire } = self.get_mut();
        let mut state = wire.state();
        if state.fault.is_some() || state.is_paused() {
            // The driver looks at what was seen whenever there is nothing to read.
            return Poll::Pending;
        }
        let filled = buffer.filled().len();
        if before.is_empty() {
            ready!(Pin::new(&mut state.stream).poll_read(cx, buffer))?;
        } else {
            let n = before.len().min(buffer.remaining());
            buffer.put_slice(&before[..n]);
            before.advance(n);
        }
        let octets = &buffer.filled()[filled..];
        if !octets.is_empty() {
            state.received(octets);
            if state.fault.is_some() {
                // The crate would serve it, or say something else. It is told by the driver, which looks at what was seen whenever there is nothing to read.
                buffer.set_filled(filled);
                return Poll::Pending;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Watched {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let mut state = self.wire.state();
        let outcome = Pin::new(&mut state.stream).poll_write(cx, octets);
        state.wrote(&outcome);
        outcome
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut state = self.wire.state();
        let outcome = Pin::new(&mut state.stream).poll_write_vectored(cx, slices);
        state.wrote(&outcome);
        outcome
    }

    fn is_write_vectored(&self) -> bool {
        self.wire.state().stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut state = self.wire.state();
        let outcome = Pin::new(&mut state.stream).poll_flush(cx);
        state.flushed(&outcome);
        outcome
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.wire.state().stream).poll_shutdown(cx)
    }
}
