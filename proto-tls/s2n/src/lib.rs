//! The TLS backend on s2n-tls, with AWS-LC below it.
//!
//! **What it is.** [`S2n`], a value that fulfils [`Backend`]. s2n chooses by named security policies, so that of the settings of the seam a choice of
//! cipher suites or groups is refused at start-up.
//!
//! **What differs from the others.** The peer of a failed handshake is told after a random delay of up to a second, while our caller knows at
//! once; it gets an alert as long as nothing is encrypted, and after that none. With TLS 1.2 there is no half-closed connection: an end that has
//! taken leave reads no more, and one whose peer has taken leave writes no more (RFC 5246 §7.2.1). Names in a certificate's common name do not
//! count. Sessions of clients that were asked for a certificate are not resumed, as s2n's tickets hold no certificates. Of a server whose
//! certificate is not verified, [`Facts::peer`] says nothing.
//!
//! **FIPS.** It is in force when the feature `fips` of the crate `s2n-tls` is on, in any package of the build.
//!
//! [`Facts::peer`]: simplon_proto_tls_seam::Facts
#![deny(unsafe_code)]

use std::sync::Arc;

use simplon_proto_tls_seam::session::Backend;
use simplon_proto_tls_seam::{
    Accept, Capabilities, Capability, ClientConfig, ConfigError, Connect, ServerConfig, Transport,
};

mod client;
mod error;
mod facts;
#[allow(unsafe_code, reason = "callbacks of C get pointers")]
mod ffi;
mod leave;
mod link;
mod lists;
mod names;
mod pem;
mod policy;
mod server;
mod sessions;
mod stream;
mod tickets;

#[cfg(test)]
mod tests;

/// What errors and facts call this backend.
const NAME: &str = "s2n";

/// TLS by s2n-tls.
#[derive(Clone, Copy, Debug, Default)]
pub struct S2n;

impl S2n {
    /// What it can do.
    #[must_use]
    pub fn capabilities() -> Capabilities {
        let fips = policy::is_fips();
        Capabilities::of(&[
            Capability::PostQuantum,
            Capability::KeyLog,
            Capability::Crl,
            Capability::TicketKeys,
            Capability::Stapling,
            Capability::AlternativeNames,
        ])
        .and_if(Capability::Only12, !fips)
        .and_if(Capability::Fips, fips)
    }
}

impl<IO: Transport> Backend<IO> for S2n {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        Self::capabilities()
    }

    fn server(&self, config: &ServerConfig) -> Result<Arc<dyn Accept<IO>>, ConfigError> {
        Ok(Arc::new(server::Accepting::new(config)?))
    }

    fn client(&self, config: &ClientConfig) -> Result<Arc<dyn Connect<IO>>, ConfigError> {
        Ok(Arc::new(client::Connecting::new(config)?))
    }
}
