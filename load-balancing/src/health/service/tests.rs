use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use simplon_core::server::DrainTrigger;
use tokio::task::JoinHandle;
use tokio::time::{advance, sleep};

use super::*;
use crate::balancer::{BalancerConfig, Outcome};
use crate::select::RoundRobin;
use crate::set::BackendSet;
use crate::testing::{Script, Scripted, backend, sequence, set};

/// A service at work.
struct Running {
    balancer: Arc<Balancer>,
    check: Scripted,
    ready: Arc<AtomicBool>,
    trigger: DrainTrigger,
    task: JoinHandle<()>,
    changes: Arc<Mutex<Vec<String>>>,
}

impl Running {
    fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Relaxed)
    }

    fn ready_backends(&self) -> Vec<bool> {
        self.balancer.status().iter().map(|status| status.is_ready).collect()
    }

    fn changes(&self) -> Vec<String> {
        std::mem::take(&mut *self.changes.lock().unwrap())
    }

    async fn stop(self) {
        self.trigger.drain();
        self.task.await.unwrap();
        assert_eq!(self.check.under_way(), 0, "no look is left behind");
    }
}

fn exact() -> HealthConfig {
    HealthConfig { jitter_percent: 0, ..HealthConfig::default() }
}

fn start(balancer: Balancer, check: &Scripted, config: HealthConfig) -> Running {
    let balancer = Arc::new(balancer);
    let changes = Arc::new(Mutex::new(Vec::new()));
    let told = Arc::clone(&changes);
    let service = HealthService::with_config(Arc::clone(&balancer), check.clone(), config).on_change(move |change| {
        let reason = change.reason.map(|reason| format!(": {reason}")).unwrap_or_default();
        told.lock().unwrap().push(format!("{} {:?}{reason}", change.backend, change.health));
    });
    let (ready, trigger) = (Arc::new(AtomicBool::new(false)), DrainTrigger::new());
    let (flag, drain) = (Arc::clone(&ready), trigger.subscribe());
    let task = tokio::spawn(async move { service.work(|| flag.store(true, Ordering::Relaxed), drain).await });
    Running { balancer, check: check.clone(), ready, trigger, task, changes }
}

fn plain(weights: &[u32]) -> Balancer {
    Balancer::new(set(weights), RoundRobin::new())
}

const LOOK: Duration = Duration::from_millis(2);

