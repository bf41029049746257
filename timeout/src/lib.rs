//! Deadlines and timers that cost nothing until they are waited on.
//!
//! *What it is.* A proxy sets a deadline before nearly everything it does, and nearly none of them pass. So a
//! deadline here is a number until a poll comes back pending; then one coarse timer (ticks of [`TICK`]) wakes
//! everybody whose deadline falls into the same tick. Moving a deadline later costs a comparison, and what is
//! dropped is forgotten at once: no tombstone waits in memory for its time to come.
//!
//! *What it is not.* Not a precise clock: a task is woken up to one tick (and the runtime's own millisecond) late,
//! never early. Not a scheduler and not a thread: each tokio runtime gets one small task that sleeps until the
//! earliest occupied tick, made on first use and gone with the runtime. The clock is `tokio::time`, so a paused
//! clock governs these timers too.
//!
//! *How it is used.* [`Timer`] inside a hand-written poll, one per connection; [`timeout()`] and [`sleep`] in async code:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() {
//! use std::time::Duration;
//! use simplon_timeout::{sleep, timeout};
//!
//! assert_eq!(timeout(Duration::from_secs(1), async { 7 }).await, Ok(7)); // no timer, no clock
//! let slow = timeout(Duration::from_secs(1), sleep(Duration::from_secs(60))).await;
//! assert!(slow.is_err());
//! # }
//! ```
//!
//! *Where to read on.* [`Timer::poll_expired`] for the fast path; the private module `wheel` for what the timers of
//! one runtime share.
#![forbid(unsafe_code)]

mod limit;
mod sleep;
mod timer;
mod wheel;

pub use limit::{Elapsed, Timeout, timeout, timeout_at};
pub use sleep::{Sleep, sleep, sleep_until};
pub use timer::Timer;
pub use wheel::{TICK, armed};
