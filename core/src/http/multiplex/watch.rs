//! The byte stream of a connection of HTTP/2, looked at as it passes: what came, how much of it was of no use, whether writes stand still.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::budget::Budget;
use super::config::Http2Config;
use super::frames::{Fault, Frames};
use super::stats::Flood;
use crate::net::Stream;

/// Octets written that allow the client one more frame of control: it has to open windows for what it takes.
const OCTETS_FOR_A_FRAME: f64 = 64.0;
/// Frames of control that may come with each request, such as PRIORITY.
const FRAMES_FOR_A_HEAD: f64 = 2.0;

/// A stream that is read and written by the `h2` crate, after octets that were read before.
pub(super) struct Watched {
    stream: Stream,
    before: Bytes,
    wire: Arc<Wire>,
}

/// What the driver knows of the byte stream. Both run in one task: the lock is never waited for.
#[derive(Debug)]
pub(super) struct Wire(Mutex<State>);

/// What was seen.
#[derive(Debug)]
pub(super) struct State {
    frames: Frames,
    resets: Budget,
    control: Budget,
    /// When octets came last.
    pub(super) heard: Instant,
    /// Since when a head is under way.
    pub(super) head_since: Option<Instant>,
    /// Since when the socket takes nothing.
    pub(super) stuck_since: Option<Instant>,
    /// Octets of content that came since the driver looked.
    pub(super) data_octets: u64,
    /// What the client does too much of.
    pub(super) flood: Option<Flood>,
    /// What is wrong with a frame. Nothing more is read.
    pub(super) fault: Option<Fault>,
}

impl Watched {
    pub(super) fn new(stream: Stream, before: Bytes, wire: Arc<Wire>) -> Self {
        Self { stream, before, wire }
    }
}

impl Wire {
    pub(super) fn new(config: &Http2Config) -> Self {
        let now = Instant::now();
        Self(Mutex::new(State {
            frames: Frames::new(),
            resets: Budget::new(config.resets, now),
            control: Budget::new(config.control_frames, now),
            heard: now,
            head_since: None,
            stuck_since: None,
            data_octets: 0,
            flood: None,
            fault: None,
        }))
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
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
        self.head_since = if self.frames.is_mid_head() { self.head_since.or(Some(now)) } else { None };
        if seen.heads > 0 {
            self.control.earn(f64::from(seen.heads) * FRAMES_FOR_A_HEAD);
        }
        if seen.resets > 0 && !self.resets.take(seen.resets, now) {
            self.flood = Some(Flood::Resets);
        }
        if seen.control > 0 && !self.control.take(seen.control, now) {
            self.flood = Some(Flood::ControlFrames);
        }
    }

    /// Streams that the client began.
    pub(super) const fn begun(&self) -> u32 {
        self.frames.streams()
    }

    /// A PING was sent: its answer is no frame that nobody wants.
    pub(super) fn asked(&mut self) {
        self.control.earn(1.0);
    }

    fn wrote(&mut self, outcome: &Poll<io::Result<usize>>) {
        match outcome {
            Poll::Pending => _ = self.stuck_since.get_or_insert_with(Instant::now),
            Poll::Ready(Ok(n)) => {
                self.stuck_since = None;
                self.control.earn(*n as f64 / OCTETS_FOR_A_FRAME);
            }
            Poll::Ready(Err(_)) => self.stuck_since = None,
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let Self { stream, before, wire } = self.get_mut();
        if wire.state().fault.is_some() {
            return Poll::Pending;
        }
        let filled = buffer.filled().len();
        if before.is_empty() {
            ready!(Pin::new(stream).poll_read(cx, buffer))?;
        } else {
            let n = before.len().min(buffer.remaining());
            buffer.put_slice(&before[..n]);
            before.advance(n);
        }
        let octets = &buffer.filled()[filled..];
        if !octets.is_empty() {
            let mut state = wire.state();
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
        let Self { stream, wire, .. } = self.get_mut();
        let outcome = Pin::new(stream).poll_write(cx, octets);
        wire.state().wrote(&outcome);
        outcome
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let Self { stream, wire, .. } = self.get_mut();
        let outcome = Pin::new(stream).poll_write_vectored(cx, slices);
        wire.state().wrote(&outcome);
        outcome
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
