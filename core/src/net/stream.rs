//! A byte stream.

use std::fmt;
use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

pub(crate) use simplon_proto_tls::Ending;
use simplon_proto_tls::{Facts, Session, Transport};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf, Ready};
use tokio::net::{TcpStream, UnixStream};

use super::sys;

/// What any byte stream can be made of.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin + 'static {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin + 'static> Io for T {}

/// A byte stream: the two kinds of socket without a virtual call, and anything else behind one.
///
/// Cancel: reads and writes are polls; nothing is lost when one is not repeated.
pub enum Stream {
    /// A TCP connection.
    Tcp(TcpStream),
    /// A connection to a Unix socket.
    Unix(UnixStream),
    /// A TLS session, whatever carries it.
    Tls(Box<dyn Session>),
    /// Anything else: a tunnel, a pipe in memory.
    Other(Box<dyn Io>),
}

/// How closely to look at a connection at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probe {
    /// What the runtime was told by the kernel last: no system call while nothing happened.
    Readiness,
    /// What the kernel knows now: one system call.
    Socket,
}

/// What was found at a connection at rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AtRest {
    /// Nothing happened: fit for use.
    Quiet,
    /// The peer closed or reset it.
    Closed,
    /// Octets came that nobody asked for. One of them may be consumed: the connection is not to be used again.
    Spoke,
}

/// Whether there is anything to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Arrived {
    Yes,
    No,
    /// Of what is no socket only a read tells.
    Unknown,
}

impl Stream {
    /// Anything that reads and writes.
    #[must_use]
    pub fn other(io: impl Io) -> Self {
        Self::Other(Box::new(io))
    }

    /// Looks at an idle connection without waiting.
    ///
    /// Of a stream that is no socket, both probes read at most one octet.
    #[must_use]
    pub fn at_rest(&mut self, probe: Probe) -> AtRest {
        let looked = match (&mut *self, probe) {
            (Self::Tcp(tcp), Probe::Readiness) => tcp.try_read(&mut [0]),
            (Self::Unix(unix), Probe::Readiness) => unix.try_read(&mut [0]),
            (Self::Tcp(tcp), Probe::Socket) => peek(SockRef::from(&*tcp)),
            (Self::Unix(unix), Probe::Socket) => peek(SockRef::from(&*unix)),
            // What the library still has to say to itself, a session ticket for instance, is no octet of ours.
            (Self::Tls(session), _) => read_now(session),
            (Self::Other(io), _) => read_now(io),
        };
        match looked {
            Ok(0) => AtRest::Closed,
            Ok(_) => AtRest::Spoke,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => AtRest::Quiet,
            Err(_) => AtRest::Closed,
        }
    }

    /// The peer's address, of TCP.
    #[must_use]
    pub fn peer_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(tcp) => tcp.peer_addr().ok(),
            Self::Unix(_) | Self::Tls(_) | Self::Other(_) => None,
        }
    }

    /// Our address, of TCP.
    #[must_use]
    pub fn local_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(tcp) => tcp.local_addr().ok(),
            Self::Unix(_) | Self::Tls(_) | Self::Other(_) => None,
        }
    }

    /// What was agreed upon; of TLS.
    #[must_use]
    pub fn tls(&self) -> Option<&Arc<Facts>> {
        match self {
            Self::Tls(session) => Some(session.facts()),
            Self::Tcp(_) | Self::Unix(_) | Self::Other(_) => None,
        }
    }

    /// When this stream is dropped, the peer is to see a reset, not an end; of TCP.
    pub fn reset_on_close(&self) {
        if let Some(tcp) = self.as_tcp() {
            let _ = SockRef::from(tcp).set_linger(Some(std::time::Duration::ZERO));
        }
    }

    /// The socket of TCP, to set options on.
    #[must_use]
    pub fn as_tcp(&self) -> Option<&TcpStream> {
        match self {
            Self::Tcp(tcp) => Some(tcp),
            Self::Unix(_) | Self::Tls(_) | Self::Other(_) => None,
        }
    }
}

/// The socket is in non-blocking mode, as all of the runtime's are.
fn peek(socket: SockRef<'_>) -> io::Result<usize> {
    socket.peek(&mut [MaybeUninit::uninit()])
}

