//! A session over a transport.
//!
//! rustls turns octets into octets and does no I/O; here is what moves them. Octets are read into a buffer that all connections of a thread
//! share, so that one that waits holds none, and one read takes what many records brought. What was decrypted goes straight to whoever
//! reads. Whole slices of a write become records together, and go to the transport together.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::{self, BufRead, IoSlice, Read, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::{Connection, HandshakeKind, ProtocolVersion};
use simplon_proto_tls_seam::{Certificate, Ending, Facts, Session, Transport, Version};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::client::take_asked;
use crate::fail::Trouble;
use crate::{NAME, names};

/// Octets taken from the transport at once: two records of the largest size.
const READ_OCTETS: usize = 2 * (5 + 256 + (16 << 10));
/// Octets that may wait for the transport before writes wait too.
const WAITING_OCTETS: usize = 64 << 10;
/// Octets of plaintext above which rustls takes no more in.
const PLAIN_OCTETS: usize = 16 << 10;

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A transport and the TLS spoken on it.
pub(crate) struct Link<IO> {
    io: IO,
    tls: Connection,
    /// What was read from the transport and found no room in rustls yet. Empty, and without memory, while nothing is going on.
    rest: Vec<u8>,
    /// Octets of plaintext in rustls.
    plain: usize,
    /// Why nothing more can be read, once that is so.
    end: Option<End>,
    /// Whether we took leave.
    left: bool,
    /// Whether the peer asked for our certificate, and got it.
    asked: bool,
    /// Whether rustls holds a buffer that is larger than it need be.
    swollen: bool,
    sent: u64,
    /// Whether a writer waits for the transport. Its task is the one that has to be woken then, and no reader's in its place.
    writer: Writer,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Writer {
    Content,
    Waits,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    /// The peer took leave.
    Clean,
    /// The transport ended without that.
    Cut,
    /// The peer broke the rules, or the transport failed; that was said.
    Broken,
}

impl<IO: Transport> Link<IO> {
    pub(crate) fn new(io: IO, mut tls: Connection) -> Self {
        tls.set_buffer_limit(Some(WAITING_OCTETS));
        Self {
            io,
            tls,
            rest: Vec::new(),
            plain: 0,
            end: None,
            left: false,
            asked: false,
            swollen: false,
            sent: 0,
            writer: Writer::Content,
        }
    }

    /// Completes the handshake. What it fails with was told to the peer, as far as the transport took it.
    pub(crate) async fn handshake(&mut self) -> Result<(), Trouble> {
        poll_fn(|cx| self.poll_handshake(cx)).await
    }

    fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Trouble>> {
        loop {
            let sent = self.poll_send(cx);
            if !self.tls.is_handshaking() {
                ready!(sent).map_err(Trouble::Io)?;
                return Pin::new(&mut self.io).poll_flush(cx).map_err(Trouble::Io);
            }
            // A peer that refuses us says why before it closes: that counts for more than not getting our octets to it.
            match (self.poll_fill(cx, None), sent) {
                (Poll::Pending, Poll::Ready(Err(error))) => return Poll::Ready(Err(Trouble::Io(error))),
                (Poll::Pending, _) => return Poll::Pending,
                (Poll::Ready(Ok(())), _) if self.end.is_none() || !self.tls.is_handshaking() => {}
                (Poll::Ready(Ok(())), _) => return Poll::Ready(Err(Trouble::Cut)),
                (Poll::Ready(Err(trouble)), _) => {
                    // The alert, as far as the transport takes it.
                    let _ = self.poll_send(cx);
                    return Poll::Ready(Err(trouble));
                }
            }
        }
    }

