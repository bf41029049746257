//! Which thread this is: where its shard is, and what tells it from all others.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The place of one thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seat {
    /// Small, and free again when the thread ends: neighbours for the threads that live together.
    pub(crate) index: usize,
    /// Never used twice in the life of the process.
    pub(crate) token: Token,
}

/// Names a thread for ever; [`Token::NOBODY`] is no thread, not even itself.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token(u64);

impl Token {
    const NOBODY: Self = Self(0);
}

impl PartialEq for Token {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 && self.0 != 0
    }
}

impl Eq for Token {}

impl Seat {
    /// The seat of the current thread; one that belongs to nobody while the thread is being taken down.
    pub(crate) fn current() -> Self {
        SEAT.try_with(|held| held.0).unwrap_or(Self { index: 0, token: Token::NOBODY })
    }
}

struct Held(Seat);

impl Held {
    fn take() -> Self {
        static TOKENS: AtomicU64 = AtomicU64::new(1);
        Self(Seat { index: room().take(), token: Token(TOKENS.fetch_add(1, Ordering::Relaxed)) })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        room().free.insert(self.0.index);
    }
}

struct Room {
    free: BTreeSet<usize>,
    taken: usize,
}

impl Room {
    fn take(&mut self) -> usize {
        self.free.pop_first().unwrap_or_else(|| {
            self.taken += 1;
            self.taken - 1
        })
    }
}

fn room() -> MutexGuard<'static, Room> {
    ROOM.lock().unwrap_or_else(PoisonError::into_inner)
}

static ROOM: Mutex<Room> = Mutex::new(Room { free: BTreeSet::new(), taken: 0 });

thread_local! {
    static SEAT: Held = Held::take();
}

#[cfg(test)]
mod tests;
