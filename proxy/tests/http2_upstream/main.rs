//! Clients of HTTP/1 in front, an origin of HTTP/2 behind: over sockets of the loopback.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test may fail loudly")]

mod bodies;
mod frames;
mod messages;
mod origin;
mod refusals;
mod sharing;
mod stage;
mod tunnels;
mod versions;
