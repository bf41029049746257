//! A drain under load loses no request, and ends with the last exchange.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

#[path = "common/common.rs"]
mod common;

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use common::child::{Program, example};
use common::client::Client;
use common::origin::Origin;
use common::{Proxy, holds_within, millis, soon};
use simplon::core::http::Timeouts;
use simplon::core::runtime::Flavour;
use simplon::core::server::Phase;
use simplon::prelude::*;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// What one client got while it asked again and again.
#[derive(Clone, Copy, Debug, Default)]
struct Score {
    answered: usize,
    /// Connections that ended with nothing said on them, when nothing was said on them by the server ever: the listener was closed with
    /// them in its queue, or they were refused.
    turned_away: usize,
    lost: usize,
}

/// Asks until connections are refused. Keeps connections, heeds `Connection: close`, connects again.
async fn ask_on(addr: SocketAddr, number: usize) -> Score {
    let mut score = Score::default();
    let body = vec![b'b'; 20_000];
    'connections: loop {
        let Ok(mut client) = Client::try_connect(addr).await else { return score };
        for exchange in 0.. {
            let outcome = match (number + exchange) % 3 {
                0 => client.get("/").await,
                1 => client.post("/", b"small").await,
                _ => client.post("/", &body).await,
            };
            match outcome {
                Ok(reply) => {
                    assert_eq!((reply.status, reply.text().as_str()), (200, "served"));
                    score.answered += 1;
                    if !reply.persists {
                        continue 'connections;
                    }
                }
                Err(error) if exchange == 0 && error.kind() != ErrorKind::UnexpectedEof => {
                    score.turned_away += 1;
                    sleep(millis(5)).await;
                    continue 'connections;
                }
                Err(error) => {
                    eprintln!("lost after {exchange} exchanges: {error:?}");
                    score.lost += 1;
                    continue 'connections;
                }
            }
            sleep(millis((number % 4) as u64)).await;
        }
    }
}

async fn slowish() -> Origin {
    Origin::start(|mut link| async move {
        while let Some(head) = link.head().await {
            if !link.content(&head).await {
                return;
            }
            sleep(millis(1 + (link.number % 7) as u64)).await;
            // In two pieces: a drain may fall between them.
            let _ = link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nser").await;
            sleep(millis(1)).await;
            let _ = link.send(b"ved").await;
        }
    })
    .await
}

