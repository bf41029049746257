//! Virtual time: for tests with `#[tokio::test(start_paused = true)]`.
//!
//! A paused clock jumps to the next timer as soon as nothing else can run, so a test may wait an hour at no cost.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, timeout};

/// How long a test waits, on its own clock, for what should happen at once. Shorter than any default timeout of the proxy: what stands still until a
/// timeout comes to the rescue fails the test that did not ask for it.
pub const AT_ONCE: Duration = Duration::from_millis(1500);

/// Longer than any default timeout of the proxy.
pub const PATIENCE: Duration = Duration::from_secs(6 * 3600);

tokio::task_local! {
    static MOST: Duration;
}

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

/// What a future gives, and how long it took on the test's clock, which is for the test to judge: whatever is waited for in it has [`PATIENCE`].
pub async fn took<F: Future>(future: F) -> (F::Output, Duration) {
    let since = Instant::now();
    let output = within(PATIENCE, future).await;
    (output, since.elapsed())
}

/// Whatever is waited for in this future may take so long, on the test's clock: for what should happen only when a timeout or a pause is over.
pub async fn within<F: Future>(most: Duration, future: F) -> F::Output {
    MOST.scope(most, future).await
}

/// Waits for something that must happen: within [`AT_ONCE`], or what [`within`] says.
///
/// Where the clock is not paused, a busy machine may take longer, and is waited for.
///
/// # Panics
/// It has not happened by then; says what.
pub async fn must<F: Future>(what: &str, future: F) -> F::Output {
    let most = MOST.try_with(|most| *most).unwrap_or(AT_ONCE);
    let (since, mut future) = (std::time::Instant::now(), pin!(future));
    if let Ok(output) = timeout(most, future.as_mut()).await {
        return output;
    }
    let is_paused = since.elapsed() < most / 2;
    if !is_paused && let Ok(output) = timeout(PATIENCE, future).await {
        return output;
    }
    panic!("waited in vain for {most:?}: {what}")
}
