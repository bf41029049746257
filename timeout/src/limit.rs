//! Another future with a limit on its time.

use std::error::Error;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use tokio::time::Instant;

use crate::Timer;

/// Gives `future` at most `limit`, counted from when it first has to wait.
///
/// Shape:   a future that is ready at once never touches the clock. It is polled before the clock is looked at, so
///          a result that is there counts even if it is late. `Duration::MAX` is no limit.
/// Units:   coarse: at most one [`TICK`](crate::TICK) too long, never too short.
/// Errors:  [`Elapsed`] when the time is over; `future` is dropped with the [`Timeout`].
/// Cancel:  as `future` itself.
pub fn timeout<F: IntoFuture>(limit: Duration, future: F) -> Timeout<F::IntoFuture> {
    Timeout { future: future.into_future(), limit: Limit::Within(limit), timer: Timer::new() }
}

/// Gives `future` until `deadline`. Otherwise as [`timeout`].
pub fn timeout_at<F: IntoFuture>(deadline: Instant, future: F) -> Timeout<F::IntoFuture> {
    Timeout { future: future.into_future(), limit: Limit::Until(Some(deadline)), timer: Timer::new() }
}

pin_project! {
    /// The future of [`timeout`] and [`timeout_at`].
    ///
    /// # Panics
    /// When it has to wait outside a tokio runtime.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless they are polled"]
    pub struct Timeout<F> {
        #[pin]
        future: F,
        limit: Limit,
        timer: Timer,
    }
}

impl<F: Future> Future for Timeout<F> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        match this.future.poll(cx) {
            Poll::Ready(output) => Poll::Ready(Ok(output)),
            Poll::Pending => this.limit.poll_expired(cx, this.timer).map(|()| Err(Elapsed(()))),
        }
    }
}

#[derive(Clone, Copy, Debug)]
enum Limit {
    Within(Duration),
    /// `None` is never.
    Until(Option<Instant>),
}

impl Limit {
    fn poll_expired(&mut self, cx: &mut Context<'_>, timer: &mut Timer) -> Poll<()> {
        match *self {
            Self::Until(deadline) => timer.poll_expired(cx, deadline),
            Self::Within(limit) => self.begin(limit, cx, timer),
        }
    }

    fn begin(&mut self, limit: Duration, cx: &Context<'_>, timer: &mut Timer) -> Poll<()> {
        let now = Instant::now();
        let deadline = now.checked_add(limit);
        *self = Self::Until(deadline);
        deadline.map_or(Poll::Pending, |deadline| timer.poll_at(cx, now, deadline))
    }
}

/// The time was over first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Elapsed(());

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("deadline has elapsed")
    }
}

impl Error for Elapsed {}

impl From<Elapsed> for io::Error {
    fn from(elapsed: Elapsed) -> Self {
        Self::new(io::ErrorKind::TimedOut, elapsed)
    }
}

#[cfg(test)]
mod tests;
