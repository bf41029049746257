//! Who waits, on a connection that ends, for the client to have what it was sent.
//!
//! A stream that was handed over to its end is not delivered yet: some of it is in the `h2` crate, some in the kernel. Its exchange takes a
//! place here, and the driver lets it go once the crate had nothing more to write, and the client has acknowledged all that was written by then.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// The places, in the order in which they were taken.
#[derive(Debug, Default)]
pub(in crate::http) struct Deliveries {
    is_leaving: AtomicBool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    places: VecDeque<Place>,
    /// How many were let go, which is the number of the first that was not.
    gone: u64,
    driver: Option<Waker>,
    /// The connection is over, and what was not delivered by then is lost.
    is_over: bool,
}

#[derive(Debug, Default)]
struct Place {
    /// Octets on the connection by the end of what it waits for, once that is known.
    mark: Option<u64>,
    waiter: Option<Waker>,
}

/// One exchange that waits.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct Ticket(u64);

/// The connection ended before all was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) struct Lost;

impl Deliveries {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection ends soon: from now on exchanges wait.
    pub(super) fn leave(&self) {
        self.is_leaving.store(true, Ordering::Release);
    }

    /// Whether it does.
    #[inline]
    pub(in crate::http) fn is_leaving(&self) -> bool {
        self.is_leaving.load(Ordering::Acquire)
    }

    /// A place, if the connection ends soon.
    pub(in crate::http) fn enter(&self) -> Option<Ticket> {
        if !self.is_leaving.load(Ordering::Acquire) {
            return None;
        }
        let mut state = self.state();
        state.places.push_back(Place::default());
        if let Some(driver) = state.driver.take() {
            driver.wake();
        }
        Some(Ticket(state.gone + state.places.len() as u64 - 1))
    }

    /// Ready once it is delivered, or the connection is over.
    pub(in crate::http) fn poll(&self, ticket: Ticket, cx: &Context<'_>) -> Poll<Result<(), Lost>> {
        let mut state = self.state();
        let Some(index) = ticket.0.checked_sub(state.gone) else { return Poll::Ready(Ok(())) };
        if state.is_over {
            return Poll::Ready(Err(Lost));
        }
        if let Some(place) = state.places.get_mut(index as usize) {
            place.waiter = Some(cx.waker().clone());
        }
        Poll::Pending
    }

    /// By the driver, before it lets the crate write: how many places were taken, ever. It is woken when another one is.
    pub(super) fn taken(&self, cx: &Context<'_>) -> u64 {
        if !self.is_leaving.load(Ordering::Acquire) {
            return 0;
        }
        let mut state = self.state();
        state.driver = Some(cx.waker().clone());
        state.gone + state.places.len() as u64
    }

    /// By the driver, once the crate had written all it could: what the first of them wait for, so many as had been `taken` before, ends at
    /// `written`. Says whether anybody waits.
    pub(super) fn mark(&self, taken: u64, written: u64) -> bool {
        let mut state = self.state();
        let waiting = taken.saturating_sub(state.gone) as usize;
        state.places.iter_mut().take(waiting).for_each(|place| _ = place.mark.get_or_insert(written));
        !state.places.is_empty()
    }

    /// The client has acknowledged so much.
    pub(super) fn arrived(&self, octets: u64) {
        let mut state = self.state();
        while state.places.front().is_some_and(|place| place.mark.is_some_and(|mark| mark <= octets)) {
            let waiter = state.places.pop_front().and_then(|place| place.waiter);
            state.gone += 1;
            if let Some(waiter) = waiter {
                waiter.wake();
            }
        }
    }

    /// The client has all of it.
    pub(super) fn all(&self) {
        self.mark(u64::MAX, 0);
        self.arrived(u64::MAX);
    }

    /// The connection is over: who still waits has lost something.
    pub(super) fn end(&self) {
        let mut state = self.state();
        state.is_over = true;
        state.places.iter_mut().filter_map(|place| place.waiter.take()).for_each(Waker::wake);
    }
}

#[cfg(test)]
mod tests;
