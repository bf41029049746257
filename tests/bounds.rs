//! Connections to origins that never answer, by real sockets, in a process with few descriptors: others get theirs.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::time::Duration;

use http::{Method, StatusCode};
use simplon::core::connect::{TcpConnector, Versions};
use simplon::core::http::{OriginLimits, Origins, OriginsConfig, Protocol, Upstream};
use simplon::core::net::ConnInfo;
use simplon::load_balancing::{Backend, Check, HttpCheck};
use simplon::prelude::*;
use simplon::proto_http::fields::Known;
use simplon::proto_http::transfer::{Part, Sink, Source};
use simplon::proto_http::{RequestHead, Target as RequestTarget};
use simplon_testkit::{Records, apart};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};

const CLIENTS: u64 = 16;
const STREAMS: usize = 128;
const PATIENCE: Duration = Duration::from_secs(60);

/// What is asked for below `/slow` goes to an origin that never answers, the rest to an honest one.
struct Sites {
    slow: Peer,
    honest: Peer,
}

impl Route for Sites {
    type Ctx = ();

    fn begin(&self, _from: &ConnInfo) {}

    async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
        let is_slow = request.target.path().starts_with(b"/slow");
        Ok(Target::Forward(if is_slow { self.slow.clone() } else { self.honest.clone() }))
    }
}

fn descriptors() -> usize {
    std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count)
}

/// Takes connections and says nothing.
async fn silent() -> Address {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok(accepted) = listener.accept().await {
            held.push(accepted);
        }
    });
    at.into()
}

/// Asks for this, and gives the status.
async fn ask(origins: &Origins, peer: &Peer, path: &'static str) -> StatusCode {
    let mut upstream = open(origins, peer).await;
    let mut head = RequestHead::new(Method::GET, RequestTarget::origin(path).unwrap());
    head.fields.set(Known::Host, "a.example").unwrap();
    upstream.push(Part::Head(head, Last::Yes)).unwrap();
    let part = poll_fn(|cx| {
        let _ = upstream.poll_flush(cx);
        upstream.poll_part(cx)
    });
    match part.await {
        Ok(Some(Part::Head(head, _))) => head.status,
        other => panic!("{path}: {other:?}"),
    }
}

async fn open(origins: &Origins, peer: &Peer) -> Upstream {
    match origins.idle(peer, Instant::now()) {
        Some(upstream) => upstream,
        None => origins.connect(peer, Protocol::Http).await.unwrap().0,
    }
}

async fn soon<T>(what: &str, it: impl Future<Output = T>) -> T {
    timeout(PATIENCE, it).await.unwrap_or_else(|_| panic!("{what} did not come"))
}

#[test]
#[cfg(target_os = "linux")]
fn origins_that_never_answer_take_no_descriptors_of_others() {
    if !apart("origins_that_never_answer_take_no_descriptors_of_others", "ulimit -n 2048") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(flooded());
}

async fn flooded() {
    let honest = Server::new()
        .listen(tcp("127.0.0.1:0").unwrap(), Http::new(App::new(answer(|_| Response::text(StatusCode::OK, "ok")))))
        .start()
        .await
        .unwrap();
    let honest_at: Address = honest.local_addrs()[0].into();
    let (records, upstreams) = (Records::new(), Arc::new(Origins::default()));
    let sites = Sites { slow: Peer::new(silent().await), honest: Peer::new(honest_at.clone()) };
    let app = App::new(sites).origins(Arc::clone(&upstreams)).retry(()).observe(records.clone());
    let proxy = Server::new().listen(tcp("127.0.0.1:0").unwrap(), Http::new(app)).start().await.unwrap();
    let at: Address = proxy.local_addrs()[0].into();

    // The clients are in this process, too: theirs are not to count.
    let mut config = OriginsConfig::default();
    config.connections = OriginLimits::for_checks();
    let clients = Arc::new(Origins::new(TcpConnector::new(), config));
    for client in 0..CLIENTS {
        let peer = Peer::builder(at.clone()).versions(Versions::Http2).group(client).build().unwrap();
        for _ in 0..STREAMS {
            let (clients, peer) = (Arc::clone(&clients), peer.clone());
            tokio::spawn(async move { ask(&clients, &peer, "/slow").await });
        }
    }
    // Some have a connection, and the rest was told that there is none.
    let told = || records.all().iter().filter(|record| record.error == Some("no-connection")).count();
    soon("the last of the flood", async {
        while told() + upstreams.stats().open < CLIENTS as usize * STREAMS || upstreams.stats().waiting > 0 {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let stats = upstreams.stats();
    // A third of what is left of 2,048, and of that seven eighths.
    assert_eq!((stats.open, stats.waiting), (523, 0), "{stats:?}");
    assert!(descriptors() < 2_048 - 128, "{}", descriptors());

    let peer = Peer::new(at);
    assert_eq!(soon("an honest answer", ask(&clients, &peer, "/")).await, StatusCode::OK);
    assert_eq!(soon("an answer of who is busy", ask(&clients, &peer, "/slow")).await, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(records.all().last().unwrap().error, Some("no-connection"));
    let check = HttpCheck::new().within(PATIENCE, PATIENCE);
    soon("a check", check.check(&Backend::new(Peer::new(honest_at)))).await.unwrap();
}
