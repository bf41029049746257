use std::future::{pending, ready};
use std::io;
use std::time::Duration;

use tokio::time::Instant;

use super::{Limit, timeout, timeout_at};
use crate::{TICK, armed, sleep};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_future_that_is_ready_needs_no_runtime() {
    let mut ready = std::pin::pin!(timeout(SECOND, ready(7)));
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    assert_eq!(ready.as_mut().poll(&mut cx), std::task::Poll::Ready(Ok(7)));
    assert!(matches!(ready.limit, Limit::Within(SECOND)), "the clock was not read");
}

#[tokio::test(start_paused = true)]
async fn a_future_that_waits_too_long_is_cut_off_within_a_tick() {
    let start = Instant::now();
    let elapsed = timeout(SECOND, pending::<()>()).await.unwrap_err();
    assert!(start.elapsed() >= SECOND && start.elapsed() <= SECOND + TICK + Duration::from_millis(1));
    assert_eq!(io::Error::from(elapsed).kind(), io::ErrorKind::TimedOut);
    assert_eq!(armed(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_future_in_time_gives_its_output_and_leaves_nothing_behind() {
    let output = timeout(3 * SECOND, async {
        sleep(SECOND).await;
        assert_eq!(armed(), 1);
        7
    });
    assert_eq!(output.await, Ok(7));
    assert_eq!(armed(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_dropped_timeout_leaves_nothing_behind() {
    let task = tokio::spawn(timeout(SECOND, pending::<()>()));
    tokio::task::yield_now().await;
    assert_eq!(armed(), 1);
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    assert_eq!(armed(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_result_that_is_there_counts_even_after_the_deadline() {
    let deadline = Instant::now();
    tokio::time::advance(SECOND).await;
    assert_eq!(timeout_at(deadline, ready(7)).await, Ok(7));
    assert!(timeout_at(deadline, pending::<()>()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn no_limit_is_no_limit() {
    let year = 365 * 86_400 * SECOND;
    for limit in [Duration::MAX, Duration::MAX / 2] {
        assert_eq!(timeout(limit, async { sleep(year).await }).await, Ok(()));
    }
}

#[tokio::test(start_paused = true)]
async fn no_time_is_enough_for_what_is_ready_and_for_nothing_else() {
    assert_eq!(timeout(Duration::ZERO, ready(7)).await, Ok(7));
    assert!(timeout(Duration::ZERO, tokio::task::yield_now()).await.is_err());
}
