//! The TLS backend on OpenSSL, 3.0 or newer: the system's, or with the feature `vendored` one built from source.
//!
//! **What it is.** [`OpenSsl`], a value for listeners and peers to choose this library.
//!
//! **What it is not.** It touches nothing that the process has only once: no environment, no defaults of the library.
//!
//! With the feature `fips`, configurations that require FIPS get the library's FIPS provider, if the system has it; where the system's own
//! configuration puts OpenSSL into FIPS mode, all of them have it, without the feature.
#![deny(unsafe_code)]

use std::sync::Arc;

use simplon_proto_tls_seam::session::Backend;
use simplon_proto_tls_seam::{
    Accept, Capabilities, Capability, ClientConfig, ConfigError, Connect, ServerConfig, Transport,
};

mod accept;
mod connect;
mod context;
mod failure;
mod ffi;
mod group;
mod identity;
mod outcome;
mod stream;
mod tickets;
mod trust;

/// OpenSSL as a backend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenSsl;

/// What the backend is called.
const NAME: &str = "openssl";

impl OpenSsl {
    /// The library that this program is linked with.
    #[must_use]
    pub fn new() -> Self {
        Self
    }

    /// What the library calls itself, `OpenSSL 3.0.15 3 Sep 2024` for instance.
    #[must_use]
    pub fn version(&self) -> &'static str {
        openssl::version::version()
    }
}

impl<IO: Transport> Backend<IO> for OpenSsl {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        ALWAYS
            .and_if(Capability::PostQuantum, context::knows_group("X25519MLKEM768"))
            .and_if(Capability::Fips, ffi::fips::is_available())
    }

    fn server(&self, config: &ServerConfig) -> Result<Arc<dyn Accept<IO>>, ConfigError> {
        Ok(Arc::new(accept::Acceptor::new(config)?))
    }

    fn client(&self, config: &ClientConfig) -> Result<Arc<dyn Connect<IO>>, ConfigError> {
        Ok(Arc::new(connect::Connector::new(config)?))
    }
}

/// What every version since 3.0 can.
const ALWAYS: Capabilities = Capabilities::of(&[
    Capability::CipherChoice,
    Capability::GroupChoice,
    Capability::KeyLog,
    Capability::Crl,
    Capability::TicketKeys,
    Capability::Stapling,
    Capability::AlternativeNames,
    Capability::Only12,
]);
