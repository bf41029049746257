//! Revocation lists (RFC 5280 §5), judged here, so that every library gives the same answer.
//!
//! **What it is.** [`Lists`], made of a [`Trust`](crate::Trust) when an end of TLS is made: lists that cannot be used are an error there. Backends show it
//! the certificates of a peer after their library has verified them ([`Lists::check`]).
//!
//! **What it is not.** It verifies no signatures by itself: the library at hand does that ([`Signatures`]). It fetches no lists.
//!
//! **What counts.** A list is whole, complete (no delta), of its own issuer (not indirect), for all reasons, begun already, and says when the next one
//! comes. Of a trusted issuer its signature is verified when trust is made; of others, which come with their peers, when one comes. Of several
//! lists of one issuer and scope the newest counts, alone. A certificate that no list speaks of is not revoked.

use std::collections::HashSet;
use std::fmt;
use std::time::{SystemTime, UNIX_EPOCH};

use rustls_pki_types::SignatureVerificationAlgorithm;

use x509_parser::prelude::{FromDer, X509Certificate};

use crate::certificate::Certificate;
use crate::error::{ConfigError, Reason};
use crate::identity::element;

mod list;
pub(crate) mod names;

use list::List;

/// What becomes of certificates whose issuer's list has expired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Expired {
    /// They are refused ([`Reason::RevocationListExpired`]): who was revoked since, nobody knows.
    #[default]
    Refuses,
    /// The list counts on, as long as there is no newer one.
    CountsOn,
}

/// Verifies signatures of lists, with the library at hand.
pub trait Signatures: Send + Sync {
    /// Whether this list is signed by the key of this issuer.
    fn is_signed(&self, list: &Signed<'_>) -> bool;
}

impl<F: Fn(&Signed<'_>) -> bool + Send + Sync> Signatures for F {
    fn is_signed(&self, list: &Signed<'_>) -> bool {
        self(list)
    }
}

/// A list or a certificate, and who is said to have signed it: whole, and taken apart.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// The list or certificate in DER.
    pub whole: &'a [u8],
    /// The certificate of the issuer in DER.
    pub issuer: &'a [u8],
    /// What was signed.
    pub message: &'a [u8],
    /// The content of the signature's AlgorithmIdentifier.
    pub algorithm: &'a [u8],
    /// The signature.
    pub signature: &'a [u8],
    /// The content of the key's AlgorithmIdentifier.
    pub key_algorithm: &'a [u8],
    /// The public key.
    pub key: &'a [u8],
}

impl<'a> Signed<'a> {
    /// Of what is signed, which is a sequence of a content, an algorithm and a signature (RFC 5280 §4.1, §5.1); `None` if it is not.
    pub(crate) fn of(whole: &'a [u8], issuer: &'a Certificate) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(issuer.der()).ok()?;
        let (_, content, _) = element(whole)?;
        let (_, _, after_message) = element(content)?;
        let message = &content[..content.len() - after_message.len()];
        let (_, algorithm, after_algorithm) = element(after_message)?;
        let (_, signature, _) = element(after_algorithm)?;
        let (_, key, _) = element(parsed.tbs_certificate.subject_pki.raw)?;
        let (_, key_algorithm, after_algorithm) = element(key)?;
        let (_, key, _) = element(after_algorithm)?;
        Some(Self {
            whole,
            issuer: issuer.der(),
            message,
            algorithm,
            // Of a bit string the first octet tells how many bits of the last are none: here always none are.
            signature: signature.get(1..)?,
            key_algorithm,
            key: key.get(1..)?,
        })
    }
}

/// Whether one of these algorithms says that a list or certificate is signed.
#[must_use]
pub fn is_signed_by_one_of(known: &[&dyn SignatureVerificationAlgorithm], signed: &Signed<'_>) -> bool {
    known.iter().any(|algorithm| {
        algorithm.signature_alg_id().as_ref() == signed.algorithm
            && algorithm.public_key_alg_id().as_ref() == signed.key_algorithm
            && algorithm.verify_signature(signed.key, signed.message, signed.signature).is_ok()
    })
}

/// Lists that count.
pub struct Lists {
    roots: Vec<Certificate>,
    lists: Vec<List>,
    expired: Expired,
    signatures: Box<dyn Signatures>,
}

/// Certificates that are looked at, of one peer: none has as many.
const MOST: usize = 32;

