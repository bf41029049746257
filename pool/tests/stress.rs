//! Many threads at once: no connection in two hands, none lost, and never more at rest than the bounds say.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

use simplon_pool::{Health, Idle, Limits, Pool, Pooled, Reason};

const THREADS: usize = 8;
const ROUNDS: u32 = 20_000;
const TOTAL: usize = 40;
const PER_KEY: usize = 9;

/// Knows whether somebody uses it, and counts those that exist.
struct Wire {
    used: AtomicBool,
    existing: Arc<AtomicUsize>,
}

impl Wire {
    fn new(existing: &Arc<AtomicUsize>) -> Self {
        existing.fetch_add(1, Ordering::SeqCst);
        Self { used: AtomicBool::new(false), existing: existing.clone() }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.existing.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Idle for Wire {
    fn check(&mut self) -> Health {
        assert!(!self.used.load(Ordering::SeqCst), "checked while in use");
        Health::Fresh
    }
}

#[test]
fn bounds_hold_and_connections_have_one_owner_under_load() {
    let existing = Arc::new(AtomicUsize::new(0));
    let limits = Limits { total: TOTAL, per_key: PER_KEY, ..Limits::default() };
    let pool: Pool<u32, Wire> = Pool::with_shards(limits, THREADS);
    let barrier = Barrier::new(THREADS + 1);
    let running = AtomicUsize::new(THREADS);
    let now = Instant::now();
    thread::scope(|scope| {
        for thread in 0..THREADS as u32 {
            let (pool, barrier, running, existing) = (&pool, &barrier, &running, &existing);
            scope.spawn(move || {
                barrier.wait();
                work(pool, thread, existing, now);
                running.fetch_sub(1, Ordering::SeqCst);
            });
        }
        barrier.wait();
        while running.load(Ordering::SeqCst) > 0 {
            // What rests, and what each thread uses (three) or is about to drop (one, or a key's all), is what exists.
            let exist = existing.load(Ordering::SeqCst);
            assert!(exist <= TOTAL + PER_KEY * THREADS, "{exist} connections");
            pool.sweep(now);
            thread::yield_now();
        }
    });
    assert!(pool.len() <= TOTAL);
    assert_eq!(existing.load(Ordering::SeqCst), pool.len(), "none lost, none leaked");
    (0..7).for_each(|key| assert!(pool.len_of(&key) <= PER_KEY));
    let rested = pool.len();
    assert_eq!(pool.clear(now), rested);
    assert_eq!(existing.load(Ordering::SeqCst), 0);
    pool.sweep(now);
    pool.sweep(now);
    assert_eq!(pool.known_keys(), 0);
    assert!(pool.evictions(Reason::PerKey) + pool.evictions(Reason::Total) > 0, "the bounds were met");
}

fn work(pool: &Pool<u32, Wire>, thread: u32, existing: &Arc<AtomicUsize>, now: Instant) {
    let mut dice = thread.wrapping_mul(2_654_435_761) | 1;
    for _ in 0..ROUNDS {
        dice ^= dice << 13;
        dice ^= dice >> 17;
        dice ^= dice << 5;
        let key = dice % 7;
        let held: Vec<Pooled<Wire>> = (0..=dice / 7 % 3)
            .map(|_| pool.take(&key, now).unwrap_or_else(|| Pooled::new(Wire::new(existing), now)))
            .collect();
        for pooled in &held {
            assert!(!pooled.connection.used.swap(true, Ordering::SeqCst), "in two hands");
        }
        for pooled in held {
            pooled.connection.used.store(false, Ordering::SeqCst);
            pool.put(&key, pooled, now);
        }
        if dice.is_multiple_of(4_096) {
            pool.clear_key(&key, now);
        }
    }
}
