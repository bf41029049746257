//! What is attacked: a proxy before an origin, and what it holds.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use simplon::core::http::{Http2Config, Http2Stats, Timeouts};
use simplon::core::server::Running;
use simplon::prelude::*;
use tokio::runtime::Runtime;

use crate::common::millis;
use crate::common::site::Site;

/// A proxy that runs, and its origin.
pub struct Ground {
    http: Http<App<To>>,
    at: SocketAddr,
    _running: [Running; 2],
    _runtime: Runtime,
}

impl Ground {
    /// Clients may keep it waiting for so long, and do so much that is wrong.
    pub fn new(wait: Duration, http2: Http2Config) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (http, running) = runtime.block_on(async {
            let origin = Server::new().listen(tcp("127.0.0.1:0").unwrap(), Http::new(Site)).start().await.unwrap();
            let mut timeouts = Timeouts::default();
            timeouts.head = wait;
            timeouts.write = wait;
            let mut config = HttpConfig::default();
            config.timeouts = Arc::new(timeouts);
            config.http2 = Some(Arc::new(http2));
            let http = Http::with_config(App::new(To(Peer::new(origin.local_addrs()[0]))), config);
            let proxy = Server::new().listen(tcp("127.0.0.1:0").unwrap(), http.clone()).start().await.unwrap();
            (http, [proxy, origin])
        });
        Self { http, at: running[0].local_addrs()[0], _running: running, _runtime: runtime }
    }

    pub fn addr(&self) -> SocketAddr {
        self.at
    }

    pub fn stats(&self) -> Http2Stats {
        self.http.http2_stats()
    }
}

/// Looks all the time at how much memory this process holds.
pub struct Memory {
    before: Option<usize>,
    most: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    watching: JoinHandle<()>,
}

impl Memory {
    pub fn watch() -> Self {
        let before = resident();
        let (most, is_over) = (Arc::new(AtomicUsize::new(before.unwrap_or(0))), Arc::new(AtomicBool::new(false)));
        let (highest, over) = (Arc::clone(&most), Arc::clone(&is_over));
        let watching = std::thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                highest.fetch_max(resident().unwrap_or(0), Ordering::Relaxed);
                std::thread::sleep(millis(20));
            }
        });
        Self { before, most, is_over, watching }
    }

    /// How many octets more it held than at first; `None` where it cannot be asked.
    pub fn most_grown(self) -> Option<usize> {
        self.is_over.store(true, Ordering::Relaxed);
        self.watching.join().unwrap();
        Some(self.most.load(Ordering::Relaxed).saturating_sub(self.before?))
    }
}

/// Octets of memory of this process (proc(5)).
fn resident() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().trim_end_matches(" kB").parse::<usize>().ok()? << 10)
}
