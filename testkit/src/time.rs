//! Virtual time: for tests with `#[tokio::test(start_paused = true)]`.
//!
//! A paused clock jumps to the next timer as soon as nothing else can run, so a test may wait an hour at no cost.

use std::future::Future;
use std::time::Duration;

use tokio::time::Instant;

/// How long a test waits, on its own clock, for something that should happen. Longer than any default timeout of the proxy.
pub const PATIENCE: Duration = Duration::from_secs(6 * 3600);

/// Lets every task run until none can go on, without the clock moving.
pub async fn settle() {
    // A wake-up may cause another; no chain in the proxy is near as long as this.
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}

/// Lets the clock move on by so much, and every timer on the way do its work.
pub async fn pass(duration: Duration) {
    tokio::time::sleep(duration).await;
    settle().await;
}

/// What a future gives, and how long it took on the test's clock.
pub async fn took<F: Future>(future: F) -> (F::Output, Duration) {
    let since = Instant::now();
    let output = future.await;
    (output, since.elapsed())
}

/// Waits for something that must happen. Fails the test, naming it, if it has not happened when nothing else can any more.
pub async fn must<F: Future>(what: &str, future: F) -> F::Output {
    match tokio::time::timeout(PATIENCE, future).await {
        Ok(output) => output,
        Err(_) => panic!("waited in vain: {what}"),
    }
}
