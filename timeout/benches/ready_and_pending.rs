//! What a deadline costs, beside `tokio::time`: nanoseconds per operation, best of five rounds.
#![expect(clippy::unwrap_used, reason = "a benchmark may stop")]

use std::future::{Future, ready};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use simplon_timeout::Timer;
use tokio::time::Instant;

const LIMIT: Duration = Duration::from_secs(60);

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async {
        futures().await;
        deadlines().await;
    });
}

async fn futures() {
    measure("ready future, tokio timeout", async || _ = black_box(tokio::time::timeout(LIMIT, ready(1)).await)).await;
    measure("ready future, ours", async || _ = black_box(simplon_timeout::timeout(LIMIT, ready(1)).await)).await;
    measure("pending once, no limit", async || Once::default().await).await;
    measure("pending once, tokio timeout", async || _ = black_box(tokio::time::timeout(LIMIT, Once::default()).await))
        .await;
    measure("pending once, ours", async || _ = black_box(simplon_timeout::timeout(LIMIT, Once::default()).await)).await;
}

/// One timer for a whole connection, and a deadline that moves later with each request.
async fn deadlines() {
    let mut cx = Context::from_waker(Waker::noop());
    let start = Instant::now() + LIMIT;
    let mut theirs = pin!(tokio::time::sleep_until(start));
    let mut deadline = start;
    measure("deadline moved later, tokio reset + poll", async || {
        deadline += Duration::from_millis(1);
        theirs.as_mut().reset(deadline);
        assert!(black_box(theirs.as_mut().poll(&mut cx)).is_pending());
    })
    .await;
    let mut ours = Timer::new();
    let mut deadline = start;
    measure("deadline moved later, ours", async || {
        deadline += Duration::from_millis(1);
        assert!(black_box(ours.poll_expired(&mut cx, Some(deadline))).is_pending());
    })
    .await;
    let mut ours = Timer::new();
    let mut deadline = start + Duration::from_secs(100_000);
    measure("deadline moved earlier, ours", async || {
        deadline -= Duration::from_millis(10);
        assert!(black_box(ours.poll_expired(&mut cx, Some(deadline))).is_pending());
    })
    .await;
}

async fn measure(what: &str, mut operation: impl AsyncFnMut()) {
    const ROUND: u32 = 200_000;
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let start = std::time::Instant::now();
        for _ in 0..ROUND {
            operation().await;
        }
        best = best.min(start.elapsed());
    }
    println!("{what:45} {:8.1} ns", best.as_secs_f64() * 1e9 / f64::from(ROUND));
    // The driver of the timers may have been woken meanwhile.
    tokio::task::yield_now().await;
}

/// Pending at the first poll, and woken at once.
#[derive(Default)]
struct Once(bool);

impl Future for Once {
    type Output = ();

    fn poll(mut self: std::pin::Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