fn read_now(io: &mut (impl AsyncRead + Unpin)) -> io::Result<usize> {
    let mut octet = [0];
    let mut buffer = ReadBuf::new(&mut octet);
    match Pin::new(io).poll_read(&mut Context::from_waker(Waker::noop()), &mut buffer) {
        Poll::Ready(outcome) => outcome.map(|()| buffer.filled().len()),
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

impl From<TcpStream> for Stream {
    fn from(tcp: TcpStream) -> Self {
        Self::Tcp(tcp)
    }
}

impl From<UnixStream> for Stream {
    fn from(unix: UnixStream) -> Self {
        Self::Unix(unix)
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(tcp) => tcp.fmt(f),
            Self::Unix(unix) => unix.fmt(f),
            Self::Tls(session) => f.debug_tuple("Tls").field(session.facts()).finish(),
            Self::Other(_) => f.write_str("Other"),
        }
    }
}

impl Stream {
    /// Writes what is the end of the stream: the caller shuts it down or drops it as soon as all is written. Of TCP, the last octets and the
    /// end then travel in one segment, which saves both sides a packet and its acknowledgement.
    pub(crate) fn poll_write_last(&mut self, cx: &mut Context<'_>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        #[cfg(target_os = "linux")]
        if let Self::Tcp(tcp) = self {
            loop {
                std::task::ready!(tcp.poll_write_ready(cx))?;
                let send =
                    || SockRef::from(&*tcp).send_vectored_with_flags(slices, libc::MSG_MORE | libc::MSG_NOSIGNAL);
                match tcp.try_io(Interest::WRITABLE, send) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock || has_begun(&error) => {}
                    outcome => return Poll::Ready(outcome),
                }
            }
        }
        Pin::new(self).poll_write_vectored(cx, slices)
    }

    /// Whether the kernel has something for us, octets or the end; if not, the task is woken when it has.
    #[inline]
    pub(crate) fn arrived(&self, cx: &mut Context<'_>) -> Arrived {
        match self {
            Self::Tcp(_) | Self::Unix(_) | Self::Tls(_) if self.poll_readable(cx).is_ready() => Arrived::Yes,
            Self::Tcp(_) | Self::Unix(_) | Self::Tls(_) => Arrived::No,
            Self::Other(_) => Arrived::Unknown,
        }
    }

    /// Octets that the transport took, ever, where they are not those that were written; otherwise each that is taken is progress.
    #[inline]
    pub(crate) fn sent(&self) -> Option<u64> {
        match self {
            Self::Tls(session) => Some(session.sent()),
            Self::Tcp(_) | Self::Unix(_) | Self::Other(_) => None,
        }
    }

    /// The peer's end, if the runtime has heard of it already, whatever octets stand before it. Of what is no socket nothing is known.
    pub(crate) fn ending(&self) -> Option<Ending> {
        match self {
            Self::Tcp(tcp) => heard(tcp.ready(BOTH)),
            Self::Unix(unix) => heard(unix.ready(BOTH)),
            Self::Tls(session) => session.ending(),
            Self::Other(_) => None,
        }
    }

    /// Octets that the transport took, in TLS with its records, and that the peer has not acknowledged. `None` where nobody knows: of what is no
    /// socket, what it took is all there is to go by. One system call.
    #[cold]
    pub(crate) fn unacknowledged(&self) -> Option<u64> {
        match self {
            Self::Tcp(tcp) => sys::unacknowledged(tcp).ok(),
            Self::Unix(unix) => sys::unacknowledged(unix).ok(),
            Self::Tls(session) => session.unacknowledged(),
            Self::Other(_) => None,
        }
    }

    /// Octets that the peer has acknowledged, ever, of those `written`; where the kernel counts its own overhead, a little less than that. See
    /// [`Self::unacknowledged`].
    #[cold]
    pub(crate) fn acknowledged(&self, written: u64) -> Option<i64> {
        let transported = self.sent().unwrap_or(written);
        self.unacknowledged().map(|octets| transported as i64 - octets as i64)
    }

    /// Ready when a read is worth a try; pending costs neither a buffer nor a system call. What is no socket is always worth a try.
    #[inline]
    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Tcp(tcp) => tcp.poll_read_ready(cx).map(drop),
            Self::Unix(unix) => unix.poll_read_ready(cx).map(drop),
            Self::Tls(session) => session.poll_readable(cx),
            Self::Other(_) => Poll::Ready(()),
        }
    }
}