    /// Takes in what the transport has, and gives `into` what comes of it. Ready when there may be news.
    fn poll_fill(&mut self, cx: &mut Context<'_>, into: Option<&mut ReadBuf<'_>>) -> Poll<Result<(), Trouble>> {
        if !self.rest.is_empty() {
            let rest = std::mem::take(&mut self.rest);
            return Poll::Ready(self.take_in(&rest, into));
        }
        // Taken, not borrowed: the transport may be a session like this one.
        let mut scratch = SCRATCH.take();
        scratch.resize(READ_OCTETS, 0);
        let mut buffer = ReadBuf::new(&mut scratch);
        let read = Pin::new(&mut self.io).poll_read(cx, &mut buffer);
        let outcome = match read {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Err(error)) => Poll::Ready(Err(Trouble::Io(error))),
            Poll::Ready(Ok(())) if buffer.filled().is_empty() => {
                self.end.get_or_insert(End::Cut);
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Ok(())) => Poll::Ready(self.take_in(buffer.filled(), into)),
        };
        SCRATCH.set(scratch);
        outcome
    }

    fn take_in(&mut self, mut octets: &[u8], mut into: Option<&mut ReadBuf<'_>>) -> Result<(), Trouble> {
        while !octets.is_empty() && self.end.is_none() {
            if self.plain > PLAIN_OCTETS {
                self.rest = octets.to_vec();
                break;
            }
            // Only a message larger than any that is allowed does not fit.
            self.tls.read_tls(&mut octets).map_err(|error| rustls::Error::General(error.to_string()))?;
            self.swollen = true;
            take_asked();
            let state = self.tls.process_new_packets();
            self.asked |= take_asked();
            let state = state?;
            self.plain = state.plaintext_bytes_to_read();
            if state.peer_has_closed() {
                self.end = Some(End::Clean);
            }
            if let Some(buffer) = into.as_deref_mut() {
                self.give(buffer);
            }
        }
        Ok(())
    }

    /// Gives what was decrypted.
    fn give(&mut self, buffer: &mut ReadBuf<'_>) {
        let mut reader = self.tls.reader();
        while self.plain > 0 && buffer.remaining() > 0 {
            let Ok(chunk) = reader.fill_buf() else { return };
            let n = chunk.len().min(buffer.remaining());
            if n == 0 {
                return;
            }
            buffer.put_slice(&chunk[..n]);
            reader.consume(n);
            self.plain -= n;
        }
    }

