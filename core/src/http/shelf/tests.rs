//! Bounds of open connections, over connections in memory and on a clock that is moved by hand.

use std::future::poll_fn;
use std::num::NonZeroUsize;
use std::sync::Mutex;

use http::Method;
use simplon_proto_http::fields::Known;
use simplon_proto_http::transfer::{Last, Part, Sink, Source};
use simplon_proto_http::{RequestHead, Target};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio::task::JoinHandle;
use tokio::time::sleep;

use super::*;
use crate::connect::{Connect, Connected, Peer, Versions};
use crate::error::{Error, Kind, Origin};
use crate::http::{OriginLimits, OriginStats, Origins, Protocol};
use crate::net::{Address, Stream};

/// Connections in memory to origins that answer each request of HTTP/1.1, and all of HTTP/2, at once.
#[derive(Default)]
struct Memory {
    refuses: Mutex<bool>,
    made: std::sync::atomic::AtomicUsize,
}

impl Connect for Memory {
    async fn connect(&self, peer: &Peer) -> Result<Connected> {
        sleep(Duration::from_millis(10)).await;
        if *self.refuses.lock().unwrap() {
            return Err(Error::upstream(Kind::Refused));
        }
        self.made.fetch_add(1, Ordering::Relaxed);
        let (near, far) = tokio::io::duplex(64 << 10);
        match peer.versions() {
            Versions::Http1 => drop(tokio::spawn(answer(far))),
            #[cfg(feature = "h2")]
            _ => drop(tokio::spawn(answer_streams(far))),
            #[cfg(not(feature = "h2"))]
            _ => unreachable!(),
        }
        Ok(Connected::new(Stream::other(near)))
    }
}

async fn answer(mut far: DuplexStream) {
    let mut head = Vec::new();
    while let Ok(octet) = far.read_u8().await {
        head.push(octet);
        if head.ends_with(b"\r\n\r\n") {
            head.clear();
            far.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
        }
    }
}

#[cfg(feature = "h2")]
async fn answer_streams(far: DuplexStream) {
    let mut connection =
        h2::server::Builder::new().max_concurrent_streams(2).handshake::<_, bytes::Bytes>(far).await.unwrap();
    while let Some(Ok((_, mut respond))) = connection.accept().await {
        let _ = respond.send_response(http::Response::new(()), true);
    }
}

struct Stage(Arc<Origins<Memory>>);

impl Stage {
    fn new(most: usize, per_key: usize, change: impl FnOnce(&mut OriginsConfig)) -> Self {
        let mut config = OriginsConfig::default();
        config.connections.max_connections = NonZeroUsize::new(most);
        config.connections.max_connections_per_key = NonZeroUsize::new(per_key);
        change(&mut config);
        Self(Arc::new(Origins::new(Memory::default(), config)))
    }

    /// Connects from a task.
    fn ask(&self, peer: &Peer) -> JoinHandle<Result<Upstream>> {
        let (origins, peer) = (Arc::clone(&self.0), peer.clone());
        tokio::spawn(async move { connect(&origins, &peer).await })
    }

    async fn get(&self, peer: &Peer) -> Upstream {
        self.ask(peer).await.unwrap().unwrap()
    }

    fn stats(&self) -> (usize, usize, usize) {
        let OriginStats { open, waiting, refused } = self.0.stats();
        (open, waiting, refused)
    }

    fn made(&self) -> usize {
        self.0.connector().made.load(Ordering::Relaxed)
    }
}

async fn connect(origins: &Origins<Memory>, peer: &Peer) -> Result<Upstream> {
    match origins.idle(peer, Instant::now()) {
        Some(idle) => Ok(idle),
        None => Ok(origins.connect(peer, Protocol::Http).await?.0),
    }
}

fn peer(name: &str) -> Peer {
    Peer::new(Address::parse(&format!("{name}:80")).unwrap())
}

#[cfg(feature = "h2")]
fn peer2(name: &str) -> Peer {
    Peer::builder(Address::parse(&format!("{name}:80")).unwrap()).versions(Versions::Http2).build().unwrap()
}

