//! What cannot be seen through the pool: buckets and memory.

use std::time::Instant;

use super::{Bounds, EMPTIES, Listed, Resting, Shard};
use crate::keys::Keys;
use crate::quota::Quota;
use crate::seat::Seat;
use crate::{Pooled, Reason};

fn bounds() -> Bounds<u32> {
    Bounds { total: Quota::new(1 << 20, 1), keys: Keys::new(64, 1) }
}

fn put(shard: &mut Shard<u32, u32>, key: u32, connection: u32, bounds: &Bounds<u32>) {
    let now = Instant::now();
    let pooled = Pooled::new(connection, now);
    let mut resting = Some(Resting { pooled, since: now, until: None, home: Seat::current().token });
    shard.put(&key, &mut resting, bounds).unwrap();
}

fn pop(shard: &mut Shard<u32, u32>, key: u32, bounds: &Bounds<u32>) -> Option<u32> {
    shard.pop(&key, None, bounds).map(|resting| resting.pooled.connection)
}

fn sweep(shard: &mut Shard<u32, u32>, bounds: &Bounds<u32>, judge: impl Fn(&u32) -> Option<Reason>) -> usize {
    let mut out = Vec::new();
    shard.begin_sweep();
    let mut from = Some(0);
    while let Some(at) = from {
        from = shard.sweep(at, |resting| judge(&resting.pooled.connection), bounds, &mut out);
    }
    shard.end_sweep(bounds);
    out.len()
}

#[test]
fn an_emptied_bucket_waits_for_its_connection_until_the_second_sweep() {
    let (mut shard, bounds) = (Shard::default(), bounds());
    put(&mut shard, 1, 10, &bounds);
    assert_eq!(pop(&mut shard, 1, &bounds), Some(10));
    assert_eq!(shard.buckets.len(), 1);
    sweep(&mut shard, &bounds, |_| None);
    assert_eq!(shard.buckets.len(), 1);
    sweep(&mut shard, &bounds, |_| None);
    assert_eq!((shard.buckets.len(), shard.map.len(), bounds.keys.len()), (0, 0, 0));
}

#[test]
fn a_bucket_in_steady_use_survives_sweeps_at_any_moment() {
    let (mut shard, bounds) = (Shard::default(), bounds());
    put(&mut shard, 1, 10, &bounds);
    for _ in 0..5 {
        assert_eq!(pop(&mut shard, 1, &bounds), Some(10));
        sweep(&mut shard, &bounds, |_| None);
        assert_eq!(shard.buckets.len(), 1, "swept while its connection is in use");
        put(&mut shard, 1, 10, &bounds);
        assert_eq!(shard.buckets.get(0).unwrap().listed, Listed::Fresh);
        assert_eq!(pop(&mut shard, 1, &bounds), Some(10));
        put(&mut shard, 1, 10, &bounds);
    }
}

#[test]
fn only_so_many_emptied_buckets_wait() {
    let (mut shard, bounds) = (Shard::default(), bounds());
    for key in 0..EMPTIES as u32 + 500 {
        put(&mut shard, key, key, &bounds);
        assert_eq!(pop(&mut shard, key, &bounds), Some(key));
    }
    assert_eq!(shard.buckets.len(), EMPTIES);
    assert_eq!(bounds.keys.len(), EMPTIES);
}

#[test]
fn an_eviction_that_empties_a_bucket_removes_it_at_once() {
    let (mut shard, bounds) = (Shard::default(), bounds());
    for key in 0..1_000 {
        put(&mut shard, key, key, &bounds);
    }
    for key in 0..1_000 {
        assert_eq!(shard.evict_oldest(None, Reason::Total, &bounds).map(|out| out.key), Some(key), "oldest first");
    }
    assert_eq!((shard.buckets.len(), bounds.keys.len()), (0, 0));
}

#[test]
fn a_sweep_in_slices_sees_each_connection_once() {
    let (mut shard, bounds) = (Shard::default(), bounds());
    for n in 0..10_000 {
        put(&mut shard, n % 300, n, &bounds);
    }
    let odd = sweep(&mut shard, &bounds, |n| (n % 2 == 1).then_some(Reason::Closed));
    assert_eq!((odd, shard.len()), (5_000, 5_000));
    assert_eq!(sweep(&mut shard, &bounds, |n| (n % 2 == 1).then_some(Reason::Closed)), 0);
}

#[test]
fn what_is_left_of_many_moves_together_in_the_same_order() {
    let (mut shard, bounds) = (Shard::default(), bounds());
    for n in 0..40_000 {
        put(&mut shard, n % 1_000, n, &bounds);
    }
    for key in 0..1_000 {
        pop(&mut shard, key, &bounds);
    }
    let before = shard.entries.end();
    sweep(&mut shard, &bounds, |n| (*n >= 3_500).then_some(Reason::Idle));
    assert!(shard.entries.end() < before / 4, "{} places", shard.entries.end());
    assert_eq!(shard.len(), 3_500);
    assert_eq!(pop(&mut shard, 7, &bounds), Some(3_007), "newest of a key first");
    assert_eq!(pop(&mut shard, 7, &bounds), Some(2_007));
    let order: Vec<u32> = std::iter::from_fn(|| shard.evict_oldest(None, Reason::Total, &bounds))
        .map(|out| out.resting.pooled.connection)
        .collect();
    let expected: Vec<u32> = (0..3_500).filter(|n| ![3_007, 2_007].contains(n)).collect();
    assert_eq!(order, expected, "oldest of the shard first");
    sweep(&mut shard, &bounds, |_| None);
    sweep(&mut shard, &bounds, |_| None);
    assert_eq!((shard.buckets.len(), bounds.keys.len()), (0, 0));
    assert!(shard.entries.end() <= 64 && shard.map.capacity() <= 64, "memory is given back");
}
