//! Sentences about the pool as a user sees it; time is made up.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

use super::{Pool, Put, Sharing};
use crate::{Health, Idle, Limits, Pooled, Reason};

const SECOND: Duration = Duration::from_secs(1);

/// A connection with a name, whose health others can change and whose end others can see.
#[derive(Debug)]
struct Wire {
    name: u32,
    health: Arc<Mutex<Health>>,
    open: Arc<AtomicUsize>,
}

impl Idle for Wire {
    fn check(&mut self) -> Health {
        *self.health.lock().unwrap()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
    }
}

type Events = Arc<Mutex<Vec<(&'static str, Reason, u64)>>>;

/// A pool with what a test wants to know about it.
struct Bench {
    pool: Pool<&'static str, Wire>,
    events: Events,
    open: Arc<AtomicUsize>,
    start: Instant,
}

impl Bench {
    fn new(limits: Limits) -> Self {
        Self::with_shards(limits, 4)
    }

    fn with_shards(limits: Limits, shards: usize) -> Self {
        let events = Events::default();
        let told = events.clone();
        let pool = Pool::with_shards(limits, shards)
            .observe(move |event| told.lock().unwrap().push((*event.key, event.reason, event.idle_for.as_secs())));
        Self { pool, events, open: Arc::default(), start: Instant::now() }
    }

    fn at(&self, seconds: u64) -> Instant {
        self.start + Duration::from_secs(seconds)
    }

    fn fresh(&self, name: u32, born: u64) -> Pooled<Wire> {
        self.open.fetch_add(1, Ordering::SeqCst);
        let health = Arc::new(Mutex::new(Health::Fresh));
        Pooled::new(Wire { name, health, open: self.open.clone() }, self.at(born))
    }

    fn put(&self, key: &'static str, name: u32, at: u64) -> Put {
        self.pool.put(&key, self.fresh(name, at), self.at(at))
    }

    fn take(&self, key: &'static str, at: u64) -> Option<u32> {
        self.pool.take(&key, self.at(at)).map(|pooled| pooled.connection.name)
    }

    fn events(&self) -> MutexGuard<'_, Vec<(&'static str, Reason, u64)>> {
        self.events.lock().unwrap()
    }

    fn open(&self) -> usize {
        self.open.load(Ordering::SeqCst)
    }
}

fn endless() -> Limits {
    Limits { idle_timeout: None, max_lifetime: None, ..Limits::default() }
}

#[test]
fn the_newest_of_a_key_is_taken_first() {
    let bench = Bench::new(endless());
    for name in 1..=3 {
        assert_eq!(bench.put("a", name, 0), Put::Kept);
    }
    bench.put("b", 9, 0);
    assert_eq!([(); 4].map(|()| bench.take("a", 0)), [Some(3), Some(2), Some(1), None]);
    assert_eq!(bench.pool.len(), 1);
    assert!(bench.events().is_empty());
}

#[test]
fn a_connection_is_never_given_to_another_key() {
    let bench = Bench::new(endless());
    bench.put("a", 1, 0);
    assert_eq!(bench.take("b", 0), None);
    assert_eq!(bench.take("", 0), None);
    assert_eq!(bench.take("a", 0), Some(1));
}

#[test]
fn keys_with_connections_are_named_once_each() {
    let bench = Bench::new(endless());
    for (key, name) in [("a", 1), ("b", 2), ("a", 3), ("c", 4)] {
        bench.put(key, name, 0);
    }
    bench.take("c", 0);
    let mut keys = bench.pool.keys();
    keys.sort_unstable();
    assert_eq!(keys, ["a", "b"]);
    assert_eq!([bench.pool.len_of(&"a"), bench.pool.len_of(&"b"), bench.pool.len_of(&"c")], [2, 1, 0]);
}

