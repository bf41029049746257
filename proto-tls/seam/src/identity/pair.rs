//! Whether a private key belongs to a certificate, as far as the octets of both tell: no cryptography is in the seam.

use rustls_pki_types::PrivateKeyDer;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::element;

/// What the octets tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pair {
    /// The public half that stands beside the private one is the certificate's.
    Same,
    /// It is another one, or of another kind.
    Other,
    /// The key does not hold its public half; a library has to compute it.
    Unknown,
}

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// Looks at both.
pub(crate) fn of(certificate: &[u8], key: &PrivateKeyDer<'_>) -> Pair {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return Pair::Unknown };
    let public = certificate.public_key();
    let theirs = Public { algorithm: public.algorithm.algorithm.as_bytes(), key: &public.subject_public_key.data };
    let compared = match key {
        PrivateKeyDer::Pkcs1(key) => theirs.against_rsa(key.secret_pkcs1_der()),
        PrivateKeyDer::Sec1(key) => theirs.against_ec(key.secret_sec1_der()),
        PrivateKeyDer::Pkcs8(key) => theirs.against_any(key.secret_pkcs8_der()),
        _ => None,
    };
    compared.unwrap_or(Pair::Unknown)
}

/// A certificate's public key: its algorithm, and the content of the bit string.
struct Public<'a> {
    algorithm: &'a [u8],
    key: &'a [u8],
}

impl Public<'_> {
    fn is_rsa(&self) -> bool {
        matches!(self.algorithm, RSA | RSA_PSS)
    }

    /// RFC 8017 §A.1.2: version, modulus and public exponent come first.
    fn against_rsa(&self, der: &[u8]) -> Option<Pair> {
        if !self.is_rsa() {
            return Some(Pair::Other);
        }
        let (_, rest) = take(take(der, SEQUENCE)?.0, INTEGER)?;
        let (modulus, rest) = take(rest, INTEGER)?;
        let (exponent, _) = take(rest, INTEGER)?;
        let (their_modulus, rest) = take(take(self.key, SEQUENCE)?.0, INTEGER)?;
        let (their_exponent, _) = take(rest, INTEGER)?;
        Some(Pair::of((modulus, exponent) == (their_modulus, their_exponent)))
    }

    /// RFC 5915 §3: version, private key, perhaps parameters, perhaps the public key.
    fn against_ec(&self, der: &[u8]) -> Option<Pair> {
        if self.algorithm != EC {
            return Some(Pair::Other);
        }
        let (_, rest) = take(take(der, SEQUENCE)?.0, INTEGER)?;
        let (_, mut rest) = take(rest, OCTET_STRING)?;
        while let Some((tag, content, after)) = element(rest) {
            if tag == 0xa1 {
                let (point, _) = take(content, BIT_STRING)?;
                return self.against_point(point.split_first()?.1);
            }
            rest = after;
        }
        None
    }

    /// RFC 5958 §2: version, algorithm, the key in an octet string, perhaps attributes, perhaps the public key.
    fn against_any(&self, der: &[u8]) -> Option<Pair> {
        let (_, rest) = take(take(der, SEQUENCE)?.0, INTEGER)?;
        let (algorithm, rest) = take(rest, SEQUENCE)?;
        let (algorithm, _) = take(algorithm, OID)?;
        let (key, mut rest) = take(rest, OCTET_STRING)?;
        match algorithm {
            RSA | RSA_PSS => return self.against_rsa(key),
            EC if self.algorithm != EC => return Some(Pair::Other),
            EC => {
                if let Some(compared) = self.against_ec(key) {
                    return Some(compared);
                }
            }
            other if other != self.algorithm => return Some(Pair::Other),
            _ => {}
        }
        while let Some((tag, content, after)) = element(rest) {
            if tag == 0x81 {
                return self.against_point(content.split_first()?.1);
            }
            rest = after;
        }
        None
    }

    fn against_point(&self, ours: &[u8]) -> Option<Pair> {
        let is_same = match self.algorithm {
            EC => compressed(ours)? == compressed(self.key)?,
            _ => ours == self.key,
        };
        Some(Pair::of(is_same))
    }
}

/// A point may be written in two ways (SEC 1 §2.3.3): both as the shorter one, which has the parity of y, and x.
fn compressed(point: &[u8]) -> Option<(u8, &[u8])> {
    match point.split_first()? {
        (2 | 3, x) => Some((point[0], x)),
        (4, both) => Some((2 + (both.last()? & 1), &both[..both.len() / 2])),
        _ => None,
    }
}

impl Pair {
    fn of(is_same: bool) -> Self {
        if is_same { Self::Same } else { Self::Other }
    }
}

/// The content of an element of this tag, and what follows.
fn take(der: &[u8], wanted: u8) -> Option<(&[u8], &[u8])> {
    let (tag, content, rest) = element(der)?;
    (tag == wanted).then_some((content, rest))
}

#[cfg(test)]
mod tests;