/// One exchange, so that the connection can carry another.
async fn used(mut upstream: Upstream) -> Upstream {
    let mut head = RequestHead::new(Method::GET, Target::origin("/").unwrap());
    head.fields.set(Known::Host, "a.example").unwrap();
    upstream.push(Part::Head(head, Last::Yes)).unwrap();
    poll_fn(|cx| upstream.poll_flush(cx)).await.unwrap();
    assert!(matches!(poll_fn(|cx| upstream.poll_part(cx)).await, Ok(Some(Part::Head(_, Last::Yes)))));
    upstream
}

/// Lets tasks run, without time passing that matters.
async fn settle() {
    sleep(Duration::from_millis(1)).await;
}

const QUEUE: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn who_finds_none_waits_and_is_told_at_the_deadline() {
    let stage = Stage::new(2, 2, |_| {});
    let held = [stage.get(&peer("a")).await, stage.get(&peer("a")).await];
    let begun = Instant::now();
    let error = stage.ask(&peer("a")).await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.origin(), error.status().as_u16()), (Kind::NoConnection, Origin::Internal, 503));
    assert_eq!(error.label(), "no-connection");
    assert!((QUEUE..QUEUE + Duration::from_millis(5)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
    assert_eq!(stage.stats(), (2, 0, 1));
    drop(held);
    assert_eq!(stage.stats(), (0, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn a_queue_that_is_full_answers_at_once() {
    let stage = Stage::new(8, 1, |config| config.connections.max_pending_requests = Some(2));
    let _held = stage.get(&peer("a")).await;
    let waiting = [stage.ask(&peer("a")), stage.ask(&peer("a"))];
    settle().await;
    let begun = Instant::now();
    let error = stage.ask(&peer("a")).await.unwrap().unwrap_err();
    assert_eq!((error.kind(), error.origin(), begun.elapsed()), (Kind::NoConnection, Origin::Upstream, Duration::ZERO));
    assert_eq!(error.may_replay(), crate::error::Replay::Safe, "another origin may have one");
    // That a's queue is full is no matter of b's.
    stage.get(&peer("b")).await;
    for waiting in waiting {
        assert!(waiting.await.unwrap().is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn without_a_queue_nobody_waits() {
    let stage = Stage::new(1, 1, |config| config.connections.max_pending_requests = Some(0));
    let held = stage.get(&peer("a")).await;
    assert!(stage.ask(&peer("a")).await.unwrap().is_err());
    // One that rests goes nevertheless.
    stage.0.put_back(used(held).await, Instant::now());
    stage.get(&peer("b")).await;
    assert_eq!(stage.0.at_rest(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_put_back_is_handed_to_the_first() {
    let stage = Stage::new(1, 1, |_| {});
    let held = used(stage.get(&peer("a")).await).await;
    let first = stage.ask(&peer("a"));
    settle().await;
    let second = stage.ask(&peer("a"));
    settle().await;
    assert_eq!(stage.stats(), (1, 2, 0));
    stage.0.put_back(held, Instant::now());
    let first = first.await.unwrap().unwrap();
    assert!(first.is_reused() && !second.is_finished());
    stage.0.put_back(used(first).await, Instant::now());
    assert!(second.await.unwrap().unwrap().is_reused());
    assert_eq!((stage.made(), stage.stats()), (1, (0, 0, 0)));
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_closed_makes_room_for_the_first() {
    let stage = Stage::new(1, 1, |_| {});
    let held = stage.get(&peer("a")).await;
    let (first, second) = (stage.ask(&peer("b")), stage.ask(&peer("a")));
    settle().await;
    drop(held);
    let first = first.await.unwrap().unwrap();
    assert!(!second.is_finished());
    drop(first);
    assert!(!second.await.unwrap().unwrap().is_reused());
    assert_eq!(stage.made(), 3);
}

/// One that was put back and died at once is not handed on, but its place is.
#[tokio::test(start_paused = true)]
async fn a_dead_connection_is_no_answer_to_who_waits() {
    let stage = Stage::new(1, 1, |config| config.pool.max_requests = std::num::NonZeroU32::new(1));
    let held = used(stage.get(&peer("a")).await).await;
    let waiting = stage.ask(&peer("a"));
    settle().await;
    stage.0.put_back(held, Instant::now());
    assert!(!waiting.await.unwrap().unwrap().is_reused());
    assert_eq!(stage.made(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failure_to_connect_gives_its_place_on() {
    let stage = Stage::new(1, 1, |_| {});
    *stage.0.connector().refuses.lock().unwrap() = true;
    let (first, second) = (stage.ask(&peer("a")), stage.ask(&peer("a")));
    assert_eq!(first.await.unwrap().unwrap_err().kind(), Kind::Refused);
    assert_eq!(second.await.unwrap().unwrap_err().kind(), Kind::Refused);
    assert_eq!(stage.stats(), (0, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn who_leaves_the_queue_passes_its_turn_on() {
    let stage = Stage::new(1, 1, |_| {});
    let held = used(stage.get(&peer("a")).await).await;
    let (first, second) = (stage.ask(&peer("a")), stage.ask(&peer("a")));
    settle().await;
    first.abort();
    settle().await;
    assert_eq!(stage.stats().1, 1);
    stage.0.put_back(held, Instant::now());
    let second = second.await.unwrap().unwrap();
    // And one that leaves in the moment in which its turn comes.
    let (third, fourth) = (stage.ask(&peer("a")), stage.ask(&peer("a")));
    settle().await;
    stage.0.put_back(used(second).await, Instant::now());
    third.abort();
    assert!(third.await.unwrap_err().is_cancelled());
    fourth.await.unwrap().unwrap();
    assert_eq!(stage.stats(), (0, 0, 0));
}

/// First come, first served, and each woken once.
#[tokio::test(start_paused = true)]
async fn many_wait_in_order() {
    let stage = Stage::new(2, 2, |config| config.connections.queue_timeout = Duration::from_secs(60));
    let held = [used(stage.get(&peer("a")).await).await, used(stage.get(&peer("a")).await).await];
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut asking = Vec::new();
    for number in 0..14 {
        let (origins, order) = (Arc::clone(&stage.0), Arc::clone(&order));
        asking.push(tokio::spawn(async move {
            let upstream = connect(&origins, &peer("a")).await.unwrap();
            order.lock().unwrap().push(number);
            sleep(Duration::from_millis(3)).await;
            origins.put_back(used(upstream).await, Instant::now());
        }));
        settle().await;
    }
    assert_eq!(stage.stats().1, 14);
    drop(held);
    for asked in asking {
        asked.await.unwrap();
    }
    assert!(order.lock().unwrap().is_sorted());
    assert_eq!(stage.stats().0, 2);
}

/// Whatever order threads, deadlines and cancellation bring about: never more than may be, and in the end nobody waits and nothing is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_between_threads() {
    const MOST: usize = 3;
    let stage = Stage::new(MOST, 0, |config| config.connections.queue_timeout = Duration::from_millis(200));
    let mut asking = Vec::new();
    for number in 0..160_u64 {
        let origins = Arc::clone(&stage.0);
        asking.push(tokio::spawn(async move {
            let peer = peer(["a", "b"][number as usize % 2]);
            let patience = Duration::from_millis(number % 7 * 10);
            if let Ok(Ok(upstream)) = tokio::time::timeout(patience, connect(&origins, &peer)).await {
                assert!(origins.stats().open <= MOST);
                let upstream = used(upstream).await;
                if number % 3 > 0 {
                    origins.put_back(upstream, Instant::now());
                }
            }
        }));
        tokio::task::yield_now().await;
    }
    for asked in asking {
        asked.await.unwrap();
    }
    let (open, waiting, _) = stage.stats();
    assert_eq!((open, waiting), (stage.0.at_rest(), 0));
    stage.0.forget(&peer("a"));
    stage.0.forget(&peer("b"));
    assert_eq!(stage.stats().0, 0);
    let _all = [stage.get(&peer("c")).await, stage.get(&peer("d")).await, stage.get(&peer("e")).await];
}

#[tokio::test(start_paused = true)]
async fn one_key_holds_up_no_other() {
    let stage = Stage::new(16, 0, |_| {});
    let mut held = Vec::new();
    for _ in 0..14 {
        held.push(stage.get(&peer("hog")).await);
    }
    let waiting = stage.ask(&peer("hog"));
    settle().await;
    assert_eq!(stage.stats(), (14, 1, 0));
    let begun = Instant::now();
    let honest = stage.get(&peer("honest")).await;
    assert!(begun.elapsed() < Duration::from_millis(15) && !waiting.is_finished());
    drop(honest);
    held.pop();
    waiting.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_rests_goes_before_anybody_waits() {
    let stage = Stage::new(2, 0, |_| {});
    let (a, b) = (used(stage.get(&peer("a")).await).await, used(stage.get(&peer("b")).await).await);
    stage.0.put_back(a, Instant::now());
    settle().await;
    stage.0.put_back(b, Instant::now());
    assert_eq!((stage.0.at_rest(), stage.stats().0), (2, 2));
    let _c = stage.get(&peer("c")).await;
    assert_eq!((stage.0.at_rest(), stage.stats()), (1, (2, 0, 0)));
    assert!(stage.0.idle(&peer("a"), Instant::now()).is_none(), "the one that had rested longest");
}

/// One waits for another origin when a connection comes to rest: it does not stay.
#[tokio::test(start_paused = true)]
async fn what_comes_to_rest_goes_if_another_origin_is_waited_for() {
    let stage = Stage::new(1, 0, |_| {});
    let a = used(stage.get(&peer("a")).await).await;
    let waiting = stage.ask(&peer("b"));
    settle().await;
    stage.0.put_back(a, Instant::now());
    assert!(!waiting.await.unwrap().unwrap().is_reused());
    assert_eq!(stage.0.at_rest(), 0);
}

/// A tunnel needs a connection of its own, and takes the place of one that rests under the same key.
#[tokio::test(start_paused = true)]
async fn tunnels_count_and_are_handed_nothing_used() {
    let stage = Stage::new(1, 1, |_| {});
    let a = used(stage.get(&peer("a")).await).await;
    let origins = Arc::clone(&stage.0);
    let tunnel = tokio::spawn(async move { origins.connect(&peer("a"), Protocol::Raw).await.unwrap().0 });
    settle().await;
    stage.0.put_back(a, Instant::now());
    let tunnel = tunnel.await.unwrap();
    assert!(!tunnel.is_reused());
    assert_eq!((stage.made(), stage.stats().0), (2, 1));
    assert!(stage.ask(&peer("a")).await.unwrap().is_err());
    drop(tunnel);
    // And where one rests already.
    let a = used(stage.get(&peer("a")).await).await;
    stage.0.put_back(a, Instant::now());
    stage.0.connect(&peer("a"), Protocol::Raw).await.unwrap();
    assert_eq!(stage.0.at_rest(), 0);
}

/// Where a connection stays with its thread, one that rests with another thread is of no use, and goes.
#[test]
fn what_rests_with_another_thread_goes() {
    let stage = Stage::new(8, 1, |config| config.sharing = Sharing::SameThread);
    let one_more = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
        runtime.block_on(async {
            let upstream = used(stage.get(&peer("a")).await).await;
            stage.0.put_back(upstream, Instant::now());
        });
        runtime
    };
    let _first = std::thread::scope(|scope| scope.spawn(one_more).join().unwrap());
    assert_eq!((stage.made(), stage.0.at_rest()), (1, 1));
    let _second = std::thread::scope(|scope| scope.spawn(one_more).join().unwrap());
    assert_eq!((stage.made(), stage.0.at_rest(), stage.stats()), (2, 1, (1, 0, 0)));
}

#[tokio::test(start_paused = true)]
async fn checks_wait_for_nobody() {
    let stage = Stage::new(1, 1, |config| {
        config.connections = OriginLimits { max_connections: NonZeroUsize::new(1), ..OriginLimits::for_checks() };
    });
    let _both = [stage.get(&peer("a")).await, stage.get(&peer("a")).await];
    assert_eq!(stage.stats(), (0, 0, 0));
}

#[cfg(feature = "h2")]
mod many_exchanges {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_shared_connection_counts_once_until_it_is_closed() {
        let stage = Stage::new(4, 4, |_| {});
        let both = [stage.get(&peer2("a")).await, stage.get(&peer2("a")).await];
        assert_eq!((stage.made(), stage.stats().0), (1, 1));
        drop(both);
        settle().await;
        assert_eq!((stage.0.at_rest(), stage.stats().0), (1, 1));
        stage.0.forget(&peer2("a"));
        settle().await;
        assert_eq!(stage.stats().0, 0);
    }

    /// The one who would make another takes a stream that comes free before.
    #[tokio::test(start_paused = true)]
    async fn who_waits_for_leave_takes_a_stream_that_comes_free() {
        let stage = Stage::new(1, 1, |_| {});
        let one = used(stage.get(&peer2("a")).await).await;
        let two = used(stage.get(&peer2("a")).await).await;
        let waiting = [stage.ask(&peer2("a")), stage.ask(&peer2("a"))];
        settle().await;
        assert_eq!(stage.stats(), (1, 1, 0));
        drop(one);
        settle().await;
        assert_eq!(waiting.iter().filter(|waiting| waiting.is_finished()).count(), 1);
        drop(two);
        for waiting in waiting {
            waiting.await.unwrap().unwrap();
        }
        assert_eq!((stage.made(), stage.stats()), (1, (1, 0, 0)));
    }

    #[tokio::test(start_paused = true)]
    async fn those_who_wait_for_a_shared_connection_are_told_the_same() {
        let stage = Stage::new(1, 1, |_| {});
        let held = stage.get(&peer("other")).await;
        let waiting = [stage.ask(&peer2("a")), stage.ask(&peer2("a")), stage.ask(&peer2("a"))];
        let begun = Instant::now();
        for waiting in waiting {
            assert_eq!(waiting.await.unwrap().unwrap_err().kind(), Kind::NoConnection);
        }
        assert!((QUEUE..QUEUE + Duration::from_millis(5)).contains(&begun.elapsed()), "{:?}", begun.elapsed());
        drop(held);
        stage.get(&peer2("a")).await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_shared_connection_at_rest_goes_for_another() {
        let stage = Stage::new(1, 0, |_| {});
        drop(used(stage.get(&peer2("a")).await).await);
        assert_eq!(stage.0.at_rest(), 1);
        // At once, though the task that drives it closes it.
        let begun = Instant::now();
        let b = stage.get(&peer("b")).await;
        assert!(begun.elapsed() < Duration::from_millis(20), "{:?}", begun.elapsed());
        assert_eq!((stage.0.at_rest(), stage.stats()), (0, (1, 0, 0)));
        drop(b);
        // And one that comes to rest while another is waited for.
        let busy = used(stage.get(&peer2("a")).await).await;
        let waiting = stage.ask(&peer("b"));
        settle().await;
        assert!(!waiting.is_finished());
        drop(busy);
        waiting.await.unwrap().unwrap();
        assert_eq!(stage.0.at_rest(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn all_that_rest_are_let_go_without_descriptors() {
        let stage = Stage::new(8, 8, |_| {});
        drop(used(stage.get(&peer2("a")).await).await);
        let busy = used(stage.get(&peer2("b")).await).await;
        let one = used(stage.get(&peer("c")).await).await;
        stage.0.put_back(one, Instant::now());
        assert_eq!((stage.0.at_rest(), stage.stats().0), (2, 3));
        assert_eq!(relief::Keeps::let_go(&**stage.0.shelf()), 2);
        settle().await;
        assert_eq!((stage.0.at_rest(), stage.stats().0), (0, 1));
        drop(busy);
    }
}