#[test]
fn beyond_the_total_the_one_that_rested_longest_goes() {
    let bench = Bench::new(Limits { total: 3, ..endless() });
    for (key, name, at) in [("a", 1, 0), ("b", 2, 1), ("a", 3, 2), ("c", 4, 5), ("a", 5, 6)] {
        assert_eq!(bench.put(key, name, at), Put::Kept);
        assert!(bench.pool.len() <= 3);
    }
    assert_eq!(*bench.events(), [("a", Reason::Total, 5), ("b", Reason::Total, 5)]);
    assert_eq!(bench.open(), 3);
    assert_eq!([bench.take("a", 6), bench.take("a", 6), bench.take("a", 6)], [Some(5), Some(3), None]);
}

#[test]
fn beyond_the_cap_of_a_key_the_oldest_of_that_key_goes() {
    let bench = Bench::new(Limits { per_key: 2, ..endless() });
    bench.put("b", 9, 0);
    for name in 1..=4 {
        assert_eq!(bench.put("a", name, u64::from(name)), Put::Kept);
        assert!(bench.pool.len_of(&"a") <= 2);
    }
    assert_eq!(*bench.events(), [("a", Reason::PerKey, 2), ("a", Reason::PerKey, 2)]);
    assert_eq!([bench.take("a", 9), bench.take("a", 9), bench.take("b", 9)], [Some(4), Some(3), Some(9)]);
}

#[test]
fn small_bounds_are_exact_across_threads() {
    for (total, per_key, kept) in [(1, 8, 1), (5, 8, 5), (9, 2, 2), (100, 11, 11)] {
        let bench = Bench::with_shards(Limits { total, per_key, ..endless() }, 8);
        for name in 0..20 {
            thread::scope(|scope| scope.spawn(|| bench.put("a", name, u64::from(name))).join().unwrap());
        }
        assert_eq!((bench.pool.len(), bench.open()), (kept, kept), "{total} {per_key}");
        let left: Vec<u32> = std::iter::from_fn(|| bench.take("a", 99)).collect();
        let mut sorted = left.clone();
        sorted.sort_unstable();
        let newest: Vec<u32> = (20 - u32::try_from(kept).unwrap()..20).collect();
        assert_eq!(sorted, newest, "{total} {per_key}: the oldest went");
    }
}

#[test]
fn spare_permits_of_other_threads_are_used_before_anything_is_evicted() {
    let bench = Bench::with_shards(Limits { total: 4, per_key: 4, ..endless() }, 4);
    for round in 0..8 {
        thread::scope(|scope| {
            scope.spawn(|| {
                (0..4).for_each(|name| assert_eq!(bench.put("a", name, round), Put::Kept));
                (0..4).for_each(|_| assert!(bench.take("a", round).is_some()));
            });
        });
    }
    assert!(bench.events().is_empty());
}

#[test]
fn a_bound_of_zero_keeps_nothing() {
    for (limits, reason) in
        [(Limits { total: 0, ..endless() }, Reason::Total), (Limits { per_key: 0, ..endless() }, Reason::PerKey)]
    {
        let bench = Bench::new(limits);
        assert_eq!(bench.put("a", 1, 0), Put::Dropped(reason));
        assert_eq!((bench.pool.len(), bench.open()), (0, 0));
        assert_eq!(*bench.events(), [("a", reason, 0)]);
    }
}

#[test]
fn what_rested_too_long_is_not_taken() {
    let bench = Bench::new(Limits { idle_timeout: Some(10 * SECOND), ..endless() });
    bench.put("a", 1, 0);
    bench.put("a", 2, 5);
    assert_eq!(bench.pool.next_expiry(), Some(bench.at(10)));
    assert_eq!(bench.take("a", 14), Some(2));
    assert_eq!(bench.take("a", 14), None);
    assert_eq!(*bench.events(), [("a", Reason::Idle, 14)]);
    assert_eq!(bench.open(), 0);
}

#[test]
fn a_rest_ends_exactly_at_its_timeout() {
    let bench = Bench::new(Limits { idle_timeout: Some(10 * SECOND), ..endless() });
    let just_before = bench.at(10) - Duration::from_nanos(1);
    bench.put("a", 1, 0);
    assert!(bench.pool.take(&"a", just_before).is_some());
    bench.put("a", 2, 0);
    assert!(bench.pool.take(&"a", bench.at(10)).is_none());
}

