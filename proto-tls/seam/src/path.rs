//! Which of the certificates that a peer showed lead from its own to a trusted one.
//!
//! **What it is.** Peers may show certificates in any order, and others beside them (RFC 8446 §4.4.2); libraries hand on all of them. [`verified`] finds
//! the path again by names and signatures, so that what is handed on is the same for every library and stands for something.
//!
//! **What it is not.** It decides nothing: the library has verified the peer before, and says who is let in.

use std::collections::HashSet;

use x509_parser::prelude::{FromDer, X509Certificate};

use crate::certificate::Certificate;
use crate::revocation::{Signed, names};
use crate::server::ClientAuth;

/// Certificates that are looked at, of one peer.
const MOST: usize = 32;
/// Signatures that are verified for one peer: each costs as much as a part of the handshake, and the peer says how many there are.
const MOST_SIGNATURES: usize = 64;

/// The path from the first of these certificates to a trusted one, which is not in it itself, in its order. Nothing else of what was shown. Where no path is
/// found (the peer's own is the trusted one, or nobody was asked) the peer's own alone. `is_signed` verifies a signature, with the library at hand.
pub fn verified(
    mut shown: Vec<Certificate>,
    auth: &ClientAuth,
    is_signed: impl Fn(&Signed<'_>) -> bool,
) -> Vec<Certificate> {
    if shown.len() < 2 {
        return shown;
    }
    let roots = match auth {
        ClientAuth::None => &[][..],
        ClientAuth::Optional(trust) | ClientAuth::Required(trust) => trust.roots(),
    };
    shown.truncate(MOST);
    let mut search = Search { shown: &shown, roots, is_signed, left: MOST_SIGNATURES, seen: HashSet::from([0]) };
    let mut path = vec![0];
    if !search.extend(&mut path) {
        path.truncate(1);
    }
    path.into_iter().map(|at| shown[at].clone()).collect()
}

struct Search<'a, F> {
    shown: &'a [Certificate],
    roots: &'a [Certificate],
    is_signed: F,
    /// Signatures that may still be verified.
    left: usize,
    /// Those that are on the path, or lead nowhere.
    seen: HashSet<usize>,
}

impl<F: Fn(&Signed<'_>) -> bool> Search<'_, F> {
    /// Goes on from the end of the path to somebody trusted; the path is as it was if there is no way.
    fn extend(&mut self, path: &mut Vec<usize>) -> bool {
        let (shown, roots) = (self.shown, self.roots);
        let Some(last) = path.last().map(|at| &shown[*at]) else { return false };
        if roots.contains(last) || roots.iter().any(|root| self.has_issued(root, last)) {
            return true;
        }
        for (at, other) in shown.iter().enumerate() {
            // Who is trusted is asked above, and is not the peer's to show.
            let is_new = !self.seen.contains(&at) && !roots.contains(other) && may_issue(other);
            if !is_new || !self.has_issued(other, last) {
                continue;
            }
            self.seen.insert(at);
            path.push(at);
            if self.extend(path) {
                return true;
            }
            path.pop();
        }
        false
    }

    fn has_issued(&mut self, issuer: &Certificate, of: &Certificate) -> bool {
        if self.left == 0 || !names::is_issuer(issuer, of) {
            return false;
        }
        self.left -= 1;
        Signed::of(of.der(), issuer).is_some_and(|signed| (self.is_signed)(&signed))
    }
}

/// Whether it is an authority's, and valid today.
fn may_issue(certificate: &Certificate) -> bool {
    X509Certificate::from_der(certificate.der()).is_ok_and(|(_, parsed)| parsed.is_ca() && parsed.validity().is_valid())
}

#[cfg(test)]
mod tests;
