//! Waiting for a moment, and for nothing else.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::time::Instant;

use crate::Timer;

/// Waits for `duration` from now on; a duration beyond what the clock can show is for ever.
///
/// Units:   coarse: at most one [`TICK`](crate::TICK) too long, never too short.
/// Cancel:  nothing is lost, nothing is left behind.
pub fn sleep(duration: Duration) -> Sleep {
    Sleep { deadline: Instant::now().checked_add(duration), timer: Timer::new() }
}

/// Waits until `deadline`. Otherwise as [`sleep`].
pub fn sleep_until(deadline: Instant) -> Sleep {
    Sleep { deadline: Some(deadline), timer: Timer::new() }
}

/// The future of [`sleep`] and [`sleep_until`].
///
/// # Panics
/// When it has to wait outside a tokio runtime.
#[derive(Debug)]
#[must_use = "futures do nothing unless they are polled"]
pub struct Sleep {
    deadline: Option<Instant>,
    timer: Timer,
}

impl Sleep {
    /// When it ends; `None` is never.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }

    /// Moves the end, also of a sleep that is over. Later is free, earlier takes effect at the next poll.
    pub fn reset(&mut self, deadline: Instant) {
        self.deadline = Some(deadline);
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { deadline, timer } = self.get_mut();
        timer.poll_expired(cx, *deadline)
    }
}

#[cfg(test)]
mod tests;