const BOTH: Interest = Interest::READABLE.add(Interest::WRITABLE);

/// What the runtime knows of a socket now.
fn heard(ready: impl Future<Output = io::Result<Ready>>) -> Option<Ending> {
    let Poll::Ready(known) = pin!(ready).poll(&mut Context::from_waker(Waker::noop())) else { return None };
    let known = known.ok()?;
    match (known.is_read_closed(), known.is_write_closed()) {
        (true, true) => Some(Ending::Reset),
        (true, false) => Some(Ending::Closed),
        (false, _) => None,
    }
}

/// A write that may be the first, which with fast open begins the handshake: where its octets do not fit in, the kernel says
/// `EINPROGRESS`. Asked again, it says what any connection does that cannot take more now.
#[inline]
fn begun(mut write: impl FnMut() -> Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
    match write() {
        Poll::Ready(Err(error)) if has_begun(&error) => write(),
        outcome => outcome,
    }
}

/// Mostly there is room: only where there is none is it asked to be told of it.
fn may_wait(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::WouldBlock || has_begun(error)
}

#[cold]
fn has_begun(error: &io::Error) -> bool {
    error.raw_os_error() == Some(libc::EINPROGRESS)
}

/// Ready once the handshake is over, which with fast open may not even have begun. Shut down before, the connection would be gone,
/// and with it what was written.
fn poll_shaken(tcp: &mut TcpStream, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
    if !sys::has_fast_open_connect(tcp) || tcp.peer_addr().is_ok() {
        return Poll::Ready(Ok(()));
    }
    begun(|| Pin::new(&mut *tcp).poll_write(cx, &[])).map_ok(drop)
}

impl AsyncRead for Stream {
    #[inline]
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            Self::Unix(unix) => Pin::new(unix).poll_read(cx, buffer),
            Self::Tls(session) => Pin::new(session).poll_read(cx, buffer),
            Self::Other(io) => Pin::new(io).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    #[inline]
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => match tcp.try_write(octets) {
                Err(error) if may_wait(&error) => begun(|| Pin::new(&mut *tcp).poll_write(cx, octets)),
                outcome => Poll::Ready(outcome),
            },
            Self::Unix(unix) => Pin::new(unix).poll_write(cx, octets),
            Self::Tls(session) => Pin::new(session).poll_write(cx, octets),
            Self::Other(io) => Pin::new(io).poll_write(cx, octets),
        }
    }

    #[inline]
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(tcp) => begun(|| Pin::new(&mut *tcp).poll_write_vectored(cx, slices)),
            Self::Unix(unix) => Pin::new(unix).poll_write_vectored(cx, slices),
            Self::Tls(session) => Pin::new(session).poll_write_vectored(cx, slices),
            Self::Other(io) => Pin::new(io).poll_write_vectored(cx, slices),
        }
    }

    #[inline]
    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(tcp) => tcp.is_write_vectored(),
            Self::Unix(unix) => unix.is_write_vectored(),
            Self::Tls(session) => session.is_write_vectored(),
            Self::Other(io) => io.is_write_vectored(),
        }
    }

    #[inline]
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            // Sockets keep nothing back.
            Self::Tcp(_) | Self::Unix(_) => Poll::Ready(Ok(())),
            Self::Tls(session) => Pin::new(session).poll_flush(cx),
            Self::Other(io) => Pin::new(io).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(tcp) => {
                std::task::ready!(poll_shaken(tcp, cx))?;
                Pin::new(tcp).poll_shutdown(cx)
            }
            Self::Unix(unix) => Pin::new(unix).poll_shutdown(cx),
            Self::Tls(session) => Pin::new(session).poll_shutdown(cx),
            Self::Other(io) => Pin::new(io).poll_shutdown(cx),
        }
    }
}

/// So that TLS runs over any stream, another TLS session included.
impl Transport for Stream {
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        self.poll_readable(cx)
    }

    fn ending(&self) -> Option<Ending> {
        self.ending()
    }

    fn unacknowledged(&self) -> Option<u64> {
        self.unacknowledged()
    }
}

#[cfg(test)]
mod tests;
