use std::future::{pending, poll_fn};
use std::time::Duration;

use super::*;

#[tokio::test]
async fn who_waits_for_its_peer_holds_no_place() {
    let places = Arc::new(Semaphore::new(1));
    let silent: Vec<_> = (0..100)
        .map(|_| {
            let (places, seen) = (places.clone(), places.clone());
            let first = async move { assert_eq!(seen.available_permits(), 0, "it computes") };
            tokio::spawn(InPlace::new(places, Box::pin(async { (first.await, pending::<()>().await) })))
        })
        .collect();
    tokio::task::yield_now().await;
    assert_eq!(places.available_permits(), 1);
    assert_eq!(InPlace::new(places.clone(), Box::pin(async { 7 })).await, 7);
    assert_eq!(places.available_permits(), 1);
    assert!(silent.iter().all(|task| !task.is_finished()));
}

#[tokio::test(start_paused = true)]
async fn who_finds_no_place_waits_its_turn() {
    let places = Arc::new(Semaphore::new(1));
    let held = places.clone().acquire_owned().await.unwrap();
    let waiting = tokio::spawn(InPlace::new(places.clone(), Box::pin(async { 7 })));
    let dropped =
        tokio::time::timeout(Duration::from_secs(1), InPlace::new(places.clone(), Box::pin(async { 8 }))).await;
    assert!(dropped.is_err() && !waiting.is_finished());
    drop(held);
    assert_eq!(waiting.await.unwrap(), 7);
    assert_eq!(places.available_permits(), 1, "the one that was dropped left no trace");
}

#[tokio::test]
async fn each_time_it_goes_on_it_takes_a_place() {
    let places = Arc::new(Semaphore::new(1));
    let (seen, mut times) = (places.clone(), 0);
    let computing = poll_fn(move |cx| {
        assert_eq!(seen.available_permits(), 0);
        times += 1;
        cx.waker().wake_by_ref();
        if times < 3 { Poll::Pending } else { Poll::Ready(times) }
    });
    assert_eq!(InPlace::new(places, Box::pin(computing)).await, 3);
}
