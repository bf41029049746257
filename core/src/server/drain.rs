//! How a connection learns that the server takes no new work.

use std::fmt;
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};

use super::slots::{Sharded, Ticket};

/// Held by each connection: whether the server drains, and a wake-up when it begins to.
///
/// Cost: [`Drain::is_draining`] is one load. [`Drain::poll_draining`] takes a lock the first time and whenever it is polled
/// by another task; otherwise it is the load and a comparison.
pub struct Drain {
    hub: Option<Arc<Hub>>,
    place: Option<Place>,
}

struct Place {
    ticket: Ticket,
    waker: Waker,
}

impl Drain {
    /// One that never drains.
    #[must_use]
    pub fn never() -> Self {
        Self { hub: None, place: None }
    }

    /// One with the trigger that begins the drain, for tests.
    #[must_use]
    pub fn pair() -> (DrainTrigger, Self) {
        let trigger = DrainTrigger::new();
        let drain = trigger.subscribe();
        (trigger, drain)
    }

    /// Whether the server drains: finish what was begun, begin nothing.
    #[inline]
    #[must_use]
    pub fn is_draining(&self) -> bool {
        self.hub.as_ref().is_some_and(|hub| hub.draining.load(Ordering::Acquire))
    }

    /// Ready once the server drains; the task is woken then.
    #[inline]
    pub fn poll_draining(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.is_draining() {
            return Poll::Ready(());
        }
        match &self.place {
            Some(place) if place.waker.will_wake(cx.waker()) => Poll::Pending,
            _ => self.register(cx.waker()),
        }
    }

    /// Waits until the server drains.
    ///
    /// Cancel: nothing is lost.
    pub async fn draining(&mut self) {
        poll_fn(|cx| self.poll_draining(cx)).await;
    }

    #[cold]
    fn register(&mut self, waker: &Waker) -> Poll<()> {
        let Some(hub) = &self.hub else { return Poll::Pending };
        let ticket = self.place.as_ref().map_or_else(|| hub.wakers.reserve(), |place| place.ticket);
        // The slot is ours until we leave it, so there is always room.
        let _ = hub.wakers.put(ticket, waker.clone());
        self.place = Some(Place { ticket, waker: waker.clone() });
        // The trigger sets the flag before it takes the locks: either it saw the waker, or we see the flag.
        if hub.draining.load(Ordering::Acquire) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Clone for Drain {
    /// Another handle, to be polled by another task.
    fn clone(&self) -> Self {
        Self { hub: self.hub.clone(), place: None }
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        if let (Some(hub), Some(place)) = (&self.hub, self.place.take()) {
            hub.wakers.leave(place.ticket);
        }
    }
}

impl fmt::Debug for Drain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drain").field("is_draining", &self.is_draining()).finish_non_exhaustive()
    }
}

/// Begins the drain of all the [`Drain`] handles that came from it.
#[derive(Clone)]
pub struct DrainTrigger(Arc<Hub>);

impl DrainTrigger {
    /// One without handles yet.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Hub { draining: AtomicBool::new(false), wakers: Sharded::new() }))
    }

    /// A handle.
    #[must_use]
    pub fn subscribe(&self) -> Drain {
        Drain { hub: Some(self.0.clone()), place: None }
    }

    /// Begins: wakes every task that waits. A second time does nothing.
    pub fn drain(&self) {
        if self.0.draining.swap(true, Ordering::AcqRel) {
            return;
        }
        self.0.wakers.take_all(Waker::wake);
    }

    /// How many handles wait.
    #[cfg(test)]
    fn waiting(&self) -> usize {
        self.0.wakers.taken()
    }
}

impl Default for DrainTrigger {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for DrainTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DrainTrigger").field("is_draining", &self.0.draining).finish_non_exhaustive()
    }
}

struct Hub {
    draining: AtomicBool,
    wakers: Sharded<Waker>,
}

#[cfg(test)]
mod tests;
