//! Simplon: programmable proxies, one crate at a time.
#![forbid(unsafe_code)]

pub use simplon_core as core;
pub use simplon_limits as limits;
pub use simplon_load_balancing as load_balancing;
pub use simplon_pool as pool;
pub use simplon_proto_http as proto_http;
pub use simplon_proxy as proxy;
pub use simplon_timeout as timeout;