#[tokio::test(start_paused = true)]
async fn it_is_ready_after_everybody_was_looked_at_once() {
    let check = Scripted::new();
    check.tell(1, Script::Hangs);
    let running = start(plain(&[1, 1, 1]), &check, exact());
    sleep(Duration::from_secs(9)).await;
    assert!(!running.is_ready(), "one look is still under way");
    sleep(Duration::from_secs(2)).await;
    assert!(running.is_ready());
    assert_eq!(running.ready_backends(), [true, false, true]);
    assert_eq!(running.changes(), ["192.0.2.1:2 Unhealthy: no answer within 10s"]);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_empty_set_is_ready_at_once_and_newcomers_are_looked_at_at_once() {
    let check = Scripted::new();
    check.tell(0, Script::Fails);
    let running = start(Balancer::new(BackendSet::empty(), RoundRobin::new()), &check, exact());
    sleep(LOOK).await;
    assert!(running.is_ready());
    running.balancer.update(set(&[1, 1]));
    sleep(LOOK).await;
    assert_eq!(running.ready_backends(), [false, true]);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn thresholds_decide_when_a_verdict_changes_and_a_return_is_noticed_soon() {
    let check = Scripted::new();
    let mut config = exact();
    config.thresholds = Thresholds { healthy: 2.try_into().unwrap(), unhealthy: 3.try_into().unwrap() };
    let running = start(plain(&[1, 1]), &check, config);
    sleep(LOOK).await;
    check.tell(0, Script::Fails);
    sleep(Duration::from_secs(5) + LOOK).await; // the first failure, in its turn; the next ones follow each second
    assert_eq!(running.ready_backends(), [true, true]);
    sleep(Duration::from_millis(2_010)).await;
    assert_eq!(running.ready_backends(), [false, true]);
    assert_eq!(sequence(&running.balancer, 2), "bb");
    assert_eq!(running.changes(), ["192.0.2.1:1 Unhealthy: told to fail"]);
    check.tell(0, Script::Works);
    sleep(Duration::from_millis(1_010)).await;
    assert_eq!(running.ready_backends(), [false, true]);
    sleep(Duration::from_millis(1_010)).await;
    assert_eq!(running.ready_backends(), [true, true]);
    assert_eq!(running.changes(), ["192.0.2.1:1 Healthy"]);
    assert_eq!(running.balancer.status()[0].last_failure.as_deref(), Some("told to fail"));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn unhealthy_until_checked_needs_one_good_look_whatever_the_threshold() {
    let check = Scripted::new();
    check.tell(1, Script::Fails);
    let mut config = exact();
    config.thresholds.healthy = 3.try_into().unwrap();
    let balancer_config = BalancerConfig { initial: Health::Unhealthy, ..BalancerConfig::default() };
    let balancer = Balancer::with_config(set(&[1, 1]), RoundRobin::new(), balancer_config);
    let running = start(balancer, &check, config);
    assert_eq!(running.ready_backends(), [false, false]);
    sleep(LOOK).await;
    assert_eq!(running.ready_backends(), [true, false]);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_panic_in_a_check_fails_that_look_and_no_other() {
    let check = Scripted::new();
    check.tell(1, Script::Panics);
    let running = start(plain(&[1, 1, 1]), &check, exact());
    sleep(LOOK).await;
    assert!(running.is_ready());
    assert_eq!(running.ready_backends(), [true, false, true]);
    assert_eq!(running.changes(), ["192.0.2.1:2 Unhealthy: the check panicked"]);
    check.tell(1, Script::Works);
    sleep(Duration::from_millis(1_010)).await;
    assert_eq!(running.ready_backends(), [true; 3], "looked at again after the panic");
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_found_out_changes_nothing() {
    let check = Scripted::new();
    check.tell(0, Script::CannotTell);
    let running = start(plain(&[1]), &check, exact());
    sleep(Duration::from_secs(10)).await;
    assert!(running.is_ready() && check.looks(0) > 5);
    assert_eq!(running.ready_backends(), [true]);
    assert!(running.changes().is_empty());
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn looks_at_a_time_are_bounded_and_nobody_is_forgotten() {
    let check = Scripted::new();
    let mut config = exact();
    config.parallel = NonZeroUsize::new(4).unwrap();
    let running = start(plain(&[1; 50]), &check, config);
    sleep(Duration::from_secs(1)).await;
    assert!(running.is_ready());
    assert!((0..50).all(|place| check.looks(place) == 1));
    assert_eq!(check.most_under_way(), 4);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn hanging_looks_at_some_do_not_starve_the_others() {
    let check = Scripted::new();
    check.tell(0, Script::Hangs);
    let mut config = exact();
    config.parallel = NonZeroUsize::new(2).unwrap();
    let running = start(plain(&[1, 1, 1, 1]), &check, config);
    sleep(Duration::from_secs(8)).await;
    assert!((1..4).all(|place| check.looks(place) == 2), "while the first still hangs");
    assert_eq!(check.looks(0), 1);
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_leaves_during_its_look_is_fine_and_comes_back_as_another() {
    let check = Scripted::new();
    check.tell(0, Script::Hangs);
    let running = start(plain(&[1, 1]), &check, exact());
    sleep(LOOK).await;
    assert_eq!(check.under_way(), 1);
    running.balancer.update([backend(1)].into_iter().collect());
    sleep(LOOK).await;
    assert_eq!(check.under_way(), 0, "the look was given up");
    assert!(running.is_ready());
    check.tell(0, Script::Works);
    running.balancer.update(set(&[1, 1]));
    sleep(LOOK).await;
    assert_eq!(check.looks(0), 2);
    sleep(Duration::from_secs(20)).await;
    assert_eq!(running.ready_backends(), [true, true]);
    assert!(running.changes().is_empty());
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_failed_request_has_its_backend_looked_at_before_its_turn_but_not_in_a_volley() {
    let check = Scripted::new();
    let config = HealthConfig { interval: Duration::from_secs(3_600), ..exact() };
    let running = start(plain(&[1, 1]), &check, config);
    sleep(Duration::from_secs(100)).await;
    check.tell(0, Script::Fails);
    for _ in 0..1_000 {
        running.balancer.report(&backend(0), Outcome::Failed);
    }
    sleep(LOOK).await;
    assert_eq!(running.ready_backends(), [false, true]);
    assert_eq!((check.looks(0), check.looks(1)), (2, 1));
    check.tell(0, Script::Works);
    sleep(Duration::from_millis(1_010)).await;
    assert_eq!(running.ready_backends(), [true, true]);
    for _ in 0..20 {
        running.balancer.report(&backend(1), Outcome::Failed);
        advance(Duration::from_millis(50)).await;
    }
    sleep(LOOK).await;
    assert!(check.looks(1) <= 3, "at most once a second: {}", check.looks(1));
    running.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_callback_that_panics_does_not_stop_the_service() {
    let check = Scripted::new();
    check.tell(0, Script::Fails);
    let balancer = Arc::new(plain(&[1, 1]));
    let service = HealthService::with_config(Arc::clone(&balancer), check.clone(), exact())
        .on_change(|_| panic!("callbacks may panic"));
    let run = service.work(|| {}, Drain::never());
    assert!(tokio::time::timeout(Duration::from_secs(20), run).await.is_err(), "still at work");
    assert!(check.looks(0) > 10 && check.looks(1) >= 4);
    assert_eq!(sequence(&balancer, 2), "bb");
}

#[tokio::test(start_paused = true)]
async fn looks_are_spread_by_jitter() {
    let check = Scripted::new();
    let config = HealthConfig { jitter_percent: 50, ..HealthConfig::default() };
    let running = start(plain(&[1; 40]), &check, config);
    sleep(Duration::from_secs(5)).await;
    let early = (0..40).filter(|place| check.looks(*place) >= 2).count();
    assert!((5..36).contains(&early), "{early} of 40 before the middle");
    running.stop().await;
}
