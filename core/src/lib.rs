//! Errors, sockets, listeners, connectors, runtimes and the server
#![deny(unsafe_code)]

pub mod connect;
pub mod error;
pub mod net;
pub mod server;
pub mod wire;