#[test]
fn a_sweep_drops_what_expired_and_nothing_else() {
    let bench = Bench::new(Limits { idle_timeout: Some(10 * SECOND), ..endless() });
    for (key, name, at) in [("a", 1, 0), ("b", 2, 3), ("a", 3, 6)] {
        bench.put(key, name, at);
    }
    assert_eq!(bench.pool.sweep(bench.at(9)), 0);
    assert_eq!(bench.pool.next_expiry(), Some(bench.at(10)));
    assert_eq!(bench.pool.sweep(bench.at(13)), 2);
    assert_eq!(*bench.events(), [("a", Reason::Idle, 13), ("b", Reason::Idle, 10)]);
    assert_eq!(bench.pool.next_expiry(), Some(bench.at(16)));
    assert_eq!(bench.pool.sweep(bench.at(16)), 1);
    assert_eq!((bench.pool.next_expiry(), bench.pool.len(), bench.open()), (None, 0, 0));
}

#[test]
fn a_connection_too_old_is_neither_kept_nor_taken() {
    let bench = Bench::new(Limits { max_lifetime: Some(100 * SECOND), ..endless() });
    assert_eq!(bench.pool.put(&"a", bench.fresh(1, 0), bench.at(99)), Put::Kept);
    assert_eq!(bench.take("a", 100), None);
    assert_eq!(bench.pool.put(&"a", bench.fresh(2, 0), bench.at(100)), Put::Dropped(Reason::Lifetime));
    assert_eq!(*bench.events(), [("a", Reason::Lifetime, 1), ("a", Reason::Lifetime, 0)]);
}

#[test]
fn age_counts_from_birth_however_often_a_connection_is_used() {
    let bench = Bench::new(Limits { max_lifetime: Some(10 * SECOND), ..endless() });
    let mut pooled = bench.fresh(1, 0);
    for second in 0..10 {
        assert_eq!(bench.pool.put(&"a", pooled, bench.at(second)), Put::Kept);
        pooled = bench.pool.take(&"a", bench.at(second)).unwrap();
        assert_eq!(u64::from(pooled.requests()), second + 1);
    }
    assert_eq!(bench.pool.put(&"a", pooled, bench.at(10)), Put::Dropped(Reason::Lifetime));
}

#[test]
fn a_connection_serves_so_many_requests_and_no_more() {
    let bench = Bench::new(Limits { max_requests: NonZeroU32::new(3), ..endless() });
    let mut pooled = bench.fresh(1, 0);
    for _ in 0..2 {
        assert_eq!(bench.pool.put(&"a", pooled, bench.at(0)), Put::Kept);
        pooled = bench.pool.take(&"a", bench.at(0)).unwrap();
    }
    assert_eq!(bench.pool.put(&"a", pooled, bench.at(0)), Put::Dropped(Reason::Requests));
    assert_eq!(bench.pool.evictions(Reason::Requests), 1);
}

#[test]
fn keep_alive_max_is_counted_down_until_it_is_said_again() {
    let bench = Bench::new(endless());
    let mut pooled = bench.fresh(1, 0);
    pooled.limit_requests(2);
    for _ in 0..2 {
        assert_eq!(bench.pool.put(&"a", pooled, bench.at(0)), Put::Kept);
        pooled = bench.pool.take(&"a", bench.at(0)).unwrap();
    }
    let mut again = bench.fresh(2, 0);
    again.limit_requests(0);
    assert_eq!(bench.pool.put(&"a", pooled, bench.at(0)), Put::Dropped(Reason::Requests));
    assert_eq!(bench.pool.put(&"a", again, bench.at(0)), Put::Dropped(Reason::Requests));
}

