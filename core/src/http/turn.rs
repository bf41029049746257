//! Finish before you begin: how many exchanges a thread begins before it looks at its sockets again.
//!
//! What an exchange needs (a worker, buffers, an upstream connection) is warm while few are under way. With a thousand clients asking at
//! once, a first-come order would begin all their requests before it reads the first answer, and every step of each would find its memory
//! cold. So a thread begins [`MOST`], then looks at its sockets, where answers to those may have come, and only then begins more: in the
//! order in which they asked. Nobody is served twice before another is served once, and nobody waits while there is nothing else to do.
//!
//! The waiting line belongs to a thread. A task, asleep while nobody waits, lets the next ones in after each look at the sockets; that the
//! line is reached through the task and not through the thread alone is what lets others steal those it woke.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use tokio::runtime::Handle;

/// Exchanges begun between two looks at the sockets. Eight to 64 measure alike; what they hold fits into a core's own cache.
const MOST: u32 = 32;

thread_local! {
    static LINE: RefCell<Weak<Line>> = const { RefCell::new(Weak::new()) };
}

/// Those who wait on one thread. Kept alive by the task that lets them in, so that it goes away with its runtime.
#[derive(Debug, Default)]
struct Line {
    /// How many may begin before the next look at the sockets.
    free: AtomicU32,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Waker>,
    /// The task that lets them in, while it sleeps.
    doorkeeper: Option<Waker>,
}

/// A connection's place in the line.
#[derive(Debug, Default)]
pub(super) enum Turn {
    #[default]
    Outside,
    Waiting,
}

impl Turn {
    /// Ready when an exchange may begin. A connection that is polled for another reason while it waits may begin early.
    pub(super) fn poll(&mut self, cx: &Context<'_>) -> Poll<()> {
        if matches!(std::mem::take(self), Self::Waiting) {
            return Poll::Ready(());
        }
        let Some(line) = line() else { return Poll::Ready(()) };
        // Only the doorkeeper adds to it, and what is lost between the two only makes a line shorter.
        let free = line.free.load(Ordering::Relaxed);
        if free > 0 {
            line.free.store(free - 1, Ordering::Relaxed);
            return Poll::Ready(());
        }
        line.wait(cx.waker());
        *self = Self::Waiting;
        Poll::Pending
    }
}

/// This thread's line; `None` outside a runtime, where there is nobody to let anybody in.
fn line() -> Option<Arc<Line>> {
    LINE.with_borrow_mut(|known| {
        if let Some(line) = known.upgrade() {
            return Some(line);
        }
        let runtime = Handle::try_current().ok()?;
        let line = Arc::new(Line { free: AtomicU32::new(MOST), state: Mutex::default() });
        *known = Arc::downgrade(&line);
        runtime.spawn(keep_door(Arc::clone(&line)));
        Some(line)
    })
}

impl Line {
    fn wait(&self, waker: &Waker) {
        let doorkeeper = {
            let mut state = self.state();
            state.waiting.push_back(waker.clone());
            state.doorkeeper.take()
        };
        if let Some(doorkeeper) = doorkeeper {
            doorkeeper.wake();
        }
    }

    /// Lets the next ones in, and the rest of [`MOST`] without waiting.
    fn let_in(&self) {
        let mut left = MOST;
        while left > 0 {
            let Some(next) = self.state().waiting.pop_front() else { break };
            next.wake();
            left -= 1;
        }
        self.free.store(left, Ordering::Relaxed);
    }

    fn poll_needed(&self, cx: &Context<'_>) -> Poll<()> {
        let mut state = self.state();
        if state.waiting.is_empty() {
            state.doorkeeper = Some(cx.waker().clone());
            return Poll::Pending;
        }
        Poll::Ready(())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Yielding goes to the back of everything: the runtime looks at the sockets first.
async fn keep_door(line: Arc<Line>) {
    loop {
        poll_fn(|cx| line.poll_needed(cx)).await;
        tokio::task::yield_now().await;
        line.let_in();
    }
}

#[cfg(test)]
mod tests;
