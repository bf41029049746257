//! Which wheel belongs to which runtime.
//!
//! The list holds weak references and each driver strikes its own line out when it ends, so thousands of runtimes
//! that come and go (tests) leave nothing. A thread remembers the wheel it used last, and asks the list only when it
//! works for another runtime.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use tokio::runtime::{Handle, Id};
use tokio::time::Instant;

use super::Wheel;
use super::driver::Driver;

impl Wheel {
    /// The wheel of the current runtime, made and set going if there was none.
    ///
    /// # Panics
    /// Outside a tokio runtime, or when it has no time driver.
    pub(crate) fn current() -> Arc<Self> {
        let handle = Handle::current();
        remembered(handle.id()).unwrap_or_else(|| {
            let wheel = find(handle.id()).unwrap_or_else(|| start(&handle));
            LAST.with_borrow_mut(|last| *last = Some((handle.id(), Arc::downgrade(&wheel))));
            wheel
        })
    }

    /// The wheel of the current runtime, if it was needed before.
    pub(super) fn of_current() -> Option<Arc<Self>> {
        find(Handle::current().id())
    }
}

/// Strikes out the wheel of a runtime that ended, unless another one has its number by now.
pub(super) fn forget(runtime: Id, wheel: &Arc<Wheel>) {
    let mut wheels = wheels();
    if wheels.get(&runtime).is_some_and(|known| known.as_ptr() == Arc::as_ptr(wheel)) {
        wheels.remove(&runtime);
    }
}

fn remembered(runtime: Id) -> Option<Arc<Wheel>> {
    LAST.with_borrow(|last| match last {
        Some((id, wheel)) if *id == runtime => alive(wheel),
        _ => None,
    })
}

fn find(runtime: Id) -> Option<Arc<Wheel>> {
    wheels().get(&runtime).and_then(alive)
}

fn start(handle: &Handle) -> Arc<Wheel> {
    let now = Instant::now();
    let sleep = Box::pin(tokio::time::sleep_until(now));
    let wheel = Arc::new(Wheel::new(now));
    match enlist(handle.id(), &wheel) {
        Some(other) => other,
        None => {
            // Not under the lock: a runtime that shuts down drops the task here, and the task wants the list.
            drop(handle.spawn(Driver::new(wheel.clone(), handle.id(), sleep)));
            wheel
        }
    }
}

/// Writes the wheel into the list, or gives the one that another thread was quicker with.
fn enlist(runtime: Id, wheel: &Arc<Wheel>) -> Option<Arc<Wheel>> {
    let mut wheels = wheels();
    let known = wheels.get(&runtime).and_then(alive);
    if known.is_none() {
        wheels.insert(runtime, Arc::downgrade(wheel));
    }
    known
}

/// A closed wheel may be kept in memory by timers that outlived its runtime, and numbers of runtimes come again.
fn alive(wheel: &Weak<Wheel>) -> Option<Arc<Wheel>> {
    wheel.upgrade().filter(|wheel| !wheel.is_closed())
}

fn wheels() -> MutexGuard<'static, HashMap<Id, Weak<Wheel>>> {
    WHEELS.get_or_init(Mutex::default).lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
pub(super) fn knows(runtime: Id) -> bool {
    wheels().contains_key(&runtime)
}

static WHEELS: OnceLock<Mutex<HashMap<Id, Weak<Wheel>>>> = OnceLock::new();

thread_local! {
    static LAST: RefCell<Option<(Id, Weak<Wheel>)>> = const { RefCell::new(None) };
}
