//! A connection in memory.
//!
//! Two ends, each readable and writable, each direction a ring of fixed capacity. Nothing is allocated once the pipe is made, unless it
//! records. What a socket does, it does: an end that goes away with octets unread resets the other.
//!
//! ```
//! use simplon_testkit::{PipeConfig, pipe};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> std::io::Result<()> {
//! let (mut near, mut far) = pipe(PipeConfig::default());
//! near.write_all(b"hello").await?;
//! near.shutdown().await?;
//! let mut heard = String::new();
//! far.read_to_string(&mut heard).await?;
//! assert_eq!(heard, "hello");
//! assert_eq!(near.sent().octets(), b"hello");
//! # Ok(())
//! # }
//! ```

use std::collections::VecDeque;
use std::fmt;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Whether all that passes is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recording {
    /// Every octet, in each direction.
    On,
    /// Only how many.
    Off,
}

/// What a pipe is like.
#[derive(Clone, Copy, Debug)]
pub struct PipeConfig {
    /// Octets that fit into one direction before its writer has to wait. Default 64 KiB.
    pub capacity: usize,
    /// The most that one write takes. Default: all that fits.
    pub write_limit: usize,
    /// The most that one read gives. Default: all that is there.
    pub read_limit: usize,
    /// Whether all that passes is kept. Default on.
    pub recording: Recording,
}

impl Default for PipeConfig {
    fn default() -> Self {
        Self { capacity: 64 << 10, write_limit: usize::MAX, read_limit: usize::MAX, recording: Recording::On }
    }
}

impl PipeConfig {
    /// With another capacity.
    #[must_use]
    pub fn capacity(mut self, octets: usize) -> Self {
        self.capacity = octets;
        self
    }

    /// With short writes.
    #[must_use]
    pub fn write_limit(mut self, octets: usize) -> Self {
        self.write_limit = octets;
        self
    }

    /// With short reads.
    #[must_use]
    pub fn read_limit(mut self, octets: usize) -> Self {
        self.read_limit = octets;
        self
    }

    /// Without keeping what passes.
    #[must_use]
    pub fn unrecorded(mut self) -> Self {
        self.recording = Recording::Off;
        self
    }
}

/// Two ends of a new connection.
pub fn pipe(config: PipeConfig) -> (End, End) {
    let (there, back) = (Arc::new(Lane::new(config)), Arc::new(Lane::new(config)));
    let near = End { inbound: Arc::clone(&back), outbound: Arc::clone(&there) };
    (near, End { inbound: there, outbound: back })
}

/// One end of a connection.
///
/// Dropped, it closes both directions; with octets unread it resets, as a socket does.
pub struct End {
    inbound: Arc<Lane>,
    outbound: Arc<Lane>,
}

impl End {
    /// Resets the connection: the other end loses what it has not read, and its reads and writes fail.
    pub fn reset(self) {
        self.control().reset();
    }

    /// From now on the other end's writes fail, while its reads go on waiting: a peer that died without a word.
    pub fn refuse_writes(&self) {
        self.control().refuse_writes();
    }

    /// What can be done to the connection from here while something else reads and writes.
    #[must_use]
    pub fn control(&self) -> Control {
        Control { inbound: Arc::clone(&self.inbound), outbound: Arc::clone(&self.outbound) }
    }

    /// What came in, and what is under way to this end.
    #[must_use]
    pub fn received(&self) -> Traffic {
        Traffic(Arc::clone(&self.inbound))
    }

    /// What this end sent, and what of it was not read yet.
    #[must_use]
    pub fn sent(&self) -> Traffic {
        Traffic(Arc::clone(&self.outbound))
    }
}

impl Drop for End {
    fn drop(&mut self) {
        if !self.inbound.lock().ring.is_empty() {
            return self.control().reset();
        }
        let mut lane = self.inbound.lock();
        lane.reader = Reader::Gone;
        lane.wake_writer();
        drop(lane);
        self.outbound.lock().close();
    }
}

impl fmt::Debug for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("End").field("received", &self.received()).field("sent", &self.sent()).finish()
    }
}

/// A hand on a connection whose end belongs to something else, such as a session of TLS.
#[derive(Clone)]
pub struct Control {
    inbound: Arc<Lane>,
    outbound: Arc<Lane>,
}

impl Control {
    /// As [`End::reset`].
    pub fn reset(&self) {
        self.outbound.lock().break_off();
        self.inbound.lock().break_off();
    }

