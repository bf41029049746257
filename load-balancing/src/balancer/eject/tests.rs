use tokio::time::advance;

use super::*;
use crate::balancer::BalancerConfig;
use crate::select::RoundRobin;
use crate::testing::{backend, sequence, set};

fn ejecting(weights: &[u32], edit: impl FnOnce(&mut Ejection)) -> Balancer {
    let mut rule = Ejection { failures: NonZeroU32::new(3).unwrap(), ..Ejection::default() };
    edit(&mut rule);
    let config = BalancerConfig { ejection: Some(rule), ..BalancerConfig::default() };
    Balancer::with_config(set(weights), RoundRobin::new(), config)
}

fn fail(balancer: &Balancer, place: usize, times: usize) {
    (0..times).for_each(|_| balancer.report(&backend(place), Outcome::Failed));
}

fn ejected(balancer: &Balancer) -> Vec<bool> {
    balancer.status().iter().map(|status| status.ejected_for.is_some()).collect()
}

#[tokio::test(start_paused = true)]
async fn failures_in_a_row_take_a_backend_out_for_a_while() {
    let balancer = ejecting(&[1, 1, 1], |_| {});
    fail(&balancer, 0, 2);
    balancer.report_peer(backend(0).peer(), Outcome::Ok);
    fail(&balancer, 0, 2);
    assert_eq!(ejected(&balancer), [false; 3], "not in a row");
    balancer.report_peer(backend(0).peer(), Outcome::Failed);
    assert_eq!(ejected(&balancer), [true, false, false]);
    assert_eq!(sequence(&balancer, 4), "bcbc");
    advance(Duration::from_millis(29_990)).await;
    assert!(!sequence(&balancer, 6).contains('a'));
    advance(Duration::from_millis(20)).await;
    assert!(sequence(&balancer, 3).contains('a'), "back by itself");
}

#[tokio::test(start_paused = true)]
async fn ejections_that_follow_soon_last_twice_as_long_up_to_the_most() {
    let balancer = ejecting(&[1, 1, 1], |rule| rule.max = Duration::from_secs(100));
    for lasts in [30, 60, 100, 100] {
        fail(&balancer, 0, 3);
        assert_eq!(balancer.status()[0].ejected_for, Some(Duration::from_secs(lasts)));
        advance(Duration::from_secs(lasts)).await;
        assert_eq!(ejected(&balancer), [false; 3]);
    }
    advance(Duration::from_secs(101)).await;
    fail(&balancer, 0, 3);
    assert_eq!(balancer.status()[0].ejected_for, Some(Duration::from_secs(30)), "forgiven");
}

#[tokio::test(start_paused = true)]
async fn requests_that_were_under_way_do_not_prolong_an_ejection() {
    let balancer = ejecting(&[1, 1], |_| {});
    fail(&balancer, 0, 3);
    advance(Duration::from_secs(10)).await;
    fail(&balancer, 0, 50);
    assert_eq!(balancer.status()[0].ejected_for, Some(Duration::from_secs(20)));
}

/// With room for more ejections, so that it is not the percentage that holds them back.
#[tokio::test(start_paused = true)]
async fn late_failures_neither_prolong_an_ejection_nor_bring_the_next_one_about() {
    let balancer = ejecting(&[1, 1, 1, 1], |rule| rule.max_percent = 100);
    fail(&balancer, 0, 3);
    for seconds in [20, 10] {
        advance(Duration::from_secs(10)).await;
        fail(&balancer, 0, 50);
        assert_eq!(balancer.status()[0].ejected_for, Some(Duration::from_secs(seconds)));
        assert_eq!(ejected(&balancer), [true, false, false, false]);
    }
    advance(Duration::from_secs(10)).await;
    fail(&balancer, 0, 2);
    assert_eq!(ejected(&balancer), [false; 4], "what failed late does not count");
    fail(&balancer, 0, 1);
    assert_eq!(balancer.status()[0].ejected_for, Some(Duration::from_secs(60)), "the second, soon after the first");
}

/// A node that left the set while a failure was on its way to it.
#[tokio::test(start_paused = true)]
async fn what_left_the_set_is_not_ejected() {
    let balancer = ejecting(&[1, 1, 1], |rule| rule.max_percent = 100);
    let left = balancer.current.load().find(backend(0).id()).unwrap().clone();
    balancer.update([backend(1), backend(2)].into_iter().collect());
    (0..10).for_each(|_| balancer.note_failure(&left));
    assert!(!left.state.is_ejected(balancer.clock.now()));
    assert_eq!(ejected(&balancer), [false; 2]);
}