async fn drain_under_load(flavour: Option<Flavour>) {
    let origin = slowish().await;
    let mut server = Server::new().listen(tcp("127.0.0.1:0").unwrap(), Http::new(App::new(To(Peer::new(origin.addr)))));
    if let Some(flavour) = flavour {
        server = server.runtime(flavour, 2);
    }
    let running = server.start().await.unwrap();
    let (addr, handle) = (running.local_addrs()[0], running.handle());
    let mut clients = JoinSet::new();
    for number in 0..32 {
        clients.spawn(ask_on(addr, number));
    }
    sleep(millis(400)).await;
    assert!(handle.connections() > 10);
    handle.drain();
    let report = soon("the end of the drain", running.wait()).await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert!(report.took < Duration::from_secs(4), "{report}");
    let mut all = Score::default();
    while let Some(score) = clients.join_next().await {
        let score = score.unwrap();
        all.answered += score.answered;
        all.turned_away += score.turned_away;
        all.lost += score.lost;
    }
    assert!(all.answered > 200, "{all:?}");
    assert_eq!(all.lost, 0, "{all:?}");
    assert_eq!(all.turned_away, 0, "connections that the kernel had accepted: {all:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drain_under_load_loses_no_request_with_stealing_workers() {
    drain_under_load(Some(Flavour::Stealing)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn drain_under_load_loses_no_request_with_a_runtime_for_each_core() {
    drain_under_load(Some(Flavour::PerCore)).await;
}

#[tokio::test]
async fn drain_under_load_loses_no_request_inside_a_runtime_of_one_thread() {
    drain_under_load(None).await;
}

#[tokio::test]
async fn drain_ends_with_the_last_exchange() {
    let origin = Origin::start(|mut link| async move {
        link.head().await;
        let _ = link.send(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nser").await;
        sleep(millis(700)).await;
        let _ = link.send(b"ved").await;
        link.until_closed().await;
    })
    .await;
    let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
    let mut busy = Client::connect(proxy.addr).await;
    busy.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut silent = Client::connect(proxy.addr).await;
    assert!(holds_within(millis(1_000), || origin.log.requests() == 1 && proxy.handle().connections() == 2).await);
    let addr = proxy.addr;
    let begun = Instant::now();
    let draining = tokio::spawn(proxy.running.drain());
    assert_eq!(soon("the answer", busy.reply()).await.unwrap().text(), "served");
    let answered = begun.elapsed();
    let report = soon("the end", draining).await.unwrap().unwrap();
    assert!(report.is_clean());
    assert!(report.took < answered + millis(1_500), "{:?} after an exchange of {answered:?}", report.took);
    assert_eq!(soon("the end", silent.rest()).await.unwrap(), b"");
    assert!(Client::try_connect(addr).await.is_err(), "the listener is closed");
}

#[tokio::test]
async fn drain_with_idle_and_unfinished_connections_ends_by_its_deadline() {
    let origin = Origin::start(|mut link| async move {
        link.head().await;
        let _ = link.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
        while link.send(b"5\r\nevent\r\n").await.is_ok() {
            sleep(millis(20)).await;
        }
    })
    .await;
    let app = Http::new(App::new(To(Peer::new(origin.addr))));
    let mut timing = simplon::core::server::DrainTiming::default();
    timing.deadline = millis(1_500);
    let running = Server::new().timing(timing).listen(tcp("127.0.0.1:0").unwrap(), app).start().await.unwrap();
    let addr = running.local_addrs()[0];
    let mut clients = Vec::new();
    for start in [
        "",
        "GET / HT",
        "GET /endless HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\na",
    ] {
        let mut client = Client::connect(addr).await;
        client.send(start).await;
        clients.push(client);
    }
    let handle = running.handle();
    assert!(holds_within(millis(1_000), || handle.connections() == 4 && origin.log.open() == 2).await);
    let report = soon("the end", running.drain()).await.unwrap();
    assert!(report.took < millis(3_000), "{report}");
    assert_eq!(report.stats.cut, 3, "all but the one that said nothing: {report}");
    assert_eq!(handle.phase(), Phase::Stopped);
    assert!(holds_within(millis(2_000), || origin.log.open() == 0).await, "origins are let go");
    for mut client in clients {
        soon("the end", client.until_closed()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sigterm_to_the_load_balancer_under_load_loses_no_request() {
    for flavour in ["stealing", "per-core"] {
        let origin = slowish().await;
        let upstream = origin.addr.to_string();
        let path = tokio::task::spawn_blocking(|| example("load_balancer")).await.unwrap();
        let mut balancer = Program::start(Command::new(path).args([
            "--listen",
            "127.0.0.1:0",
            "--upstream",
            &upstream,
            "--runtime",
            flavour,
            "--threads",
            "2",
        ]));
        let addr = balancer.listening();
        let mut clients = JoinSet::new();
        for number in 0..32 {
            clients.spawn(ask_on(addr, number));
        }
        sleep(millis(500)).await;
        balancer.signal("-TERM");
        let status = tokio::task::spawn_blocking(move || (balancer.wait(), balancer)).await.unwrap().0;
        assert!(status.success(), "{status}");
        let mut all = Score::default();
        while let Some(score) = clients.join_next().await {
            let score = score.unwrap();
            all.answered += score.answered;
            all.turned_away += score.turned_away;
            all.lost += score.lost;
        }
        assert!(all.answered > 200, "{flavour}: {all:?}");
        assert_eq!((all.lost, all.turned_away), (0, 0), "{flavour}: {all:?}");
    }
}
