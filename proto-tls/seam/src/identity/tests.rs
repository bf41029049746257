use super::*;

fn made() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["a.test".into()]).unwrap();
    (made.cert.pem(), made.signing_key.serialize_pem())
}

#[test]
fn pem_is_read_with_all_that_stands_around_it() {
    let (chain, key) = made();
    let (other, _) = made();
    let identity = Identity::of_pem(format!("a note\n{chain}\n{other}").as_bytes(), key.as_bytes()).unwrap();
    assert_eq!(identity.chain().len(), 2);
    assert_eq!(identity.certificate(), &identity.chain()[0]);
    // In one file, in any order.
    let both = format!("{key}{chain}");
    let same = Identity::of_pem(both.as_bytes(), both.as_bytes()).unwrap();
    assert_eq!(same.certificate(), identity.certificate());
    assert_ne!(same, identity);
    assert_eq!(same, same.clone());
}

#[test]
fn what_is_missing_is_named() {
    let (chain, key) = made();
    let of = |chain: &str, key: &str| Identity::of_pem(chain.as_bytes(), key.as_bytes()).err();
    assert!(matches!(of(&chain, &chain), Some(ConfigError::Missing { what: "private key" })));
    assert!(matches!(of(&key, &key), Some(ConfigError::Missing { what: "certificate" })));
    assert!(matches!(of("", &key), Some(ConfigError::Missing { what: "certificate" })));
    assert!(matches!(
        of(&chain[..chain.len() / 2], &key),
        Some(ConfigError::Malformed { .. } | ConfigError::Missing { .. })
    ));
    let no_certificate = "-----BEGIN CERTIFICATE-----\nAQID\n-----END CERTIFICATE-----\n";
    assert!(matches!(of(no_certificate, &key), Some(ConfigError::Malformed { .. })));
}

#[test]
fn keys_are_not_printed() {
    let (chain, key) = made();
    let identity = Identity::of_pem(chain.as_bytes(), key.as_bytes()).unwrap();
    let printed = format!("{identity:?}");
    assert!(printed.contains("Certificate") && !printed.contains("key"), "{printed}");
}

#[test]
fn staples_by_the_table() {
    let long = |inner: &[u8]| {
        let response = [&[0x30, 0x82][..], &(inner.len() as u16).to_be_bytes(), inner].concat();
        let explicit = [&[0xa0, 0x82][..], &(response.len() as u16).to_be_bytes(), &response].concat();
        let content = [&[0x0a, 1, 0][..], &explicit].concat();
        [&[0x30, 0x82][..], &(content.len() as u16).to_be_bytes(), &content].concat()
    };
    let good = vec![0x30, 0x0b, 0x0a, 0x01, 0x00, 0xa0, 0x06, 0x30, 0x04, 0x06, 0x00, 0x04, 0x00];
    let table: [(Vec<u8>, bool); 12] = [
        (good.clone(), true),
        (long(&[5; 3000]), true),
        (vec![], false),
        (b"OCSP".to_vec(), false),
        (vec![0x30, 0x00], false),
        // tryLater, which has no response.
        (vec![0x30, 0x03, 0x0a, 0x01, 0x03], false),
        (vec![0x30, 0x03, 0x0a, 0x01, 0x00], false),
        (vec![0x30, 0x05, 0x0a, 0x01, 0x00, 0xa0, 0x00], false),
        ([&good[..], &[0]].concat(), false),
        (vec![0x30, 0x80, 0x0a, 0x01, 0x00], false),
        (vec![0x30, 0x84, 0xff, 0xff, 0xff, 0xff], false),
        (vec![0x30, 0x83, 0xff], false),
    ];
    let (chain, key) = made();
    for (der, is_good) in table {
        let identity = Identity::of_pem(chain.as_bytes(), key.as_bytes()).unwrap();
        assert_eq!(identity.with_staple(der.clone()).is_ok(), is_good, "{:?}", der.get(..12));
    }
    for n in 0..good.len() {
        assert!(!is_ocsp_response(&good[..n]), "{n} octets");
    }
}
