//! The task that sleeps until the earliest tick of its runtime and wakes who waits for it.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::runtime::Id;
use tokio::time::{Instant, Sleep};

use super::{Key, Turn, Wheel, registry};

/// Lives exactly as long as its runtime drives tasks; its end closes the wheel.
#[derive(Debug)]
pub(super) struct Driver {
    wheel: Arc<Wheel>,
    runtime: Id,
    sleep: Pin<Box<Sleep>>,
}

impl Driver {
    /// `sleep` is made by the caller, so that a runtime without a clock is noticed there and not in a task.
    pub(super) fn new(wheel: Arc<Wheel>, runtime: Id, sleep: Pin<Box<Sleep>>) -> Self {
        Self { wheel, runtime, sleep }
    }
}

impl Future for Driver {
    type Output = Infallible;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Infallible> {
        loop {
            let Turn { due, next } = self.wheel.turn(Instant::now(), cx.waker());
            wake_all(due);
            let Some(next) = next else {
                return Poll::Pending;
            };
            self.sleep.as_mut().reset(next);
            if self.sleep.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        registry::forget(self.runtime, &self.wheel);
        wake_all(self.wheel.close());
    }
}

/// A waker that panics is somebody's bug, and must not take the timers of everybody else with it.
fn wake_all(due: BTreeMap<Key, Waker>) {
    for waker in due.into_values() {
        let _ = catch_unwind(AssertUnwindSafe(|| waker.wake()));
    }
}
