use std::time::{Duration, Instant};

use super::{Rate, Windows};

const SECOND: Duration = Duration::from_secs(1);
const MILLI: Duration = Duration::from_millis(1);

#[test]
fn observations_count_in_the_window_they_fall_into() {
    let start = Instant::now();
    let rate = Rate::new(SECOND, start);
    // (milliseconds, count in the current window after it, rate of the window before)
    let table = [(0, 1, 0.0), (500, 2, 0.0), (999, 3, 0.0), (1_000, 1, 3.0), (1_999, 2, 3.0), (2_000, 1, 2.0)];
    for (millis, current, previous) in table {
        let now = start + millis * MILLI;
        assert_eq!(rate.observe("a", 1, now), current, "at {millis} ms");
        assert_eq!(rate.rate("a", now), previous, "at {millis} ms");
    }
    assert_eq!(rate.rate("b", start + 2 * SECOND), 0.0);
}

#[test]
fn a_rate_is_per_second_whatever_the_interval() {
    let start = Instant::now();
    for (interval, per_second) in [(10 * SECOND, 2.0), (SECOND, 20.0), (100 * MILLI, 200.0)] {
        let rate = Rate::new(interval, start);
        rate.observe("a", 20, start);
        let measured = rate.rate("a", start + interval);
        assert!((measured - per_second).abs() < 1e-9, "{interval:?}: {measured}");
    }
}

#[test]
fn after_a_window_without_anything_the_rate_is_nothing() {
    let start = Instant::now();
    for gap in [2, 3, 10, 1_001] {
        let rate = Rate::new(SECOND, start);
        rate.observe("a", 5, start);
        rate.observe("a", 5, start + SECOND);
        let later = start + SECOND + gap * SECOND;
        assert_eq!(rate.rate("a", later), 0.0, "{gap} s later");
        assert_eq!(rate.observe("a", 1, later), 1);
    }
}

#[test]
fn a_clock_that_goes_back_counts_in_the_current_window() {
    let start = Instant::now();
    let rate = Rate::new(SECOND, start + SECOND);
    assert_eq!(rate.observe("a", 1, start), 1, "before the beginning");
    assert_eq!(rate.observe("a", 1, start + 5 * SECOND), 1);
    assert_eq!(rate.observe("a", 1, start + 2 * SECOND), 2);
}

#[test]
fn the_sliding_rate_moves_evenly_from_window_to_window() {
    let start = Instant::now();
    let rate = Rate::new(SECOND, start);
    rate.observe("a", 100, start);
    for (millis, expected) in [(1_000, 100.0), (1_250, 75.0), (1_500, 50.0), (2_000, 0.0)] {
        let sliding = rate.windows("a", start + millis * MILLI).sliding_rate();
        assert!((sliding - expected).abs() < 1e-9, "at {millis} ms: {sliding}");
    }
}

#[test]
fn the_sliding_rate_is_per_second_whatever_the_interval() {
    let start = Instant::now();
    for (interval, per_second) in [(10 * SECOND, 4.0), (2 * SECOND, 20.0), (100 * MILLI, 400.0)] {
        let rate = Rate::new(interval, start);
        rate.observe("a", 40, start);
        rate.observe("a", 20, start + interval);
        // All of the current window, and half of the one before.
        let sliding = rate.windows("a", start + interval + interval / 2).sliding_rate();
        assert!((sliding - per_second).abs() < 1e-9, "{interval:?}: {sliding}");
    }
}

#[test]
fn windows_tell_all_for_an_estimate_of_ones_own() {
    let start = Instant::now();
    let rate = Rate::new(4 * SECOND, start);
    rate.observe("a", 8, start);
    rate.observe("a", 2, start + 4 * SECOND);
    let windows = rate.windows("a", start + 5 * SECOND);
    assert_eq!(windows, Windows { current: 2, previous: 8, elapsed: 0.25, interval: 4 * SECOND });
}

#[test]
fn intervals_of_nothing_and_of_eternity_do_not_panic() {
    let start = Instant::now();
    for interval in [Duration::ZERO, Duration::MAX] {
        let rate = Rate::new(interval, start);
        for later in [Duration::ZERO, SECOND, Duration::from_secs(1 << 40)] {
            rate.observe("a", u64::MAX, start + later);
            assert!(rate.rate("a", start + later).is_finite());
        }
    }
}

#[test]
fn threads_that_turn_the_window_together_lose_nothing_counted_in_it() {
    let start = Instant::now();
    let rate = Rate::new(SECOND, start);
    for second in 0..200 {
        let now = start + second * SECOND;
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| (0..50).for_each(|_| _ = rate.observe("a", 1, now)));
            }
        });
        assert_eq!(rate.windows("a", now).current, 150);
    }
}
