//! All TLS backends in one program. The tests are what is here; `cargo xtask tls` runs them with what linking OpenSSL and BoringSSL together needs.
#![forbid(unsafe_code)]
