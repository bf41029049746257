use std::error::Error as _;
use std::sync::Mutex;
use std::sync::atomic::AtomicU32;

use tokio::runtime::Handle;
use tokio::time::Instant;

use super::*;
use crate::error::{Error, Result};
use crate::server::{Counters, Drain, DrainTrigger};

type Diary = Arc<Mutex<Vec<&'static str>>>;

/// Writes its name when it begins, and is ready after so many milliseconds.
fn noting(name: &'static str, ms: u64, diary: &Diary) -> Background {
    let diary = diary.clone();
    Background::new(name, move |ready: Ready, mut drain: Drain| {
        let diary = diary.clone();
        async move {
            diary.lock().unwrap().push(name);
            tokio::time::sleep(Duration::from_millis(ms)).await;
            ready.ready();
            drain.draining().await;
            Ok(())
        }
    })
}

async fn start_all(services: Vec<Background>, trigger: &DrainTrigger) -> Result<tokio::task::JoinSet<()>> {
    start(services, &Handle::current(), &trigger.subscribe(), &Arc::new(Counters::default())).await
}

#[tokio::test(start_paused = true)]
async fn services_begin_after_those_that_they_depend_upon() {
    let diary = Diary::default();
    let base = noting("base", 50, &diary);
    let left = noting("left", 30, &diary).after(base.id());
    let right = noting("right", 10, &diary).after(base.id());
    let top = noting("top", 0, &diary).after(left.id()).after(right.id());
    let (begun, trigger) = (Instant::now(), DrainTrigger::new());
    let mut tasks = start_all(vec![top, left, right, base], &trigger).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_millis(80));
    let diary = diary.lock().unwrap().clone();
    assert_eq!((diary[0], diary[3]), ("base", "top"));
    trigger.drain();
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn service_that_gives_up_before_it_is_ready_is_named_and_its_dependents_do_not_begin() {
    let diary = Diary::default();
    let broken = Background::new("broken", async |ready: Ready, _: Drain| {
        drop(ready);
        std::future::pending().await
    });
    let dependent = noting("dependent", 0, &diary).after(broken.id());
    let error = start_all(vec![dependent, broken], &DrainTrigger::new()).await.unwrap_err();
    assert!(error.to_string().contains("`broken` failed before it was ready"), "{error}");
    assert!(diary.lock().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn panic_before_ready_fails_the_start() {
    let broken = Background::new("broken", async |_ready: Ready, _: Drain| panic!("at once"));
    let error = start_all(vec![broken], &DrainTrigger::new()).await.unwrap_err();
    assert!(error.to_string().contains("`broken`"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn service_that_takes_too_long_is_named() {
    let slow = noting("slow", 5_000, &Diary::default()).ready_within(Duration::from_secs(1));
    let begun = Instant::now();
    let error = start_all(vec![slow], &DrainTrigger::new()).await.unwrap_err();
    assert!(error.to_string().contains("`slow` was not ready in time"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn dependencies_that_cannot_be_met_fail_the_start() {
    let alone = noting("alone", 0, &Diary::default());
    let alone = {
        let id = alone.id();
        alone.after(id)
    };
    let error: Error = start_all(vec![alone], &DrainTrigger::new()).await.unwrap_err();
    let source = error.source().unwrap().downcast_ref::<DependencyError>();
    assert_eq!(source, Some(&DependencyError::Itself("alone".into())));
}

#[tokio::test(start_paused = true)]
async fn panics_and_errors_after_ready_are_followed_by_another_run_after_a_pause() {
    let runs = Arc::new(AtomicU32::new(0));
    let counted = runs.clone();
    let shaky = Background::new("shaky", move |ready: Ready, mut drain: Drain| {
        let run = counted.fetch_add(1, Ordering::SeqCst);
        async move {
            ready.ready();
            match run {
                0 => panic!("first run"),
                1 => Err("second run".into()),
                _ => {
                    drain.draining().await;
                    Ok(())
                }
            }
        }
    });
    let (trigger, counters) = (DrainTrigger::new(), Arc::new(Counters::default()));
    let begun = Instant::now();
    let mut tasks = start(vec![shaky], &Handle::current(), &trigger.subscribe(), &counters).await.unwrap();
    while runs.load(Ordering::SeqCst) < 3 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // 100 ms after the first failure, 200 ms after the second.
    assert!((300..500).contains(&begun.elapsed().as_millis()), "{:?}", begun.elapsed());
    assert_eq!((counters.panics.read(), counters.background_restarts.read()), (1, 2));
    trigger.drain();
    tasks.join_next().await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn service_that_ends_well_is_not_begun_again() {
    let runs = Arc::new(AtomicU32::new(0));
    let counted = runs.clone();
    let once = Background::new("once", move |ready: Ready, _: Drain| {
        counted.fetch_add(1, Ordering::SeqCst);
        ready.ready();
        std::future::ready(Ok(()))
    });
    let mut tasks = start_all(vec![once], &DrainTrigger::new()).await.unwrap();
    tasks.join_next().await.unwrap().unwrap();
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}
