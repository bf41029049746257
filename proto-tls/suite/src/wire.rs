//! The transport of the cases: in memory or over loopback, and as bad as a case wants it.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, ready};

use simplon_proto_tls_seam::Transport;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, ReadBuf, duplex};
use tokio::net::{TcpListener, TcpStream};

/// One end of a connection.
#[derive(Debug)]
pub struct Wire {
    io: Io,
    /// Octets that one read gives at most.
    gulp: usize,
    /// Octets that can still be written before the connection breaks.
    left: usize,
    written: Arc<AtomicUsize>,
}

#[derive(Debug)]
enum Io {
    Memory(DuplexStream),
    Tcp(TcpStream),
}

/// Two ends in memory.
pub fn memory() -> (Wire, Wire) {
    narrow(64 << 10)
}

/// Two ends in memory with room for so many octets between them.
pub fn narrow(octets: usize) -> (Wire, Wire) {
    let (one, other) = duplex(octets);
    (Wire::new(Io::Memory(one)), Wire::new(Io::Memory(other)))
}

/// Two ends of a connection over loopback.
pub async fn loopback() -> (Wire, Wire) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (connected, accepted) = tokio::join!(TcpStream::connect(address), listener.accept());
    let (connected, (accepted, _)) = (connected.unwrap(), accepted.unwrap());
    connected.set_nodelay(true).unwrap();
    accepted.set_nodelay(true).unwrap();
    (Wire::new(Io::Tcp(connected)), Wire::new(Io::Tcp(accepted)))
}

/// Two ends in memory; what the first one writes first, a record, arrives as records of one octet each.
pub fn shredded() -> (Wire, Wire) {
    let ((client, mut from), (mut to, server)) = (memory(), memory());
    tokio::spawn(async move {
        let mut head = [0; 5];
        from.read_exact(&mut head).await?;
        let mut record = vec![0; usize::from(u16::from_be_bytes([head[3], head[4]]))];
        from.read_exact(&mut record).await?;
        for octet in record {
            to.write_all(&[head[0], head[1], head[2], 0, 1, octet]).await?;
        }
        tokio::io::copy_bidirectional(&mut from, &mut to).await
    });
    (client, server)
}

impl Wire {
    fn new(io: Io) -> Self {
        Self { io, gulp: usize::MAX, left: usize::MAX, written: Arc::default() }
    }

    /// The same, whose reads give so many octets at most.
    pub fn gulp(mut self, octets: usize) -> Self {
        self.gulp = octets;
        self
    }

    /// The same, which breaks after so many octets were written.
    pub fn cut_after(mut self, octets: usize) -> Self {
        self.left = octets;
        self
    }

    /// How many octets were written, now and later.
    pub fn written(&self) -> Arc<AtomicUsize> {
        self.written.clone()
    }
}

impl Transport for Wire {
    fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        match &self.io {
            Io::Memory(io) => io.poll_readable(cx),
            Io::Tcp(io) => io.poll_readable(cx),
        }
    }
}

trait Pipe: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Pipe for T {}

impl Io {
    fn pipe(&mut self) -> Pin<&mut dyn Pipe> {
        Pin::new(match self {
            Self::Memory(io) => io as &mut dyn Pipe,
            Self::Tcp(io) => io,
        })
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let most = self.gulp.min(buffer.remaining());
        let mut part = ReadBuf::new(buffer.initialize_unfilled_to(most));
        ready!(self.io.pipe().poll_read(cx, &mut part))?;
        let n = part.filled().len();
        buffer.advance(n);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let most = self.left.min(octets.len());
        if most == 0 && !octets.is_empty() {
            let _ = ready!(self.io.pipe().poll_shutdown(cx));
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let n = ready!(self.io.pipe().poll_write(cx, &octets[..most]))?;
        self.left -= n;
        if self.left == 0 {
            // The peer learns of it at once, not at the next write.
            let _ = self.io.pipe().poll_shutdown(cx);
        }
        self.written.fetch_add(n, Ordering::Relaxed);
        Poll::Ready(Ok(n))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.pipe().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.io.pipe().poll_shutdown(cx)
    }
}
