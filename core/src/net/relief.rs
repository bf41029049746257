//! Descriptors that can be done without, for when there are no more.
//!
//! Whoever keeps connections only to save the time of making new ones is registered here. When a connection cannot be accepted or made for want
//! of descriptors or memory, all of them let go of what they keep, whichever part of the process it belongs to: the limit is the process's. When
//! one waits because as many are open as may be, one that rests is closed for it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::Notify;

/// Somebody who keeps what can be done without.
pub(crate) trait Keeps: Send + Sync {
    /// Closes it, and says how many descriptors that gives back: now, or soon.
    fn let_go(&self) -> usize;

    /// Closes what rested longest, or about; says whether there was anything.
    fn let_go_one(&self) -> bool;

    /// Whether somebody waits there for a connection, and which ones may be closed for it.
    fn wants(&self) -> Wanted;

    /// Gives to those who wait there what is left.
    fn serve(&self);
}

/// Whose connections are in the way of those who wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Nothing,
    /// One that rests in the same place.
    OneHere,
    /// One that rests anywhere.
    One,
}

static KEEPERS: Mutex<Vec<Weak<dyn Keeps>>> = Mutex::new(Vec::new());
static CAME_BACK: Notify = Notify::const_new();
/// Those who wait for it.
static HOPEFUL: AtomicUsize = AtomicUsize::new(0);

/// Remembers somebody, for as long as it is there.
pub(crate) fn register(keeper: Weak<dyn Keeps>) {
    let mut keepers = KEEPERS.lock().unwrap_or_else(PoisonError::into_inner);
    keepers.retain(|keeper| keeper.strong_count() > 0);
    if !keepers.iter().any(|known| known.ptr_eq(&keeper)) {
        keepers.push(keeper);
    }
}

/// Asks all of them; gives how many descriptors came back, or will soon.
pub(crate) fn let_go() -> usize {
    keepers().iter().map(|keeper| keeper.let_go()).sum()
}

/// Closes one, wherever it rests; says whether there was any.
pub(crate) fn let_go_one() -> bool {
    keepers().iter().any(|keeper| keeper.let_go_one())
}

/// Closes a connection at rest for each place where somebody waits whom that helps.
pub(crate) fn make_room() {
    let keepers = keepers();
    for keeper in &keepers {
        let _ = match keeper.wants() {
            Wanted::Nothing => false,
            Wanted::OneHere => keeper.let_go_one(),
            Wanted::One => keeper.let_go_one() || keepers.iter().any(|other| other.let_go_one()),
        };
    }
}

/// Gives to those who wait what is left, wherever they wait.
pub(crate) fn serve() {
    keepers().iter().for_each(|keeper| keeper.serve());
}

/// A connection was closed.
pub(crate) fn came_back() {
    if HOPEFUL.load(Ordering::Relaxed) > 0 {
        CAME_BACK.notify_waiters();
    }
}

/// Waits until a connection was closed, a short while at most: what was let go is closed by the task that drives it.
///
/// Cancel: nothing is lost.
pub(crate) async fn soon() {
    let _hopeful = Hopeful::new();
    let _ = simplon_timeout::timeout(Duration::from_millis(20), CAME_BACK.notified()).await;
}

struct Hopeful;

impl Hopeful {
    fn new() -> Self {
        HOPEFUL.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Hopeful {
    fn drop(&mut self) {
        HOPEFUL.fetch_sub(1, Ordering::Relaxed);
    }
}

fn keepers() -> Vec<Arc<dyn Keeps>> {
    let keepers = KEEPERS.lock().unwrap_or_else(PoisonError::into_inner);
    keepers.iter().filter_map(Weak::upgrade).collect()
}
