//! The TLS backend on BoringSSL.
