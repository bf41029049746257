//! Clients and origins that leave: half-closed, reset, gone while idle, over real sockets.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

#[path = "common/common.rs"]
mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use common::child::own_cpu;
use common::client::Client;
use common::origin::{Link, Origin};
use common::{Proxy, holds_within, millis, patient, soon};
use simplon::core::http::Timeouts;
use simplon::prelude::*;
use simplon::proxy::Gone;
use simplon_testkit::apart;
use tokio::io::AsyncWriteExt;
use tokio::time::{Instant, sleep};

/// Far below every timeout: what is faster was told, not waited out.
const PROMPT: Duration = millis(1_000);

/// Reads a request, says it is there, and notes when its connection ends.
async fn watching(mut link: Link) {
    link.head().await;
    link.until_closed().await;
}

// ---- clients that leave

#[tokio::test]
async fn client_that_leaves_in_its_upload_cancels_the_origin() {
    for way in ["reset", "close", "half-close"] {
        for framing in ["Content-Length: 1000\r\n\r\nabc", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"] {
            let origin = Origin::start(watching).await;
            let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
            let mut client = Client::connect(proxy.addr).await;
            client.send(format!("POST / HTTP/1.1\r\nHost: a\r\n{framing}")).await;
            assert!(holds_within(PROMPT, || origin.log.has("abc")).await, "{way} {framing:?}");
            let begun = Instant::now();
            let half = match way {
                "reset" => {
                    client.reset();
                    None
                }
                "close" => {
                    drop(client);
                    None
                }
                _ => {
                    client.stream.shutdown().await.unwrap();
                    Some(client)
                }
            };
            assert!(holds_within(PROMPT, || origin.log.open() == 0).await, "{way} {framing:?}: the origin still waits");
            if let Some(mut client) = half {
                // It can still read why.
                assert_eq!(soon("400", client.reply()).await.unwrap().status, 400, "{framing:?}");
            }
            proxy.empties().await;
            assert!(begun.elapsed() < PROMPT * 3);
            assert!(!origin.log.has("0\r\n\r\n"), "{way}: the cut content looks complete");
            assert_eq!(proxy.records.len(), 1);
            assert_eq!(proxy.origins.at_rest(), 0);
        }
    }
}

