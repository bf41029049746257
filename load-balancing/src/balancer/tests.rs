use super::*;
use crate::testing::{backend, balancer, counts, ids, sequence, set};

fn at(place: usize) -> BackendId {
    backend(place).id().clone()
}

fn config(edit: impl FnOnce(&mut BalancerConfig)) -> BalancerConfig {
    let mut config = BalancerConfig::default();
    edit(&mut config);
    config
}

#[test]
fn weight_0_is_never_picked_and_does_not_panic() {
    let balancer = balancer(RoundRobin::new(), &[1, 0, 2]);
    assert_eq!(counts(&balancer, 30), [10, 0, 20]);
    balancer.update(set(&[0, 0, 0]));
    assert!(balancer.pick(b"", |_| true).is_none());
    balancer.update(set(&[]));
    assert!(balancer.pick(b"", |_| true).is_none());
    balancer.update(set(&[0, 1, 0]));
    assert_eq!(sequence(&balancer, 3), "bbb");
}

#[test]
fn huge_weights_are_no_trouble() {
    let balancer = balancer(RoundRobin::new(), &[u32::MAX, 1, u32::MAX]);
    let counts = counts(&balancer, 4_200);
    assert!(counts.iter().all(|&count| count > 0), "{counts:?}");
    assert!(counts[0].abs_diff(counts[2]) <= 4, "{counts:?}");
}

#[test]
fn peers_tried_before_are_left_out() {
    let balancer = balancer(RoundRobin::new(), &[1, 1, 1]);
    let mut tried = Vec::new();
    for _ in 0..3 {
        let pick = balancer.pick_untried(b"", &tried).unwrap();
        assert!(!tried.iter().any(|peer| pick.is_reached_by(peer)));
        tried.push(pick.peer().clone());
    }
    assert!(balancer.pick_untried(b"", &tried).is_none());
    assert!(balancer.pick_untried(b"", &tried[1..]).unwrap().is_reached_by(&tried[0]));
}

#[test]
fn a_disabled_backend_is_out_until_enabled() {
    let balancer = balancer(RoundRobin::new(), &[1, 1]);
    assert_eq!(balancer.set_enabled(&at(0), Enabled::No), Some(Enabled::Yes));
    assert_eq!(sequence(&balancer, 3), "bbb");
    assert_eq!(balancer.set_enabled(&at(1), Enabled::No), Some(Enabled::Yes));
    assert_eq!(sequence(&balancer, 2), "..");
    assert_eq!(balancer.set_enabled(&at(0), Enabled::Yes), Some(Enabled::No));
    assert_eq!(sequence(&balancer, 2), "aa");
    assert_eq!(balancer.set_enabled(&at(9), Enabled::No), None);
}

#[test]
fn health_enabling_and_leases_outlive_an_update_by_identity() {
    let balancer = balancer(RoundRobin::new(), &[1, 1, 1]);
    let lease = balancer.pick(b"", |backend| backend.id() == &at(2)).unwrap();
    balancer.set_health(&at(1), Health::Unhealthy);
    balancer.set_enabled(&at(0), Enabled::No);
    let update = balancer.update((0..4).map(|place| backend(place).with_weight(2).with_label("new")).collect());
    assert_eq!(update, Update { added: 1, removed: 0, kept: 3 });
    let status = balancer.status();
    let ready: Vec<bool> = status.iter().map(|status| status.is_ready).collect();
    assert_eq!(ready, [false, false, true, true]);
    assert_eq!(status[1].health, Health::Unhealthy);
    assert_eq!((status[2].in_flight, status[2].backend.label(), status[2].backend.weight()), (1, "new", 2));
    drop(lease);
    assert_eq!(balancer.status()[2].in_flight, 0);
}

#[test]
fn the_manual_switch_holds_until_discovery_says_something_else() {
    let balancer = balancer(RoundRobin::new(), &[1, 1]);
    let says = |enabled| [backend(0).with_enabled(enabled), backend(1)].into_iter().collect::<BackendSet>();
    balancer.set_enabled(&at(0), Enabled::No);
    balancer.update(says(Enabled::Yes)); // as before: no news
    assert_eq!(balancer.status()[0].enabled, Enabled::No);
    balancer.update(says(Enabled::No));
    balancer.update(says(Enabled::Yes)); // news
    assert_eq!(balancer.status()[0].enabled, Enabled::Yes);
}

#[test]
fn a_lease_on_a_backend_that_left_and_came_back_is_not_counted_twice_nor_below_zero() {
    let balancer = balancer(RoundRobin::new(), &[1, 1]);
    let lease = balancer.pick(b"", |backend| backend.id() == &at(0)).unwrap();
    balancer.update(set(&[]));
    assert_eq!(lease.in_flight(), 1);
    balancer.update(set(&[1, 1]));
    assert_eq!(balancer.status()[0].in_flight, 0);
    drop(lease);
    assert_eq!(balancer.status()[0].in_flight, 0);
}

#[test]
fn unhealthy_until_checked_is_not_picked() {
    let config = config(|config| config.initial = Health::Unhealthy);
    let balancer = Balancer::with_config(set(&[1, 1]), RoundRobin::new(), config);
    assert!(balancer.pick(b"", |_| true).is_none());
    assert_eq!(balancer.set_health(&at(1), Health::Healthy), Some(Health::Unhealthy));
    assert_eq!(sequence(&balancer, 2), "bb");
    balancer.update(set(&[1, 1, 1]));
    assert_eq!(balancer.ready(), 1, "newcomers wait too");
}

#[test]
fn below_the_panic_threshold_health_is_ignored_but_nothing_else() {
    let config = config(|config| config.panic_below_percent = Some(50));
    let balancer = Balancer::with_config(set(&[1, 1, 1, 1, 0]), RoundRobin::new(), config);
    balancer.set_enabled(&at(3), Enabled::No);
    balancer.set_health(&at(0), Health::Unhealthy);
    assert_eq!(counts(&balancer, 8), [0, 4, 4, 0, 0], "two of three: no panic");
    balancer.set_health(&at(1), Health::Unhealthy);
    assert_eq!(counts(&balancer, 9), [3, 3, 3, 0, 0], "one of three");
    balancer.set_health(&at(2), Health::Unhealthy);
    assert_eq!(counts(&balancer, 9), [3, 3, 3, 0, 0]);
    balancer.set_health(&at(1), Health::Healthy);
    balancer.set_health(&at(2), Health::Healthy);
    assert_eq!(counts(&balancer, 8), [0, 4, 4, 0, 0], "back to normal");
}

#[test]
fn without_a_threshold_nothing_ready_is_none() {
    let balancer = balancer(RoundRobin::new(), &[1, 1]);
    ids(&balancer).iter().for_each(|id| assert!(balancer.set_health(id, Health::Unhealthy).is_some()));
    assert!(balancer.pick(b"", |_| true).is_none());
}

#[test]
fn picks_and_updates_go_together_from_many_threads() {
    let balancer = Arc::new(balancer(RoundRobin::new(), &[3, 2, 1]));
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..5_000 {
                    let pick = balancer.pick(b"", |_| true).unwrap();
                    assert!(pick.in_flight() >= 1);
                }
            });
        }
        for round in 0..500 {
            balancer.update(set(&[3, 2 + round % 2, 1][..2 + round as usize % 2]));
        }
    });
    assert!(balancer.status().iter().all(|status| status.in_flight == 0));
}
