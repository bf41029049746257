//! A connection of the library over a transport.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use s2n_tls::config::Config;
use s2n_tls::connection::Connection;
use s2n_tls::enums::{Blinding, Version};
use s2n_tls::error::{Error, ErrorType};
use simplon_proto_tls_seam::{Ending, Transport};
use tokio::io::ReadBuf;

use crate::ffi;

/// A connection and its transport. What the transport does not take at once waits here, so that the library is never blocked while it writes: it
/// would insist on the same octets again.
pub(crate) struct Link<IO> {
    pub(crate) connection: Connection,
    wire: Wire<IO>,
    progress: Progress,
    /// Less than a record is buffered: only the transport can make a read worthwhile.
    is_starved: bool,
    end: Option<End>,
}

/// How reading came to an end; it stays there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// By the peer's close_notify.
    Clean,
    Cut,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Progress {
    Negotiating,
    Open,
    /// close_notify was written.
    Closing,
}

struct Wire<IO> {
    io: IO,
    out: BytesMut,
    error: Option<io::Error>,
    /// Octets that came since this was set to none.
    received: usize,
    sent: u64,
    /// What the library writes is looked at before it leaves.
    is_held: bool,
    /// Octets that have come of [`BEGIN`].
    begun: usize,
}

/// Plaintext that is taken at a time: four records.
const MOST_PLAINTEXT: usize = 64 << 10;
/// A close_notify of TLS 1.2 as our suites encrypt it: header, nonce, alert, tag (RFC 5288 §3). Even a single octet of data would make it twice that.
const CLOSE_NOTIFY_OCTETS: usize = 5 + 8 + 2 + 16;
/// What the first octets of a connection may be: a record with a handshake or an alert, of whichever version 3 (RFC 8446 §5.1). The library would
/// take any others for a record, and wait for as much as they seem to promise.
const BEGIN: [std::ops::RangeInclusive<u8>; 2] = [21..=22, 3..=3];
/// Of an alert (RFC 8446 §6).
const FATAL: u8 = 2;
/// Room for octets that wait; more is given back.
const KEPT_ROOM: usize = 32 << 10;

impl<IO: Transport> Link<IO> {
    pub(crate) fn new(mut connection: Connection, config: Config, io: IO) -> Result<Self, Error> {
        // Only one read for a record, and delays that hold up nobody.
        connection.set_config(config)?.set_receive_buffering(true)?.set_blinding(Blinding::SelfService)?;
        let wire = Wire { io, out: BytesMut::new(), error: None, received: 0, sent: 0, is_held: false, begun: 0 };
        Ok(Self { connection, wire, progress: Progress::Negotiating, is_starved: false, end: None })
    }

    /// Why the transport failed, if that is why.
    pub(crate) fn take_io_error(&mut self) -> Option<io::Error> {
        self.wire.error.take()
    }

    /// Completes the handshake; ready once all of it was handed to the transport.
    pub(crate) fn poll_negotiate(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        if self.progress == Progress::Negotiating {
            self.connection.set_waker(Some(cx.waker()))?;
            match self.lend(cx, |connection| connection.poll_negotiate().map_ok(drop))? {
                Poll::Ready(Ok(())) => {
                    self.progress = Progress::Open;
                    self.connection.set_waker(None)?;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {
                    // The library waits for an answer to what may not have left yet.
                    return match self.poll_flush(cx) {
                        Poll::Ready(Err(error)) => Poll::Ready(Err(self.failed(error))),
                        _ => Poll::Pending,
                    };
                }
            }
        }
        let flushed = ready!(self.poll_flush(cx));
        Poll::Ready(flushed.map_err(|error| self.failed(error)))
    }

    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        let is_at_hand = self.connection.peek_len() > 0;
        let is_buffered = !self.is_starved && self.connection.peek_buffered_len() > 0;
        if self.end.is_some() || is_at_hand || is_buffered { Poll::Ready(()) } else { self.wire.io.poll_readable(cx) }
    }

    pub(crate) fn ending(&self) -> Option<Ending> {
        self.wire.io.ending()
    }

