use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;

use simplon_proto_tls_seam::{Backend, ClientConfig, ServerConfig, ServerName, Terminator, Whom};
use simplon_proto_tls_suite::pki::Authority;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;
use crate::Rustls;

/// A transport that counts, takes slices together, and can be made to take nothing.
struct Counted<IO> {
    io: IO,
    reads: Arc<AtomicUsize>,
    writes: Arc<AtomicUsize>,
    shut: Arc<AtomicUsize>,
}

impl<IO> Counted<IO> {
    fn new(io: IO) -> Self {
        Self { io, reads: Arc::default(), writes: Arc::default(), shut: Arc::default() }
    }
}

impl<IO: Transport> Transport for Counted<IO> {}

impl<IO: Transport> AsyncRead for Counted<IO> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl<IO: Transport> AsyncWrite for Counted<IO> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(octets)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.shut.load(Ordering::Relaxed) > 0 {
            return Poll::Pending;
        }
        self.writes.fetch_add(1, Ordering::Relaxed);
        let all: Vec<u8> = slices.iter().flat_map(|slice| slice.iter().copied()).collect();
        Pin::new(&mut self.io).poll_write(cx, &all)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

type Ends = (Box<dyn Session>, Box<dyn Session>);

async fn sessions<IO: Transport>(server_io: IO, client_io: IO) -> Ends {
    let authority = Authority::new("root");
    let backend: Arc<dyn Backend<IO>> = Arc::new(Rustls::new());
    let client = backend.client(&ClientConfig::new().trust(authority.trust())).unwrap();
    let server = Terminator::new(backend, ServerConfig::of(authority.identity(&["a.test"]))).unwrap();
    let whom = Whom::new(ServerName::parse("a.test").unwrap(), 443);
    let (server, client) = tokio::join!(server.handshake(server_io, None), client.connect(client_io, whom));
    (server.unwrap(), client.unwrap())
}

fn pair() -> (Counted<DuplexStream>, Counted<DuplexStream>) {
    let (one, other) = duplex(1 << 20);
    (Counted::new(one), Counted::new(other))
}

fn poll_write(session: &mut Box<dyn Session>, slices: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
    Pin::new(session).poll_write_vectored(&mut Context::from_waker(Waker::noop()), slices)
}

#[tokio::test]
async fn slices_of_a_write_travel_together() {
    let (server_io, client_io) = pair();
    let (writes, reads) = (server_io.writes.clone(), client_io.reads.clone());
    let (mut server, mut client) = sessions(server_io, client_io).await;
    server.flush().await.unwrap();
    let before = writes.load(Ordering::Relaxed);
    let (head, body) = (b"head: ".to_vec(), vec![7; 40 << 10]);
    let slices = [IoSlice::new(&head), IoSlice::new(&body), IoSlice::new(b"trailer")];
    let Poll::Ready(Ok(n)) = poll_write(&mut server, &slices) else { panic!("it takes them") };
    assert_eq!(n, head.len() + body.len() + 7);
    assert_eq!(writes.load(Ordering::Relaxed) - before, 1, "three records, one write");
    let mut heard = vec![0; n];
    let before = reads.load(Ordering::Relaxed);
    client.read_exact(&mut heard).await.unwrap();
    let reads = reads.load(Ordering::Relaxed) - before;
    assert!(reads <= 2, "{reads} reads");
    assert_eq!((&heard[..6], &heard[n - 7..]), (&head[..], &b"trailer"[..]));
}

#[tokio::test]
async fn a_transport_that_takes_nothing_holds_writes_up_within_bounds() {
    let (server_io, client_io) = pair();
    let shut = server_io.shut.clone();
    let (mut server, mut client) = sessions(server_io, client_io).await;
    shut.store(1, Ordering::Relaxed);
    let (chunk, mut taken) = (vec![7; 10_000], 0);
    while let Poll::Ready(outcome) = poll_write(&mut server, &[IoSlice::new(&chunk)]) {
        taken += outcome.unwrap();
        assert!(taken <= WAITING_OCTETS, "{taken}");
    }
    assert!(taken > WAITING_OCTETS / 2, "{taken}");
    shut.store(0, Ordering::Relaxed);
    server.flush().await.unwrap();
    server.shutdown().await.unwrap();
    let mut heard = Vec::new();
    client.read_to_end(&mut heard).await.unwrap();
    assert_eq!(heard.len(), taken);
}