impl Lists {
    /// Judges these lists.
    ///
    /// # Errors
    /// [`ConfigError::Malformed`]: which list, by its place, and why it cannot be used.
    pub(crate) fn judge(
        roots: &[Certificate],
        ders: &[Vec<u8>],
        expired: Expired,
        signatures: impl Signatures + 'static,
    ) -> Result<Self, ConfigError> {
        let now = now();
        let mut lists = Vec::with_capacity(ders.len());
        for (at, der) in ders.iter().enumerate() {
            let wrong = |why: &str| ConfigError::Malformed { what: format!("revocation list {}: {why}", at + 1) };
            let mut list = List::parse(der).map_err(wrong)?;
            if list.begins > now {
                return Err(wrong("it is not valid yet"));
            }
            let known: Vec<_> = roots.iter().filter(|root| list.is_of(root)).collect();
            list.signer =
                known.iter().position(|root| list.is_signed_by(root, &signatures)).map(|at| known[at].clone());
            if !known.is_empty() && list.signer.is_none() {
                return Err(wrong("its issuer is trusted, and has not signed it"));
            }
            if list.ends <= now {
                tracing::warn!(number = at + 1, policy = ?expired, "a revocation list has expired");
            }
            lists.push(list);
        }
        let superseded: Vec<bool> = (0..lists.len()).map(|at| is_superseded(&lists, at)).collect();
        for number in superseded.iter().enumerate().filter_map(|(at, old)| old.then_some(at + 1)) {
            tracing::info!(number, "a revocation list does not count: there is a newer one of its issuer and scope");
        }
        let mut old = superseded.into_iter();
        lists.retain(|_| !old.next().unwrap_or_default());
        Ok(Self { roots: roots.to_vec(), lists, expired, signatures: Box::new(signatures) })
    }

    /// Whether the certificates of a peer may be taken, its own first; the library has verified them already. Of those that lead from its own
    /// to a trusted one, none may stand on a list that counts.
    ///
    /// # Errors
    /// [`Reason::Revoked`]; [`Reason::RevocationListExpired`]; [`Reason::BadCertificate`] if the only lists of an issuer were signed by somebody else.
    pub fn check(&self, shown: &[Certificate]) -> Result<(), Reason> {
        if self.lists.is_empty() {
            return Ok(());
        }
        let now = now();
        let shown = &shown[..shown.len().min(MOST)];
        let mut seen = HashSet::new();
        let mut ahead: Vec<&Certificate> = shown.first().into_iter().collect();
        while let Some(certificate) = ahead.pop() {
            // Who is trusted ends the chain.
            if !seen.insert(certificate.der()) || self.roots.contains(certificate) {
                continue;
            }
            let issuers: Vec<_> =
                self.roots.iter().chain(shown).filter(|other| names::is_issuer(other, certificate)).collect();
            self.check_one(certificate, &issuers, now)?;
            ahead.extend(issuers);
        }
        Ok(())
    }

    fn check_one(&self, certificate: &Certificate, issuers: &[&Certificate], now: i64) -> Result<(), Reason> {
        let of_issuer: Vec<_> = self.lists.iter().filter(|list| issuers.iter().any(|one| list.is_of(one))).collect();
        if of_issuer.is_empty() {
            return Ok(());
        }
        let signer = |list: &List| match &list.signer {
            Some(signer) => issuers.iter().find(|issuer| **issuer == signer).copied(),
            None => issuers.iter().find(|issuer| list.is_signed_by(issuer, &*self.signatures)).copied(),
        };
        let signed: Vec<_> = of_issuer.iter().filter_map(|list| signer(list).map(|signer| (signer, *list))).collect();
        if signed.is_empty() {
            return Err(Reason::BadCertificate);
        }
        // Two issuers of one name have each its list.
        let is_old = |(signer, list): &(&Certificate, &List)| {
            signed.iter().any(|(other_s, other)| other_s == signer && other.supersedes(list))
        };
        let newest = signed.iter().filter(|one| !is_old(one)).map(|(_, list)| *list);
        let counting: Vec<_> = newest.filter(|list| list.speaks_of(certificate)).collect();
        if counting.iter().any(|list| list.has(certificate)) {
            return Err(Reason::Revoked);
        }
        match self.expired {
            Expired::Refuses if counting.iter().any(|list| list.ends <= now) => Err(Reason::RevocationListExpired),
            Expired::Refuses | Expired::CountsOn => Ok(()),
        }
    }
}

/// Whether a newer list of the same trusted issuer takes its place.
fn is_superseded(lists: &[List], at: usize) -> bool {
    let this = &lists[at];
    let newer = |(other_at, other): (usize, &List)| {
        other.signer.is_some()
            && other.signer == this.signer
            && (other.supersedes(this) || (other_at < at && other.is_as_new_as(this)))
    };
    lists.iter().enumerate().any(newer)
}

/// Seconds since 1970.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}

impl fmt::Debug for Lists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lists")
            .field("lists", &self.lists.len())
            .field("expired", &self.expired)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
