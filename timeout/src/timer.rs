//! One deadline that moves: the timer a connection keeps for its whole life.

use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

use crate::wheel::{Key, Place, Wheel};

/// A lazy timer, one per connection.
///
/// Nothing is registered until [`poll_expired`](Self::poll_expired) has to wait. The registration is kept when the
/// deadline moves later: it fires at the old time, the task finds nothing expired, and the next poll registers anew.
/// So of many deadlines that follow each other only about one per shortest duration reaches the shared wheel.
///
/// Cost: one word; while registered, 40 octets beside it and one entry in the wheel of the runtime.
#[derive(Debug, Default)]
pub struct Timer {
    armed: Option<Box<Armed>>,
}

impl Timer {
    /// A timer that is not registered anywhere.
    pub const fn new() -> Self {
        Self { armed: None }
    }

    /// Ready once `deadline` has passed, at every poll from then on.
    ///
    /// Shape:   `None` is never: pending, and what was registered is left to fire in vain.
    /// Units:   wakes in ticks of [`TICK`](crate::TICK): never before `deadline`, at most one tick (and the
    ///          runtime's own millisecond) after it. The task may be woken in vain earlier.
    /// Gives:   while registered at or before the tick of `deadline` under the same waker, pending without a look
    ///          at the clock until that tick fires.
    /// Cancel:  nothing is lost; dropping the timer removes the registration.
    /// Cost:    two comparisons and one atomic load in that case; otherwise the clock is read, and if `deadline` is
    ///          to come, the wheel's lock is taken: O(log n) of the timers on this runtime.
    ///
    /// # Panics
    /// When it has to register outside a tokio runtime or in one without a time driver, as all of `tokio::time` does.
    #[inline]
    pub fn poll_expired(&mut self, cx: &mut Context<'_>, deadline: Option<Instant>) -> Poll<()> {
        let Some(deadline) = deadline else {
            return Poll::Pending;
        };
        match &self.armed {
            Some(armed) if armed.covers(deadline) && armed.waker.will_wake(cx.waker()) => Poll::Pending,
            _ => self.poll_at(cx, Instant::now(), deadline),
        }
    }

    /// Takes the registration back. The timer can be used again.
    pub fn disarm(&mut self) {
        self.armed = None;
    }

    /// The slow half, for who has just looked at the clock.
    #[cold]
    pub(crate) fn poll_at(&mut self, cx: &Context<'_>, now: Instant, deadline: Instant) -> Poll<()> {
        if now >= deadline {
            self.disarm();
            return Poll::Ready(());
        }
        if self.change_waker(cx.waker(), deadline) {
            return Poll::Pending;
        }
        match self.register(cx.waker(), deadline) {
            Place::Taken(_) | Place::Closed => Poll::Pending,
            // The tick went by while we were at it, and the deadline lies before its end.
            Place::Late => Poll::Ready(()),
        }
    }

    /// Whether the present registration still serves, with the new waker in it.
    fn change_waker(&mut self, waker: &Waker, deadline: Instant) -> bool {
        self.armed.as_mut().is_some_and(|armed| armed.covers(deadline) && armed.change_waker(waker))
    }

    fn register(&mut self, waker: &Waker, deadline: Instant) -> Place {
        let wheel = Wheel::current();
        let place = wheel.insert(deadline, waker.clone());
        self.keep(wheel, &place, waker);
        place
    }

    /// Replaces the registration, in the same memory if there is some.
    fn keep(&mut self, wheel: Arc<Wheel>, place: &Place, waker: &Waker) {
        let Place::Taken(key) = *place else {
            return self.disarm();
        };
        let armed = Armed { after: wheel.start_of(key), waker: waker.clone(), key, wheel };
        match &mut self.armed {
            Some(old) => **old = armed,
            None => self.armed = Some(Box::new(armed)),
        }
    }
}

/// An entry in a wheel, taken out on drop.
#[derive(Debug)]
struct Armed {
    /// Where the tick begins: deadlines after this are served by it.
    after: Instant,
    /// The owner's copy of what the wheel would wake, to compare without a lock.
    waker: Waker,
    key: Key,
    wheel: Arc<Wheel>,
}

impl Armed {
    fn covers(&self, deadline: Instant) -> bool {
        deadline > self.after && !self.wheel.has_fired(self.key)
    }

    fn change_waker(&mut self, waker: &Waker) -> bool {
        let changed = self.wheel.change_waker(self.key, waker.clone());
        if changed {
            self.waker.clone_from(waker);
        }
        changed
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        self.wheel.remove(self.key);
    }
}

#[cfg(test)]
mod tests;
