//! What a pass through the pool costs: nanoseconds per take and put together, best of five rounds.

use std::hint::black_box;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, Instant};

use simplon_pool::{Health, Idle, Limits, Pool, Pooled};

const ROUND: u32 = 500_000;

struct Wire(#[expect(dead_code, reason = "weight of a pointer")] Box<[u8; 64]>);

impl Idle for Wire {
    fn check(&mut self) -> Health {
        Health::Fresh
    }
}

fn main() {
    for threads in [1, 2] {
        report("one key for all", threads, |_, _| 0);
        report("a key for each thread", threads, |thread, _| thread);
        report("16 keys in turn", threads, |_, n| n as u16 % 16);
    }
}

fn report(what: &str, threads: u16, key: impl Fn(u16, u32) -> u16 + Sync) {
    let best = (0..5).map(|_| measure(threads, &key)).min().unwrap_or_default();
    println!("{what:25} {threads} thread(s) {:8.1} ns", best.as_secs_f64() * 1e9 / f64::from(ROUND));
}

fn measure(threads: u16, key: &(impl Fn(u16, u32) -> u16 + Sync)) -> Duration {
    let pool: Pool<SocketAddr, Wire> = Pool::with_shards(Limits::default(), 4);
    let barrier = Barrier::new(usize::from(threads));
    let now = Instant::now();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|thread| {
                let (pool, barrier) = (&pool, &barrier);
                scope.spawn(move || {
                    let key = |n| SocketAddr::from((Ipv4Addr::LOCALHOST, key(thread, n)));
                    for n in 0..64 {
                        pool.put(&key(n), Pooled::new(Wire(Box::new([0; 64])), now), now);
                    }
                    barrier.wait();
                    let start = Instant::now();
                    for n in 0..ROUND {
                        let key = key(n);
                        let pooled = pool.take(&key, now).unwrap_or_else(|| Pooled::new(Wire(Box::new([0; 64])), now));
                        pool.put(&key, black_box(pooled), now);
                    }
                    start.elapsed()
                })
            })
            .collect();
        workers.into_iter().filter_map(|worker| worker.join().ok()).max().unwrap_or_default()
    })
}
