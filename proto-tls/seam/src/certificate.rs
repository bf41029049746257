//! What a certificate says.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// A certificate in DER, and what can be asked of it. Cheap to clone; parsed when it is asked.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Certificate(Bytes);

/// A subject alternative name (RFC 5280 §4.2.1.6).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AltName {
    /// A DNS name, perhaps with a wildcard.
    Dns(Arc<str>),
    /// An IP address.
    Ip(IpAddr),
    /// A URI, such as a SPIFFE identity.
    Uri(Arc<str>),
    /// An e-mail address.
    Email(Arc<str>),
}

impl Certificate {
    /// A certificate of these octets; whether they are one is found out when it is asked.
    pub fn of_der(der: impl Into<Bytes>) -> Self {
        Self(der.into())
    }

    /// As it came.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0
    }

    /// SHA-256 of the whole certificate.
    #[must_use]
    pub fn fingerprint(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }

    /// Whom it names, as in RFC 4514; `None` if it is not a certificate.
    #[must_use]
    pub fn subject(&self) -> Option<String> {
        self.parsed().map(|cert| cert.subject().to_string())
    }

    /// Who issued it, as in RFC 4514.
    #[must_use]
    pub fn issuer(&self) -> Option<String> {
        self.parsed().map(|cert| cert.issuer().to_string())
    }

    /// The organisation in its subject.
    #[must_use]
    pub fn organisation(&self) -> Option<String> {
        let cert = self.parsed()?;
        let organisation = cert.subject().iter_organization().next()?;
        organisation.as_str().ok().map(str::to_owned)
    }

    /// Its serial number, most significant octet first.
    #[must_use]
    pub fn serial(&self) -> Option<Vec<u8>> {
        self.parsed().map(|cert| cert.raw_serial().to_vec())
    }

    /// The other names that it is for.
    #[must_use]
    pub fn alt_names(&self) -> Vec<AltName> {
        let Some(cert) = self.parsed() else { return Vec::new() };
        let Ok(Some(names)) = cert.subject_alternative_name() else { return Vec::new() };
        names.value.general_names.iter().filter_map(alt_name).collect()
    }

    /// Seconds since 1970 from which, and until which, it is valid.
    #[must_use]
    pub fn validity(&self) -> Option<(i64, i64)> {
        let cert = self.parsed()?;
        Some((cert.validity().not_before.timestamp(), cert.validity().not_after.timestamp()))
    }

    /// Whether it is a certificate, and nothing follows it.
    pub(crate) fn is_whole(&self) -> bool {
        X509Certificate::from_der(&self.0).is_ok_and(|(rest, _)| rest.is_empty())
    }

    fn parsed(&self) -> Option<X509Certificate<'_>> {
        X509Certificate::from_der(&self.0).ok().map(|(_, cert)| cert)
    }
}

fn alt_name(name: &GeneralName<'_>) -> Option<AltName> {
    Some(match name {
        GeneralName::DNSName(name) => AltName::Dns((*name).into()),
        GeneralName::URI(uri) => AltName::Uri((*uri).into()),
        GeneralName::RFC822Name(email) => AltName::Email((*email).into()),
        GeneralName::IPAddress(octets) => match <[u8; 4]>::try_from(*octets) {
            Ok(octets) => AltName::Ip(octets.into()),
            Err(_) => AltName::Ip(<[u8; 16]>::try_from(*octets).ok()?.into()),
        },
        _ => return None,
    })
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Certificate").field(&self.subject()).finish()
    }
}

#[cfg(test)]
mod tests;
