//! Connections at rest, keyed by everything that makes them interchangeable.
//!
//! *What it is.* A [`Pool`] keeps connections between two exchanges. The newest of a key is given out first, so that
//! what a burst left over may grow old and go. It is bounded as a whole and per key ([`Limits`]), lets connections
//! rest only so long, live only so long and serve only so many requests, and asks each one whether it is still fit
//! ([`Idle::check`]) when it comes, when it goes, and at each sweep. Whatever it drops, it says why ([`Reason`]).
//!
//! *What it is not.* It opens no connection, knows no protocol and no runtime, spawns nothing and reads no clock:
//! time is a parameter, and [`Pool::sweep`] is for a background task to call. It does not share one connection among
//! exchanges; it owns a connection or does not have it.
//!
//! *How it is used.* Take, or connect; use; put back:
//!
//! ```
//! use std::time::Instant;
//! use simplon_pool::{Health, Idle, Limits, Pool, Pooled};
//!
//! struct Socket;
//! impl Idle for Socket {
//!     fn check(&mut self) -> Health { Health::Fresh }
//! }
//!
//! let pool = Pool::new(Limits::default());
//! let socket = pool.take(&"origin:80", Instant::now()).unwrap_or_else(|| Pooled::new(Socket, Instant::now()));
//! // ... one exchange on `socket.connection` ...
//! pool.put(&"origin:80", socket, Instant::now());
//! assert_eq!(pool.len(), 1);
//! ```
//!
//! *How it is fast.* Each thread has a shard of its own with a lock of its own, looks into the others only when its
//! own has nothing, and borrows its share of the bounds in small batches. Taking and putting back allocates nothing,
//! clones no key and writes to no memory that another worker writes to.
//!
//! *Where to read on.* [`Pool::put`] and [`Pool::take`]; [`Limits`] for the bounds with their reasons.
#![forbid(unsafe_code)]

mod evicted;
mod idle;
mod keys;
mod limits;
mod pool;
mod pooled;
mod quota;
mod seat;
mod shard;
mod slots;

pub use evicted::{Evicted, Reason};
pub use idle::{Health, Idle};
pub use limits::Limits;
pub use pool::{Pool, Put, Sharing};
pub use pooled::Pooled;
