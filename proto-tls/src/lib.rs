//! TLS from several libraries behind one seam. Which one a listener or a peer uses is a value, not a build mode.
//!
//! **What it is.** The seam ([`simplon_proto_tls_seam`], whose items are here under their own names), and each backend that is switched on by
//! its feature: [`backends`] lists them.
//!
//! **What it is not.** It opens no socket.
//!
//! | feature | what it brings | what the build needs |
//! |---|---|---|
//! | `rustls` | rustls with AWS-LC | a C compiler |
//! | `ring` | rustls with ring, in place of AWS-LC or beside it: builds quickly, knows no post-quantum key agreement | a C compiler |
//! | `fips` | rustls with the validated module of AWS-LC | CMake and Go |
//! | `s2n` | s2n-tls | a C compiler |
//! | `openssl` | OpenSSL of the system, 3.0 or newer | its headers (Debian: `libssl-dev`) |
//! | `boringssl` | BoringSSL, built from source | CMake, a C++ compiler, git and libclang (Debian: `cmake g++ git libclang-dev`) |
//!
//! `openssl` and `boringssl` in one program: the two libraries have the same symbols, and a linker may take the wrong ones without a word. The
//! build stops unless BoringSSL is built with a prefix before its symbols, and says how that is done.
#![forbid(unsafe_code)]

use std::sync::Arc;

pub use simplon_proto_tls_seam::*;

#[cfg(feature = "boringssl")]
pub use simplon_proto_tls_boringssl as boringssl;
#[cfg(feature = "openssl")]
pub use simplon_proto_tls_openssl as openssl;
#[cfg(any(feature = "rustls", feature = "ring"))]
pub use simplon_proto_tls_rustls as rustls;
#[cfg(feature = "s2n")]
pub use simplon_proto_tls_s2n as s2n;

/// The backends that are switched on, the one to prefer first.
#[must_use]
pub fn backends<IO: Transport>() -> Vec<Arc<dyn Backend<IO>>> {
    vec![
        #[cfg(any(feature = "rustls", feature = "ring"))]
        Arc::new(rustls::Rustls::new()),
        #[cfg(feature = "openssl")]
        Arc::new(openssl::OpenSsl::new()),
        #[cfg(feature = "boringssl")]
        Arc::new(boringssl::BoringSsl::new()),
        #[cfg(feature = "s2n")]
        Arc::new(s2n::S2n),
    ]
}
