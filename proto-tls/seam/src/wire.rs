//! A transport as libraries of C want it: reads and writes that say "would block".
//!
//! What a library writes is taken whole, always: what the transport does not take is kept here and goes out first the next time. So a record
//! once made never has to be asked for again with the same octets, and a write that is not repeated breaks nothing.

use std::io::{self, ErrorKind, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::{Buf, BytesMut};
use tokio::io::ReadBuf;

use crate::session::{Ending, Transport};

/// A transport below a library that knows no tasks.
#[derive(Debug)]
pub struct Wire<IO> {
    io: IO,
    /// Who polls right now: woken when the library can go on.
    waker: Waker,
    /// What the transport has not taken yet.
    unsent: BytesMut,
    /// The writer that waits for room, if one does: readers that send on the way must not take its place.
    writer: Option<Waker>,
    /// What was read ahead, and how much of it was taken since: libraries ask for five octets, then for the rest of a record.
    ahead: Vec<u8>,
    filled: usize,
    taken: usize,
    is_at_end: bool,
    sent: u64,
}

/// Read ahead at a time: one record of the largest kind (RFC 8446 §5.2).
const AHEAD: usize = 5 + (16 << 10) + 256;
/// What asks for less is served from what was read ahead.
const SMALL: usize = 1 << 10;
/// A peer that makes us answer without reading the answers is left alone beyond this. No flight of a handshake comes near it.
const MOST_UNSENT: usize = 256 << 10;

impl<IO: Transport> Wire<IO> {
    /// Over this transport.
    pub fn new(io: IO) -> Self {
        Self {
            io,
            waker: Waker::noop().clone(),
            unsent: BytesMut::new(),
            writer: None,
            ahead: Vec::new(),
            filled: 0,
            taken: 0,
            is_at_end: false,
            sent: 0,
        }
    }

    /// Whose task waits for what the library does next.
    pub fn attend(&mut self, cx: &Context<'_>) {
        if !self.waker.will_wake(cx.waker()) {
            self.waker.clone_from(cx.waker());
        }
    }

    /// The end of the transport, if it is known already.
    pub fn ending(&self) -> Option<Ending> {
        self.io.ending()
    }

    /// What [`Transport::unacknowledged`] says of the transport.
    pub fn unacknowledged(&self) -> Option<u64> {
        self.io.unacknowledged()
    }

    /// Octets that the transport took, ever.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// Whether the transport gave its end.
    pub fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    /// The alert that came last, if it came in the clear: some clients send it so where a server expects it to be encrypted already.
    pub fn plain_alert(&self) -> Option<u8> {
        match self.ahead[..self.filled].last_chunk()? {
            [21, 3, _, 0, 2, 1 | 2, alert] if self.taken == self.filled => Some(*alert),
            _ => None,
        }
    }

    /// Ready when the transport has octets.
    pub fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        if self.taken < self.filled { Poll::Ready(()) } else { self.io.poll_readable(cx) }
    }

    /// Reads ahead what is there; pending costs no memory.
    fn read_ahead(&mut self) -> Poll<io::Result<()>> {
        let mut cx = Context::from_waker(&self.waker);
        std::task::ready!(self.io.poll_readable(&mut cx));
        self.ahead.resize(AHEAD, 0);
        let mut into = ReadBuf::new(&mut self.ahead);
        let outcome = Pin::new(&mut self.io).poll_read(&mut cx, &mut into);
        (self.filled, self.taken) = (into.filled().len(), 0);
        outcome
    }

    fn read_past(&mut self, octets: &mut [u8]) -> Poll<io::Result<usize>> {
        let mut into = ReadBuf::new(octets);
        let read = Pin::new(&mut self.io).poll_read(&mut Context::from_waker(&self.waker), &mut into);
        read.map_ok(|()| into.filled().len())
    }

    fn take(&mut self, octets: &mut [u8]) -> usize {
        let rest = &self.ahead[self.taken..self.filled];
        let n = rest.len().min(octets.len());
        octets[..n].copy_from_slice(&rest[..n]);
        self.taken += n;
        n
    }

    /// Ready when all that the library wrote is with the transport.
    ///
    /// # Errors
    /// Those of the transport.
    pub fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let drained = self.drain(cx);
        self.writer = drained.is_pending().then(|| cx.waker().clone());
        drained
    }

    /// The same, and the transport has flushed it.
    ///
    /// # Errors
    /// Those of the transport.
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_drain(cx))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    /// The same, and the transport's write side is shut down.
    ///
    /// # Errors
    /// Those of the transport.
    pub fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        std::task::ready!(self.poll_drain(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    /// Sends what a reader caused, as far as it goes; a writer that waits is woken as before.
    ///
    /// # Errors
    /// Those of the transport.
    pub fn send_on_the_way(&mut self, cx: &Context<'_>) -> io::Result<()> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        let waker = self.writer.clone().unwrap_or_else(|| cx.waker().clone());
        match self.drain(&mut Context::from_waker(&waker)) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => Ok(()),
        }
    }

    fn drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.unsent.is_empty() {
            match std::task::ready!(Pin::new(&mut self.io).poll_write(cx, &self.unsent))? {
                0 => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                n => {
                    self.sent += n as u64;
                    self.unsent.advance(n);
                }
            }
        }
        // Gives the memory back: most connections are idle most of the time.
        self.unsent = BytesMut::new();
        Poll::Ready(Ok(()))
    }
}

impl<IO: Transport> Read for Wire<IO> {
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        let is_used_up = self.taken == self.filled;
        let outcome = match is_used_up {
            false => return Ok(self.take(octets)),
            true if octets.len() > SMALL => self.read_past(octets),
            true => self.read_ahead().map_ok(|()| self.take(octets)),
        };
        match outcome {
            Poll::Ready(Ok(n)) => {
                self.is_at_end = n == 0;
                Ok(n)
            }
            Poll::Ready(Err(error)) => Err(error),
            Poll::Pending => {
                // Idle: the memory is given back.
                (self.ahead, self.filled, self.taken) = (Vec::new(), 0, 0);
                Err(ErrorKind::WouldBlock.into())
            }
        }
    }
}

impl<IO: Transport> Write for Wire<IO> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let mut taken = 0;
        if self.unsent.is_empty() {
            match Pin::new(&mut self.io).poll_write(&mut Context::from_waker(&self.waker), octets) {
                Poll::Ready(outcome) => {
                    taken = outcome?;
                    self.sent += taken as u64;
                }
                Poll::Pending => {}
            }
        }
        let rest = &octets[taken..];
        if self.unsent.len() + rest.len() > MOST_UNSENT {
            return Err(io::Error::new(ErrorKind::QuotaExceeded, "the peer does not read what it asks for"));
        }
        self.unsent.extend_from_slice(rest);
        Ok(octets.len())
    }

    /// Nothing: the caller flushes with [`Wire::poll_flush`], where it can wait.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
