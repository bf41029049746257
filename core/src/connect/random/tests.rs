use super::*;

#[test]
fn numbers_stay_below_the_bound_and_come_to_all_of_it() {
    for bound in [1, 2, 7] {
        let mut drawn = vec![0; bound];
        (0..1000).for_each(|_| drawn[below(bound)] += 1);
        // A tenth of its share for each: short of that is one case in many billions.
        assert!(drawn.iter().all(|times| *times > 1000 / bound / 10), "{drawn:?}");
    }
}

#[test]
fn below_nothing_is_nothing() {
    assert_eq!(below(0), 0);
}
