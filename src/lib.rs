//! Programmable proxies: the crates of Simplon under one name.
//!
//! **What it is.** Re-exports and a [`prelude`]; there is no logic here. Each module is a crate that can be depended upon alone.
//!
//! **How it is used.**
//!
//! ```no_run
//! use simplon::prelude::*;
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let origin = Peer::new("127.0.0.1:8080".parse::<Address>()?);
//! let app = App::new(To(origin));
//! Server::new().listen(tcp("127.0.0.1:9090")?, Http::new(app)).start().await?.wait().await?;
//! # Ok(())
//! # }
//! ```
//!
//! **Where to read on.** [`proxy`] for filters and routes, [`core`] for servers and connections, [`proto_http`] for messages,
//! [`load_balancing`] for backends.
#![forbid(unsafe_code)]

pub use simplon_core as core;
pub use simplon_limits as limits;
pub use simplon_load_balancing as load_balancing;
pub use simplon_pool as pool;
pub use simplon_proto_http as proto_http;
pub use simplon_proto_tls as proto_tls;
pub use simplon_proxy as proxy;
pub use simplon_timeout as timeout;

/// Adapters to and from services of `tower`. (feature `tower`)
#[cfg(feature = "tower")]
pub use simplon_core::tower;

pub mod prelude {
    //! What most programs need.

    pub use simplon_core::connect::Peer;
    pub use simplon_core::http::{Exchange, Http, HttpConfig, Serve};
    pub use simplon_core::net::{Address, tcp, unix};
    pub use simplon_core::server::Server;
    pub use simplon_core::tls::{TlsClient, TlsServer};
    pub use simplon_core::{Error, Kind, Result, signals};
    pub use simplon_proto_http::target::Slashes;
    pub use simplon_proto_http::{Fields, Last, RequestHead, ResponseHead};
    pub use simplon_proto_tls::{ClientAuth, ClientConfig, Identity, ServerConfig, ServerName, Trust};
    pub use simplon_proxy::{
        AccessLog, Again, App, Attempt, Budget, Chain, Chunk, Chunks, Cidr, Collected, Event, Filter, Forwarding,
        HostMatchesSni, Observe, Paths, Record, Request, Rescue, Response, ResponseView, Retry, Route, Target, To,
        Verdict, answer, reject,
    };
}

/// What the guide shows is compiled, and run where it can be.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../README.md")]
    mod readme {}
    #[doc = include_str!("../docs/src/callbacks.md")]
    mod callbacks {}
    #[doc = include_str!("../docs/src/errors.md")]
    mod errors {}
    #[doc = include_str!("../docs/src/grpc.md")]
    mod grpc {}
    #[doc = include_str!("../docs/src/http2.md")]
    mod http2 {}
    #[doc = include_str!("../docs/src/http2-upstream.md")]
    mod http2_upstream {}
    #[doc = include_str!("../docs/src/limits-and-timeouts.md")]
    mod limits_and_timeouts {}
    #[doc = include_str!("../docs/src/load-balancing.md")]
    mod load_balancing {}
    #[doc = include_str!("../docs/src/shutdown.md")]
    mod shutdown {}
    #[doc = include_str!("../docs/src/strictness.md")]
    mod strictness {}
    #[cfg(feature = "rustls")]
    #[doc = include_str!("../docs/src/tls.md")]
    mod tls {}
    #[doc = include_str!("../docs/src/websocket.md")]
    mod websocket {}
}
