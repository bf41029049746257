//! Gather before you write: a connection that many streams share waits until those that are ready now have said what they have to say.
//!
//! Each stream is a task, and the first that pushes a frame wakes the task that drives the connection. If that wrote at once, each response
//! would be a record of TLS and a system call of its own. So it lets one pass of the scheduler go by: what became ready in the same look at
//! the sockets then goes out together.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

/// Whether a pass of the scheduler is waited for, and with what.
#[derive(Debug, Default)]
pub(super) struct Gather {
    pass: Option<Arc<Pass>>,
    is_waiting: bool,
}

/// One pass of the scheduler. It is told apart from all else that wakes the task meanwhile.
#[derive(Debug)]
struct Pass {
    is_over: AtomicBool,
    task: Mutex<Waker>,
}

impl Gather {
    /// Ready one pass of the scheduler after it was asked first; at once if nobody else has anything to say. Then it begins anew.
    pub(super) fn poll(&mut self, cx: &Context<'_>, others: Others) -> Poll<()> {
        match &self.pass {
            Some(pass) if self.is_waiting => {
                if !pass.is_over.load(Ordering::Acquire) {
                    pass.wakes(cx.waker());
                    return Poll::Pending;
                }
                self.is_waiting = false;
                Poll::Ready(())
            }
            _ if others == Others::None => Poll::Ready(()),
            _ => {
                self.begin(cx.waker());
                self.is_waiting = true;
                Poll::Pending
            }
        }
    }

    /// Yielding goes to the back of everything.
    fn begin(&mut self, task: &Waker) {
        let pass = self
            .pass
            .get_or_insert_with(|| Arc::new(Pass { is_over: AtomicBool::new(false), task: Mutex::new(task.clone()) }));
        pass.is_over.store(false, Ordering::Release);
        pass.wakes(task);
        let waker = Waker::from(Arc::clone(pass));
        let yielded = pin!(tokio::task::yield_now()).poll(&mut Context::from_waker(&waker));
        if yielded.is_ready() {
            waker.wake();
        }
    }
}

/// Whether others than the one that woke the task may have something to say too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Others {
    None,
    Some,
}

impl Pass {
    fn wakes(&self, task: &Waker) {
        self.task.lock().unwrap_or_else(PoisonError::into_inner).clone_from(task);
    }
}

impl Wake for Pass {
    fn wake(self: Arc<Self>) {
        self.is_over.store(true, Ordering::Release);
        self.task.lock().unwrap_or_else(PoisonError::into_inner).wake_by_ref();
    }
}

#[cfg(test)]
mod tests;
