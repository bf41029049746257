//! Things in numbered slots, spread over locks, each taken out again by whoever put it in.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// So many locks that connections on different workers seldom meet.
const SHARDS: usize = 32;

/// Where something was put. Never the same for two things, so that a late owner cannot touch what came after.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    shard: usize,
    slot: usize,
    stamp: u64,
}

/// Slots spread over locks.
pub(super) struct Sharded<T> {
    next: AtomicUsize,
    shards: [Mutex<Slots<T>>; SHARDS],
}

impl<T> Sharded<T> {
    pub(super) fn new() -> Self {
        Self { next: AtomicUsize::new(0), shards: std::array::from_fn(|_| Mutex::new(Slots::default())) }
    }

    /// Takes an empty slot.
    pub(super) fn reserve(&self) -> Ticket {
        let shard = self.next.fetch_add(1, Ordering::Relaxed) % SHARDS;
        let (slot, stamp) = self.lock(shard).reserve();
        Ticket { shard, slot, stamp }
    }

    /// Puts something into the slot, in place of what is there; gives it back if the slot was left meanwhile.
    pub(super) fn put(&self, ticket: Ticket, value: T) -> Result<(), T> {
        self.lock(ticket.shard).put(ticket, value)
    }

    /// Leaves the slot.
    pub(super) fn leave(&self, ticket: Ticket) {
        let left = self.lock(ticket.shard).leave(ticket);
        drop(left); // after the lock: what it holds may have a destructor of its own
    }

    /// Takes all things out; their slots stay taken until each is left. Calls `each` without a lock held.
    pub(super) fn take_all(&self, mut each: impl FnMut(T)) {
        for shard in 0..SHARDS {
            let taken: Vec<T> = self.lock(shard).take_all();
            taken.into_iter().for_each(&mut each);
        }
    }

    /// The slots are whole between any two operations, so a panic elsewhere does not spoil them.
    fn lock(&self, shard: usize) -> MutexGuard<'_, Slots<T>> {
        self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[cfg(test)]
    pub(super) fn taken(&self) -> usize {
        (0..SHARDS).map(|shard| self.lock(shard)).map(|slots| slots.slots.len() - slots.free.len()).sum()
    }
}

struct Slots<T> {
    slots: Vec<Slot<T>>,
    free: Vec<usize>,
    stamp: u64,
}

struct Slot<T> {
    stamp: u64,
    value: Option<T>,
}

impl<T> Default for Slots<T> {
    fn default() -> Self {
        Self { slots: Vec::new(), free: Vec::new(), stamp: 0 }
    }
}

impl<T> Slots<T> {
    fn reserve(&mut self) -> (usize, u64) {
        self.stamp += 1;
        let fresh = Slot { stamp: self.stamp, value: None };
        if let Some(slot) = self.free.pop() {
            self.slots[slot] = fresh;
            return (slot, self.stamp);
        }
        self.slots.push(fresh);
        (self.slots.len() - 1, self.stamp)
    }

    fn of(&mut self, ticket: Ticket) -> Option<&mut Slot<T>> {
        self.slots.get_mut(ticket.slot).filter(|slot| slot.stamp == ticket.stamp)
    }

    fn put(&mut self, ticket: Ticket, value: T) -> Result<(), T> {
        match self.of(ticket) {
            Some(slot) => {
                slot.value = Some(value);
                Ok(())
            }
            None => Err(value),
        }
    }

    fn leave(&mut self, ticket: Ticket) -> Option<T> {
        let slot = self.of(ticket)?;
        slot.stamp = 0;
        let left = slot.value.take();
        self.free.push(ticket.slot);
        if self.free.len() == self.slots.len() {
            // A burst leaves no memory behind.
            self.slots = Vec::new();
            self.free = Vec::new();
        }
        left
    }

    fn take_all(&mut self) -> Vec<T> {
        self.slots.iter_mut().filter_map(|slot| slot.value.take()).collect()
    }
}

#[cfg(test)]
mod tests;