#[tokio::test]
async fn client_that_leaves_while_it_waits_cancels_the_origin() {
    for reset in [true, false] {
        let origin = Origin::start(watching).await;
        let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
        let mut client = Client::connect(proxy.addr).await;
        client.send("GET /slow HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert!(holds_within(PROMPT, || origin.log.requests() == 1).await);
        if reset {
            client.reset()
        } else {
            drop(client)
        }
        assert!(holds_within(PROMPT, || origin.log.open() == 0).await, "reset: {reset}");
        proxy.empties().await;
        assert_eq!(proxy.records.len(), 1);
        assert_eq!(origin.log.requests(), 1, "a client that left is no reason to try again");
    }
}

#[tokio::test]
async fn client_that_leaves_in_its_response_cancels_the_origin() {
    for reset in [true, false] {
        let origin = Origin::start(|mut link| async move {
            link.head().await;
            let _ = link.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
            // An event now and then.
            while link.send(b"5\r\nevent\r\n").await.is_ok() {
                sleep(millis(10)).await;
            }
        })
        .await;
        let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
        let mut client = Client::connect(proxy.addr).await;
        client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n").await;
        assert!(soon("the head", client.head()).await.unwrap().starts_with("HTTP/1.1 200 "));
        soon("events", client.exactly(30)).await.unwrap();
        if reset {
            client.reset()
        } else {
            drop(client)
        }
        assert!(holds_within(PROMPT, || origin.log.open() == 0).await, "reset: {reset}");
        proxy.empties().await;
        assert_eq!(proxy.records.len(), 1);
    }
}

#[tokio::test]
async fn client_that_leaves_a_silent_response_cancels_the_origin() {
    let origin = Origin::start(|mut link| async move {
        link.head().await;
        let _ = link.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nevent\r\n").await;
        link.until_closed().await;
    })
    .await;
    let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
    let mut client = Client::connect(proxy.addr).await;
    client.send("GET /events HTTP/1.1\r\nHost: a\r\n\r\n").await;
    soon("the head", client.head()).await.unwrap();
    drop(client);
    assert!(holds_within(PROMPT, || origin.log.open() == 0).await);
    proxy.empties().await;
}

#[tokio::test]
async fn client_that_half_closed_gets_its_answer_where_that_is_the_policy() {
    let origin = Origin::start(|mut link| async move {
        while let Some(head) = link.head().await {
            link.content(&head).await;
            sleep(millis(150)).await;
            let _ = link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate").await;
        }
    })
    .await;
    let proxy = Proxy::of(|app| app.client_gone(Gone::Finish), patient(origin.addr), Timeouts::default()).await;
    for request in ["GET / HTTP/1.1\r\nHost: a\r\n\r\n", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nab"] {
        let mut client = Client::connect(proxy.addr).await;
        client.send(request).await;
        client.stream.shutdown().await.unwrap();
        assert_eq!(soon("the answer", client.reply()).await.unwrap().text(), "late");
        assert_eq!(soon("the end", client.rest()).await.unwrap(), b"");
    }
    proxy.empties().await;
}

#[tokio::test]
async fn client_that_reset_is_no_reason_to_lose_the_others() {
    let origin = Origin::saying("x").await;
    let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
    let mut steady = Client::connect(proxy.addr).await;
    for n in 0..100 {
        let mut client = Client::connect(proxy.addr).await;
        let cuts = [
            "",
            "G",
            "GET / HTTP/1.1\r\nHo",
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nab",
        ];
        client.send(cuts[n % cuts.len()]).await;
        if n % 2 == 0 {
            sleep(millis(1)).await;
        }
        client.reset();
        if n % 10 == 0 {
            assert_eq!(soon("the answer", steady.get("/")).await.unwrap().text(), "x");
        }
    }
    drop(steady);
    proxy.empties().await;
    assert!(
        holds_within(PROMPT, || origin.log.open() == proxy.origins.at_rest()).await,
        "open: {}, at rest: {}",
        origin.log.open(),
        proxy.origins.at_rest()
    );
    let begun = proxy.records.all().iter().filter(|record| record.method.is_some()).count();
    assert!(begun >= 10, "{begun}");
}

// ---- origins that leave

#[tokio::test]
async fn idle_connection_that_died_is_not_noticed_by_clients() {
    for way in ["close", "reset", "answer, then close", "close with data"] {
        let served = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&served);
        let origin = Origin::start(move |mut link| {
            let count = Arc::clone(&count);
            async move {
                // One exchange on each connection, though nothing says so.
                let Some(head) = link.head().await else { return };
                link.content(&head).await;
                count.fetch_add(1, Ordering::SeqCst);
                let _ = link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
                match way {
                    "reset" => {
                        sleep(millis(5)).await;
                        link.reset();
                    }
                    "close with data" => {
                        let _ = link.send(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n").await;
                    }
                    "answer, then close" => sleep(millis(5)).await,
                    _ => {}
                }
            }
        })
        .await;
        let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
        let mut client = Client::connect(proxy.addr).await;
        for n in 0..30 {
            assert_eq!(soon("GET", client.get("/")).await.unwrap().text(), "ok", "{way} {n}");
            // Sometimes at once, sometimes in the middle of the origin's leaving, sometimes after it.
            sleep(millis(n % 9)).await;
            if n % 3 == 0 {
                // What goes out once can be spared a dead connection only if that had died before.
                assert!(holds_within(PROMPT, || origin.log.open() == 0).await);
                sleep(millis(1)).await;
                assert_eq!(soon("POST", client.post("/", b"x")).await.unwrap().text(), "ok", "{way} {n}");
            }
        }
        assert_eq!(served.load(Ordering::SeqCst), 40, "{way}: each was served once");
    }
}

/// The race that cannot be seen before: the origin closes when the request is already on its way.
#[tokio::test]
async fn request_on_a_connection_that_dies_under_it_is_repeated_only_if_idempotent() {
    for reset in [true, false] {
        let origin = Origin::start(move |mut link| async move {
            let mut served = 0;
            while let Some(head) = link.head().await {
                link.content(&head).await;
                if served == 1 {
                    if reset {
                        link.reset();
                    }
                    return;
                }
                served += 1;
                let _ = link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
            }
        })
        .await;
        let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
        let mut client = Client::connect(proxy.addr).await;
        for n in 0..10 {
            assert_eq!(soon("GET", client.get("/")).await.unwrap().text(), "ok", "{n}, reset: {reset}");
        }
        // 10 answers; each connection but the last carried one answer and one request in vain.
        assert_eq!(origin.log.requests(), 10 + origin.log.opened() - 1);
        let before = origin.log.requests();
        assert_eq!(proxy.origins.at_rest(), 1);
        let reply = soon("POST", client.post("/", b"x")).await.unwrap();
        assert_eq!(reply.status, 502, "reset: {reset}");
        assert_eq!(origin.log.requests(), before + 1, "a POST went out once");
    }
}

#[tokio::test]
async fn origin_that_speaks_while_idle_is_not_believed() {
    let origin = Origin::start(|mut link| async move {
        while let Some(head) = link.head().await {
            link.content(&head).await;
            let _ = link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright").await;
            sleep(millis(10)).await;
            let _ = link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison").await;
        }
    })
    .await;
    let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
    let mut client = Client::connect(proxy.addr).await;
    for _ in 0..5 {
        assert_eq!(soon("GET", client.get("/")).await.unwrap().text(), "right");
        sleep(millis(30)).await;
        assert_eq!(soon("POST", client.post("/", b"x")).await.unwrap().text(), "right");
        sleep(millis(30)).await;
    }
}

#[tokio::test]
async fn origin_that_says_close_or_names_bounds_is_believed() {
    for (says, each) in
        [("Connection: close\r\n", 1), ("Keep-Alive: max=0\r\n", 1), ("Keep-Alive: timeout=1\r\n", 1), ("", 6)]
    {
        let answer = format!("HTTP/1.1 200 OK\r\n{says}Content-Length: 2\r\n\r\nok");
        let origin = Origin::start(move |mut link| {
            let answer = answer.clone();
            async move { while link.head().await.is_some() && link.send(answer.as_bytes()).await.is_ok() {} }
        })
        .await;
        let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
        let mut client = Client::connect(proxy.addr).await;
        for _ in 0..6 {
            assert_eq!(soon("GET", client.get("/")).await.unwrap().text(), "ok");
        }
        assert_eq!(origin.log.opened(), 6 / each, "{says:?}");
        if each == 1 {
            assert!(holds_within(PROMPT, || origin.log.open() == 0).await, "{says:?}");
            assert_eq!(proxy.origins.at_rest(), 0, "{says:?}");
        }
    }
}

/// Timeouts belong to a peer, not to the connection that it shares with others of the same address.
#[tokio::test]
async fn timeouts_of_one_peer_are_not_those_of_the_next_on_its_connection() {
    struct ByPath(Peer, Peer);
    impl Route for ByPath {
        type Ctx = ();
        fn begin(&self, _from: &simplon::core::net::ConnInfo) {}
        async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
            Ok(Target::Forward(if request.target.path() == b"/patient" { self.0.clone() } else { self.1.clone() }))
        }
    }
    let origin = Origin::start(|mut link| async move {
        while let Some(head) = link.head().await {
            if head.starts_with("GET /impatient ") {
                sleep(common::LONG).await;
            }
            let _ = link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
        }
    })
    .await;
    let app = App::new(ByPath(patient(origin.addr), common::impatient(origin.addr, millis(200)))).retry(());
    let running = Server::new().listen(tcp("127.0.0.1:0").unwrap(), Http::new(app)).start().await.unwrap();
    let mut client = Client::connect(running.local_addrs()[0]).await;
    assert_eq!(soon("GET", client.get("/patient")).await.unwrap().text(), "ok");
    let begun = Instant::now();
    assert_eq!(soon("GET", client.get("/impatient")).await.unwrap().status, 504);
    assert_eq!(origin.log.opened(), 1, "it is the same connection");
    assert!(begun.elapsed() < PROMPT * 2);
}

