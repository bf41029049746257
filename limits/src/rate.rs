//! How much happens in a time, per key.

use std::hash::Hash;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::Estimator;

/// Counts per key in windows of time: the one that runs, and the one before.
#[derive(Debug)]
pub struct Rate {
    start: Instant,
    interval: Duration,
    /// The number of the window that runs. Even ones count in the first table, odd ones in the second.
    window: AtomicU64,
    tables: [Estimator; 2],
    turning: Mutex<()>,
}

/// What is known about one key at one moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Windows {
    /// Counted in the window that runs.
    pub current: u64,
    /// Counted in the whole window before.
    pub previous: u64,
    /// How much of the current window is over, from 0 to 1.
    pub elapsed: f64,
    /// How long a window is.
    pub interval: Duration,
}

impl Rate {
    /// Windows of `interval` (at least a nanosecond) from `start` on, in two tables of 4 × 1,024 counters: 64 KiB.
    pub fn new(interval: Duration, start: Instant) -> Self {
        Self::with_tables(interval, start, || Estimator::new(4, 1_024))
    }

    /// In tables of another size.
    pub fn with_tables(interval: Duration, start: Instant, table: impl Fn() -> Estimator) -> Self {
        Self {
            start,
            interval: interval.max(Duration::from_nanos(1)),
            window: AtomicU64::new(0),
            tables: [table(), table()],
            turning: Mutex::new(()),
        }
    }

    /// Counts `n` for `key` and gives what the current window has counted for it.
    ///
    /// Shape:   a `now` before the current window counts in the current one.
    pub fn observe<K: Hash + ?Sized>(&self, key: &K, n: u64, now: Instant) -> u64 {
        self.table(self.turn_to(now)).add(key, n)
    }

    /// How many a second in the whole window before this one: steady, and up to one interval late.
    pub fn rate<K: Hash + ?Sized>(&self, key: &K, now: Instant) -> f64 {
        self.windows(key, now).previous_rate()
    }

    /// All that is known about `key`, for an estimate of one's own.
    pub fn windows<K: Hash + ?Sized>(&self, key: &K, now: Instant) -> Windows {
        let window = self.turn_to(now);
        Windows {
            current: self.table(window).estimate(key),
            previous: self.table(window ^ 1).estimate(key),
            elapsed: self.elapsed(window, now),
            interval: self.interval,
        }
    }

    /// Makes the window of `now` the current one, if it is later, and gives the current one.
    fn turn_to(&self, now: Instant) -> u64 {
        let current = self.window.load(Ordering::Acquire);
        let wanted = self.window_at(now);
        if wanted <= current { current } else { self.turn(wanted) }
    }

    #[cold]
    fn turn(&self, wanted: u64) -> u64 {
        let _turning = self.turning.lock().unwrap_or_else(PoisonError::into_inner);
        let current = self.window.load(Ordering::Acquire);
        if wanted <= current {
            return current;
        }
        // Emptied before it is current, so that nothing counted in it is lost.
        if wanted - current > 1 {
            self.table(wanted ^ 1).reset();
        }
        self.table(wanted).reset();
        self.window.store(wanted, Ordering::Release);
        wanted
    }

    fn table(&self, window: u64) -> &Estimator {
        &self.tables[usize::from(window % 2 == 1)]
    }

    fn window_at(&self, now: Instant) -> u64 {
        let passed = now.saturating_duration_since(self.start).as_nanos();
        u64::try_from(passed / self.interval.as_nanos()).unwrap_or(u64::MAX)
    }

    fn elapsed(&self, window: u64, now: Instant) -> f64 {
        let passed = now.saturating_duration_since(self.start).as_nanos();
        let begin = u128::from(window) * self.interval.as_nanos();
        (passed.saturating_sub(begin) as f64 / self.interval.as_nanos() as f64).min(1.0)
    }
}

impl Windows {
    /// How many a second in the previous window.
    pub fn previous_rate(&self) -> f64 {
        self.previous as f64 / self.interval.as_secs_f64()
    }

    /// How many a second in one interval up to now, as if the previous window had been even: prompter than
    /// [`previous_rate`](Self::previous_rate), and smooth where windows meet.
    pub fn sliding_rate(&self) -> f64 {
        let counted = self.current as f64 + self.previous as f64 * (1.0 - self.elapsed);
        counted / self.interval.as_secs_f64()
    }
}

#[cfg(test)]
mod tests;
