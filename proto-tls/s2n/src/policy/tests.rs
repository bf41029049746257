use s2n_tls::config::Builder;

use super::*;

#[test]
fn every_policy_is_known_to_the_library() {
    use Version::{Tls12, Tls13};
    for (oldest, newest, fips) in [
        (Tls12, Tls13, false),
        (Tls12, Tls13, true),
        (Tls13, Tls13, false),
        (Tls13, Tls13, true),
        (Tls12, Tls12, false),
    ] {
        let name = name(oldest, newest, fips).unwrap();
        let known = Builder::new().set_security_policy(&Policy::from_version(name).unwrap()).is_ok();
        assert!(known, "{name}");
    }
}

#[test]
fn no_version_at_all_is_refused() {
    assert!(matches!(of(Version::Tls13, Version::Tls12, None, None), Err(ConfigError::Malformed { .. })));
}

#[test]
fn what_cannot_be_chosen_is_refused() {
    let some = [String::from("x25519")];
    let choose = |ciphers, groups| match of(Version::Tls12, Version::Tls13, ciphers, groups) {
        Err(ConfigError::Unsupported { backend: "s2n", capability }) => capability,
        other => panic!("{other:?}"),
    };
    assert_eq!(choose(Some(&some[..]), None), Capability::CipherChoice);
    assert_eq!(choose(None, Some(&some[..])), Capability::GroupChoice);
}
