use rcgen::{CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
use rustls_pki_types::{PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};

use super::*;

const RSA_KEY: &str = include_str!("../../../../suite/src/rsa.pem");

fn keys() -> Vec<KeyPair> {
    let made =
        [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519, &PKCS_ED25519];
    let mut all: Vec<_> = made.into_iter().map(|kind| KeyPair::generate_for(kind).unwrap()).collect();
    all.push(KeyPair::from_pem(RSA_KEY).unwrap());
    all
}

fn certificate(key: &KeyPair) -> Vec<u8> {
    CertificateParams::new(["a.test".to_owned()]).unwrap().self_signed(key).unwrap().der().to_vec()
}

/// What stands inside of PKCS #8.
fn inner(der: &[u8]) -> Vec<u8> {
    let (_, rest) = take(take(der, SEQUENCE).unwrap().0, INTEGER).unwrap();
    let (_, rest) = take(rest, SEQUENCE).unwrap();
    take(rest, OCTET_STRING).unwrap().0.to_vec()
}

#[test]
fn each_key_belongs_to_its_own_certificate_alone() {
    let keys = keys();
    for (at, key) in keys.iter().enumerate() {
        let der = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        for (other_at, other) in keys.iter().enumerate() {
            let found = of(&certificate(other), &der);
            let expected = if at == other_at { Pair::Same } else { Pair::Other };
            assert_eq!(found, expected, "key {at}, certificate {other_at}");
        }
    }
}

#[test]
fn older_forms_are_read_too() {
    let keys = keys();
    let (ec, rsa) = (&keys[0], &keys[5]);
    let sec1 = PrivateKeyDer::from(PrivateSec1KeyDer::from(inner(&ec.serialize_der())));
    let pkcs1 = PrivateKeyDer::from(PrivatePkcs1KeyDer::from(inner(&rsa.serialize_der())));
    assert_eq!(of(&certificate(ec), &sec1), Pair::Same);
    assert_eq!(of(&certificate(&keys[1]), &sec1), Pair::Other);
    assert_eq!(of(&certificate(rsa), &sec1), Pair::Other);
    assert_eq!(of(&certificate(rsa), &pkcs1), Pair::Same);
    assert_eq!(of(&certificate(ec), &pkcs1), Pair::Other);
}

#[test]
fn what_does_not_hold_its_public_half_is_left_to_the_library() {
    // RFC 8410 §10.3, the first: a seed alone.
    let mut seed = vec![0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    seed.extend([7; 32]);
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(seed));
    let keys = keys();
    assert_eq!(of(&certificate(&keys[3]), &key), Pair::Unknown);
    assert_eq!(of(&certificate(&keys[0]), &key), Pair::Other, "of another kind");
}

#[test]
fn points_are_the_same_in_both_ways_of_writing() {
    let (x, even, odd) = ([7; 4], [1, 1, 1, 2], [1, 1, 1, 3]);
    let whole = |y: [u8; 4]| [&[4][..], &x, &y].concat();
    assert_eq!(compressed(&whole(even)), compressed(&[&[2][..], &x].concat()));
    assert_eq!(compressed(&whole(odd)), compressed(&[&[3][..], &x].concat()));
    assert_ne!(compressed(&whole(even)), compressed(&whole(odd)));
    assert_eq!((compressed(&[]), compressed(&[0]), compressed(&[4])), (None, None, None));
}

#[test]
fn octets_cut_anywhere_do_no_harm() {
    let keys = keys();
    for key in [&keys[0], &keys[3], &keys[5]] {
        let (whole, certificate) = (key.serialize_der(), certificate(key));
        for cut in 0..whole.len() {
            let part = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(whole[..cut].to_vec()));
            assert_eq!(of(&certificate, &part), Pair::Unknown, "{cut}");
        }
    }
}
