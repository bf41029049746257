use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use super::RateLimit;
use crate::{Allowance, Decision};

const MILLI: Duration = Duration::from_millis(1);
const SECOND: Duration = Duration::from_secs(1);

fn number(n: u32) -> NonZeroU32 {
    NonZeroU32::new(n).unwrap()
}

fn allow(remaining: u32) -> Decision {
    Decision::Allow { remaining }
}

fn deny(retry_after: Duration) -> Decision {
    Decision::Deny { retry_after }
}

#[test]
fn a_burst_is_allowed_then_the_rate() {
    let limit = RateLimit::new(Allowance::per_second(number(10)).burst(number(3)), 100);
    let start = Instant::now();
    // (milliseconds, decision)
    let table = [
        (0, allow(2)),
        (0, allow(1)),
        (0, allow(0)),
        (0, deny(100 * MILLI)),
        (40, deny(60 * MILLI)),
        (100, allow(0)),
        (100, deny(100 * MILLI)),
        (300, allow(1)),
        (10_000, allow(2)),
    ];
    for (millis, decision) in table {
        assert_eq!(limit.check(&"a", start + millis * MILLI, 1), decision, "at {millis} ms");
    }
}

#[test]
fn waiting_as_long_as_told_is_enough_and_a_nanosecond_less_is_not() {
    for (rate, cost) in [(1, 1), (3, 1), (7, 5), (1_000, 999)] {
        let limit = RateLimit::new(Allowance::per_second(number(rate)), 16);
        let mut now = Instant::now();
        for _ in 0..20 {
            if let Decision::Deny { retry_after } = limit.check(&"a", now, cost) {
                let early = now + retry_after - Duration::from_nanos(1);
                assert!(matches!(limit.check(&"a", early, cost), Decision::Deny { .. }));
                now += retry_after;
                assert!(matches!(limit.check(&"a", now, cost), Decision::Allow { .. }), "{rate}, {cost}");
            }
        }
    }
}

#[test]
fn keys_have_buckets_of_their_own() {
    let limit = RateLimit::new(Allowance::per_minute(number(1)), 100);
    let now = Instant::now();
    for key in 0..20 {
        assert_eq!(limit.check(&key, now, 1), allow(0));
        assert_eq!(limit.check(&key, now, 1), deny(60 * SECOND));
    }
}

#[test]
fn a_denial_costs_nothing_and_asking_neither() {
    let limit = RateLimit::new(Allowance::per_second(number(2)), 100);
    let now = Instant::now();
    assert_eq!(limit.check(&"a", now, 0), allow(2));
    assert!(limit.is_empty(), "a full bucket is not remembered");
    assert_eq!(limit.check(&"a", now, 2), allow(0));
    for _ in 0..100 {
        assert_eq!(limit.check(&"a", now, 1), deny(500 * MILLI));
    }
    assert_eq!(limit.check(&"a", now, 0), allow(0));
    assert_eq!(limit.check(&"a", now + 500 * MILLI, 1), allow(0));
}

#[test]
fn what_costs_more_than_a_burst_is_never_allowed() {
    let limit = RateLimit::new(Allowance::per_second(number(5)), 100);
    assert_eq!(limit.check(&"a", Instant::now(), 6), deny(Duration::MAX));
    assert!(limit.is_empty());
}

#[test]
fn a_clock_that_goes_back_a_little_is_no_gift() {
    let limit = RateLimit::new(Allowance::per_second(number(10)).burst(number(1)), 100);
    let now = Instant::now() + SECOND;
    assert_eq!(limit.check(&"a", now, 1), allow(0));
    assert_eq!(limit.check(&"a", now - 50 * MILLI, 1), deny(150 * MILLI));
}

#[test]
fn extreme_allowances_and_costs_do_not_overflow() {
    let most = number(u32::MAX);
    let now = Instant::now();
    for period in [Duration::ZERO, Duration::from_nanos(1), SECOND, Duration::MAX] {
        for requests in [number(1), most] {
            for burst in [number(1), most] {
                let limit = RateLimit::new(Allowance::new(requests, period).burst(burst), 1);
                for cost in [0, 1, u32::MAX, u32::MAX] {
                    limit.check(&"a", now, cost);
                }
            }
        }
    }
    let slow = RateLimit::new(Allowance::new(number(1), Duration::MAX).burst(most), 1);
    assert_eq!(slow.check(&"a", now, u32::MAX), allow(0), "a burst is a burst");
    assert!(matches!(slow.check(&"a", now, 1), Decision::Deny { .. }));
}

#[test]
fn never_more_keys_than_asked_for() {
    for keys in [1, 2, 15, 16, 17, 100, 1_000] {
        let limit = RateLimit::new(Allowance::per_second(number(1)), keys);
        assert!(limit.capacity() <= keys);
        let now = Instant::now();
        for key in 0..10_000 {
            limit.check(&key, now, 1);
        }
        assert!(limit.len() <= keys);
        assert!(limit.len() * 10 >= keys * 9, "and most places are used: {} of {keys}", limit.len());
    }
    assert_eq!(RateLimit::<u8>::new(Allowance::per_second(number(1)), 0).capacity(), 1);
}

#[test]
fn in_a_full_set_the_one_nearest_to_full_is_forgotten() {
    let limit = RateLimit::new(Allowance::per_second(number(10)), 3);
    let now = Instant::now();
    for (key, cost) in [("heavy", 10), ("light", 1), ("middle", 5)] {
        limit.check(&key, now, cost);
    }
    limit.check(&"new", now, 2);
    assert_eq!(limit.check(&"heavy", now, 0), allow(0));
    assert_eq!(limit.check(&"middle", now, 0), allow(5));
    assert_eq!(limit.check(&"new", now, 0), allow(8));
    assert_eq!(limit.check(&"light", now, 0), allow(10), "forgotten, and full again");
}

#[test]
fn inventing_keys_does_not_clear_the_record_of_who_is_denied() {
    let limit = RateLimit::new(Allowance::per_minute(number(10)), 64);
    let now = Instant::now();
    assert_eq!(limit.check(&0, now, 10), allow(0));
    for key in 1..100_000 {
        limit.check(&key, now, 1);
    }
    assert!(matches!(limit.check(&0, now, 1), Decision::Deny { .. }));
}

#[test]
fn a_sweep_forgets_full_buckets_only() {
    let limit = RateLimit::new(Allowance::per_second(number(10)), 1_000);
    let now = Instant::now();
    for key in 0..100 {
        limit.check(&key, now, if key < 40 { 1 } else { 9 });
    }
    let before = limit.len();
    assert_eq!(before, 100);
    assert_eq!(limit.sweep(now + 99 * MILLI), 0);
    assert_eq!(limit.sweep(now + 100 * MILLI), 40);
    assert_eq!(limit.sweep(now + 900 * MILLI), 60);
    assert!(limit.is_empty());
}

#[test]
fn threads_together_are_allowed_no_more_than_one() {
    let limit = RateLimit::new(Allowance::per_minute(number(1_000)), 100);
    let now = Instant::now();
    let allowed: usize = std::thread::scope(|scope| {
        let count = || (0..1_000).filter(|_| matches!(limit.check(&"a", now, 1), Decision::Allow { .. })).count();
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(count)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(allowed, 1_000);
}
