use std::cell::Cell;
use std::collections::HashSet;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Mutex;
use std::task::Poll;
use std::thread;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UnixListener};
use tokio::sync::oneshot;

use super::super::{Resolve, TcpConnector};
use super::*;
use crate::error::{Origin, Replay};
use crate::net::{Address, Io, Stream};

/// Far more than any of this takes.
const PATIENCE: Duration = Duration::from_secs(10);

fn number(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).unwrap()
}

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

/// A connector that is a closure.
struct By<F>(F);

impl<F, Fut> Connect for By<F>
where
    F: Fn(Peer) -> Fut + Send + Sync,
    Fut: Future<Output = Result<Connected>> + Send,
{
    async fn connect(&self, peer: &Peer) -> Result<Connected> {
        (self.0)(peer.clone()).await
    }
}

/// Refuses all, and writes down the names of the threads that it did so on.
fn refuses(names: &Arc<Mutex<Vec<String>>>) -> impl Connect + 'static {
    let names = Arc::clone(names);
    By(move |_| {
        names.lock().unwrap().push(thread::current().name().unwrap().to_owned());
        async { Err(Error::upstream(Kind::Refused)) }
    })
}

/// A task on the thread that this is called on; what it gives fails as soon as that thread ends.
fn life_of_this_thread() -> oneshot::Receiver<()> {
    let (held, ended) = oneshot::channel();
    tokio::spawn(async move {
        let _held: oneshot::Sender<()> = held;
        std::future::pending::<()>().await;
    });
    ended
}

async fn exchange(near: &mut Stream, far: &mut impl Io) {
    let mut got = [0; 4];
    near.write_all(b"ping").await.unwrap();
    far.read_exact(&mut got).await.unwrap();
    far.write_all(b"pong").await.unwrap();
    near.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"pong");
}

#[tokio::test]
async fn only_the_pool_that_is_needed_starts() {
    let names = Arc::default();
    let offload = Offload::new(refuses(&names)).pools(number(4)).threads(number(2));
    let started = || offload.pools.iter().filter(|pool| pool.has_started()).count();
    assert_eq!(started(), 0);
    let peer = Peer::new(Address::parse("192.0.2.1:80").unwrap());
    for _ in 0..8 {
        let error = offload.connect(&peer).await.unwrap_err();
        assert_eq!((error.kind(), error.may_replay()), (Kind::Refused, Replay::Safe));
    }
    assert_eq!(started(), 1);
}

#[tokio::test]
async fn key_chooses_the_pool_and_chance_the_thread() {
    let names = Arc::default();
    let offload = Offload::new(refuses(&names)).pools(number(3)).threads(number(2));
    let mut pools = HashSet::new();
    for group in 0..24 {
        let peer = Peer::builder(Address::parse("192.0.2.1:80").unwrap()).group(group).build().unwrap();
        // Both threads are drawn but for one case in 2³¹, and none of the other pools ever.
        for _ in 0..32 {
            // A peer that is equal, not the same.
            offload.connect(&peer.to_builder().label("other").build().unwrap()).await.unwrap_err();
        }
        let seen: HashSet<String> = names.lock().unwrap().drain(..).collect();
        let pool = peer.key().spread() % 3;
        assert_eq!(seen, [0, 1].map(|thread| format!("connect-{pool}-{thread}")).into());
        pools.insert(pool);
    }
    assert_eq!(pools.len(), 3);
}

