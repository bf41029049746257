//! The TLS backend on rustls.
#![forbid(unsafe_code)]
