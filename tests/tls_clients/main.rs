//! TLS with clients and servers that others wrote: curl, nghttp2, OpenSSL's programs, nginx, Python's `grpcio` and `websockets`. In front is a proxy that speaks
//! TLS with its clients and with its origins, once with each library that this program was built with: with the default features that is rustls
//! alone, and `cargo xtask tls` brings all of them. What is not installed is left out, and that is said; where `CI` is `true`, it must be there.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

#[path = "../common/common.rs"]
mod common;

mod conversations;
mod curl;
mod identity;
mod lab;
mod nghttp;
mod offers;
mod origins;
mod s_client;
mod silence;
mod verification;
