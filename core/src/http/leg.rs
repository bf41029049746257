//! One HTTP/1 connection: the machine joined to its byte stream.

use std::future::Future;
use std::io::{self, IoSlice};
use std::num::NonZeroU32;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use simplon_proto_http::h1::{Machine, Next, Role};
#[cfg(target_os = "linux")]
use simplon_proto_http::transfer::Misuse;
use simplon_proto_http::transfer::{Part, StreamError, Wait};
use tokio::io::{AsyncReadExt, AsyncWrite};
use tokio::time::Instant;

use super::uptake::Uptake;
use super::waits::Waits;
use crate::net::Stream;
#[cfg(target_os = "linux")]
use crate::net::pipe::Pipe;

/// How many slices one write takes.
const SLICES: usize = 16;

/// How long this end waits for its peer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) idle: Duration,
    pub(super) head: Duration,
    pub(super) body: Duration,
    pub(super) body_min_rate: Option<NonZeroU32>,
    pub(super) write: Duration,
    pub(super) write_min_rate: Option<NonZeroU32>,
}

/// A machine with its stream, and the two deadlines of what is being waited for.
///
/// Deadlines are set when a poll comes back pending, not before: an exchange that never waits never asks for the time.
#[derive(Debug)]
pub(super) struct Leg<R: Role> {
    pub(super) machine: Machine<R>,
    pub(super) stream: Stream,
    pub(super) patience: Patience,
    read_by: Option<Instant>,
    /// What was left of the wait for the body when its last octets were given out: time in which nobody reads does not count.
    left: Option<Duration>,
    uptake: Uptake,
    /// The time, if it was looked at just before the next wait.
    seen: Option<Instant>,
    failed: Option<StreamError>,
    shutdown: Shutdown,
    /// Octets that the socket took, ever.
    pub(super) written: u64,
    /// Octets that passed by the machine wait for the socket.
    is_pouring: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shutdown {
    Open,
    Done,
}

impl<R: Role> Leg<R> {
    pub(super) fn new(stream: Stream, machine: Machine<R>, patience: Patience) -> Self {
        Self {
            machine,
            stream,
            patience,
            read_by: None,
            left: None,
            uptake: Uptake::new(patience.write, patience.write_min_rate),
            seen: None,
            failed: None,
            shutdown: Shutdown::Open,
            written: 0,
            is_pouring: false,
        }
    }

