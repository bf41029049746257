use crate::backend::Enabled;
use crate::select::Random;
use crate::testing::{balancer, counts, ids};

#[test]
fn picks_are_in_proportion_to_the_weights() {
    let balancer = balancer(Random::seeded(7), &[5, 0, 1, u32::MAX]);
    let counts = counts(&balancer, 2_000);
    assert_eq!(counts[1], 0, "weight 0 is never picked");
    assert!(counts[3] > 1_990, "{counts:?}");
    let balancer = self::balancer(Random::seeded(7), &[6, 3, 1]);
    let counts = self::counts(&balancer, 10_000);
    for (count, expected) in counts.into_iter().zip([6_000, 3_000, 1_000]) {
        assert!(count.abs_diff(expected) < 300, "{count} for {expected}");
    }
}

#[test]
fn the_others_share_by_weight_while_one_is_out() {
    let balancer = balancer(Random::seeded(3), &[8, 3, 1]);
    balancer.set_enabled(&ids(&balancer)[0], Enabled::No);
    let counts = counts(&balancer, 8_000);
    assert_eq!(counts[0], 0);
    assert!(counts[1].abs_diff(6_000) < 300, "{counts:?}");
}

#[test]
fn the_last_one_ready_is_found_however_small() {
    let balancer = balancer(Random::seeded(3), &[u32::MAX, u32::MAX, 1]);
    for id in &ids(&balancer)[..2] {
        balancer.set_enabled(id, Enabled::No);
    }
    assert_eq!(counts(&balancer, 100), [0, 0, 100]);
}

#[test]
fn nothing_to_choose_from_is_none() {
    for weights in [&[][..], &[0], &[0, 0]] {
        assert!(balancer(Random::new(), weights).pick(b"", |_| true).is_none(), "{weights:?}");
    }
}
