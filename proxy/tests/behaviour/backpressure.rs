//! A side that is slower than the other holds it back; what is kept in between is bounded. C33

use simplon_testkit::time::{pass, settle};
use simplon_testkit::{Network, PipeConfig, Rig, Wire, get, ok};
use std::time::Duration;

use crate::stage;

/// What may wait between both sides besides the pipes themselves.
const KEPT: u64 = 256 << 10;

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

/// C33: a huge response to a client that does not read.
#[tokio::test(start_paused = true)]
async fn a_slow_reader_of_a_huge_response_keeps_memory_bounded() {
    for head in ["HTTP/1.1 200 OK\r\nContent-Length: 100000000000\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n"] {
        let mut stage = stage::plain();
        let (mut client, mut origin) = stage.pass(get("/huge")).await;
        origin.request().await;
        origin.send(head).await;
        settle().await;
        flood(&mut origin, 16 << 20).await;
        let (said, waiting) = (origin.sent(), client.received());
        let kept = said.count() - said.in_flight() as u64 - waiting.count();
        assert!(kept < KEPT, "{kept} octets are kept");
        assert!(said.count() < 1 << 20, "the origin is held back: {}", said.count());
        // It goes on as soon as the client reads.
        let before = said.count();
        client.head().await.unwrap();
        client.exactly(100 << 10).await.unwrap();
        pass(Duration::from_secs(1)).await;
        let _ = tokio::time::timeout(Duration::from_secs(1), origin.try_send(vec![b'x'; 64 << 10])).await;
        assert!(said.count() > before);
    }
}

/// A huge upload to an origin that does not read.
#[tokio::test(start_paused = true)]
async fn a_slow_origin_holds_a_huge_upload_back() {
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

/// Octets that pass through small pipes in short reads and writes are the same octets.
#[tokio::test(start_paused = true)]
async fn short_reads_and_writes_change_nothing() {
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
            client.send(simplon_testkit::post("/").body(&content)).await;
            let response = client.response().await;
            assert_eq!(response.body, content, "{octets}");
            assert_eq!(response.trailer("Sum"), Some("2000"));
        }
    }
}

/// A response much larger than any buffer passes whole.
#[tokio::test(start_paused = true)]
async fn a_large_exchange_passes_whole() {
    let network = Network::new();
    let origin = network.origin();
    let app = simplon_proxy::App::new(simplon_proxy::To(origin.peer())).origins(network.origins());
    let rig = Rig::new(app);
    let _origin = origin.answer(|request| ok(&request.body));
    let mut client = rig.client();
    let content: Vec<u8> = (0..3_000_000_u32).map(|number| number.to_be_bytes()[2] ^ number.to_be_bytes()[3]).collect();
    client.send(simplon_testkit::post("/").body(&content)).await;
    assert!(client.response().await.body == content);
}
