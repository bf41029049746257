use std::cell::Cell;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, date_time_ymd};

use super::*;
use crate::server::Trust;

/// A certificate, what it signs with, and who signed it.
struct Made {
    own: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn by(params: CertificateParams, issuer: Option<&Made>) -> Made {
    let key = KeyPair::generate().unwrap();
    let own = match issuer {
        Some(issuer) => params.signed_by(&key, &issuer.issuer),
        None => params.self_signed(&key),
    };
    Made { own: Certificate::of_der(own.unwrap().der().to_vec()), issuer: Issuer::new(params, key) }
}

fn root(name: &str) -> Made {
    by(params(name), None)
}

impl Made {
    fn issues(&self, name: &str) -> Self {
        by(params(name), Some(self))
    }
}

/// The path through what is shown, and how many signatures were verified. Those hold that one of `pairs` (issuer, issued) has.
fn path(shown: &[&Made], roots: &[&Made], pairs: &[(&Made, &Made)]) -> (Vec<Certificate>, usize) {
    let trust = Trust::new(roots.iter().map(|root| root.own.clone()).collect()).unwrap();
    let asked = Cell::new(0);
    let found = verified(own(shown), &ClientAuth::Required(trust.into()), |signed| {
        asked.set(asked.get() + 1);
        pairs.iter().any(|(one, other)| (one.own.der(), other.own.der()) == (signed.issuer, signed.whole))
    });
    (found, asked.get())
}

fn own(all: &[&Made]) -> Vec<Certificate> {
    all.iter().map(|one| one.own.clone()).collect()
}

#[test]
fn of_what_is_shown_the_path_remains() {
    let top = root("root");
    let one = top.issues("one");
    let two = one.issues("two");
    let leaf = two.issues("leaf");
    let (stranger, same_name) = (root("stranger"), root("two"));
    let pairs = [(&top, &one), (&one, &two), (&two, &leaf)];
    for shown in [
        &[&leaf, &two, &one][..],
        &[&leaf, &one, &two],
        &[&leaf, &two, &one, &top],
        &[&leaf, &top, &stranger, &two, &leaf, &one],
        &[&leaf, &same_name, &two, &two, &one],
        &[&leaf, &two, &one, &same_name],
    ] {
        assert_eq!(path(shown, &[&top], &pairs).0, own(&[&leaf, &two, &one]));
    }
    assert_eq!(path(&[&leaf, &two, &one], &[&stranger, &one], &pairs).0, own(&[&leaf, &two]), "trust ends it");
    assert_eq!(path(&[&leaf, &two, &one], &[&leaf], &pairs).0, own(&[&leaf]), "its own is trusted");
    assert_eq!(path(&[&leaf, &one, &two], &[&stranger], &pairs).0, own(&[&leaf]), "nobody is trusted");
    assert_eq!(path(&[&leaf, &two, &one], &[&top], &pairs[1..]).0, own(&[&leaf]), "the root did not sign it");
}

/// Somebody's certificate for the key of another one: its signatures hold, and it leads nowhere.
#[test]
fn who_leads_nowhere_is_left_again() {
    let (top, stranger) = (root("root"), root("stranger"));
    let between = top.issues("between");
    let forged = stranger.issues("between");
    let leaf = between.issues("leaf");
    let pairs = [(&top, &between), (&between, &leaf), (&forged, &leaf), (&stranger, &forged)];
    for shown in [[&leaf, &forged, &stranger, &between], [&leaf, &between, &forged, &stranger]] {
        assert_eq!(path(&shown, &[&top], &pairs).0, own(&[&leaf, &between]));
    }
}

#[test]
fn who_is_no_authority_or_expired_is_not_on_it() {
    let top = root("root");
    let mut no_authority = params("between");
    no_authority.is_ca = IsCa::NoCa;
    let mut expired = params("between");
    expired.not_after = date_time_ymd(2020, 1, 1);
    for unusual in [no_authority, expired] {
        let (between, good) = (by(unusual, Some(&top)), top.issues("between"));
        let leaf = between.issues("leaf");
        let pairs = [(&top, &between), (&top, &good), (&between, &leaf), (&good, &leaf)];
        assert_eq!(path(&[&leaf, &between, &good], &[&top], &pairs).0, own(&[&leaf, &good]));
    }
}

/// What the peer shows says how much there is to verify; it ends nevertheless.
#[test]
fn signatures_are_bounded() {
    let all: Vec<Made> = (0..40).map(|_| root("same")).collect();
    let shown: Vec<&Made> = all.iter().collect();
    // All of them have issued the first, and nobody another one: each is tried, and whoever is asked for its issuer.
    let everything: Vec<_> = all.iter().map(|one| (one, &all[0])).collect();
    let stranger = root("same");
    let (found, asked) = path(&shown, &[&stranger], &everything);
    assert_eq!((found, asked), (own(&shown[..1]), MOST_SIGNATURES));
    assert_eq!(path(&shown[..1], &[&stranger], &everything), (own(&shown[..1]), 0), "there is nothing to find out");
}
