//! Services of `tower` on both sides, over connections in memory.
#![cfg(feature = "tower")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test may fail loudly")]

mod bodies;
mod client;
mod serve;
mod strangers;
mod together;