#[tokio::test]
async fn many_origins_used_once_leave_nothing_behind() {
    struct ByPath;
    impl Route for ByPath {
        type Ctx = ();
        fn begin(&self, _from: &simplon::core::net::ConnInfo) {}
        async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
            let port = std::str::from_utf8(&request.target.path()[1..]).unwrap().parse().unwrap();
            let mut timeouts = simplon::core::connect::PeerTimeouts::default();
            timeouts.idle = millis(200);
            Ok(Target::Forward(
                Peer::builder(std::net::SocketAddr::from(([127, 0, 0, 1], port))).timeouts(timeouts).build().unwrap(),
            ))
        }
    }
    let origins = Arc::new(simplon::core::http::Origins::default());
    let app = App::new(ByPath).origins(Arc::clone(&origins));
    let running = Server::new().listen(tcp("127.0.0.1:0").unwrap(), Http::new(app)).start().await.unwrap();
    let mut client = Client::connect(running.local_addrs()[0]).await;
    let mut all = Vec::new();
    for _ in 0..60 {
        let origin = Origin::saying("once").await;
        assert_eq!(soon("GET", client.get(&format!("/{}", origin.addr.port()))).await.unwrap().text(), "once");
        all.push(origin);
    }
    assert!(origins.at_rest() > 0);
    assert!(holds_within(millis(7_000), || origins.at_rest() == 0).await, "{} stay", origins.at_rest());
    let are_closed = || all.iter().all(|origin| origin.log.open() == 0);
    assert!(holds_within(PROMPT, are_closed).await, "and they are closed");
}

