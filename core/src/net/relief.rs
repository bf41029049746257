//! Descriptors that can be done without, for when there are no more.
//!
//! Whoever keeps connections only to save the time of making new ones is registered here. When a connection cannot be accepted or made for want
//! of descriptors or memory, all of them let go of what they keep, whichever part of the process it belongs to: the limit is the process's.

use std::sync::{Mutex, PoisonError, Weak};

/// Somebody who keeps what can be done without.
pub(crate) trait Keeps: Send + Sync {
    /// Closes it, and says how many descriptors that gave back.
    fn let_go(&self) -> usize;
}

static KEEPERS: Mutex<Vec<Weak<dyn Keeps>>> = Mutex::new(Vec::new());

/// Remembers somebody, for as long as it is there.
pub(crate) fn register(keeper: Weak<dyn Keeps>) {
    let mut keepers = KEEPERS.lock().unwrap_or_else(PoisonError::into_inner);
    keepers.retain(|keeper| keeper.strong_count() > 0);
    if !keepers.iter().any(|known| known.ptr_eq(&keeper)) {
        keepers.push(keeper);
    }
}

/// Asks all of them; gives how many descriptors came back.
pub(crate) fn let_go() -> usize {
    let keepers: Vec<_> = {
        let keepers = KEEPERS.lock().unwrap_or_else(PoisonError::into_inner);
        keepers.iter().filter_map(Weak::upgrade).collect()
    };
    keepers.iter().map(|keeper| keeper.let_go()).sum()
}
