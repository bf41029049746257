//! An allocator that counts, for tests that assert that nothing is allocated.
//!
//! ```
//! use simplon_testkit::alloc::{self, Counting};
//!
//! #[global_allocator]
//! static ALLOCATOR: Counting = Counting;
//!
//! let counted = alloc::count(|| drop(std::hint::black_box(Box::new(1))));
//! assert_eq!(counted.times, 1);
//! assert!(counted.peak >= 4);
//! let counted = alloc::count(|| std::hint::black_box(1 + 1));
//! assert_eq!(counted.times, 0);
//! ```

use std::alloc::{GlobalAlloc, Layout, System};
use std::backtrace::Backtrace;
use std::cell::{Cell, RefCell};
use std::future::Future;

/// The system's allocator, counting what the thread allocates that runs a [`count`]. Set it as the global allocator of a test binary.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counting;

/// What was allocated.
#[derive(Debug, Default)]
pub struct Counted {
    /// How often memory was allocated, or moved to another size.
    pub times: u64,
    /// How many octets in all.
    pub octets: u64,
    /// How many octets more are held than before; less than none if more was given back.
    pub held: i64,
    /// How many octets more than before were held at once.
    pub peak: i64,
    /// Where the first of them happened.
    pub first: Option<Backtrace>,
}

thread_local! {
    static ARMED: Cell<bool> = const { Cell::new(false) };
    static TIMES: Cell<u64> = const { Cell::new(0) };
    static OCTETS: Cell<u64> = const { Cell::new(0) };
    static HELD: Cell<i64> = const { Cell::new(0) };
    static PEAK: Cell<i64> = const { Cell::new(0) };
    static FIRST: RefCell<Option<Backtrace>> = const { RefCell::new(None) };
}

/// Counts what `run` allocates on this thread.
pub fn count<T>(run: impl FnOnce() -> T) -> Counted {
    arm();
    let _ = run();
    disarm()
}

/// Counts what this thread allocates until the future is ready; on a current-thread runtime that is what all its tasks allocate meanwhile.
pub async fn count_async<F: Future>(future: F) -> (F::Output, Counted) {
    arm();
    let output = future.await;
    (output, disarm())
}

fn arm() {
    TIMES.set(0);
    OCTETS.set(0);
    HELD.set(0);
    PEAK.set(0);
    FIRST.take();
    ARMED.set(true);
}

fn disarm() -> Counted {
    ARMED.set(false);
    Counted { times: TIMES.get(), octets: OCTETS.get(), held: HELD.get(), peak: PEAK.get(), first: FIRST.take() }
}

/// Notes one allocation. What noting itself allocates is not counted.
fn note(octets: usize) {
    let armed = ARMED.try_with(|armed| armed.replace(false)).unwrap_or(false);
    if !armed {
        return;
    }
    if TIMES.replace(TIMES.get() + 1) == 0 {
        FIRST.set(Some(Backtrace::force_capture()));
    }
    OCTETS.set(OCTETS.get() + octets as u64);
    ARMED.set(true);
}

/// Notes that this thread holds more, or less.
fn hold(change: i64) {
    let held = HELD.try_with(|held| {
        held.set(held.get().saturating_add(change));
        held.get()
    });
    if let Ok(held) = held {
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(held)));
    }
}

#[expect(
    unsafe_code,
    reason = "to count allocations is to be an allocator; every call goes on to the system's as it came"
)]
// SAFETY: every method hands its arguments unchanged to the system's allocator, which upholds the contract; counting touches thread-locals alone.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        hold(layout.size() as i64);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        hold(-(layout.size() as i64));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        note(layout.size());
        hold(layout.size() as i64);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        note(size);
        hold(size as i64 - layout.size() as i64);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(at, layout, size) }
    }
}
