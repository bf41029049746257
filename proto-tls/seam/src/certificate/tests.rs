use std::net::{Ipv4Addr, Ipv6Addr};

use rcgen::{CertificateParams, DnType, KeyPair, SanType, date_time_ymd};

use super::*;

fn made() -> Certificate {
    let mut params =
        CertificateParams::new(["a.test".to_owned(), "*.b.test".to_owned(), "192.0.2.1".to_owned()]).unwrap();
    params.subject_alt_names.push(SanType::IpAddress(Ipv6Addr::LOCALHOST.into()));
    params.subject_alt_names.push(SanType::URI("spiffe://test/x".try_into().unwrap()));
    params.subject_alt_names.push(SanType::Rfc822Name("me@a.test".try_into().unwrap()));
    params.distinguished_name.push(DnType::CommonName, "name");
    params.distinguished_name.push(DnType::OrganizationName, "organisation");
    params.serial_number = Some(0x0102_0304_u64.into());
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2030, 1, 1));
    let key = KeyPair::generate().unwrap();
    Certificate::of_der(params.self_signed(&key).unwrap().der().to_vec())
}

#[test]
fn a_certificate_says_what_stands_in_it() {
    let certificate = made();
    assert_eq!(certificate.organisation().as_deref(), Some("organisation"));
    assert!(certificate.subject().unwrap().contains("CN=name"));
    assert_eq!(certificate.subject(), certificate.issuer());
    assert!(certificate.serial().unwrap().ends_with(&[1, 2, 3, 4]));
    assert_eq!(certificate.validity(), Some((1_577_836_800, 1_893_456_000)));
    let names = certificate.alt_names();
    assert!(names.contains(&AltName::Dns("a.test".into())) && names.contains(&AltName::Dns("*.b.test".into())));
    assert!(names.contains(&AltName::Ip(Ipv4Addr::new(192, 0, 2, 1).into())));
    assert!(names.contains(&AltName::Ip(Ipv6Addr::LOCALHOST.into())));
    assert!(names.contains(&AltName::Uri("spiffe://test/x".into())));
    assert!(names.contains(&AltName::Email("me@a.test".into())));
}

#[test]
fn octets_that_are_no_certificate_say_nothing() {
    let whole = made();
    for n in [0, 1, 4, 100, whole.der().len() - 1] {
        let part = Certificate::of_der(whole.der()[..n].to_vec());
        assert_eq!((part.subject(), part.issuer(), part.organisation()), (None, None, None));
        assert_eq!((part.serial(), part.validity()), (None, None));
        assert!(part.alt_names().is_empty());
        assert_ne!(part.fingerprint(), whole.fingerprint());
    }
}
