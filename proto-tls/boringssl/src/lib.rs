//! The TLS backend on BoringSSL, which is built from source.
//!
//! **What it is.** [`BoringSsl`], a value for listeners and peers to choose this library.
//!
//! **What it is not.** It touches nothing that the process has only once: no environment, no defaults of the library.
//!
//! The library has the same symbols as OpenSSL: a program can have both only if this one is built with a prefix, as `simplon-proto-tls` says
//! when it is asked for both.
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
mod trust;

/// BoringSSL as a backend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BoringSsl;

/// What the backend is called.
const NAME: &str = "boringssl";

impl BoringSsl {
    /// The library that this program is linked with.
    #[must_use]
    pub fn new() -> Self {
        Self
    }
}

impl<IO: Transport> Backend<IO> for BoringSsl {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        ALWAYS
            .and_if(Capability::PostQuantum, context::knows_group("X25519MLKEM768"))
            .and_if(Capability::Fips, boring::fips::enabled())
    }

    fn server(&self, config: &ServerConfig) -> Result<Arc<dyn Accept<IO>>, ConfigError> {
        Ok(Arc::new(accept::Acceptor::new(config)?))
    }

    fn client(&self, config: &ClientConfig) -> Result<Arc<dyn Connect<IO>>, ConfigError> {
        Ok(Arc::new(connect::Connector::new(config)?))
    }
}

/// No choice of cipher suites: those of TLS 1.3 are there together or not at all. Lists that keep to that are taken nevertheless.
const ALWAYS: Capabilities = Capabilities::of(&[
    Capability::GroupChoice,
    Capability::KeyLog,
    Capability::Crl,
    Capability::TicketKeys,
    Capability::Stapling,
    Capability::AlternativeNames,
    Capability::Only12,
]);
