//! A side that is slower than the other holds it back; what is kept in between is bounded. C33

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use simplon_testkit::time::{PATIENCE, pass, settle, within};
use simplon_testkit::{Network, PipeConfig, Rig, Wire, get, matrix, ok, post, status};
use tokio::task::JoinSet;

use crate::stage;

/// What may wait between both sides besides the pipes themselves, in the clear and where nothing is shared.
const KEPT: u64 = 256 << 10;
/// What may be taken of a side while nobody listens at the other: pipes, the windows of both legs, and what is kept in between.
const TAKEN: usize = 1 << 20;

/// Says as much as is taken while nobody listens at the other side.
async fn flood(wire: &mut Wire, most: usize) -> u64 {
    let mut taken = 0;
    while taken < most {
        let sending = wire.try_send(vec![b'x'; 16 << 10]);
        if tokio::time::timeout(Duration::from_secs(1), sending).await.is_err() {
            break;
        }
        taken += 16 << 10;
    }
    taken as u64
}

/// Says content for ever, piece by piece, from a task that ends with this.
struct Flood {
    taken: Arc<AtomicUsize>,
    _saying: JoinSet<()>,
}

macro_rules! flood {
    ($side:ident) => {{
        let taken = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&taken);
        let mut saying = JoinSet::new();
        saying.spawn(within(PATIENCE, async move {
            while $side.data(&[b'x'; 16 << 10]).await.is_ok() {
                counted.fetch_add(16 << 10, Ordering::Relaxed);
            }
        }));
        Flood { taken, _saying: saying }
    }};
}

impl Flood {
    /// How many octets were taken once nothing moves any more.
    async fn held_back(&self) -> usize {
        pass(Duration::from_secs(1)).await;
        let taken = self.taken.load(Ordering::Relaxed);
        pass(Duration::from_secs(1)).await;
        assert_eq!(self.taken.load(Ordering::Relaxed), taken, "it is held back");
        taken
    }
}

matrix! {
    /// C33: a huge response to a client that does not read.
    async fn a_slow_reader_of_a_huge_response_holds_its_origin_back(cell: Cell) {
        for head in [status(200).field("Content-Length", "100000000000"), status(200)] {
            let mut stage = cell.plain();
            let (mut client, mut asked) = stage.pass(get("/huge")).await;
            asked.begin(head).await;
            let flood = flood!(asked);
            let before = flood.held_back().await;
            assert!(before < TAKEN, "{before} octets were taken");
            // It goes on as soon as the client reads, as far as it does.
            client.head().await;
            client.read(512 << 10).await.unwrap();
            let after = flood.held_back().await;
            assert!(after > before && after < before + TAKEN, "{before}, then {after}");
        }
    }

    /// C33: a huge upload to an origin that does not read.
    async fn a_slow_origin_holds_a_huge_upload_back(cell: Cell) {
        for head in [post("/").field("Content-Length", "100000000000"), post("/")] {
            let mut stage = cell.plain();
            let (mut client, mut asked) = stage.begin(head).await;
            let flood = flood!(client);
            let before = flood.held_back().await;
            assert!(before < TAKEN, "{before} octets were taken");
            asked.read(512 << 10).await.unwrap();
            let after = flood.held_back().await;
            assert!(after > before && after < before + TAKEN, "{before}, then {after}");
        }
    }

    /// Octets that pass in short reads and writes are the same octets.
    async fn short_reads_and_writes_change_nothing(cell: Cell) {
        for octets in [1, 2, 7, 100] {
            // Both ends of a handshake say something before they listen.
            let pipes = PipeConfig::default().capacity(4 << 10).write_limit(octets).read_limit(octets);
            let mut stage = cell.pipes(pipes).plain();
            stage.origins.remove(0).answer(|request| {
                ok("").chunked(&request.body).trailer("Sum", request.body.len().to_string())
            });
            let mut client = stage.client().await;
            let content: Vec<u8> = (0..2000).map(|number: u32| number.to_be_bytes()[3]).collect();
            for _ in 0..3 {
                client.send(post("/").body(&content)).await;
                let response = client.response().await;
                assert_eq!(response.body, content, "{octets}");
                assert_eq!(response.trailer("Sum"), Some("2000"));
            }
        }
    }

    /// A response much larger than any buffer passes whole.
    async fn a_large_exchange_passes_whole(cell: Cell) {
        let mut stage = cell.plain();
        stage.origins.remove(0).answer(|request| ok(&request.body));
        let mut client = stage.client().await;
        let content: Vec<u8> =
            (0..3_000_000_u32).map(|number| number.to_be_bytes()[2] ^ number.to_be_bytes()[3]).collect();
        client.send(post("/").body(&content)).await;
        assert!(client.response().await.body == content);
    }
}

/// C33: octet by octet: what the proxy itself keeps.
#[tokio::test(start_paused = true)]
async fn a_slow_reader_of_a_huge_response_keeps_memory_bounded() {
    for head in ["HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
        let mut stage = stage::plain();
        let (client, mut origin) = stage.pass(get("/huge")).await;
        origin.request().await;
        origin.send(head).await;
        settle().await;
        flood(&mut origin, 16 << 20).await;
        let (said, waiting) = (origin.sent(), client.received());
        let kept = said.count() - said.in_flight() as u64 - waiting.count();
        assert!(kept < KEPT, "{kept} octets are kept");
    }
}

/// The same of a huge upload, also within one chunk.
#[tokio::test(start_paused = true)]
async fn a_slow_origin_keeps_memory_bounded() {
    for head in [
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000000\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n7fffffff\r\n",
    ] {
        let mut stage = stage::plain();
        let (mut client, origin) = stage.pass(head).await;
        settle().await;
        flood(&mut client, 16 << 20).await;
        let (said, waiting) = (client.sent(), origin.received());
        let kept = (said.count() - said.in_flight() as u64).saturating_sub(waiting.count());
        assert!(kept < KEPT, "{kept} octets are kept");
        assert!(said.count() < 1 << 20, "the client is held back: {}", said.count());
    }
}

/// The same through pipes that hold no more than that.
#[tokio::test(start_paused = true)]
async fn small_pipes_change_nothing() {
    for octets in [1, 2, 3, 7, 100] {
        let pipes = PipeConfig::default().capacity(octets.max(2)).write_limit(octets).read_limit(octets);
        let network = Network::with_pipes(pipes);
        let origin = network.origin();
        let app = simplon_proxy::App::new(simplon_proxy::To(origin.peer())).origins(network.origins());
        let rig = Rig::new(app).with_pipes(pipes);
        let _origin =
            origin.answer(|request| ok("").chunked(&request.body).trailer("Sum", request.body.len().to_string()));
        let mut client = rig.client();
        let content: Vec<u8> = (0..2000).map(|number: u32| number.to_be_bytes()[3]).collect();
        for _ in 0..3 {
            client.send(post("/").body(&content)).await;
            let response = client.response().await;
            assert_eq!(response.body, content, "{octets}");
            assert_eq!(response.trailer("Sum"), Some("2000"));
        }
    }
}
