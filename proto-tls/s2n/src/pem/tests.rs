use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::*;

#[test]
fn vectors_of_rfc_4648() {
    for (octets, expected) in [
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ] {
        let text = block("X", octets.as_bytes());
        assert_eq!(text, format!("-----BEGIN X-----\n{expected}\n-----END X-----\n"));
    }
}

#[test]
fn what_is_written_is_read_again() {
    for length in 1..200 {
        let der: Vec<u8> = (0..length).map(|n| (n * 37) as u8).collect();
        let text = certificate(&Certificate::of_der(der.clone()));
        assert_eq!(CertificateDer::from_pem_slice(text.as_bytes()).unwrap().as_ref(), der, "{length}");
    }
}
