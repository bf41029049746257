//! Errors, sockets, listeners, connectors, runtimes and the server
#![deny(unsafe_code)]

pub mod connect;
pub mod error;
pub mod http;
pub mod net;
pub mod server;
pub mod wire;

pub use error::{Error, Kind, Origin, Result};
