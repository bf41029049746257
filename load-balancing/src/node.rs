//! A backend of the current set with what is known of it. The knowledge outlives the set; the backend's description does not.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::backend::{Backend, Enabled};
use crate::balancer::Ejections;
use crate::health::{Health, Streak};

/// A backend with its state.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) backend: Arc<Backend>,
    pub(crate) state: Arc<State>,
}

impl Node {
    /// Whether requests may go to it at all, as long as it works.
    pub(crate) fn is_eligible(&self) -> bool {
        self.backend.weight() > 0 && self.state.enabled() == Enabled::Yes
    }

    pub(crate) fn is_ready(&self, now: Millis) -> bool {
        self.backend.weight() > 0 && self.state.has(READY) && !self.state.is_ejected(now)
    }
}

/// What is known of a backend, from one set to the next. The request path only loads and adds; the ledger is for everybody else.
#[derive(Debug)]
pub(crate) struct State {
    flags: AtomicU8,
    /// 0, or when the ejection lapses.
    ejected_until: AtomicU64,
    /// Failures that requests met in a row.
    failures: AtomicU32,
    in_flight: AtomicUsize,
    /// A request failed since the last check.
    suspect: AtomicBool,
    ledger: Mutex<Ledger>,
}

/// What is written down seldom.
#[derive(Debug)]
pub(crate) struct Ledger {
    pub(crate) streak: Streak,
    pub(crate) last_failure: Option<Arc<str>>,
    pub(crate) ejections: Ejections,
}

const HEALTHY: u8 = 1;
const ENABLED: u8 = 2;
const READY: u8 = HEALTHY | ENABLED;

impl State {
    pub(crate) fn new(initial: Health, enabled: Enabled) -> Self {
        let ledger = Ledger { streak: Streak::new(initial), last_failure: None, ejections: Ejections::default() };
        let state = Self {
            flags: AtomicU8::new(0),
            ejected_until: AtomicU64::new(0),
            failures: AtomicU32::new(0),
            in_flight: AtomicUsize::new(0),
            suspect: AtomicBool::new(false),
            ledger: Mutex::new(ledger),
        };
        state.set_health(initial);
        state.set_enabled(enabled);
        state
    }

    fn has(&self, flags: u8) -> bool {
        self.flags.load(Ordering::Acquire) & flags == flags
    }

    fn set(&self, flag: u8, on: bool) {
        if on {
            self.flags.fetch_or(flag, Ordering::AcqRel)
        } else {
            self.flags.fetch_and(!flag, Ordering::AcqRel)
        };
    }

    pub(crate) fn health(&self) -> Health {
        if self.has(HEALTHY) { Health::Healthy } else { Health::Unhealthy }
    }

    pub(crate) fn set_health(&self, health: Health) {
        self.set(HEALTHY, health == Health::Healthy);
    }

    pub(crate) fn enabled(&self) -> Enabled {
        if self.has(ENABLED) { Enabled::Yes } else { Enabled::No }
    }

    pub(crate) fn set_enabled(&self, enabled: Enabled) {
        self.set(ENABLED, enabled == Enabled::Yes);
    }

    /// When its ejection lapses, if that is still to come.
    pub(crate) fn ejected_until(&self, now: Millis) -> Option<Millis> {
        let until = self.ejected_until.load(Ordering::Acquire);
        (until > now).then_some(until)
    }

    pub(crate) fn is_ejected(&self, now: Millis) -> bool {
        self.ejected_until(now).is_some()
    }

    pub(crate) fn set_ejected_until(&self, until: Millis) {
        self.ejected_until.store(until, Ordering::Release);
    }

    /// Ends the row of failures.
    pub(crate) fn forgive(&self) {
        if self.failures.load(Ordering::Relaxed) != 0 {
            self.failures.store(0, Ordering::Relaxed);
        }
    }

    /// One more in the row of failures; how many that makes.
    pub(crate) fn blame(&self) -> u32 {
        self.failures.fetch_add(1, Ordering::Relaxed).saturating_add(1)
    }

    /// Asks for a check before its time. Whether nobody had asked yet.
    pub(crate) fn suspect(&self) -> bool {
        !self.suspect.swap(true, Ordering::AcqRel)
    }

    pub(crate) fn is_suspect(&self) -> bool {
        self.suspect.load(Ordering::Acquire)
    }

    /// A check begins: what was asked for is done.
    pub(crate) fn clear_suspicion(&self) {
        self.suspect.store(false, Ordering::Release);
    }

    pub(crate) fn in_flight(&self) -> usize {
        self.in_flight.load(Ordering::Relaxed)
    }

    pub(crate) fn begin(&self) {
        self.in_flight.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn end(&self) {
        self.in_flight.fetch_sub(1, Ordering::Relaxed);
    }

    /// Its entries are whole between any two operations, so a panic elsewhere does not spoil it.
    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Milliseconds since the balancer was made, plus one: 0 is never a moment.
pub(crate) type Millis = u64;

/// Tells the time in a form that fits an atomic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(&self) -> Millis {
        millis(self.0.elapsed()).saturating_add(1)
    }
}

pub(crate) fn millis(duration: Duration) -> Millis {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX / 2)
}

/// Who may be picked now. Looks at the clock only when it meets an ejected backend.
#[derive(Debug)]
pub(crate) struct Gate {
    mode: Mode,
    clock: Clock,
    now: Cell<Option<Millis>>,
}

/// Whether what is known of health counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// It does.
    Normal,
    /// Too few are ready: it does not.
    Panic,
}

impl Gate {
    pub(crate) fn new(mode: Mode, clock: Clock) -> Self {
        Self { mode, clock, now: Cell::new(None) }
    }

    pub(crate) fn lets(&self, node: &Node) -> bool {
        match self.mode {
            Mode::Panic => node.is_eligible(),
            Mode::Normal => node.backend.weight() > 0 && node.state.has(READY) && !self.sees_ejected(&node.state),
        }
    }

    fn sees_ejected(&self, state: &State) -> bool {
        match state.ejected_until.load(Ordering::Acquire) {
            0 => false,
            until => until > self.now(),
        }
    }

    fn now(&self) -> Millis {
        self.now.get().unwrap_or_else(|| {
            let now = self.clock.now();
            self.now.set(Some(now));
            now
        })
    }
}
