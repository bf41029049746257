//! A connection on the way from one runtime to another.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream as StdUnixStream;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use simplon_proto_tls::{Facts, Session};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use super::super::Connected;
use crate::error::{Error, Kind, Result};
use crate::net::{Io, Negotiated, Stream};
use crate::runtime::Runtime;

/// A connection that no runtime watches, if it can do without.
pub(super) struct HandOver {
    stream: Loose,
    remote: Option<SocketAddr>,
    local: Option<SocketAddr>,
    protocol: Option<Negotiated>,
}

enum Loose {
    Tcp(std::net::TcpStream),
    Unix(StdUnixStream),
    /// Still watched where it was made, and so is the next one.
    Tls(Box<dyn Session>),
    Other(Box<dyn Io>),
}

impl HandOver {
    /// Takes it from the runtime that watches it.
    ///
    /// # Errors
    /// Internal: the system failed.
    pub(super) fn give(connected: Connected) -> Result<Self> {
        // No `..` on purpose: what is added must be handed over.
        let Connected { stream, remote, local, took: _, protocol } = connected;
        let stream = match stream {
            Stream::Tcp(tcp) => tcp.into_std().map(Loose::Tcp),
            Stream::Unix(unix) => unix.into_std().map(Loose::Unix),
            Stream::Tls(session) => Ok(Loose::Tls(session)),
            Stream::Other(io) => Ok(Loose::Other(io)),
        };
        Ok(Self { stream: stream.map_err(failed)?, remote, local, protocol })
    }

    /// Gives it to the runtime that this is called in. What `threads` must go on watching keeps them.
    ///
    /// # Errors
    /// Internal: the system failed.
    pub(super) fn take(self, threads: Arc<Runtime>, took: Duration) -> Result<Connected> {
        let Self { stream, remote, local, protocol } = self;
        let stream = match stream {
            Loose::Tcp(tcp) => TcpStream::from_std(tcp).map(Stream::Tcp),
            Loose::Unix(unix) => UnixStream::from_std(unix).map(Stream::Unix),
            Loose::Tls(io) => Ok(Stream::Tls(Box::new(Watched { io, _threads: threads }))),
            Loose::Other(io) => Ok(Stream::other(Watched { io, _threads: threads })),
        };
        Ok(Connected { stream: stream.map_err(failed)?, remote, local, took, protocol })
    }
}

fn failed(error: io::Error) -> Error {
    Error::internal(Kind::Io(error.kind())).with_context("handing over a connection").with_source(error)
}

/// What the threads that made it go on watching.
struct Watched<T: ?Sized> {
    io: Box<T>,
    /// Dropped after what they watch.
    _threads: Arc<Runtime>,
}

impl<T: AsyncRead + Unpin + ?Sized> AsyncRead for Watched<T> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl<T: AsyncWrite + Unpin + ?Sized> AsyncWrite for Watched<T> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, octets)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

impl Session for Watched<dyn Session> {
    fn facts(&self) -> &Arc<Facts> {
        self.io.facts()
    }

    fn sent(&self) -> u64 {
        self.io.sent()
    }

    fn unacknowledged(&self) -> Option<u64> {
        self.io.unacknowledged()
    }

    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.io.poll_readable(cx)
    }
}
