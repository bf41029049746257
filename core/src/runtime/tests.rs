use std::collections::HashSet;
use std::time::Duration;

use super::*;

#[test]
fn there_is_no_current_runtime_outside_of_one() {
    assert!(Runtime::current().is_err());
}

#[tokio::test]
async fn current_runtime_is_the_callers() {
    let runtime = Runtime::current().unwrap();
    assert_eq!(runtime.workers()[0].id(), Handle::current().id());
    assert_eq!(runtime.spawn(async { 1 }).await.unwrap(), 1);
}

#[test]
fn per_core_tasks_take_turns_on_named_threads() {
    let runtime = Runtime::new(Flavour::PerCore, 3, "turns").unwrap();
    assert_eq!(runtime.workers().len(), 3);
    let names: HashSet<String> = runtime.block_on(async {
        let mut names = HashSet::new();
        for _ in 0..6 {
            let name = || thread::current().name().unwrap().to_owned();
            names.insert(runtime.spawn(async move { name() }).await.unwrap());
        }
        names
    });
    assert_eq!(names, ["turns-0", "turns-1", "turns-2"].map(str::to_owned).into());
}

#[test]
fn both_flavours_have_timers_and_sockets() {
    for flavour in [Flavour::Stealing, Flavour::PerCore] {
        let runtime = Runtime::new(flavour, 0, "both").unwrap();
        runtime.block_on(async {
            tokio::time::sleep(Duration::from_millis(1)).await;
            runtime.spawn(tokio::net::TcpListener::bind("127.0.0.1:0")).await.unwrap().unwrap();
        });
    }
}

#[tokio::test]
async fn runtimes_may_be_dropped_in_async_code_and_their_tasks_end() {
    for flavour in [Flavour::Stealing, Flavour::PerCore] {
        let runtime = Runtime::new(flavour, 1, "dropped").unwrap();
        let (held, ended) = oneshot::channel::<()>();
        runtime.spawn(async move {
            let _held = held;
            std::future::pending::<()>().await;
        });
        drop(runtime);
        assert!(ended.await.is_err());
    }
}
