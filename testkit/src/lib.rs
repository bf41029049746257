//! Scripted peers, in-memory connections, virtual time, the protocol pair matrix.
//!
//! **What it is.** All that a test of a proxy needs, without a port and without a sleep: byte streams in memory that can be cut, reset and
//! throttled ([`pipe()`]), a client and an origin that say exactly the octets they are told to ([`Wire`], [`Network`]), a proxy between them
//! ([`Rig`]), and for filters one line that does all of it ([`filter`], [`app`]).
//!
//! **What it is not.** It is no part of a proxy that serves traffic, and panics where a test fails.
//!
//! ```
//! use simplon_core::Result;
//! use simplon_proxy::{Filter, ResponseView};
//! use simplon_testkit::{filter, get, ok};
//!
//! struct NoServer;
//!
//! impl<Ctx: Send> Filter<Ctx> for NoServer {
//!     async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut Ctx) -> Result<()> {
//!         response.fields.remove("Server");
//!         Ok(())
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() {
//! // In a test of yours: #[tokio::test(start_paused = true)]
//! let outcome = filter(NoServer).request(get("/x")).origin(|_| ok("hello").field("Server", "secret/1.0")).await;
//! assert_eq!(outcome.response.status, 200);
//! assert_eq!(outcome.response.field("Server"), None);
//! assert_eq!(outcome.origin_saw()[0].path(), "/x");
//! assert_eq!(outcome.record.attempts, 1);
//! # }
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | [`mod@pipe`] | a connection in memory: bounded, recorded, with half-close, reset and short writes |
//! | [`wire`] | one end of a connection, speaking raw octets and reading messages strictly |
//! | [`network`] | origins that are scripted, refuse, or hang, behind the seam [`simplon_core::connect::Connect`] |
//! | [`rig`] | an application served over connections in memory |
//! | [`harness`] | one request through a filter or an application |
//! | [`matrix!`], [`mod@matrix`] | one behaviour, one test for each pair of versions, with feature `tls` over TLS too |
//! | [`cuts()`] | input whole, octet by octet, and cut at every place |
//! | [`mod@h2`] | a peer that speaks raw HTTP/2 frames, what RFC 9113 demands case by case, and floods |
//! | [`alloc`] | an allocator that counts |
//! | [`mod@apart`] | a test that runs in a process of its own |
//! | [`mod@skip`] | what a machine cannot hold, said and written down |
#![deny(unsafe_code)]
#![allow(
    clippy::panic,
    clippy::unwrap_used,
    clippy::missing_panics_doc,
    reason = "a test kit makes tests fail, which is done by panicking"
)]

pub mod alloc;
pub mod apart;
pub mod cuts;
pub mod h2;
pub mod harness;
pub mod matrix;
pub mod message;
pub mod network;
pub mod pipe;
pub mod records;
pub mod rig;
pub mod skip;
pub mod time;
pub mod wire;

pub use apart::{apart, apart_by, is_apart};
pub use cuts::cuts;
pub use harness::{Harness, Outcome, app, filter};
pub use message::{Message, Reply, Request, get, ok, post, request, status};
pub use network::{Network, Origin};
pub use pipe::{End, PipeConfig, pipe};
pub use records::Records;
pub use rig::Rig;
pub use skip::skip;
pub use wire::{Cut, Wire};

#[doc(hidden)]
pub use tokio as __tokio;