#[tokio::test(start_paused = true)]
async fn the_percentage_of_ejected_backends_holds() {
    let rows: [(usize, u8, usize); 7] =
        [(3, 50, 1), (1, 50, 0), (4, 50, 2), (10, 10, 1), (9, 10, 0), (3, 100, 3), (3, 0, 0)];
    for (backends, percent, most) in rows {
        let balancer = ejecting(&vec![1; backends], |rule| rule.max_percent = percent);
        (0..backends).for_each(|place| fail(&balancer, place, 3));
        let out = ejected(&balancer).into_iter().filter(|out| *out).count();
        assert_eq!(out, most, "{percent} % of {backends}");
    }
}

#[tokio::test(start_paused = true)]
async fn room_for_another_ejection_comes_back_when_one_lapses() {
    let balancer = ejecting(&[1, 1], |_| {});
    fail(&balancer, 0, 3);
    fail(&balancer, 1, 3);
    assert_eq!(ejected(&balancer), [true, false]);
    advance(Duration::from_secs(30)).await;
    fail(&balancer, 1, 3);
    assert_eq!(ejected(&balancer), [false, true]);
}

#[tokio::test(start_paused = true)]
async fn the_percentage_holds_when_the_set_shrinks() {
    let balancer = ejecting(&[1, 1, 1, 1], |_| {});
    fail(&balancer, 0, 3);
    advance(Duration::from_secs(1)).await;
    fail(&balancer, 1, 3);
    assert_eq!(ejected(&balancer), [true, true, false, false]);
    balancer.update(set(&[1, 1, 1]));
    assert_eq!(ejected(&balancer), [false, true, false], "the one that would lapse first");
    balancer.set_enabled(backend(2).id(), crate::Enabled::No);
    assert_eq!(ejected(&balancer), [false, true, false]);
    balancer.update(set(&[1, 1]));
    assert_eq!(ejected(&balancer), [false, true]);
    balancer.update([backend(1)].into_iter().collect());
    assert_eq!(ejected(&balancer), [false], "never the only one");
}

#[tokio::test(start_paused = true)]
async fn all_ejected_is_as_configured() {
    let all = |rule: &mut Ejection| rule.max_percent = 100;
    let strict = ejecting(&[1, 1], all);
    (0..2).for_each(|place| fail(&strict, place, 3));
    assert!(strict.pick(b"", |_| true).is_none());

    let rule = Ejection { max_percent: 100, ..Ejection::default() };
    let config = BalancerConfig { ejection: Some(rule), panic_below_percent: Some(100), ..BalancerConfig::default() };
    let lenient = Balancer::with_config(set(&[1, 1]), RoundRobin::new(), config);
    fail(&lenient, 0, 5);
    assert_eq!(sequence(&lenient, 4), "abab", "panic: spread over all");
    advance(Duration::from_secs(30)).await;
    fail(&lenient, 0, 4);
    assert_eq!(sequence(&lenient, 2), "ab");
    assert_eq!(lenient.mode(), crate::node::Mode::Normal, "the lapse was noticed");
}

#[tokio::test(start_paused = true)]
async fn without_a_rule_failures_eject_nobody() {
    let balancer = Balancer::new(set(&[1]), RoundRobin::new());
    fail(&balancer, 0, 1_000);
    assert_eq!(sequence(&balancer, 2), "aa");
}

#[test]
fn only_what_befell_the_backend_counts_against_it() {
    use http::StatusCode;
    let failed = [Kind::Refused, Kind::Unreachable, Kind::Resolve, Kind::Reset, Kind::Closed, Kind::Truncated];
    for kind in failed {
        assert_eq!(Outcome::of(&Error::upstream(kind)), Some(Outcome::Failed), "{kind:?}");
        assert_eq!(Outcome::of(&Error::downstream(kind)), None, "{kind:?}");
        assert_eq!(Outcome::of(&Error::internal(kind)), None, "{kind:?}");
    }
    let ours =
        [Kind::Overloaded, Kind::NoUpstream, Kind::Draining, Kind::Cancelled, Kind::Rejected(StatusCode::FORBIDDEN)];
    for kind in ours.into_iter().chain([
        Kind::NoConnection,
        Kind::Exhausted,
        Kind::ReplayOverflow,
        Kind::Panicked,
        Kind::Internal,
    ]) {
        assert_eq!(Outcome::of(&Error::upstream(kind)), None, "{kind:?}");
    }
}
