//! The TLS backend on rustls.
//!
//! **What it is.** [`Rustls`], a [`Backend`] for every transport. Cryptography comes from AWS-LC (feature `aws-lc-rs`, the default; `fips` for its
//! validated module) or from ring (feature `ring`, which builds quickly and knows no post-quantum key agreement). Features add up: which
//! one an end uses is the constructor's choice, and no process-wide default is touched. Without either, cryptography comes from elsewhere
//! ([`Rustls::with_provider`]), and no tickets are issued.
//!
//! **What it is not.** It reads no ClientHello and chooses no site: the seam has done that before.
#![forbid(unsafe_code)]

use std::fmt;
use std::sync::Arc;

use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use simplon_proto_tls_seam::{
    Accept, Backend, Capabilities, Capability, ClientConfig, ConfigError, Connect, ServerConfig, Transport,
};

mod client;
mod fail;
mod key_log;
mod names;
mod provider;
mod server;
mod stream;
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod tickets;
mod verify;

pub use rustls;

/// What this backend is called.
pub(crate) const NAME: &str = "rustls";

/// rustls, with its cryptography.
#[derive(Clone)]
pub struct Rustls {
    /// What is used by default.
    provider: Arc<CryptoProvider>,
    /// All groups that can be asked for by name.
    groups: Arc<[&'static dyn SupportedKxGroup]>,
}

impl Rustls {
    /// With the best cryptography that was built in.
    #[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
    #[must_use]
    pub fn new() -> Self {
        #[cfg(feature = "aws-lc-rs")]
        return Self::aws_lc_rs();
        #[cfg(not(feature = "aws-lc-rs"))]
        return Self::ring();
    }

    /// With AWS-LC.
    #[cfg(feature = "aws-lc-rs")]
    #[must_use]
    pub fn aws_lc_rs() -> Self {
        use rustls::crypto::aws_lc_rs::{ALL_KX_GROUPS, default_provider};
        Self { provider: Arc::new(default_provider()), groups: ALL_KX_GROUPS.into() }
    }

    /// With ring.
    #[cfg(feature = "ring")]
    #[must_use]
    pub fn ring() -> Self {
        use rustls::crypto::ring::{ALL_KX_GROUPS, default_provider};
        Self { provider: Arc::new(default_provider()), groups: ALL_KX_GROUPS.into() }
    }

    /// With cryptography from elsewhere.
    #[must_use]
    pub fn with_provider(provider: impl Into<Arc<CryptoProvider>>) -> Self {
        let provider = provider.into();
        Self { groups: provider.kx_groups.as_slice().into(), provider }
    }

    fn has_post_quantum(&self) -> bool {
        self.provider.kx_groups.iter().any(|group| group.name() == rustls::NamedGroup::X25519MLKEM768)
    }
}

#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
impl Default for Rustls {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Rustls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rustls").field("fips", &self.provider.fips()).finish_non_exhaustive()
    }
}

impl<IO: Transport> Backend<IO> for Rustls {
    fn name(&self) -> &'static str {
        NAME
    }

    fn capabilities(&self) -> Capabilities {
        use Capability::{
            AlternativeNames, CipherChoice, Crl, Fips, GroupChoice, KeyLog, Only12, PostQuantum, Stapling, TicketKeys,
        };
        Capabilities::of(&[CipherChoice, GroupChoice, KeyLog, Crl, Stapling, AlternativeNames, Only12])
            .and_if(TicketKeys, cfg!(any(feature = "aws-lc-rs", feature = "ring")))
            .and_if(PostQuantum, self.has_post_quantum())
            .and_if(Fips, self.provider.fips())
    }

    fn server(&self, config: &ServerConfig) -> Result<Arc<dyn Accept<IO>>, ConfigError> {
        Ok(Arc::new(server::Acceptor::new(self, config)?))
    }

    fn client(&self, config: &ClientConfig) -> Result<Arc<dyn Connect<IO>>, ConfigError> {
        Ok(Arc::new(client::Connector::new(self, config)?))
    }
}

#[cfg(test)]
#[cfg(any(feature = "aws-lc-rs", feature = "ring"))]
mod tests;
