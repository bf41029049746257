//! How a connection learns that the server takes no new work.

use std::fmt;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Wakers are spread over so many locks that connections on different workers seldom meet. A power of two.
const SHARDS: usize = 32;

/// Held by each connection: whether the server drains, and a wake-up when it begins to.
///
/// Cost: [`Drain::is_draining`] is one load. [`Drain::poll_draining`] takes a lock the first time and whenever it is polled
/// by another task; otherwise it is the load and a comparison.
pub struct Drain {
    hub: Option<Arc<Hub>>,
    place: Option<Place>,
}

struct Place {
    shard: usize,
    slot: usize,
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
        match &mut self.place {
            Some(place) => {
                hub.shard(place.shard).replace(place.slot, waker.clone());
                place.waker = waker.clone();
            }
            None => {
                let shard = hub.next.fetch_add(1, Ordering::Relaxed) % SHARDS;
                let slot = hub.shard(shard).insert(waker.clone());
                self.place = Some(Place { shard, slot, waker: waker.clone() });
            }
        }
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
            hub.shard(place.shard).remove(place.slot);
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
        Self(Arc::new(Hub::default()))
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
        for shard in &self.0.shards {
            let wakers = lock(shard).take_all();
            wakers.into_iter().for_each(Waker::wake);
        }
    }

    /// How many handles wait.
    #[cfg(test)]
    fn waiting(&self) -> usize {
        self.0.shards.iter().map(|shard| lock(shard).taken()).sum()
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

#[derive(Default)]
struct Hub {
    draining: AtomicBool,
    next: AtomicUsize,
    shards: [Mutex<Wakers>; SHARDS],
}

impl Hub {
    fn shard(&self, shard: usize) -> MutexGuard<'_, Wakers> {
        lock(&self.shards[shard])
    }
}

/// The list is whole between any two of its operations, so a panic elsewhere does not spoil it.
fn lock(shard: &Mutex<Wakers>) -> MutexGuard<'_, Wakers> {
    shard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Wakers in numbered slots; free slots are used again.
#[derive(Default)]
struct Wakers {
    slots: Vec<Option<Waker>>,
    free: Vec<usize>,
}

impl Wakers {
    fn insert(&mut self, waker: Waker) -> usize {
        if let Some(slot) = self.free.pop() {
            self.slots[slot] = Some(waker);
            return slot;
        }
        self.slots.push(Some(waker));
        self.slots.len() - 1
    }

    fn replace(&mut self, slot: usize, waker: Waker) {
        if let Some(place) = self.slots.get_mut(slot) {
            *place = Some(waker);
        }
    }

    fn remove(&mut self, slot: usize) {
        if let Some(place) = self.slots.get_mut(slot) {
            *place = None;
            self.free.push(slot);
        }
        if self.free.len() == self.slots.len() {
            self.slots = Vec::new();
            self.free = Vec::new();
        }
    }

    /// The slots stay taken, each until its owner gives it back.
    fn take_all(&mut self) -> Vec<Waker> {
        self.slots.iter_mut().filter_map(Option::take).collect()
    }

    #[cfg(test)]
    fn taken(&self) -> usize {
        self.slots.len() - self.free.len()
    }
}

#[cfg(test)]
mod tests;
