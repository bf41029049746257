//! Errors, sockets, listeners, connectors, runtimes and the server: what a proxy stands on, without a word about proxying.
//!
//! **What it is.** The crate that opens sockets and spawns tasks. A [`server::Server`] is a future: it takes listeners and
//! services, drains by phases, and returns. A [`connect::Connect`] makes a byte stream from a peer. [`error::Error`] is what an
//! application sees of a failure, and [`wire`] alone decides what a peer sees of it.
//!
//! **What it is not.** No routing, no retries, no selection of origins: those are `simplon-proxy` and `simplon-load-balancing`.
//! It owns no process: no exit, no signals unless asked, no global runtime.
//!
//! A relay between sockets:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use simplon_core::connect::{Connect, Peer, TcpConnector};
//! use simplon_core::net::{Address, tcp};
//! use simplon_core::server::{Server, service_fn};
//!
//! let origin = Peer::new(Address::parse("127.0.0.1:9100")?);
//! let relay = service_fn(move |mut client, _from, _drain| {
//!     let origin = origin.clone();
//!     async move {
//!         if let Ok(mut connected) = TcpConnector::new().connect(&origin).await {
//!             let _ = tokio::io::copy_bidirectional(&mut client, &mut connected.stream).await;
//!         }
//!     }
//! });
//! let running = Server::new().listen(tcp("127.0.0.1:0")?, relay).start().await?;
//! # running.handle().drain();
//! let report = running.wait().await?; // after `running.handle().drain()`
//! # assert!(report.is_clean()); Ok(())
//! # }
//! ```
//!
//! | module | what is there |
//! |---|---|
//! | [`error`] | the one error, its kinds, and what may be replayed after it |
//! | [`wire`] | from cause and origin to status, stream codes, and closing |
//! | [`net`] | streams, addresses, socket options, listeners |
//! | [`connect`] | peers, reuse keys, connectors, resolvers |
//! | [`runtime`] | both flavours of threads |
//! | [`server`] | accepting, limits, the drain |
//! | [`background`] | work beside the connections, with dependencies and readiness |
//! | [`http`] | HTTP on these sockets |
//! | [`tls`] | TLS on these sockets, of whichever library |
//! | `signals` | SIGTERM drains (feature `signals`, on by default) |
//! | `tower` | `tower` services that serve, and a client that is one (feature `tower`) |
//!
//! Read on in [`server`] for the phases, and in [`error`] for how errors come about.
#![deny(unsafe_code)] // `net::sys` alone is excepted

pub mod background;
pub mod connect;
pub mod error;
pub mod http;
pub mod net;
pub mod runtime;
pub mod server;
#[cfg(all(unix, feature = "signals"))]
pub mod signals;
pub mod tls;
#[cfg(feature = "tower")]
pub mod tower;
pub mod wire;

pub use error::{Error, Kind, Origin, Result};
/// The messages that [`http`] moves, for crates that stand on this one alone.
pub use simplon_proto_http as proto_http;
/// The seam of TLS that [`tls`] uses.
pub use simplon_proto_tls as proto_tls;
