//! What the timers of one runtime share: the entries in order of their ticks.
//!
//! It is a sorted map from (tick, number) to waker, so an entry goes in and out in O(log n), and memory follows the
//! number of entries alone. It is not a hierarchy of slots: entries come here once per connection and shortest
//! timeout, not once per request. Three rules keep it honest:
//!
//! - `fired` is stored before anybody is woken and under the lock, so a timer that saw its tick not fired is still
//!   in the map or about to be woken.
//! - Wakers are woken and dropped outside the lock: either may run code that drops other timers.
//! - The driver task owns the wheel while the runtime lives; when it is dropped, it closes the wheel and wakes all.
//!
//! Read on in `driver` (the task) and `registry` (which wheel belongs to which runtime).

mod driver;
mod registry;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

/// How coarse the timers are: wakes happen at multiples of this.
pub const TICK: Duration = Duration::from_millis(TICK_MILLIS);

/// How many timers are registered on the current runtime: a gauge, and a check that nothing was left behind.
///
/// # Panics
/// Outside a tokio runtime.
pub fn armed() -> usize {
    Wheel::of_current().map_or(0, |wheel| wheel.len())
}

/// All timers of one runtime.
#[derive(Debug)]
pub(crate) struct Wheel {
    /// When tick 0 ended; tick `n` ends at `epoch + n * TICK`.
    epoch: Instant,
    /// The last tick that fired; [`CLOSED`] once the runtime is gone.
    fired: AtomicU64,
    state: Mutex<State>,
}

/// Where an entry lies. The number tells apart what shares a tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    tick: u64,
    number: u64,
}

/// What became of an attempt to register.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Taken(Key),
    /// The tick has fired already.
    Late,
    /// Nothing will fire: the runtime shuts down, or the deadline is beyond what the clock can show.
    Closed,
}

#[derive(Debug, Default)]
struct State {
    entries: BTreeMap<Key, Waker>,
    numbers: u64,
    /// The tick that the driver sleeps for; 0 before its first turn, which needs no waking.
    sleeps_until: u64,
    driver: Option<Waker>,
}

/// What the driver has to do after one look at the clock.
#[derive(Debug)]
struct Turn {
    due: BTreeMap<Key, Waker>,
    next: Option<Instant>,
}

impl Wheel {
    fn new(epoch: Instant) -> Self {
        Self { epoch, fired: AtomicU64::new(0), state: Mutex::default() }
    }

    pub(crate) fn has_fired(&self, key: Key) -> bool {
        self.fired.load(Ordering::Acquire) >= key.tick
    }

    fn is_closed(&self) -> bool {
        self.fired.load(Ordering::Acquire) == CLOSED
    }

    pub(crate) fn insert(&self, deadline: Instant, waker: Waker) -> Place {
        let tick = self.tick_of(deadline);
        if self.end_of(tick).is_none() {
            return Place::Closed;
        }
        let mut state = self.lock();
        match self.fired.load(Ordering::Acquire) {
            CLOSED => return Place::Closed,
            fired if fired >= tick => return Place::Late,
            _ => {}
        }
        let key = state.insert(tick, waker);
        let driver = state.driver_to_wake(tick);
        drop(state);
        if let Some(driver) = driver {
            driver.wake();
        }
        Place::Taken(key)
    }

    pub(crate) fn remove(&self, key: Key) {
        if self.has_fired(key) {
            return;
        }
        let removed = self.lock().entries.remove(&key);
        drop(removed);
    }

    /// Puts another waker into an entry; false if the entry has fired.
    pub(crate) fn change_waker(&self, key: Key, waker: Waker) -> bool {
        let old = self.lock().entries.get_mut(&key).map(|entry| std::mem::replace(entry, waker));
        old.is_some()
    }

    /// Where the tick of an entry begins.
    pub(crate) fn start_of(&self, key: Key) -> Instant {
        self.end_of(key.tick.saturating_sub(1)).unwrap_or(self.epoch)
    }

    fn len(&self) -> usize {
        self.lock().entries.len()
    }

    /// Takes out what is due and says when to come back; `waker` brings the driver here before that.
    fn turn(&self, now: Instant, waker: &Waker) -> Turn {
        let passed = whole_ticks(now.saturating_duration_since(self.epoch));
        let mut state = self.lock();
        self.fired.fetch_max(passed, Ordering::AcqRel);
        let later = state.entries.split_off(&Key { tick: passed + 1, number: 0 });
        let due = std::mem::replace(&mut state.entries, later);
        let first = state.entries.keys().next().map(|key| key.tick);
        state.sleeps_until = first.unwrap_or(u64::MAX);
        state.driver = Some(waker.clone());
        Turn { due, next: first.and_then(|tick| self.end_of(tick)) }
    }

    /// Nothing fires from now on; gives what waited in vain.
    fn close(&self) -> BTreeMap<Key, Waker> {
        let mut state = self.lock();
        self.fired.store(CLOSED, Ordering::Release);
        let state = std::mem::take(&mut *state);
        state.entries
    }

    /// The tick at whose end `deadline` has passed.
    fn tick_of(&self, deadline: Instant) -> u64 {
        let after = deadline.saturating_duration_since(self.epoch);
        let part = u64::from(after.subsec_nanos().div_ceil(TICK_NANOS));
        after.as_secs().saturating_mul(TICKS_PER_SECOND).saturating_add(part).max(1)
    }

    fn end_of(&self, tick: u64) -> Option<Instant> {
        self.epoch.checked_add(Duration::from_millis(tick.checked_mul(TICK_MILLIS)?))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn insert(&mut self, tick: u64, waker: Waker) -> Key {
        self.numbers += 1;
        let key = Key { tick, number: self.numbers };
        self.entries.insert(key, waker);
        key
    }

    /// The driver, if it would sleep past `tick`. It is asked once; the next turn sets its hour anew.
    fn driver_to_wake(&mut self, tick: u64) -> Option<Waker> {
        if tick >= self.sleeps_until {
            return None;
        }
        self.sleeps_until = tick;
        self.driver.clone()
    }
}

fn whole_ticks(passed: Duration) -> u64 {
    let part = u64::from(passed.subsec_nanos() / TICK_NANOS);
    passed.as_secs().saturating_mul(TICKS_PER_SECOND).saturating_add(part).min(CLOSED - 1)
}

const CLOSED: u64 = u64::MAX;
const TICK_MILLIS: u64 = 10;
const TICK_NANOS: u32 = 10_000_000;
const TICKS_PER_SECOND: u64 = 1_000 / TICK_MILLIS;

#[cfg(test)]
mod tests;