#[tokio::test]
async fn connection_is_ours_when_the_pool_is_gone() {
    let (listener, addr) = listener().await;
    let path = std::env::temp_dir().join(format!("simplon-offload-{}.sock", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let unix = UnixListener::bind(&path).unwrap();

    let (tell, told) = std::sync::mpsc::channel();
    let alive = move |peer: Peer| {
        tell.send(life_of_this_thread()).unwrap();
        async move { TcpConnector::new().connect(&peer).await }
    };
    let offload = Offload::new(By(alive)).threads(number(2));
    let mut over_tcp = offload.connect(&Peer::new(addr)).await.unwrap();
    let mut over_unix = offload.connect(&Peer::new(Address::Unix(path.as_path().into()))).await.unwrap();
    std::fs::remove_file(&path).unwrap();
    let (mut far_tcp, from) = listener.accept().await.unwrap();
    let (mut far_unix, _) = unix.accept().await.unwrap();
    assert!(matches!((&over_tcp.stream, &over_unix.stream), (Stream::Tcp(_), Stream::Unix(_))));
    assert_eq!((over_tcp.remote, over_tcp.local), (Some(addr), Some(from)));
    assert_eq!((over_unix.remote, over_unix.local), (None, None));

    drop(offload);
    for thread in [told.recv().unwrap(), told.recv().unwrap()] {
        tokio::time::timeout(PATIENCE, thread).await.unwrap().unwrap_err();
    }
    exchange(&mut over_tcp.stream, &mut far_tcp).await;
    exchange(&mut over_unix.stream, &mut far_unix).await;
}

#[tokio::test]
async fn what_cannot_be_handed_over_keeps_its_threads() {
    let (listener, addr) = listener().await;
    let (tell, told) = std::sync::mpsc::channel();
    let wrapped = move |_| {
        tell.send(life_of_this_thread()).unwrap();
        async move { Ok(Connected::new(Stream::other(TcpStream::connect(addr).await.unwrap()))) }
    };
    let offload = Offload::new(By(wrapped));
    let mut connected = offload.connect(&Peer::new(addr)).await.unwrap();
    let (mut far, _) = listener.accept().await.unwrap();
    let mut thread = told.recv().unwrap();
    drop(offload);
    exchange(&mut connected.stream, &mut far).await;
    assert_eq!(thread.try_recv(), Err(oneshot::error::TryRecvError::Empty));
    drop(connected);
    tokio::time::timeout(PATIENCE, thread).await.unwrap().unwrap_err();
}

/// Looks up as the system's interface does when nobody takes care: the thread stands still.
struct Blocks(Duration, SocketAddr);

impl Resolve for Blocks {
    async fn resolve(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        thread::sleep(self.0);
        Ok(vec![self.1])
    }
}

#[tokio::test]
async fn lookup_that_blocks_does_not_hold_up_the_caller() {
    let (_listener, addr) = listener().await;
    let offload = Offload::new(TcpConnector::with_resolver(Blocks(Duration::from_millis(300), addr)));
    let ticks = Cell::new(0);
    let tick = async {
        loop {
            tokio::time::sleep(Duration::from_millis(1)).await;
            ticks.set(ticks.get() + 1);
        }
    };
    let peer = Peer::new(Address::parse("origin.example:80").unwrap());
    let connected = tokio::select! {
        connected = offload.connect(&peer) => connected.unwrap(),
        () = tick => unreachable!(),
    };
    assert_eq!(connected.remote, Some(addr));
    assert!(connected.took >= Duration::from_millis(300));
    // Held up, it would have come to one or two.
    assert!(ticks.get() > 10, "{}", ticks.get());
}

#[tokio::test]
async fn busy_threads_count_towards_the_connect_timeout() {
    let (_listener, addr) = listener().await;
    let offload = Offload::new(TcpConnector::with_resolver(Blocks(Duration::from_secs(2), addr)));
    let timeouts = PeerTimeouts { connect: Duration::from_millis(50), ..PeerTimeouts::default() };
    let peer =
        Peer::builder(Address::parse("origin.example:80").unwrap()).label("shop").timeouts(timeouts).build().unwrap();
    let begun = Instant::now();
    let error = offload.connect(&peer).await.unwrap_err();
    assert_eq!((error.kind(), error.origin()), (Kind::Timeout(Wait::Connect), Origin::Upstream));
    assert_eq!(error.may_replay(), Replay::Safe);
    assert!(error.to_string().starts_with("shop (origin.example:80): "), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn panic_is_an_error_of_our_own_and_the_thread_goes_on() {
    let (_listener, addr) = listener().await;
    let clumsy = |peer: Peer| async move {
        assert_ne!(peer.label(), "clumsy", "dropped it");
        TcpConnector::new().connect(&peer).await
    };
    let offload = Offload::new(By(clumsy));
    let peer = Peer::builder(addr).label("clumsy").build().unwrap();
    let error = offload.connect(&peer).await.unwrap_err();
    assert_eq!((error.kind(), error.origin(), error.status().as_u16()), (Kind::Panicked, Origin::Internal, 500));
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("dropped it"));
    offload.connect(&Peer::new(addr)).await.unwrap();
}

#[tokio::test]
async fn dropped_connect_ends_its_work() {
    let (tell, told) = std::sync::mpsc::channel();
    let hangs = move |_| {
        let (held, ended) = oneshot::channel::<()>();
        tell.send(ended).unwrap();
        async move {
            let _held = held;
            std::future::pending().await
        }
    };
    let offload = Offload::new(By(hangs));
    let peer = Peer::new(Address::parse("192.0.2.1:80").unwrap());
    let begun = tokio::time::timeout(Duration::from_millis(50), offload.connect(&peer)).await;
    assert!(begun.is_err());
    tokio::time::timeout(PATIENCE, told.recv().unwrap()).await.unwrap().unwrap_err();
}

#[tokio::test]
async fn connection_that_nobody_waits_for_any_more_is_closed() {
    let (listener, addr) = listener().await;
    let offload = Offload::new(TcpConnector::new());
    let peer = Peer::new(addr);
    let mut far = {
        let mut connecting = pin!(offload.connect(&peer));
        // Begun, and not asked for again.
        let _ = poll_fn(|cx| Poll::Ready(connecting.as_mut().poll(cx).map(drop))).await;
        listener.accept().await.unwrap().0
    };
    let ended = tokio::time::timeout(PATIENCE, far.read(&mut [0])).await.unwrap();
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}");
}

#[tokio::test]
async fn other_runtimes_may_wait_for_it() {
    let (listener, addr) = listener().await;
    let offload = Arc::new(Offload::new(TcpConnector::new()).threads(number(2)));
    let mut waiting = Vec::new();
    for _ in 0..4 {
        let offload = Arc::clone(&offload);
        waiting.push(thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut stream = offload.connect(&Peer::new(addr)).await.unwrap().stream;
                stream.read_u8().await.unwrap()
            })
        }));
    }
    for n in 0..4 {
        listener.accept().await.unwrap().0.write_u8(n).await.unwrap();
    }
    let got: HashSet<u8> = waiting.into_iter().map(|waiting| waiting.join().unwrap()).collect();
    assert_eq!(got, [0, 1, 2, 3].into());
}