#[test]
fn keep_alive_timeout_shortens_the_rest_of_that_connection_only_and_never_lengthens_it() {
    let bench = Bench::new(Limits { idle_timeout: Some(10 * SECOND), ..endless() });
    for (name, seconds) in [(1, 4), (2, 400)] {
        let mut pooled = bench.fresh(name, 0);
        pooled.limit_rest(seconds * SECOND);
        bench.pool.put(&"a", pooled, bench.at(0));
    }
    bench.put("a", 3, 0);
    assert_eq!(bench.pool.next_expiry(), Some(bench.at(4)));
    assert_eq!(bench.pool.sweep(bench.at(4)), 1);
    assert_eq!(bench.pool.sweep(bench.at(10)), 2);
    let mut closes_now = bench.fresh(4, 10);
    closes_now.limit_rest(Duration::ZERO);
    assert_eq!(bench.pool.put(&"a", closes_now, bench.at(10)), Put::Dropped(Reason::Idle));
}

#[test]
fn endless_durations_do_not_overflow() {
    let limits = Limits { idle_timeout: Some(Duration::MAX), max_lifetime: Some(Duration::MAX), ..Limits::default() };
    let bench = Bench::new(limits);
    bench.put("a", 1, 0);
    assert_eq!(bench.pool.next_expiry(), None);
    assert_eq!(bench.take("a", 1 << 30), Some(1));
}

/// Traps F52 and F53: what ended or spoke at rest is noticed at each of the three looks.
#[test]
fn an_unfit_connection_is_noticed_when_put_when_swept_and_when_taken() {
    for (health, reason) in [(Health::Closed, Reason::Closed), (Health::Spoke, Reason::Spoke)] {
        let bench = Bench::new(endless());
        let unfit = bench.fresh(1, 0);
        *unfit.connection.health.lock().unwrap() = health;
        assert_eq!(bench.pool.put(&"a", unfit, bench.at(0)), Put::Dropped(reason));

        let keep_health = |name| {
            let pooled = bench.fresh(name, 0);
            let health = pooled.connection.health.clone();
            assert_eq!(bench.pool.put(&"a", pooled, bench.at(0)), Put::Kept);
            health
        };
        let swept = keep_health(2);
        *swept.lock().unwrap() = health;
        assert_eq!(bench.pool.sweep(bench.at(1)), 1);

        bench.put("a", 3, 0);
        let taken = keep_health(4);
        *taken.lock().unwrap() = health;
        assert_eq!(bench.take("a", 2), Some(3), "the next one that is fit");
        assert_eq!(*bench.events(), [("a", reason, 0), ("a", reason, 1), ("a", reason, 2)]);
        assert_eq!((bench.pool.evictions(reason), bench.open()), (3, 0));
    }
}

#[test]
fn clearing_a_key_leaves_the_others() {
    let bench = Bench::new(endless());
    for (key, name) in [("a", 1), ("b", 2), ("a", 3)] {
        thread::scope(|scope| scope.spawn(|| bench.put(key, name, 0)).join().unwrap());
    }
    bench.put("a", 4, 1);
    assert_eq!(bench.pool.clear_key(&"a", bench.at(2)), 3);
    assert_eq!((bench.pool.len(), bench.open(), bench.take("b", 2)), (1, 1, Some(2)));
    assert_eq!(bench.pool.evictions(Reason::Cleared), 3);
}

#[test]
fn clearing_all_forgets_all_keys() {
    let bench = Bench::new(endless());
    for (key, name) in [("a", 1), ("b", 2), ("a", 3)] {
        bench.put(key, name, 0);
    }
    assert_eq!(bench.pool.clear(bench.at(0)), 3);
    assert_eq!((bench.pool.len(), bench.pool.known_keys(), bench.open()), (0, 0, 0));
}

