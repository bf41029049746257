//! The whole proxy over connections in memory: what goes in, octet by octet, and what comes out.
//!
//! One behaviour, or one table of them, in each file. Rows that are known from elsewhere are named in comments: `A6` and the like for traps
//! that users of other proxies met, `12-066` and the like for rows of the inventory.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test may fail loudly")]

mod stage;

mod alike;
mod backpressure;
mod bound_connections;
mod chaos;
mod connection_bounds;
mod content_limits;
mod crowd;
mod deadlines;
mod drain;
mod early;
mod failing_filters;
mod failover;
mod filters;
mod forwarded;
mod gone;
mod grpc;
mod http2;
mod in_process;
mod looking;
mod messages;
mod origin_faults;
mod passed_on;
mod pipelining;
mod records;
mod request_content;
mod reuse;
mod strict_requests;
mod strict_responses;
mod timeouts;
mod tunnels;
mod upgrades;