#[tokio::test]
async fn what_a_write_left_behind_goes_when_it_can() {
    let (server_io, client_io) = pair();
    let shut = server_io.shut.clone();
    let (mut server, mut client) = sessions(server_io, client_io).await;
    shut.store(1, Ordering::Relaxed);
    assert!(poll_write(&mut server, &[IoSlice::new(b"word")]).is_ready());
    shut.store(0, Ordering::Relaxed);
    // Nobody flushes, but somebody waits for an answer.
    let mut cx = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut server).poll_read(&mut cx, &mut ReadBuf::new(&mut [0; 1])).is_pending());
    let mut heard = [0; 4];
    client.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"word");
}

#[tokio::test]
async fn a_small_reader_gets_everything_in_order() {
    let (one, other) = duplex(1 << 20);
    let (mut server, mut client) = sessions(one, other).await;
    let sent: Vec<u8> = (0..200_000u32).map(|n| (n % 251) as u8).collect();
    server.write_all(&sent).await.unwrap();
    server.shutdown().await.unwrap();
    let mut heard = Vec::new();
    let mut part = [0; 777];
    loop {
        match client.read(&mut part).await.unwrap() {
            0 => break,
            n => heard.extend_from_slice(&part[..n]),
        }
    }
    assert_eq!(heard, sent);
}

#[tokio::test]
async fn nothing_is_kept_while_nothing_comes() {
    let authority = Authority::new("root");
    let backend = Rustls::new();
    let config = ServerConfig::of(authority.identity(&["a.test"]));
    let server: Arc<dyn Backend<DuplexStream>> = Arc::new(backend.clone());
    let server = Terminator::new(server, config).unwrap();
    let client: Arc<dyn simplon_proto_tls_seam::Connect<DuplexStream>> =
        backend.client(&ClientConfig::new().trust(authority.trust())).unwrap();
    let (one, other) = duplex(1 << 20);
    let whom = Whom::new(ServerName::parse("a.test").unwrap(), 443);
    let (server, client) = tokio::join!(server.handshake(one, None), client.connect(other, whom));
    let (mut server, mut client) = (server.unwrap(), client.unwrap());
    server.write_all(&vec![7; 100_000]).await.unwrap();
    let mut heard = vec![0; 100_000];
    client.read_exact(&mut heard).await.unwrap();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(Pin::new(&mut client).poll_read(&mut cx, &mut ReadBuf::new(&mut heard)).is_pending());
    // The buffer of the thread is back in its place, for the next connection.
    let scratch = SCRATCH.take();
    assert_eq!(scratch.len(), READ_OCTETS);
    SCRATCH.set(scratch);
}

#[tokio::test]
async fn tls_within_tls() {
    let (one, other) = duplex(64 << 10);
    let (outer_server, outer_client) = sessions(one, other).await;
    let (mut server, mut client) = sessions(outer_server, outer_client).await;
    let writing = async {
        client.write_all(&vec![7; 1_000_000]).await.unwrap();
        client.shutdown().await.unwrap();
    };
    let mut heard = Vec::new();
    let (read, ()) = tokio::join!(server.read_to_end(&mut heard), writing);
    assert_eq!(read.unwrap(), 1_000_000);
}

#[tokio::test]
async fn nothing_is_written_after_leave_was_taken() {
    let (one, other) = duplex(64 << 10);
    let (mut server, _client) = sessions(one, other).await;
    server.shutdown().await.unwrap();
    assert_eq!(server.write(b"more").await.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
}
