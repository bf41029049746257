//! A certificate chain with its private key, and perhaps a staple.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::certificate::Certificate;
use crate::error::ConfigError;

pub(crate) mod pair;

use pair::Pair;

/// Who an end of TLS is: its certificate chain, its private key, and perhaps an OCSP response to staple.
///
/// Whether the key belongs to the certificate is found out when it is read from PEM, and once more when an end of TLS is made of it: there the
/// library looks at keys that do not hold their public half.
pub struct Identity {
    chain: Vec<Certificate>,
    key: PrivateKeyDer<'static>,
    staple: Option<Bytes>,
    /// Where it was read from: chain and key.
    files: Option<Arc<(PathBuf, PathBuf)>>,
}

impl Identity {
    /// Of a chain, own certificate first, and a key (PKCS#8, PKCS#1 or SEC1).
    ///
    /// # Errors
    /// The chain is empty, or something in it is not a certificate.
    pub fn new(chain: Vec<Certificate>, key: PrivateKeyDer<'static>) -> Result<Self, ConfigError> {
        if chain.is_empty() {
            return Err(ConfigError::Missing { what: "certificate" });
        }
        match chain.iter().position(|one| !one.is_whole()) {
            None => Ok(Self { chain, key, staple: None, files: None }),
            Some(0) => Err(ConfigError::Malformed { what: "the certificate".into() }),
            Some(at) => Err(ConfigError::Malformed { what: format!("certificate {} of the chain", at + 1) }),
        }
    }

    /// Of PEM: the certificates in `chain`, the first private key in `key`.
    ///
    /// # Errors
    /// There is none, or it is not well-formed; [`ConfigError::KeyMismatch`].
    pub fn of_pem(chain: &[u8], key: &[u8]) -> Result<Self, ConfigError> {
        let identity = Self::read_pem(chain, key)?;
        if identity.pair() == Pair::Other { Err(ConfigError::KeyMismatch) } else { Ok(identity) }
    }

    fn read_pem(chain: &[u8], key: &[u8]) -> Result<Self, ConfigError> {
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| match error {
            rustls_pki_types::pem::Error::NoItemsFound => ConfigError::Missing { what: "private key" },
            error => ConfigError::Malformed { what: format!("the private key: {error}") },
        })?;
        Self::new(certificates_of_pem(chain)?, key)
    }

    /// Of two files of PEM, which may be the same.
    ///
    /// # Errors
    /// A file cannot be read, or as [`Self::of_pem`]; names the files.
    pub fn of_files(chain: impl AsRef<Path>, key: impl AsRef<Path>) -> Result<Self, ConfigError> {
        let (chain, key) = (chain.as_ref(), key.as_ref());
        let identity = Self::of_contents((chain, &read(chain)?), (key, &read(key)?))?;
        if identity.pair() == Pair::Other { Err(identity.blame(ConfigError::KeyMismatch)) } else { Ok(identity) }
    }

    /// The same of what stands in the files, whether or not the key belongs to the certificate.
    pub(crate) fn of_contents(chain: (&Path, &[u8]), key: (&Path, &[u8])) -> Result<Self, ConfigError> {
        let identity = Self::read_pem(chain.1, key.1).map_err(|error| match error {
            ConfigError::Malformed { what } => {
                ConfigError::Malformed { what: format!("{what}, in {} and {}", chain.0.display(), key.0.display()) }
            }
            error => error,
        })?;
        Ok(Self { files: Some(Arc::new((chain.0.into(), key.0.into()))), ..identity })
    }

    /// Whether the key belongs to the certificate, as far as its octets tell.
    pub(crate) fn pair(&self) -> Pair {
        pair::of(self.certificate().der(), &self.key)
    }

    /// What is wrong with this identity, with the files that it came from.
    #[must_use]
    pub fn blame(&self, error: ConfigError) -> ConfigError {
        match (&self.files, error) {
            (Some(files), error @ (ConfigError::KeyMismatch | ConfigError::Library { .. })) => {
                ConfigError::InFiles { chain: files.0.clone(), key: files.1.clone(), source: Box::new(error) }
            }
            (_, error) => error,
        }
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
        let Self { chain, key, staple, files } = self;
        Self { chain: chain.clone(), key: key.clone_key(), staple: staple.clone(), files: files.clone() }
    }
}

impl PartialEq for Identity {
    fn eq(&self, other: &Self) -> bool {
        // Where it was read from makes no difference.
        let Self { chain, key, staple, files: _ } = self;
        *chain == other.chain && key.secret_der() == other.key.secret_der() && *staple == other.staple
    }
}

impl Eq for Identity {}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { chain, key: _, staple, files: _ } = self;
        f.debug_struct("Identity").field("chain", chain).field("staple", &staple.is_some()).finish_non_exhaustive()
    }
}

/// All certificates in PEM, in order.
///
/// # Errors
/// There is none, or one is not well-formed; a section whose label is another sort of certificate (`TRUSTED CERTIFICATE`,
/// `CERTIFICATE REQUEST`), which would be left out without a word.
pub fn certificates_of_pem(pem: &[u8]) -> Result<Vec<Certificate>, ConfigError> {
    if let Some(label) = foreign_label(pem) {
        return Err(ConfigError::Malformed { what: format!("a certificate: a section of PEM is labelled `{label}`") });
    }
    let mut all = Vec::new();
    for found in CertificateDer::pem_slice_iter(pem) {
        let der = found.map_err(|error| ConfigError::Malformed { what: format!("a certificate: {error}") })?;
        all.push(Certificate::of_der(der.to_vec()));
    }
    if all.is_empty() { Err(ConfigError::Missing { what: "certificate" }) } else { Ok(all) }
}

/// The label of a section that speaks of certificates, and holds none.
fn foreign_label(pem: &[u8]) -> Option<String> {
    let labels = pem.split(|b| *b == b'\n').filter_map(|line| {
        let label = line.trim_ascii().strip_prefix(b"-----BEGIN ")?.strip_suffix(b"-----")?;
        std::str::from_utf8(label).ok()
    });
    let mut foreign = labels.filter(|label| label.contains("CERTIFICATE") && *label != "CERTIFICATE");
    foreign.next().map(str::to_owned)
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
pub(crate) fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&[tag, first], rest) = der.split_first_chunk::<2>()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x84 => {
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
