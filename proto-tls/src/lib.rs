//! TLS from several libraries behind one seam. Which one a listener or a peer uses is a value, not a build mode.
//!
//! **What it is.** The seam ([`simplon_proto_tls_seam`], whose items are here under their own names), and each backend that is switched on by
//! its feature.
//!
//! **What it is not.** It opens no socket.
//!
//! | feature | what it brings | what the build needs |
//! |---|---|---|
//! | `rustls` | the backend on rustls, with AWS-LC | a C compiler |
//! | `ring` | the same with ring, in place of AWS-LC or beside it: builds quickly, knows no post-quantum key agreement | a C compiler |
//! | `fips` | the same with the validated module of AWS-LC | CMake and Go |
//! | `openssl` | the backend on OpenSSL of the system, 3.0 or newer | its headers (Debian: `libssl-dev`) |
//! | `boringssl` | the backend on BoringSSL, built from source | CMake, a C++ compiler, git and libclang (Debian: `cmake g++ git libclang-dev`) |
//!
//! `openssl` and `boringssl` in one program: the two libraries have the same symbols, and a linker may take the wrong ones without a word. The
//! build stops unless BoringSSL is built with a prefix before its symbols, and says how that is done.
#![forbid(unsafe_code)]

pub use simplon_proto_tls_seam::*;

#[cfg(feature = "boringssl")]
pub use simplon_proto_tls_boringssl as boringssl;
#[cfg(feature = "openssl")]
pub use simplon_proto_tls_openssl as openssl;
#[cfg(any(feature = "rustls", feature = "ring"))]
pub use simplon_proto_tls_rustls as rustls;
