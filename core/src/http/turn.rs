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
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::runtime::Handle;

/// Exchanges begun between two looks at the sockets. Eight to 64 measure alike; what they hold fits into a core's own cache.
const MOST: u32 = 32;

thread_local! {
    static LINE: RefCell<Option<Arc<Line>>> = const { RefCell::new(None) };
}

/// Those who wait on one thread. It is over when the task that lets them in ends, with its runtime.
#[derive(Debug, Default)]
struct Line {
    /// How many may begin before the next look at the sockets.
    free: AtomicU32,
    is_over: AtomicBool,
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
        let begins = LINE.with_borrow_mut(|line| {
            if line.as_ref().is_none_or(|line| line.is_over.load(Ordering::Relaxed)) {
                *line = form_line();
            }
            line.as_ref().is_none_or(|line| line.begins(cx.waker()))
        });
        if begins {
            return Poll::Ready(());
        }
        *self = Self::Waiting;
        Poll::Pending
    }
}

/// A line for this thread; `None` outside a runtime, where there is nobody to let anybody in.
fn form_line() -> Option<Arc<Line>> {
    let runtime = Handle::try_current().ok()?;
    let line = Arc::new(Line { free: AtomicU32::new(MOST), ..Line::default() });
    runtime.spawn(keep_door(Doorkeeper(Arc::clone(&line))));
    Some(line)
}

impl Line {
    /// Whether who asks may begin at once; otherwise it is in the line now.
    fn begins(&self, waker: &Waker) -> bool {
        // Only the doorkeeper adds to it, and what is lost between the two only makes a line shorter.
        let free = self.free.load(Ordering::Relaxed);
        if free > 0 {
            self.free.store(free - 1, Ordering::Relaxed);
            return true;
        }
        let doorkeeper = {
            let mut state = self.state();
            // The doorkeeper, when it goes, sees to those who are in the line by then.
            if self.is_over.load(Ordering::Relaxed) {
                return true;
            }
            state.waiting.push_back(waker.clone());
            state.doorkeeper.take()
        };
        if let Some(doorkeeper) = doorkeeper {
            doorkeeper.wake();
        }
        false
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

/// Who lets in. When it is gone, nobody has to wait any more.
struct Doorkeeper(Arc<Line>);

impl Drop for Doorkeeper {
    fn drop(&mut self) {
        let waiting = {
            let mut state = self.0.state();
            self.0.is_over.store(true, Ordering::Relaxed);
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// Yielding goes to the back of everything: the runtime looks at the sockets first.
async fn keep_door(keeper: Doorkeeper) {
    let line = &keeper.0;
    loop {
        poll_fn(|cx| line.poll_needed(cx)).await;
        tokio::task::yield_now().await;
        line.let_in();
    }
}

#[cfg(test)]
mod tests;
