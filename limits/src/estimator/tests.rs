use super::{Estimator, Place};

#[test]
fn a_few_keys_are_counted_exactly() {
    let estimator = Estimator::new(4, 8_192);
    assert_eq!(estimator.add("a", 3), 3);
    assert_eq!(estimator.add("b", 1), 1);
    assert_eq!(estimator.add("a", 2), 5);
    assert_eq!(estimator.subtract("a", 4), 1);
    assert_eq!([estimator.estimate("a"), estimator.estimate("b"), estimator.estimate("c")], [1, 1, 0]);
}

#[test]
fn an_estimate_is_never_too_low_and_rarely_much_too_high() {
    let estimator = Estimator::new(4, 1_024);
    for key in 0..10_000_u64 {
        estimator.add(&key, key % 7);
    }
    let counted: u64 = (0..10_000).map(|key| key % 7).sum();
    let bound = (counted as f64 * std::f64::consts::E / 1_024.0) as u64;
    let far_off = (0..10_000_u64).filter(|key| estimator.estimate(key) > key % 7 + bound).count();
    assert!((0..10_000_u64).all(|key| estimator.estimate(&key) >= key % 7));
    // e^-4 is 1.8 %; twice that, for the hash is another one each time.
    assert!(far_off < 370, "{far_off} of 10,000 beyond the bound");
}

#[test]
fn counters_neither_overflow_nor_go_below_zero() {
    let estimator = Estimator::new(2, 4);
    assert_eq!(estimator.add("a", u64::MAX), u64::MAX);
    assert_eq!(estimator.add("a", 1), u64::MAX);
    assert_eq!(estimator.subtract("a", u64::MAX), 0);
    assert_eq!(estimator.subtract("a", 1), 0);
}

#[test]
fn a_reset_forgets_everything() {
    let estimator = Estimator::new(4, 64);
    (0..100).for_each(|key| _ = estimator.add(&key, 1));
    estimator.reset();
    assert!((0..100).all(|key| estimator.estimate(&key) == 0));
}

#[test]
fn the_smallest_table_has_one_counter() {
    let estimator = Estimator::new(0, 0);
    estimator.add("a", 1);
    assert_eq!(estimator.add("b", 1), 2);
}

#[test]
fn rows_disagree_about_who_shares_a_slot() {
    let slots = 64;
    let estimator = Estimator::new(1, slots);
    let places: Vec<_> = (0..2_000).map(|key| estimator.place_of(&key)).collect();
    let shares = |place: &&Place, row| place.slot(row, slots) == places[0].slot(row, slots);
    let in_first: Vec<_> = places.iter().skip(1).filter(|place| shares(place, 0)).collect();
    let in_both = in_first.iter().filter(|place| shares(place, 1)).count();
    assert!(!in_first.is_empty());
    assert!(in_both * 4 < in_first.len().max(16), "{in_both} share both");
}

#[test]
fn threads_lose_no_count() {
    let estimator = Estimator::new(4, 64);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..10_000).for_each(|_| _ = estimator.add("a", 1)));
        }
    });
    assert_eq!(estimator.estimate("a"), 40_000);
}
