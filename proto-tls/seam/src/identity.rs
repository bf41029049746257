//! A certificate chain with its private key, and perhaps a staple.

use std::fmt;
use std::path::Path;

use bytes::Bytes;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::certificate::Certificate;
use crate::error::ConfigError;

/// Who an end of TLS is: its certificate chain, its private key, and perhaps an OCSP response to staple.
///
/// Whether the key belongs to the certificate is checked by the backend, when a configuration is made of it.
pub struct Identity {
    chain: Vec<Certificate>,
    key: PrivateKeyDer<'static>,
    staple: Option<Bytes>,
}

impl Identity {
    /// Of a chain, own certificate first, and a key (PKCS#8, PKCS#1 or SEC1).
    ///
    /// # Errors
    /// The chain is empty, or what is first in it is not a certificate.
    pub fn new(chain: Vec<Certificate>, key: PrivateKeyDer<'static>) -> Result<Self, ConfigError> {
        let own = chain.first().ok_or(ConfigError::Missing { what: "certificate" })?;
        if own.validity().is_none() {
            return Err(ConfigError::Malformed { what: "the certificate".into() });
        }
        Ok(Self { chain, key, staple: None })
    }

    /// Of PEM: the certificates in `chain`, the first private key in `key`.
    ///
    /// # Errors
    /// There is none, or it is not well-formed.
    pub fn of_pem(chain: &[u8], key: &[u8]) -> Result<Self, ConfigError> {
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
            rustls_pki_types::pem::Error::NoItemsFound => ConfigError::Missing { what: "private key" },
            error => ConfigError::Malformed { what: format!("the private key: {error}") },
        })?;
        Self::new(certificates_of_pem(chain)?, key)
    }

    /// Of two files of PEM, which may be the same.
    ///
    /// # Errors
    /// A file cannot be read, or as [`Self::of_pem`]; names the file.
    pub fn of_files(chain: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let (chain, key) = (chain.as_ref(), key.as_ref());
        let (chain_octets, key_octets) = (read(chain)?, read(key)?);
        Self::of_pem(&chain_octets, &key_octets).map_err(|error| match error {
            ConfigError::Malformed { what } => {
                ConfigError::Malformed { what: format!("{what}, in {} and {}", chain.display(), key.display()) }
            }
            error => error,
        })
    }

    /// The same with an OCSP response in DER to staple. One that is not well-formed is refused here: libraries differ in what they do to
    /// the handshake then.
    ///
    /// # Errors
    /// [`ConfigError::Malformed`]
    pub fn with_staple(mut self, staple: impl Into<Bytes>) -> Result<Self, ConfigError> {
        let staple = staple.into();
        if !is_ocsp_response(&staple) {
            return Err(ConfigError::Malformed { what: "the OCSP response".into() });
        }
        self.staple = Some(staple);
        Ok(self)
    }

    /// The chain, own certificate first.
    #[must_use]
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// The own certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.chain[0]
    }

    /// The private key.
    #[must_use]
    pub fn key(&self) -> &PrivateKeyDer<'static> {
        &self.key
    }

    /// The OCSP response to staple.
    #[must_use]
    pub fn staple(&self) -> Option<&Bytes> {
        self.staple.as_ref()
    }
}

impl Clone for Identity {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key(), staple: self.staple.clone() }
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        let Self { chain, key, staple } = self;
        *chain == other.chain && key.secret_der() == other.key.secret_der() && *staple == other.staple
    }
}

impl Eq for Identity {}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chain, key: _, staple } = self;
        f.debug_struct("Identity").field("chain", chain).field("staple", &staple.is_some()).finish_non_exhaustive()
    }
}

/// All certificates in PEM, in order.
///
/// # Errors
/// There is none, or one is not well-formed.
pub fn certificates_of_pem(pem: &[u8]) -> Result<Vec<Certificate>, ConfigError> {
    let mut all = Vec::new();
    for found in CertificateDer::pem_slice_iter(pem) {
        let der = found.map_err(|error| ConfigError::Malformed { what: format!("a certificate: {error}") })?;
        all.push(Certificate::of_der(der.to_vec()));
    }
    if all.is_empty() { Err(ConfigError::Missing { what: "certificate" }) } else { Ok(all) }
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>, ConfigError> {
    std::fs::read(path).map_err(|source| ConfigError::File { path: path.into(), source })
}

/// Whether octets have the outer shape of a successful OCSPResponse (RFC 6960 §4.2.1): SEQUENCE { ENUMERATED 0, [0] … } and nothing after it.
fn is_ocsp_response(der: &[u8]) -> bool {
    let Some((0x30, content, [])) = element(der) else { return false };
    let Some((0x0a, [0], rest)) = element(content) else { return false };
    let Some((0xa0, response, [])) = element(rest) else { return false };
    matches!(element(response), Some((0x30, _, [])))
}

/// One element of DER: its tag, its content, and what follows.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (octets, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (octets.iter().fold(0, |sum, b| sum << 8 | usize::from(*b)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((tag, content, rest))
}

#[cfg(test)]
mod tests;
