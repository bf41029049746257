//! TLS from several libraries behind one seam. Which one a listener or a peer uses is a value, not a build mode.
//!
//! **What it is.** The seam ([`simplon_proto_tls_seam`], whose items are here under their own names), and each backend that is switched on by
//! its feature: [`backends`] lists them.
//!
//! **What it is not.** It opens no socket.
//!
//! | feature | what it brings |
//! |---|---|
//! | `rustls` | the backend on rustls, with AWS-LC |
//! | `ring` | the same with ring, in place of AWS-LC or beside it: builds quickly, knows no post-quantum key agreement |
//! | `fips` | the same with the validated module of AWS-LC |
#![forbid(unsafe_code)]

use std::sync::Arc;

use simplon_proto_tls_seam::session::Backend;
pub use simplon_proto_tls_seam::*;

#[cfg(any(feature = "rustls", feature = "ring"))]
pub use simplon_proto_tls_rustls as rustls;
#[cfg(feature = "s2n")]
pub use simplon_proto_tls_s2n as s2n;

/// The backends that are switched on, the one to prefer first.
#[must_use]
pub fn backends<IO: Transport>() -> Vec<Arc<dyn Backend<IO>>> {
    vec![
        #[cfg(feature = "rustls")]
        Arc::new(rustls::Rustls::new()),
        #[cfg(feature = "s2n")]
        Arc::new(s2n::S2n::new()),
    ]
}