    /// Nothing is filled in only after the peer's close_notify.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if buffer.remaining() == 0 || self.end == Some(End::Clean) {
            return Poll::Ready(Ok(()));
        }
        if self.end == Some(End::Cut) {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        let polled = match self.is_deaf() {
            true => self.poll_close_notify(cx),
            false => self.lend(cx, |connection| ffi::receive_into(connection, buffer)).unwrap_or_else(failure),
        };
        self.is_starved = polled.is_pending();
        match polled {
            Poll::Ready(Ok(0)) => self.end = Some(End::Clean),
            Poll::Ready(Ok(_)) => {}
            Poll::Ready(Err(error)) => {
                self.end = Some(End::Cut);
                return Poll::Ready(Err(self.read_error(error)));
            }
            Poll::Pending => {
                // Refused while a record is incomplete.
                let _ = self.connection.release_buffers();
                return Poll::Pending;
            }
        }
        Poll::Ready(Ok(()))
    }

    /// With TLS 1.2 the library reads nothing more once it has written close_notify (RFC 5246 §7.2.1): it drops what comes.
    fn is_deaf(&self) -> bool {
        self.progress == Progress::Closing && self.is_tls12()
    }

    fn is_tls12(&self) -> bool {
        self.connection.actual_protocol_version().is_ok_and(|version| version != Version::TLS13)
    }

    /// Waits for the peer's close_notify. The end is a clean one only if nothing was dropped before it.
    fn poll_close_notify(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Error>> {
        let closed = self.lend(cx, |connection| connection.poll_shutdown().map_ok(drop)).unwrap_or_else(failure);
        ready!(closed)?;
        if self.wire.received > CLOSE_NOTIFY_OCTETS {
            self.wire.error = Some(io::ErrorKind::UnexpectedEof.into());
            return failure(Error::io_error(io::Error::from_raw_os_error(libc::EPIPE)));
        }
        Poll::Ready(Ok(0))
    }

    pub(crate) fn unacknowledged(&self) -> Option<u64> {
        self.wire.io.unacknowledged()
    }

    /// Octets that the transport took, ever.
    pub(crate) fn sent(&self) -> u64 {
        self.wire.sent
    }

    pub(crate) fn poll_write(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.wire.poll_drain(cx))?;
        let taken = &octets[..octets.len().min(MOST_PLAINTEXT)];
        if taken.is_empty() {
            return Poll::Ready(Ok(0));
        }
        match self.lend(cx, |connection| connection.poll_send(taken)).unwrap_or_else(failure) {
            Poll::Ready(sent) => Poll::Ready(sent.map_err(|error| self.write_error(error))),
            // The wire takes everything, so that there is nothing to wait for.
            Poll::Pending => Poll::Ready(Err(io::Error::other("the library is blocked"))),
        }
    }

    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.wire.poll_drain(cx))?;
        Pin::new(&mut self.wire.io).poll_flush(cx)
    }

    /// Sends close_notify, and ends the transport's write side.
    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.close(cx);
        self.poll_end(cx)
    }

    /// The same after a failed handshake. The library says close_notify then too; the peer gets this alert in its place if it is not encrypted yet,
    /// and else none: an end that is none must not look like one.
    pub(crate) fn poll_leave(&mut self, cx: &mut Context<'_>, alert: u8) -> Poll<io::Result<()>> {
        let before = self.wire.out.len();
        self.wire.is_held = true;
        self.close(cx);
        self.wire.is_held = false;
        match self.wire.out.get_mut(before..) {
            Some([21, 3, _, 0, 2, level, what]) => (*level, *what) = (FATAL, alert),
            _ => self.wire.out.truncate(before),
        }
        self.poll_end(cx)
    }

    fn close(&mut self, cx: &mut Context<'_>) {
        if self.progress != Progress::Closing {
            // What was not read is lost with TLS 1.2: see `is_deaf`. All of it counts.
            let at_hand = if self.connection.peek_len() > 0 { usize::MAX >> 1 } else { 0 };
            self.wire.received = at_hand + self.connection.peek_buffered_len();
            self.progress = Progress::Closing;
            // Whether it can still be told to the peer does not matter to the transport; `out` holds what was written.
            let _ = self.lend(cx, |connection| connection.poll_shutdown_send().map_ok(drop));
        }
    }

    fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.wire.poll_drain(cx))?;
        Pin::new(&mut self.wire.io).poll_shutdown(cx)
    }

    fn lend<T>(&mut self, cx: &mut Context<'_>, act: impl FnOnce(&mut Connection) -> T) -> Result<T, Error> {
        ffi::lend(&mut self.connection, &mut self.wire, cx, act)
    }

    fn failed(&mut self, error: io::Error) -> Error {
        let number = error.raw_os_error().unwrap_or(libc::EIO);
        ffi::Wire::failed(&mut self.wire, error);
        Error::io_error(io::Error::from_raw_os_error(number))
    }

    fn read_error(&mut self, error: Error) -> io::Error {
        match (self.take_io_error(), error.kind()) {
            (Some(error), _) => error,
            (None, ErrorType::ConnectionClosed) => io::ErrorKind::UnexpectedEof.into(),
            (None, _) => io::Error::new(io::ErrorKind::InvalidData, error),
        }
    }

    fn write_error(&mut self, error: Error) -> io::Error {
        match (self.take_io_error(), error.kind()) {
            (Some(error), _) => error,
            (None, ErrorType::ConnectionClosed) => io::ErrorKind::BrokenPipe.into(),
            (None, _) => io::Error::other(error),
        }
    }
}

fn failure<T>(error: Error) -> Poll<Result<T, Error>> {
    Poll::Ready(Err(error))
}

impl<IO: Transport> Wire<IO> {
    fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.out.is_empty() {
            match ready!(Pin::new(&mut self.io).poll_write(cx, &self.out))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                n => {
                    self.sent += n as u64;
                    self.out.advance(n);
                }
            }
        }
        if self.out.capacity() > KEPT_ROOM {
            self.out = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<IO: Transport> ffi::Wire for Wire<IO> {
    fn poll_receive(&mut self, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buffer))?;
        let came = &buffer.filled()[before..];
        self.received = self.received.saturating_add(came.len());
        for (octet, may) in came.iter().zip(&BEGIN[self.begun..]) {
            if !may.contains(octet) {
                return Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, "not a record of TLS")));
            }
            self.begun += 1;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_send(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let sent = match self.out.is_empty() && !self.is_held {
            true => Pin::new(&mut self.io).poll_write(cx, octets)?,
            false => Poll::Pending,
        };
        let rest = match sent {
            Poll::Ready(n) => {
                self.sent += n as u64;
                &octets[n..]
            }
            Poll::Pending => octets,
        };
        self.out.extend_from_slice(rest);
        Poll::Ready(Ok(octets.len()))
    }

    fn failed(&mut self, error: io::Error) {
        self.error = Some(error);
    }
}