// ---- nothing spins

/// Apart: it measures the time of the whole process.
#[test]
fn connections_that_are_half_closed_or_stuck_cost_no_time() {
    if !apart("connections_that_are_half_closed_or_stuck_cost_no_time", "ulimit -n 4096") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(idle_in_all_ways());
}

async fn idle_in_all_ways() {
    let origin = Origin::start(|mut link| async move {
        let Some(head) = link.head().await else { return };
        if head.starts_with("GET /half ") {
            let _ = link.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nevent\r\n").await;
        } else if head.starts_with("GET /short ") {
            let _ = link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
            let _ = link.stream.shutdown().await;
        } else if head.starts_with("POST /early ") {
            let _ = link.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nearly\r\n").await;
            let _ = link.stream.shutdown().await;
        } else if head.starts_with("GET /flood ") {
            let _ = link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n").await;
            while link.send(&[b'x'; 16 << 10]).await.is_ok() {}
        } else if head.starts_with("GET /tunnel ") {
            let _ = link.send(b"HTTP/1.1 101 Switching\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n").await;
            let _ = link.stream.shutdown().await;
        }
        // Held open, and not read.
        sleep(common::LONG).await;
    })
    .await;
    let echo = simplon::proxy::UpgradePolicy::to(["echo"]).unwrap();
    let proxy =
        Proxy::of(|app| app.client_gone(Gone::Finish).upgrades(echo), patient(origin.addr), Timeouts::default()).await;
    let mut held = Vec::new();
    let rows: &[(&str, bool)] = &[
        ("", true),
        ("", false),
        ("GET /x HT", false),
        ("GET /half HTTP/1.1\r\nHost: a\r\n\r\n", true),
        ("GET /half HTTP/1.1\r\nHost: a\r\n\r\n", false),
        ("GET /silent HTTP/1.1\r\nHost: a\r\n\r\n", true),
        ("GET /silent HTTP/1.1\r\nHost: a\r\n\r\nGET /pipelined HTTP/1.1\r\nHost: a\r\n\r\n", true),
        ("GET /short HTTP/1.1\r\nHost: a\r\n\r\n", false),
        ("POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc", false),
        ("POST /wait HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc", false),
        ("POST /expect HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n", false),
        ("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n", false),
        ("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n", true),
        ("GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n", false),
        ("GET /tunnel HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n", true),
    ];
    for row in rows {
        for _ in 0..10 {
            let mut client = Client::connect(proxy.addr).await;
            client.send(row.0).await;
            if row.1 {
                client.stream.shutdown().await.unwrap();
            }
            held.push(client);
        }
    }
    // Sockets fill up, waits of a second for 100 (Continue) run out.
    sleep(millis(2_500)).await;
    let before = own_cpu();
    sleep(millis(1_500)).await;
    let spent = own_cpu() - before;
    assert!(spent <= millis(150), "{spent:?} of processor time while nothing happens");
    // And one kind after the other, so that what is measured is not hidden by a stalled loop.
    let mut client = Client::connect(proxy.addr).await;
    assert_eq!(soon("the answer", client.get("/short")).await.unwrap().text(), "ok");
    drop((held, client));
    // Those that half-closed, were promised an answer, and wait for a silent origin; no others.
    let handle = proxy.handle();
    assert!(holds_within(millis(4_000), || handle.connections() <= 30).await, "{} stay", handle.connections());
}
