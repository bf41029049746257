//! Certificates for those who have none at hand.
#![allow(dead_code, reason = "each example uses its part")]

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use simplon::prelude::*;

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// A certificate for these names that nobody has a reason to trust.
pub(crate) fn self_signed(names: &[&str]) -> Result<Identity, Failure> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names)?;
    Ok(Identity::of_pem(made.cert.pem().as_bytes(), made.signing_key.serialize_pem().as_bytes())?)
}

/// An authority that issues certificates, as long as the program runs.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new() -> Result<Self, Failure> {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    /// What to trust so that its certificates count.
    pub(crate) fn trust(&self) -> Result<Trust, Failure> {
        Ok(Trust::of_pem(self.0.pem().as_bytes())?)
    }

    /// A certificate and its key, in PEM.
    pub(crate) fn issue(&self, name: &str) -> Result<(String, String), Failure> {
        let key = KeyPair::generate()?;
        let cert = CertificateParams::new([name.to_owned()])?.signed_by(&key, &self.0)?;
        Ok((cert.pem(), key.serialize_pem()))
    }
}