    /// The next part of the message being read.
    pub(super) fn poll_part(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Part<R::Inbound>>, StreamError>> {
        if let Some(error) = self.failed {
            return Poll::Ready(Err(error));
        }
        loop {
            match self.machine.next() {
                Ok(Next::Part(part)) => {
                    self.pause_wait();
                    return Poll::Ready(Ok(Some(part)));
                }
                Ok(Next::Done) => return Poll::Ready(Ok(None)),
                Ok(Next::NeedOctets) => {
                    ready!(self.poll_fill(cx))?;
                }
                Err(error) => return Poll::Ready(Err(self.fail(error))),
            }
        }
    }

    /// Reads once into the machine. 0 is the end of the stream, and the machine was told.
    pub(super) fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, StreamError>> {
        let filled = self.poll_fill_untimed(cx);
        self.timed(filled)
    }

    /// The same once [`Stream::arrived`] said yes: what is known is not asked again.
    pub(super) fn poll_fill_arrived(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, StreamError>> {
        let filled = self.poll_read(cx);
        self.timed(filled)
    }

    /// What [`Self::poll_fill`] would say of a stream that is known to have nothing.
    pub(super) fn nothing_to_fill<T>(&mut self) -> Poll<T> {
        self.machine.release_buffers();
        self.timed(Poll::Pending)
    }

    fn timed<T>(&mut self, filled: Poll<T>) -> Poll<T> {
        if filled.is_pending() && self.read_by.is_none() {
            self.read_by = self.begin_wait();
        }
        filled
    }

    /// The same without a bound on the wait: nothing is due.
    pub(super) fn poll_fill_untimed(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, StreamError>> {
        if self.stream.poll_readable(cx).is_pending() {
            self.machine.release_buffers();
            return Poll::Pending;
        }
        self.poll_read(cx)
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, StreamError>> {
        let outcome = pin!(self.stream.read_buf(self.machine.space())).poll(cx);
        match outcome {
            Poll::Ready(Ok(n)) => {
                self.machine.received(n);
                self.credit(n);
                Poll::Ready(Ok(n))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(self.fail(from_io(&error)))),
            Poll::Pending => {
                self.machine.release_buffers();
                Poll::Pending
            }
        }
    }

    /// Takes content from the socket into a pipe, past the machine, which allows it ([`Machine::may_bypass_reading`]). 0 is the end of the
    /// stream, and the machine was told.
    #[cfg(target_os = "linux")]
    pub(super) fn poll_draw(&mut self, cx: &mut Context<'_>, pipe: &mut Pipe) -> Poll<Result<usize, StreamError>> {
        if let Some(error) = self.failed {
            return Poll::Ready(Err(error));
        }
        if self.machine.is_eof() {
            return Poll::Ready(Ok(0));
        }
        let (Some(tcp), Some(most)) = (self.stream.as_tcp(), self.machine.may_bypass_reading()) else {
            return Poll::Ready(Err(StreamError::Misuse(Misuse::OutOfOrder)));
        };
        match pipe.poll_fill(cx, tcp, most) {
            Poll::Ready(Ok(0)) => {
                self.machine.received(0);
                Poll::Ready(Ok(0))
            }
            Poll::Ready(Ok(n)) => {
                self.machine.bypassed_reading(n as u64);
                self.credit(n);
                self.pause_wait();
                Poll::Ready(Ok(n))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(self.fail(from_io(&error)))),
            Poll::Pending => self.timed(Poll::Pending),
        }
    }

    /// Gives content from a pipe to the socket, past the machine, which allows it ([`Machine::remaining_to_write`]).
    #[cfg(target_os = "linux")]
    pub(super) fn poll_pour(&mut self, cx: &mut Context<'_>, pipe: &mut Pipe) -> Poll<Result<usize, StreamError>> {
        let Some(tcp) = self.stream.as_tcp() else {
            return Poll::Ready(Err(StreamError::Misuse(Misuse::OutOfOrder)));
        };
        let poured = pipe.poll_empty(cx, tcp);
        self.is_pouring = poured.is_pending();
        match poured {
            Poll::Ready(Ok(n)) => {
                self.machine.bypassed_writing(n as u64);
                self.written += n as u64;
                self.uptake.wrote(n as u64, self.stream.sent());
                if pipe.held() == 0 {
                    self.uptake.pause();
                }
                Poll::Ready(Ok(n))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(from_io(&error))),
            Poll::Pending => self.wait_to_write(),
        }
    }

    /// Octets of a body came: the wait begins anew, or, with a minimum rate, is extended by what they are worth. A head has one deadline.
    fn credit(&mut self, octets: usize) {
        if self.machine.is_mid_head() {
            return;
        }
        let Some(rate) = self.rate() else { return self.restart_wait() };
        let worth = Duration::from_secs_f64(octets as f64 / f64::from(rate.get()));
        self.left = self.left.map(|left| left.saturating_add(worth).min(self.patience.body));
        self.read_by = self.read_by.and_then(|by| by.checked_add(worth));
    }

    fn begin_wait(&mut self) -> Option<Instant> {
        let (wait, longest) = self.read_wait();
        let left = self.left.take().filter(|_| wait == Wait::Body);
        let now = self.seen.take().unwrap_or_else(Instant::now);
        now.checked_add(left.map_or(longest, |left| left.min(longest)))
    }

    /// Nothing is waited for until the next read. A body with a minimum rate goes on with what is left of its wait.
    fn pause_wait(&mut self) {
        if let Some(by) = self.read_by.take() {
            self.left = self.rate().map(|_| by.saturating_duration_since(Instant::now()));
        }
    }

    /// The least rate of what is being read.
    fn rate(&self) -> Option<NonZeroU32> {
        self.patience.body_min_rate.filter(|_| self.machine.is_mid_content())
    }

    /// A body never read to its end, or a fresh message: the next wait starts from scratch.
    pub(super) fn restart_wait(&mut self) {
        self.restart_wait_keeping_time();
        self.seen = None;
    }

    /// The same, and the next wait begins at once: it is as late as somebody saw just now.
    pub(super) fn restart_wait_keeping_time(&mut self) {
        self.read_by = None;
        self.left = None;
    }

    /// Other waits for this exchange.
    pub(super) fn wait_so(&mut self, waits: &Waits) {
        let mut patience = self.patience;
        patience.body = waits.read.unwrap_or(patience.body);
        patience.write = waits.write.unwrap_or(patience.write);
        patience.body_min_rate = waits.min_rate.unwrap_or(patience.body_min_rate);
        patience.write_min_rate = waits.min_rate.unwrap_or(patience.write_min_rate);
        self.be_patient(patience);
    }

    /// Another exchange, or other waits for this one: the next write has all its credit.
    pub(super) fn be_patient(&mut self, patience: Patience) {
        self.patience = patience;
        self.uptake.set(patience.write, patience.write_min_rate);
        self.restart_wait();
    }

    /// The next message is written with all the credit that there is.
    #[inline]
    pub(super) fn restart_uptake(&mut self) {
        if !self.uptake.is_fresh() {
            self.uptake.restart();
        }
    }

    /// Somebody looked at the time. It is good until something is waited for.
    pub(super) fn saw(&mut self, now: Instant) {
        self.seen = Some(now);
    }

    fn read_wait(&self) -> (Wait, Duration) {
        if self.machine.is_tunnel() {
            (Wait::Tunnel, Duration::MAX)
        } else if self.machine.is_idle() {
            (Wait::KeepAlive, self.patience.idle)
        } else if self.machine.is_mid_head() {
            (Wait::Head, self.patience.head)
        } else {
            (Wait::Body, self.patience.body)
        }
    }

    /// Hands what was encoded to the socket, and shuts the write side of a tunnel down when its direction has ended.
    pub(super) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), StreamError>> {
        while self.machine.wants_transmit() {
            match self.poll_write(cx) {
                Poll::Ready(Ok(0)) => return Poll::Ready(Err(StreamError::Io(io::ErrorKind::WriteZero))),
                Poll::Ready(Ok(n)) => {
                    self.machine.transmitted(n);
                    self.written += n as u64;
                    self.uptake.wrote(n as u64, self.stream.sent());
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(from_io(&error))),
                Poll::Pending => return self.wait_to_write(),
            }
        }
        // Sockets keep nothing back, TLS sessions do.
        match Pin::new(&mut self.stream).poll_flush(cx) {
            Poll::Ready(outcome) => outcome.map_err(|error| from_io(&error))?,
            Poll::Pending => return self.wait_to_write(),
        }
        if !self.is_pouring {
            self.uptake.pause();
        }
        // After a last message there is nothing to half-close: dropping the connection says the same with one system call less.
        if self.machine.is_tunnel() && self.machine.wants_shutdown() {
            ready!(self.poll_shutdown(cx));
        }
        Poll::Ready(Ok(()))
    }

    /// The peer takes nothing more: that is not waited for.
    pub(super) fn give_up_writing(&mut self) {
        self.uptake.restart();
    }

    fn wait_to_write<T>(&mut self) -> Poll<T> {
        self.uptake.wrote(0, self.stream.sent());
        self.seen = None;
        self.uptake.begin(|| self.stream.unacknowledged().is_some());
        Poll::Pending
    }

    fn poll_write(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let is_last = self.machine.is_last();
        if let Some(octets) = self.machine.transmit_whole().filter(|_| !is_last) {
            return Pin::new(&mut self.stream).poll_write(cx, octets);
        }
        let mut slices = [IoSlice::new(&[]); SLICES];
        let filled = self.machine.transmit(&mut slices);
        if is_last {
            return self.stream.poll_write_last(cx, &slices[..filled]);
        }
        let stream = Pin::new(&mut self.stream);
        match &slices[..filled] {
            [one] => stream.poll_write(cx, one),
            many => stream.poll_write_vectored(cx, many),
        }
    }

    /// How many octets of content fit now.
    pub(super) fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, StreamError>> {
        loop {
            match self.machine.room() {
                0 => match self.poll_flush(cx) {
                    Poll::Ready(flushed) => flushed?,
                    // Some of it left.
                    Poll::Pending if self.machine.room() > 0 => {}
                    Poll::Pending => return Poll::Pending,
                },
                room => return Poll::Ready(Ok(room)),
            }
        }
    }

    /// Ends the write side of the stream. A peer that is gone already is no fault.
    pub(super) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.shutdown == Shutdown::Open {
            let _ = ready!(Pin::new(&mut self.stream).poll_shutdown(cx));
            self.shutdown = Shutdown::Done;
        }
        Poll::Ready(())
    }

    /// When the earlier of the two waits runs out.
    pub(super) fn deadline(&self) -> Option<Instant> {
        match (self.read_by, self.uptake.by()) {
            (Some(read), Some(write)) => Some(read.min(write)),
            (read, write) => read.or(write),
        }
    }

    /// Tells which wait ran out, and fails the leg with it.
    pub(super) fn expire(&mut self, now: Instant) -> Option<StreamError> {
        let wait = if self.is_write_over(now) {
            Wait::Write
        } else if self.read_by.is_some_and(|by| by <= now) {
            self.read_wait().0
        } else {
            return None;
        };
        Some(self.fail(StreamError::Timeout(wait)))
    }

    fn is_write_over(&mut self, now: Instant) -> bool {
        if self.uptake.by().is_none_or(|by| by > now) {
            return false;
        }
        let Self { uptake, stream, written, .. } = self;
        uptake.is_over(now, || stream.acknowledged(*written))
    }

    /// The leg cannot go on; every later read gives the same.
    pub(super) fn fail(&mut self, error: StreamError) -> StreamError {
        self.failed = Some(error);
        self.read_by = None;
        self.uptake.restart();
        error
    }

    pub(super) fn has_failed(&self) -> bool {
        self.failed.is_some()
    }
}

/// `now + wait`; a wait too long to be a point in time is for ever.
pub(super) fn deadline(wait: Duration) -> Option<Instant> {
    Instant::now().checked_add(wait)
}

fn from_io(error: &io::Error) -> StreamError {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::ConnectionAborted | io::ErrorKind::BrokenPipe => {
            StreamError::Reset
        }
        io::ErrorKind::UnexpectedEof => StreamError::Truncated,
        kind => StreamError::Io(kind),
    }
}
