//! A place for one exchange's future that outlives the exchange: the memory goes back to this thread's store and is used again.
//!
//! So a kept-alive connection holds this memory only while an exchange runs, and a steady stream of exchanges allocates none.

use std::any::Any;
use std::cell::RefCell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// How many empty places of one kind a thread keeps.
const KEPT: usize = 256;

type Place<F> = Pin<Box<Option<F>>>;

thread_local! {
    /// One `Vec<Place<F>>` for each `F`. A program has a handful of kinds of service, so a linear search finds it at once.
    static STORE: RefCell<Vec<Box<dyn Any>>> = const { RefCell::new(Vec::new()) };
}

/// A future in a recycled place. Must not be polled again after it was ready.
pub(super) struct Slot<F: Future + 'static>(Option<Place<F>>);

impl<F: Future + 'static> Slot<F> {
    pub(super) fn new(future: F) -> Self {
        let place = match with_kind(Vec::pop).flatten() {
            Some(mut place) => {
                place.as_mut().set(Some(future));
                place
            }
            None => Box::pin(Some(future)),
        };
        Self(Some(place))
    }

    fn give_back(&mut self) {
        let Some(mut place) = self.0.take() else { return };
        place.as_mut().set(None);
        with_kind(|kept| {
            if kept.len() < KEPT {
                kept.push(place);
            }
        });
    }
}

impl<F: Future + 'static> Future for Slot<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Some(future) = self.0.as_mut().and_then(|place| place.as_mut().as_pin_mut()) else {
            return Poll::Pending;
        };
        let outcome = future.poll(cx);
        if outcome.is_ready() {
            self.give_back();
        }
        outcome
    }
}

impl<F: Future + 'static> Drop for Slot<F> {
    fn drop(&mut self) {
        self.give_back();
    }
}

/// Runs `with` on this thread's store of one kind; `None` if the thread is ending or the store is in use further up the stack.
fn with_kind<F: 'static, T>(with: impl FnOnce(&mut Vec<Place<F>>) -> T) -> Option<T> {
    STORE
        .try_with(|store| {
            let mut store = store.try_borrow_mut().ok()?;
            if let Some(kept) = store.iter_mut().find_map(|kind| kind.downcast_mut::<Vec<Place<F>>>()) {
                return Some(with(kept));
            }
            store.push(Box::new(Vec::<Place<F>>::with_capacity(KEPT)));
            store.last_mut()?.downcast_mut::<Vec<Place<F>>>().map(with)
        })
        .ok()
        .flatten()
}
