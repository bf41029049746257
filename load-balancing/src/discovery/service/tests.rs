use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

use simplon_core::server::DrainTrigger;
use tokio::time::Instant;

use super::*;
use crate::discovery::Static;
use crate::select::RoundRobin;
use crate::testing::set;

enum Step {
    Set(&'static [u32]),
    Fail,
    Panic,
    Wait(Duration),
}

struct Scripted(VecDeque<Step>);

impl Discovery for Scripted {
    async fn next(&mut self) -> Result<Option<BackendSet>, DiscoveryError> {
        loop {
            match self.0.pop_front() {
                Some(Step::Set(weights)) => return Ok(Some(set(weights))),
                Some(Step::Fail) => return Err(DiscoveryError::Failed("told to fail".into())),
                Some(Step::Panic) => panic!("told to panic"),
                Some(Step::Wait(time)) => tokio::time::sleep(time).await,
                None => return Ok(None),
            }
        }
    }
}

fn exact() -> DiscoveryConfig {
    DiscoveryConfig { jitter_percent: 0, ..DiscoveryConfig::default() }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_fails_or_panics_leaves_the_last_set_and_is_asked_again() {
    let balancer = Arc::new(Balancer::new(BackendSet::empty(), RoundRobin::new()));
    let steps = [Step::Set(&[1, 1]), Step::Fail, Step::Panic, Step::Fail, Step::Set(&[1, 1, 1]), Step::Fail];
    let failures = Arc::new(AtomicUsize::new(0));
    let seen = (Arc::clone(&failures), Arc::clone(&balancer));
    let service =
        DiscoveryService::with_config(Arc::clone(&balancer), Scripted(steps.into()), exact()).on_error(move |_| {
            let (failures, balancer) = &seen;
            failures.fetch_add(1, Ordering::Relaxed);
            assert!(balancer.set().len() >= 2, "the last good set stays; and this panic must not matter: {failures:?}");
            panic!("callbacks may panic");
        });
    let trigger = DrainTrigger::new();
    let (drain, begun) = (trigger.subscribe(), Instant::now());
    let mut ready_at = None;
    let run = service.work(|| ready_at = Some(begun.elapsed()), drain);
    tokio::select! {
        () = run => panic!("it works until the drain"),
        () = tokio::time::sleep(Duration::from_secs(60)) => {}
    }
    assert_eq!(ready_at, Some(Duration::ZERO));
    assert_eq!(failures.load(Ordering::Relaxed), 4);
    assert_eq!(balancer.set().len(), 3);
}

#[tokio::test(start_paused = true)]
async fn pauses_grow_to_the_most_and_start_again_after_success() {
    let steps = (0..7).map(|_| Step::Fail).chain([Step::Set(&[1]), Step::Fail, Step::Set(&[1])]);
    let balancer = Arc::new(Balancer::new(BackendSet::empty(), RoundRobin::new()));
    let times = Arc::new(std::sync::Mutex::new(Vec::new()));
    let (seen, begun) = (Arc::clone(&times), Instant::now());
    let service = DiscoveryService::with_config(balancer, Scripted(steps.collect()), exact())
        .on_error(move |_| seen.lock().unwrap().push(begun.elapsed().as_secs()));
    let _ = tokio::time::timeout(Duration::from_secs(600), service.work(|| {}, Drain::never())).await;
    assert_eq!(*times.lock().unwrap(), [0, 1, 3, 7, 15, 31, 61, 91]);
}

#[tokio::test(start_paused = true)]
async fn it_is_ready_with_the_first_set_or_with_backends_from_elsewhere() {
    for (there, expected) in [(&[][..], Some(3)), (&[1], Some(0))] {
        let balancer = Arc::new(Balancer::new(set(there), RoundRobin::new()));
        let steps = [Step::Fail, Step::Wait(Duration::from_secs(2)), Step::Set(&[1, 1])];
        let service = DiscoveryService::with_config(balancer, Scripted(steps.into()), exact());
        let (begun, mut ready_at) = (Instant::now(), None);
        let run = service.work(|| ready_at = Some(begun.elapsed().as_secs()), Drain::never());
        let _ = tokio::time::timeout(Duration::from_secs(60), run).await;
        assert_eq!(ready_at, expected, "{there:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_the_drain_also_while_it_waits() {
    let trigger = DrainTrigger::new();
    let balancer = Arc::new(Balancer::new(BackendSet::empty(), RoundRobin::new()));
    let waits = Scripted([Step::Wait(Duration::from_secs(3_600))].into());
    let waiting = DiscoveryService::new(Arc::clone(&balancer), waits);
    let done = DiscoveryService::new(Arc::clone(&balancer), Static::new(set(&[1])));
    let begun = Instant::now();
    let (waiting, done) = (waiting.work(|| {}, trigger.subscribe()), done.work(|| {}, trigger.subscribe()));
    let stop = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        trigger.drain();
    };
    tokio::join!(waiting, done, stop);
    assert!(begun.elapsed() < Duration::from_secs(2));
    assert_eq!(balancer.set().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_selection_that_panics_at_a_set_leaves_the_last_one() {
    struct Picky;
    impl Select for Picky {
        type Plan = ();
        fn plan(&self, set: &BackendSet) {
            assert!(set.len() != 2, "told to panic");
        }
        fn select(&self, _plan: &(), _key: &[u8], candidates: &mut crate::select::Candidates<'_>) -> Option<usize> {
            (0..candidates.len()).find(|place| candidates.accepts(*place))
        }
    }
    let balancer = Arc::new(Balancer::new(set(&[1]), Picky));
    let steps = [Step::Set(&[1, 1]), Step::Wait(Duration::from_secs(5)), Step::Set(&[1, 1, 1])];
    let failures = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&failures);
    let service =
        DiscoveryService::with_config(Arc::clone(&balancer), Scripted(steps.into()), exact()).on_error(move |error| {
            assert!(matches!(error, DiscoveryError::Panicked) && seen.fetch_add(1, Ordering::Relaxed) == 0)
        });
    let work = service.work(|| {}, Drain::never());
    tokio::select! {
        () = work => panic!("it works until the drain"),
        () = tokio::time::sleep(Duration::from_secs(3)) => assert_eq!(balancer.set().len(), 1),
    }
    assert_eq!(failures.load(Ordering::Relaxed), 1);
    let work = service.work(|| {}, Drain::never());
    let _ = tokio::time::timeout(Duration::from_secs(9), work).await;
    assert_eq!(balancer.set().len(), 3, "and takes the next");
    assert!(balancer.pick(b"", |_| true).is_some());
}
