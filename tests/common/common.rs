//! What the tests over real sockets have in common: clients and origins made of raw octets, so that they can misbehave.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

pub mod child;
pub mod client;
pub mod nginx;
pub mod origin;
pub mod peers;
pub mod site;
pub mod telling;
pub mod tools;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use simplon::core::connect::PeerTimeouts;
use simplon::core::http::{Origins, Timeouts};
use simplon::core::net::ListenConfig;
use simplon::core::server::{Running, ServerHandle};
use simplon::prelude::*;
use tokio::time::{Instant, sleep, timeout};

/// Longer than anything here should take, and shorter than the patience of whoever runs the tests.
pub const LONG: Duration = Duration::from_secs(20);

pub const fn millis(count: u64) -> Duration {
    Duration::from_millis(count)
}

/// Fails instead of hanging.
pub async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    match timeout(LONG, future).await {
        Ok(output) => output,
        Err(_) => panic!("still waiting after {LONG:?}: {what}"),
    }
}

/// Waits until something holds; `false` if it does not within `patience`.
pub async fn holds_within(patience: Duration, mut holds: impl FnMut() -> bool) -> bool {
    let by = Instant::now() + patience;
    while !holds() {
        if Instant::now() >= by {
            return false;
        }
        sleep(millis(2)).await;
    }
    true
}

/// A proxy that runs, with what it keeps at rest and what it recorded.
pub struct Proxy {
    pub addr: SocketAddr,
    pub running: Running,
    pub origins: Arc<Origins>,
    pub records: Records,
}

impl Proxy {
    pub fn handle(&self) -> ServerHandle {
        self.running.handle()
    }

    /// Sends all to one origin, with timeouts as given.
    pub async fn to(origin: SocketAddr, timeouts: Timeouts) -> Self {
        Self::of(|app| app, patient(origin), timeouts).await
    }

    /// An app to one peer, made by `make` from the plain one.
    pub async fn of<S: Serve>(make: impl FnOnce(Plain) -> S, peer: Peer, timeouts: Timeouts) -> Self {
        Self::on(tcp("127.0.0.1:0").unwrap(), make, peer, timeouts).await
    }

    /// The same on this listener.
    pub async fn on<S: Serve>(
        listen: ListenConfig,
        make: impl FnOnce(Plain) -> S,
        peer: Peer,
        timeouts: Timeouts,
    ) -> Self {
        let origins = Arc::new(Origins::default());
        let records = Records::default();
        let app = App::new(To(peer)).origins(Arc::clone(&origins)).observe(records.clone());
        let mut config = HttpConfig::default();
        config.timeouts = Arc::new(timeouts);
        let http = Http::with_config(make(app), config);
        let running = Server::new().listen(listen, http).start().await.unwrap();
        Self { addr: running.local_addrs()[0], running, origins, records }
    }

    /// All connections of clients are gone soon.
    pub async fn empties(&self) {
        let handle = self.handle();
        assert!(
            holds_within(millis(5_000), || handle.connections() == 0).await,
            "{} connections stay",
            handle.connections()
        );
    }
}

/// The app that [`Proxy::of`] hands out.
pub type Plain = App<To, (), Budget, simplon::proxy::PlainErrors, ((), Records)>;

/// A peer that is waited for as long as by default.
pub fn patient(addr: SocketAddr) -> Peer {
    Peer::new(addr)
}

/// A peer that is given up after so long without an octet.
pub fn impatient(addr: SocketAddr, wait: Duration) -> Peer {
    let mut timeouts = PeerTimeouts::default();
    timeouts.read = wait;
    timeouts.write = wait;
    Peer::builder(addr).timeouts(timeouts).build().unwrap()
}

/// What was recorded of each exchange.
#[derive(Clone, Debug, Default)]
pub struct Records(Arc<Mutex<Vec<Record>>>);

impl Records {
    pub fn all(&self) -> Vec<Record> {
        self.0.lock().unwrap().clone()
    }

    pub fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// The one after so many others: an exchange is recorded once its client has been served.
    pub async fn after(&self, others: usize) -> Record {
        assert!(holds_within(LONG, || self.len() > others).await, "{} records", self.len());
        self.all().swap_remove(others)
    }
}

impl<Ctx> Observe<Ctx> for Records {
    fn on(&self, event: &Event<'_>, _cx: &mut Ctx) {
        if let Event::Done(record) = event {
            self.0.lock().unwrap().push((*record).clone());
        }
    }
}