/// Trap F57.
#[test]
fn a_million_keys_used_once_leave_the_pool_empty() {
    struct Plain;
    impl Idle for Plain {
        fn check(&mut self) -> Health {
            Health::Fresh
        }
    }
    let pool: Pool<u32, Plain> = Pool::with_shards(Limits { total: 10_000, ..Limits::default() }, 2);
    let now = Instant::now();
    for key in 0..1_000_000 {
        if key % 3 == 0 {
            // Used a second time before it rests for good.
            pool.put(&key, Pooled::new(Plain, now), now);
            assert!(pool.take(&key, now).is_some());
        }
        pool.put(&key, Pooled::new(Plain, now), now);
        assert!(pool.len() <= 10_000 && pool.known_keys() <= 10_000 + 2 * 1_024);
        if key % 4_096 == 0 {
            pool.sweep(now);
        }
    }
    assert_eq!(pool.sweep(now + Duration::from_secs(60)), 10_000);
    pool.sweep(now + Duration::from_secs(61));
    pool.sweep(now + Duration::from_secs(62));
    assert_eq!((pool.len(), pool.known_keys(), pool.keys().len()), (0, 0, 0));
    assert_eq!(pool.evictions(Reason::Total), 990_000);
}

#[test]
fn a_thread_takes_what_others_put_if_connections_are_shared() {
    let bench = Bench::new(endless());
    thread::scope(|scope| scope.spawn(|| bench.put("a", 1, 0)).join().unwrap());
    assert_eq!(bench.take("a", 0), Some(1));
}

#[test]
fn a_thread_takes_only_what_it_put_if_connections_are_bound_to_threads() {
    // One shard for all, so that nothing but the owner tells them apart.
    let bench = Bench::with_shards(endless(), 1);
    let bench = Bench { pool: bench.pool.sharing(Sharing::SameThread), ..bench };
    bench.put("a", 1, 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            assert_eq!(bench.take("a", 0), None);
            bench.put("a", 2, 0);
            bench.put("a", 3, 0);
        });
    });
    assert_eq!(bench.take("a", 0), Some(1), "past the newer ones of a thread that ended");
    assert_eq!(bench.take("a", 0), None);
    assert_eq!(bench.pool.clear(bench.at(0)), 2);
}

#[test]
fn an_observer_may_use_the_pool() {
    type Shared = Arc<Pool<&'static str, Wire>>;
    let pool: Arc<Mutex<Option<Shared>>> = Arc::default();
    let inside = pool.clone();
    let seen = Arc::new(AtomicUsize::new(usize::MAX));
    let saw = seen.clone();
    let bench = Bench::new(endless());
    let limits = Limits { total: 1, ..endless() };
    let outer = Arc::new(Pool::with_shards(limits, 1).observe(move |_| {
        let pool = inside.lock().unwrap().clone().unwrap();
        saw.store(pool.len(), Ordering::SeqCst);
    }));
    *pool.lock().unwrap() = Some(outer.clone());
    outer.put(&"a", bench.fresh(1, 0), bench.at(0));
    outer.put(&"b", bench.fresh(2, 0), bench.at(0));
    assert_eq!(seen.load(Ordering::SeqCst), 0, "told while there was room, outside the lock");
    *pool.lock().unwrap() = None;
}

#[test]
fn the_one_that_rested_longest_goes_for_another_place() {
    let bench = Bench::new(endless());
    bench.put("b", 2, 1);
    // In a shard of its own.
    thread::scope(|scope| scope.spawn(|| bench.put("a", 3, 2)).join()).unwrap();
    bench.put("a", 1, 3);
    assert!(bench.pool.evict_oldest(Some(&"a"), bench.at(9)));
    assert!(bench.pool.evict_oldest(None, bench.at(9)));
    assert_eq!(*bench.events(), [("a", Reason::Displaced, 7), ("b", Reason::Displaced, 8)]);
    assert!(!bench.pool.evict_oldest(Some(&"b"), bench.at(9)));
    assert_eq!((bench.pool.len(), bench.take("a", 9)), (1, Some(1)));
    assert!(!bench.pool.evict_oldest(None, bench.at(9)));
    assert_eq!(bench.open.load(Ordering::SeqCst), 0);
}
