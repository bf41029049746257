use std::time::Duration;

use tokio::time::Instant;

use super::{sleep, sleep_until};
use crate::{TICK, armed, timeout};

#[tokio::test(start_paused = true)]
async fn a_sleep_lasts_its_duration_and_at_most_a_tick_more() {
    for millis in [1, 9, 10, 11, 250, 3_600_000] {
        let (start, duration) = (Instant::now(), Duration::from_millis(millis));
        sleep(duration).await;
        let slept = start.elapsed();
        assert!(slept >= duration && slept <= duration + TICK + Duration::from_millis(1), "{millis} ms: {slept:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_sleep_of_nothing_and_one_into_the_past_are_over_at_once() {
    let start = Instant::now();
    tokio::time::advance(Duration::from_secs(1)).await;
    let now = Instant::now();
    sleep(Duration::ZERO).await;
    sleep_until(start).await;
    assert_eq!(Instant::now(), now);
    assert_eq!(armed(), 0);
}

#[tokio::test(start_paused = true)]
async fn an_infinite_sleep_is_infinite() {
    assert_eq!(sleep(Duration::MAX).deadline(), None);
    assert!(timeout(Duration::from_secs(86_400 * 365), sleep(Duration::MAX)).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_sleep_can_be_moved_both_ways_and_started_again() {
    let start = Instant::now();
    let second = Duration::from_secs(1);
    let mut nap = sleep(5 * second);
    assert!(timeout(second, &mut nap).await.is_err());
    nap.reset(start + 2 * second);
    (&mut nap).await;
    assert_eq!(start.elapsed().as_secs(), 2);
    nap.reset(start + 9 * second);
    nap.await;
    assert_eq!(start.elapsed().as_secs(), 9);
}

#[tokio::test(start_paused = true)]
async fn sleeps_end_in_the_order_of_their_deadlines() {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    for millis in [300_u64, 100, 200, 40, 1] {
        let sender = sender.clone();
        tokio::spawn(async move {
            sleep(Duration::from_millis(millis)).await;
            sender.send(millis).unwrap();
        });
    }
    drop(sender);
    let mut order = Vec::new();
    while let Some(millis) = receiver.recv().await {
        order.push(millis);
    }
    assert_eq!(order, [1, 40, 100, 200, 300]);
}
