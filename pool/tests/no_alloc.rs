//! Taking and putting back allocates nothing and clones no key, whatever the number of connections.
#![expect(unsafe_code, reason = "a global allocator that counts is an unsafe trait")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::time::Instant;

use simplon_pool::{Health, Idle, Limits, Pool, Pooled, Put};

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: hands everything to the system's allocator unchanged; the counter neither allocates nor has a destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Its clones allocate, so a key that is cloned is an allocation that is counted.
type Key = String;

struct Wire;

impl Idle for Wire {
    fn check(&mut self) -> Health {
        Health::Fresh
    }
}

fn allocations(mut act: impl FnMut()) -> usize {
    let before = ALLOCATIONS.get();
    act();
    ALLOCATIONS.get() - before
}

#[test]
fn the_counter_counts() {
    assert_eq!(allocations(|| drop(std::hint::black_box(Box::new(1)))), 1);
}

#[test]
fn a_key_with_a_single_connection_that_comes_and_goes_costs_no_allocation() {
    let pool: Pool<Key, Wire> = Pool::with_shards(Limits::default(), 4);
    let (key, now) = (Key::from("origin"), Instant::now());
    let round = |_| {
        let pooled = pool.take(&key, now).unwrap_or_else(|| Pooled::new(Wire, now));
        pool.put(&key, pooled, now);
    };
    (0..4).for_each(round);
    assert_eq!(allocations(|| (0..10_000).for_each(round)), 0);
}

#[test]
fn many_keys_with_many_connections_cost_no_allocation() {
    let pool: Pool<Key, Wire> = Pool::with_shards(Limits::default(), 4);
    let now = Instant::now();
    let keys: Vec<Key> = (0..100).map(|n| format!("origin {n}")).collect();
    let mut held: Vec<Pooled<Wire>> = Vec::with_capacity(30);
    let mut round = || {
        for key in &keys {
            held.extend((0..30).map(|_| pool.take(key, now).unwrap_or_else(|| Pooled::new(Wire, now))));
            held.drain(..).for_each(|pooled| assert_eq!(pool.put(key, pooled, now), Put::Kept));
        }
    };
    (0..2).for_each(|_| round());
    assert_eq!(allocations(|| (0..20).for_each(|_| round())), 0);
}

#[test]
fn a_sweep_that_finds_nothing_costs_no_allocation() {
    let pool: Pool<Key, Wire> = Pool::with_shards(Limits::default(), 4);
    let (key, now) = (Key::from("origin"), Instant::now());
    (0..1_000).for_each(|_| assert_eq!(pool.put(&key, Pooled::new(Wire, now), now), Put::Kept));
    assert_eq!(allocations(|| assert_eq!(pool.sweep(now), 0)), 0);
}
