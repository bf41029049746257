//! Picking and reporting, which every request does, allocate nothing.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use simplon_core::connect::Peer;
use simplon_load_balancing::{Backend, BackendSet, Balancer, BalancerConfig, Ejection, Enabled, Outcome};
use simplon_load_balancing::{Random, RoundRobin, Select};
use simplon_testkit::alloc::{Counting, count};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn balancer<S: Select>(select: S) -> Balancer<S> {
    let weights = [5, 1, 1, 0, 9];
    let named = |place| Backend::parse(&format!("origin-{place}.example:80")).unwrap();
    let set: BackendSet = weights.iter().enumerate().map(|(place, weight)| named(place).with_weight(*weight)).collect();
    let mut config = BalancerConfig::default();
    config.ejection = Some(Ejection::default());
    config.panic_below_percent = Some(20);
    Balancer::with_config(set, select, config)
}

fn work<S: Select>(balancer: &Balancer<S>, tried: &[Peer]) {
    for outcome in [Outcome::Ok, Outcome::Failed, Outcome::Ok] {
        let pick = balancer.pick_untried(b"key", tried).unwrap();
        balancer.report(&pick, outcome);
        balancer.report_peer(pick.peer(), Outcome::Ok);
    }
}

fn costs_nothing<S: Select>(select: S) {
    let balancer = balancer(select);
    let tried = [balancer.set().nth(0).unwrap().peer().clone()];
    balancer.set_enabled(balancer.set().nth(1).unwrap().id(), Enabled::No);
    work(&balancer, &tried); // what a thread needs once
    let counted = count(|| (0..1_000).for_each(|_| work(&balancer, &tried)));
    assert_eq!(counted.times, 0, "{:?}", counted.first);
}

#[test]
fn the_counter_counts() {
    assert_eq!(count(|| drop(std::hint::black_box(Box::new(1)))).times, 1);
}

#[test]
fn picking_in_turn_and_reporting_allocate_nothing() {
    costs_nothing(RoundRobin::new());
}

#[test]
fn picking_by_chance_and_reporting_allocate_nothing() {
    costs_nothing(Random::new());
}
