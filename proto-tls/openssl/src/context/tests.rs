use super::*;

fn list(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn common<'a>(versions: (Version, Version), ciphers: Option<&'a [String]>) -> Common<'a> {
    Common { versions, ciphers, groups: None, key_log: None, fips: false }
}

#[test]
fn names_are_sorted_by_version_and_translated() {
    let names = list(&["TLS_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]);
    let (of_12, of_13) = by_version(&names).unwrap();
    assert_eq!(of_12, ["ECDHE-RSA-AES128-GCM-SHA256"]);
    assert_eq!(of_13, ["TLS_AES_128_GCM_SHA256"]);
}

#[test]
fn what_is_no_name_is_refused() {
    for name in ["ALL", "HIGH:!aNULL", "", "ECDHE-RSA-AES128-GCM-SHA256", "TLS_A_WITH_B", "TLS_AES"] {
        let names = list(&[name]);
        assert!(matches!(by_version(&names), Err(ConfigError::Unknown { .. })), "{name}");
    }
    assert!(!knows_group("X25519:P-256"));
    assert!(!knows_group("nothing"));
    assert!(knows_group("P-256"));
}

#[test]
fn a_version_without_a_suite_is_none() {
    let only_13 = list(&["TLS_AES_128_GCM_SHA256"]);
    let mut context = builder(&common((Version::Tls12, Version::Tls13), Some(&only_13))).unwrap();
    assert_eq!(context.min_proto_version(), Some(SslVersion::TLS1_3));
    let only_12 = list(&["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"]);
    let mut context = builder(&common((Version::Tls12, Version::Tls13), Some(&only_12))).unwrap();
    assert_eq!(context.max_proto_version(), Some(SslVersion::TLS1_2));
    assert!(builder(&common((Version::Tls13, Version::Tls13), Some(&only_12))).is_err());
}
