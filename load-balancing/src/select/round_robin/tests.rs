use std::sync::Arc;
use std::thread;

use crate::backend::Enabled;
use crate::select::RoundRobin;
use crate::testing::{balancer, counts, ids, sequence, set};

#[test]
fn turns_are_taken_in_the_smooth_order() {
    assert_eq!(sequence(&balancer(RoundRobin::new(), &[5, 1, 1]), 14), "aabacaaaabacaa");
    assert_eq!(sequence(&balancer(RoundRobin::new(), &[1, 1, 1]), 7), "abcabca");
    assert_eq!(sequence(&balancer(RoundRobin::new(), &[1, 0, 1]), 4), "acac");
}

#[test]
fn the_others_keep_their_order_and_shares_while_one_is_out() {
    let balancer = balancer(RoundRobin::new(), &[5, 1, 1]);
    balancer.set_enabled(&ids(&balancer)[1], Enabled::No);
    assert_eq!(sequence(&balancer, 12), "aaacaaaaacaa");
    let even = self::balancer(RoundRobin::new(), &[1, 1, 1]);
    even.set_enabled(&ids(&even)[0], Enabled::No);
    assert_eq!(counts(&even, 1_000), [0, 500, 500], "the neighbour must not inherit the whole share");
}

#[test]
fn the_last_one_ready_is_found_behind_a_long_gap() {
    let balancer = balancer(RoundRobin::new(), &[3_000, 1, 1]);
    balancer.set_enabled(&ids(&balancer)[0], Enabled::No);
    let counts = counts(&balancer, 1_000);
    assert_eq!(counts[0], 0);
    assert!(counts[1] > 300 && counts[2] > 300, "{counts:?}");
}

#[test]
fn every_turn_is_had_by_exactly_one_of_many_threads() {
    let balancer = Arc::new(balancer(RoundRobin::new(), &[5, 1, 1]));
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let balancer = Arc::clone(&balancer);
            thread::spawn(move || counts(&balancer, 7 * 500))
        })
        .collect();
    let mut sum = [0; 3];
    for worker in workers {
        worker.join().unwrap().into_iter().zip(&mut sum).for_each(|(count, sum)| *sum += count);
    }
    assert_eq!(sum, [5 * 2_000, 2_000, 2_000]);
}

#[test]
fn threads_that_pick_while_one_is_out_share_it_by_weight_too() {
    let balancer = Arc::new(balancer(RoundRobin::new(), &[1, 1, 1, 1]));
    balancer.set_enabled(&ids(&balancer)[2], Enabled::No);
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let balancer = Arc::clone(&balancer);
            thread::spawn(move || counts(&balancer, 3_000))
        })
        .collect();
    let mut sum = [0; 4];
    for worker in workers {
        worker.join().unwrap().into_iter().zip(&mut sum).for_each(|(count, sum)| *sum += count);
    }
    assert_eq!(sum[2], 0);
    assert_eq!(sum.iter().sum::<usize>(), 12_000);
    // Exact but for the turn that a thread may hold when another ends.
    assert!(sum.iter().enumerate().all(|(place, count)| place == 2 || count.abs_diff(4_000) <= 4), "{sum:?}");
}

#[test]
fn the_position_is_kept_when_the_set_changes() {
    let balancer = balancer(RoundRobin::new(), &[1, 1, 1]);
    assert_eq!(sequence(&balancer, 1), "a");
    balancer.update(set(&[1, 1, 1]));
    assert_eq!(sequence(&balancer, 3), "bca");
}

#[test]
fn nothing_to_choose_from_is_none() {
    for weights in [&[][..], &[0], &[0, 0]] {
        assert!(balancer(RoundRobin::new(), weights).pick(b"", |_| true).is_none(), "{weights:?}");
    }
}