    /// Hands what was encrypted to the transport.
    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut Outlet { io: &mut self.io, cx }) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Ok(n) => self.sent += n as u64,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        loop {
            self.give(buffer);
            if buffer.filled().len() > before || buffer.remaining() == 0 {
                return Poll::Ready(Ok(()));
            }
            match self.end {
                None => {}
                Some(End::Clean) => return Poll::Ready(Ok(())),
                Some(End::Cut) => return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
                Some(End::Broken) => return Poll::Ready(Err(io::ErrorKind::InvalidData.into())),
            }
            let filled = self.poll_fill(cx, Some(buffer));
            // Answers to the peer, an alert for instance, and what writes left behind. A failure shows when something is written.
            if self.writer == Writer::Content {
                let _ = self.poll_send(cx);
            }
            match filled {
                Poll::Ready(Ok(())) => {}
                Poll::Ready(Err(trouble)) => {
                    self.end = Some(End::Broken);
                    // What came before it was good.
                    if buffer.filled().len() == before && self.plain == 0 {
                        return Poll::Ready(Err(trouble.into_io()));
                    }
                }
                Poll::Pending => {
                    self.rest_idle();
                    return Poll::Pending;
                }
            }
        }
    }

    /// Has rustls give back what it does not need while nothing comes.
    fn rest_idle(&mut self) {
        if std::mem::take(&mut self.swollen) {
            let _ = self.tls.read_tls(&mut Dry);
        }
    }

    fn poll_write(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        if self.left {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if slices.iter().all(|slice| slice.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        loop {
            let n = self.tls.writer().write_vectored(slices)?;
            let sent = self.poll_drained(cx)?;
            match n {
                0 => ready!(sent),
                // What the transport did not take waits here, and goes with the next write, read or flush.
                n => {
                    self.writer = Writer::Content;
                    return Poll::Ready(Ok(n));
                }
            }
        }
    }

    fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drained(cx))?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !std::mem::replace(&mut self.left, true) {
            self.tls.send_close_notify();
        }
        ready!(self.poll_drained(cx))?;
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    /// As [`Self::poll_send`], for a writer.
    fn poll_drained(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let sent = self.poll_send(cx);
        self.writer = if sent.is_pending() { Writer::Waits } else { Writer::Content };
        sent
    }

    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        let at_hand = self.plain > 0 || !self.rest.is_empty() || self.end.is_some();
        if at_hand { Poll::Ready(()) } else { self.io.poll_readable(cx) }
    }

    /// Whether the peer asked for our certificate, and got it.
    pub(crate) fn was_asked(&self) -> bool {
        self.asked
    }

    /// What rustls knows of the session.
    pub(crate) fn known(&self) -> Option<Facts> {
        let version = match self.tls.protocol_version()? {
            ProtocolVersion::TLSv1_2 => Version::Tls12,
            ProtocolVersion::TLSv1_3 => Version::Tls13,
            _ => return None,
        };
        let cipher = names::cipher(self.tls.negotiated_cipher_suite()?.suite());
        let mut facts = Facts::new(NAME, version, cipher);
        facts.group = self.tls.negotiated_key_exchange_group().map(|group| names::group(group.name()).into());
        facts.alpn = self.tls.alpn_protocol().map(Into::into);
        facts.resumed = self.tls.handshake_kind() == Some(HandshakeKind::Resumed);
        let peer = self.tls.peer_certificates().unwrap_or_default();
        facts.peer = peer.iter().map(|der| Certificate::of_der(der.to_vec())).collect();
        Some(facts)
    }
}

/// The writing half of a transport, as rustls wants it.
struct Outlet<'a, 'b, IO> {
    io: &'a mut IO,
    cx: &'a mut Context<'b>,
}

impl<IO: Transport> Write for Outlet<'_, '_, IO> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        blocking(Pin::new(&mut *self.io).poll_write(self.cx, octets))
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        blocking(Pin::new(&mut *self.io).poll_write_vectored(self.cx, slices))
    }

    fn flush(&mut self) -> io::Result<()> {
        blocking(Pin::new(&mut *self.io).poll_flush(self.cx))
    }
}

fn blocking<T>(polled: Poll<io::Result<T>>) -> io::Result<T> {
    match polled {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

/// Nothing to read, for now.
struct Dry;

impl Read for Dry {
    fn read(&mut self, _buffer: &mut [u8]) -> io::Result<usize> {
        Err(io::ErrorKind::WouldBlock.into())
    }
}

/// An established session.
pub(crate) struct Stream<IO> {
    link: Link<IO>,
    facts: Arc<Facts>,
}

impl<IO: Transport> Stream<IO> {
    pub(crate) fn new(link: Link<IO>, facts: Facts) -> Self {
        Self { link, facts: Arc::new(facts) }
    }
}

impl<IO: Transport> Session for Stream<IO> {
    fn facts(&self) -> &Arc<Facts> {
        &self.facts
    }

    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.link.poll_readable(cx)
    }

    fn ending(&self) -> Option<Ending> {
        self.link.io.ending()
    }

    fn sent(&self) -> u64 {
        self.link.sent
    }

    fn unacknowledged(&self) -> Option<u64> {
        self.link.io.unacknowledged()
    }
}

impl<IO: Transport> AsyncRead for Stream<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.link.poll_read(cx, buffer)
    }
}

impl<IO: Transport> AsyncWrite for Stream<IO> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.link.poll_write(cx, &[IoSlice::new(octets)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.link.poll_write(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.link.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.link.poll_shutdown(cx)
    }
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod tests;
