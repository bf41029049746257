//! Rate and concurrency limits with bounded memory.
//!
//! *What it is.* Two kinds of answer to "how much does this one do?", for as many keys as an attacker can invent:
//!
//! - [`RateLimit`] decides: a token bucket per key, exact as long as the key is in its bounded table.
//! - [`Estimator`], [`Rate`] and [`Inflight`] count: in a fixed table where keys may fall together, so that what they
//!   say is never too low and, with sensible sizes, rarely too high.
//!
//! *What it is not.* Not shared between processes, not a queue (nothing waits here), not a policy: what happens to who
//! is over a limit is for the caller. No runtime, no clock: time is a parameter.
//!
//! *How it is used.*
//!
//! ```
//! use std::num::NonZeroU32;
//! use std::time::Instant;
//! use simplon_limits::{Allowance, Decision, RateLimit};
//!
//! let ten = NonZeroU32::new(10).ok_or("zero")?;
//! let limit = RateLimit::new(Allowance::per_second(ten), 100_000);
//! match limit.check(&"192.0.2.7", Instant::now(), 1) {
//!     Decision::Allow { remaining } => assert_eq!(remaining, 9),
//!     Decision::Deny { retry_after } => println!("429, Retry-After: {}", retry_after.as_secs() + 1),
//! }
//! # Ok::<(), &str>(())
//! ```
//!
//! *Where to read on.* [`RateLimit::check`] for what happens when the table is full; [`Estimator`] for the error.
#![forbid(unsafe_code)]

mod allowance;
mod estimator;
mod inflight;
mod rate;
mod rate_limit;

pub use allowance::{Allowance, Decision};
pub use estimator::Estimator;
pub use inflight::{Guard, Inflight};
pub use rate::{Rate, Windows};
pub use rate_limit::RateLimit;
