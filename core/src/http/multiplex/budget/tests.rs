use std::time::Duration;

use super::*;

#[test]
fn what_was_taken_comes_back_with_time_and_no_faster() {
    let now = Instant::now();
    let mut budget = Budget::new(Rate { burst: 10, per_second: 2 }, now);
    assert!(budget.take(10, now));
    assert!(!budget.take(1, now));
    let later = now + Duration::from_secs(3);
    // One is still owed.
    assert!(budget.take(5, later));
    assert!(!budget.take(1, later));
}

#[test]
fn no_more_than_the_burst_is_saved_up() {
    let now = Instant::now();
    let mut budget = Budget::new(Rate { burst: 10, per_second: 2 }, now);
    budget.earn(1000.0);
    assert!(budget.take(10, now + Duration::from_secs(1000)));
    assert!(!budget.take(1, now + Duration::from_secs(1000)));
}
