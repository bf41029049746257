//! Clients that ask as one should, some of them slowly.

use std::fmt;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use simplon::core::connect::Versions;
use simplon::core::http::{Origins, Protocol, Upstream};
use simplon::prelude::*;
use simplon::proto_http::Target;
use simplon::proto_http::fields::Known;
use simplon::proto_http::transfer::{Part, Sink, Source, StreamError};
use tokio::time::{Instant, interval, sleep};

use crate::common::millis;
use crate::common::site::is_last;

/// How often each client asks.
const PACE: Duration = millis(10);
/// What a slow client takes or gives at a time, and how often.
const SLOW_PACE: Duration = millis(20);
const SLOW_OCTETS: usize = 100;
const SLOW_PIECES: usize = 25;

/// Clients in a thread of their own.
pub struct Honest {
    noted: Arc<Noted>,
    clients: JoinHandle<()>,
}

#[derive(Default)]
struct Noted {
    waits: Mutex<Vec<Duration>>,
    failures: Mutex<Vec<String>>,
    slow: AtomicUsize,
    is_over: AtomicBool,
}

/// How long clients waited for their responses, from when they should have asked.
#[derive(Clone, Copy, Debug)]
pub struct Waits {
    pub count: usize,
    pub p50: Duration,
    pub p99: Duration,
}

impl fmt::Display for Waits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} served (median {:.1?}, p99 {:.1?})", self.count, self.p50, self.p99)
    }
}

impl Honest {
    pub fn beside(at: SocketAddr) -> Self {
        let noted = Arc::new(Noted::default());
        let told = Arc::clone(&noted);
        let clients = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut clients = tokio::task::JoinSet::new();
                for versions in [Versions::Http2, Versions::Http2, Versions::Http2, Versions::Http1] {
                    clients.spawn(steady(Client::new(at, versions), Arc::clone(&told)));
                }
                clients.spawn(slow(
                    "reads slowly",
                    Client::new(at, Versions::Http2),
                    Arc::clone(&told),
                    Client::read_slowly,
                ));
                clients.spawn(slow(
                    "writes slowly",
                    Client::new(at, Versions::Http2),
                    Arc::clone(&told),
                    Client::write_slowly,
                ));
                clients.join_all().await;
            });
        });
        Self { noted, clients }
    }

    /// What was noted since the last time.
    pub fn waits(&self) -> Waits {
        let mut waits = std::mem::take(&mut *self.noted.waits.lock().unwrap());
        waits.sort_unstable();
        let at = |permille: usize| waits.get(waits.len() * permille / 1000).copied().unwrap_or_default();
        Waits { count: waits.len(), p50: at(500), p99: at(990) }
    }

    /// Lets them finish. None may have failed, and the slow ones must have come to an end.
    pub fn leave(self) {
        self.noted.is_over.store(true, Ordering::Relaxed);
        self.clients.join().unwrap();
        let failures = self.noted.failures.lock().unwrap();
        assert!(failures.is_empty(), "{failures:?}");
        let slow = self.noted.slow.load(Ordering::Relaxed);
        println!("{slow} slow exchanges were served");
        assert!(slow > 2, "{slow}");
    }
}

async fn steady(client: Client, noted: Arc<Noted>) {
    let mut pace = interval(PACE);
    while !noted.is_over.load(Ordering::Relaxed) {
        let due = pace.tick().await;
        match client.ask().await {
            Ok(StatusCode::OK) => noted.waits.lock().unwrap().push(due.elapsed()),
            other => noted.failures.lock().unwrap().push(format!("{:?}: {other:?}", client.peer.versions())),
        }
    }
}

async fn slow<F>(what: &str, client: Client, noted: Arc<Noted>, ask: impl Fn(Client) -> F)
where
    F: Future<Output = (Client, Result<StatusCode>)>,
{
    let mut client = client;
    while !noted.is_over.load(Ordering::Relaxed) {
        let (same, outcome) = ask(client).await;
        client = same;
        match outcome {
            Ok(StatusCode::OK) => _ = noted.slow.fetch_add(1, Ordering::Relaxed),
            other => noted.failures.lock().unwrap().push(format!("{what}: {other:?}")),
        }
    }
}

/// One connection.
struct Client {
    origins: Origins,
    peer: Peer,
}

impl Client {
    fn new(at: SocketAddr, versions: Versions) -> Self {
        Self { origins: Origins::default(), peer: Peer::builder(at).versions(versions).build().unwrap() }
    }

    async fn ask(&self) -> Result<StatusCode> {
        let mut upstream = self.send(Method::GET, "/").await?;
        let status = read(&mut upstream, Duration::ZERO).await;
        self.end(upstream, status)
    }

    async fn read_slowly(self) -> (Self, Result<StatusCode>) {
        let outcome = async {
            let mut upstream = self.send(Method::GET, "/big").await?;
            let status = read(&mut upstream, SLOW_PACE).await;
            self.end(upstream, status)
        };
        let outcome = outcome.await;
        (self, outcome)
    }

    async fn write_slowly(self) -> (Self, Result<StatusCode>) {
        let outcome = async {
            let mut upstream = self.send(Method::POST, "/").await?;
            let written = write(&mut upstream).await;
            let status = match written {
                Ok(()) => read(&mut upstream, Duration::ZERO).await,
                Err(error) => Err(error),
            };
            self.end(upstream, status)
        };
        let outcome = outcome.await;
        (self, outcome)
    }

    async fn send(&self, method: Method, path: &'static str) -> Result<Upstream> {
        let mut upstream = match self.origins.idle_for(&self.peer, &method, Instant::now()) {
            Some(upstream) => upstream,
            None => self.origins.connect(&self.peer, Protocol::Http).await?.0,
        };
        let last = if method == Method::GET { Last::Yes } else { Last::No };
        let mut head = RequestHead::new(method, Target::origin(path).unwrap());
        head.fields.set(Known::Host, "honest.test").unwrap();
        if last == Last::No {
            head.fields.set(Known::ContentLength, (SLOW_OCTETS * SLOW_PIECES).to_string()).unwrap();
        }
        upstream.push(Part::Head(head, last)).map_err(Error::upstream)?;
        poll_fn(|cx| upstream.poll_flush(cx)).await.map_err(Error::upstream)?;
        Ok(upstream)
    }

    fn end(&self, upstream: Upstream, status: std::result::Result<StatusCode, StreamError>) -> Result<StatusCode> {
        self.origins.put_back(upstream, Instant::now());
        status.map_err(Error::upstream)
    }
}

async fn write(upstream: &mut Upstream) -> std::result::Result<(), StreamError> {
    for piece in 1..=SLOW_PIECES {
        sleep(SLOW_PACE).await;
        poll_fn(|cx| upstream.poll_room(cx)).await?;
        let last = if piece == SLOW_PIECES { Last::Yes } else { Last::No };
        upstream.push(Part::Data(Bytes::from_static(&[b'x'; SLOW_OCTETS]), last))?;
        poll_fn(|cx| upstream.poll_flush(cx)).await?;
    }
    Ok(())
}

async fn read(upstream: &mut Upstream, pause: Duration) -> std::result::Result<StatusCode, StreamError> {
    let mut status = StatusCode::CONTINUE;
    while let Some(part) = poll_fn(|cx| upstream.poll_part(cx)).await? {
        let is_over = is_last(&part);
        if let Part::Head(head, _) = part {
            status = head.status;
        }
        if is_over {
            break;
        }
        if !pause.is_zero() {
            sleep(pause).await;
        }
    }
    Ok(status)
}