    /// As [`End::refuse_writes`].
    pub fn refuse_writes(&self) {
        let mut lane = self.inbound.lock();
        lane.reader = Reader::Gone;
        lane.wake_writer();
    }

    /// As [`End::received`].
    #[must_use]
    pub fn received(&self) -> Traffic {
        Traffic(Arc::clone(&self.inbound))
    }

    /// As [`End::sent`].
    #[must_use]
    pub fn sent(&self) -> Traffic {
        Traffic(Arc::clone(&self.outbound))
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").field("received", &self.received()).field("sent", &self.sent()).finish()
    }
}

/// What passed in one direction of a connection. Stays readable after the connection is gone.
#[derive(Clone)]
pub struct Traffic(Arc<Lane>);

impl Traffic {
    /// All octets that passed, in order. Empty if the pipe does not record.
    #[must_use]
    pub fn octets(&self) -> Vec<u8> {
        self.0.lock().record.clone()
    }

    /// How many octets passed.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.lock().count
    }

    /// How many octets were written and are not read yet.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.lock().ring.len()
    }

    /// Whether the writer ended its side, in whichever way.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.0.lock().writer != Writer::Open
    }
}

impl fmt::Debug for Traffic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lane = self.0.lock();
        f.debug_struct("Traffic")
            .field("count", &lane.count)
            .field("in_flight", &lane.ring.len())
            .field("writer", &lane.writer)
            .finish()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Writer {
    Open,
    Closed,
    Reset,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    Open,
    Gone,
}

/// One direction.
struct Lane(Mutex<State>);

struct State {
    config: PipeConfig,
    ring: VecDeque<u8>,
    record: Vec<u8>,
    count: u64,
    writer: Writer,
    reader: Reader,
    read_waker: Option<Waker>,
    write_waker: Option<Waker>,
}

impl Lane {
    fn new(config: PipeConfig) -> Self {
        Self(Mutex::new(State {
            config,
            ring: VecDeque::with_capacity(config.capacity),
            record: Vec::new(),
            count: 0,
            writer: Writer::Open,
            reader: Reader::Open,
            read_waker: None,
            write_waker: None,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn close(&mut self) {
        if self.writer == Writer::Open {
            self.writer = Writer::Closed;
        }
        self.wake_reader();
    }

    fn break_off(&mut self) {
        self.ring.clear();
        self.writer = Writer::Reset;
        self.reader = Reader::Gone;
        self.wake_reader();
        self.wake_writer();
    }

    fn wake_reader(&mut self) {
        if let Some(waker) = self.read_waker.take() {
            waker.wake();
        }
    }

    fn wake_writer(&mut self) {
        if let Some(waker) = self.write_waker.take() {
            waker.wake();
        }
    }

    fn poll_read(&mut self, cx: &Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.writer == Writer::Reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        if self.ring.is_empty() && self.writer == Writer::Open {
            self.read_waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        let mut room = buffer.remaining().min(self.config.read_limit);
        while room > 0 && !self.ring.is_empty() {
            let (front, _) = self.ring.as_slices();
            let n = front.len().min(room);
            buffer.put_slice(&front[..n]);
            self.ring.drain(..n);
            room -= n;
        }
        self.wake_writer();
        Poll::Ready(Ok(()))
    }

    fn poll_write(&mut self, cx: &Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match (self.writer, self.reader) {
            (Writer::Reset, _) => return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            (Writer::Closed, _) | (_, Reader::Gone) => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            (Writer::Open, Reader::Open) => {}
        }
        let free = self.config.capacity.saturating_sub(self.ring.len()).min(self.config.write_limit);
        let mut written = 0;
        for slice in slices {
            let n = slice.len().min(free - written);
            self.take(&slice[..n]);
            written += n;
        }
        if written == 0 && slices.iter().any(|slice| !slice.is_empty()) {
            self.write_waker = Some(cx.waker().clone());
            return Poll::Pending;
        }
        self.wake_reader();
        Poll::Ready(Ok(written))
    }

    fn take(&mut self, octets: &[u8]) {
        self.ring.extend(octets);
        self.count += octets.len() as u64;
        if self.config.recording == Recording::On {
            self.record.extend_from_slice(octets);
        }
    }
}

impl AsyncRead for End {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.inbound.lock().poll_read(cx, buffer)
    }
}

impl AsyncWrite for End {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.outbound.lock().poll_write(cx, &[IoSlice::new(octets)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.outbound.lock().poll_write(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.outbound.lock().close();
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests;
