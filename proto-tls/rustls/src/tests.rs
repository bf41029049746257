use simplon_proto_tls_suite::pki::Authority;
use tokio::io::DuplexStream;

use super::*;

#[test]
fn capabilities_are_what_the_cryptography_has() {
    let backend: &dyn Backend<DuplexStream> = &Rustls::new();
    let has = |capability| backend.capabilities().has(capability);
    assert_eq!(has(Capability::PostQuantum), cfg!(feature = "aws-lc-rs"));
    assert_eq!(has(Capability::Fips), cfg!(feature = "fips"));
    assert!(has(Capability::CipherChoice) && has(Capability::TicketKeys) && has(Capability::Only12));
}

#[test]
fn names_are_those_of_iana() {
    let backend = Rustls::new();
    for suite in &backend.provider.cipher_suites {
        let name = names::cipher(suite.suite());
        assert!(name.starts_with("TLS_") && !name.contains("TLS13"), "{name}");
    }
    for group in &*backend.groups {
        assert_ne!(names::group(group.name()), "unknown");
    }
}

#[test]
fn what_does_not_go_together_is_refused_when_it_is_made() {
    let backend = Rustls::new();
    let identity = Authority::new("root").identity(&["a.test"]);
    let server = |change: &dyn Fn(&mut ServerConfig)| {
        let mut config = ServerConfig::of(identity.clone());
        change(&mut config);
        <Rustls as Backend<DuplexStream>>::server(&backend, &config).err()
    };
    use simplon_proto_tls_seam::Version::{Tls12, Tls13};
    assert!(server(&|_| {}).is_none());
    let reversed = server(&|config| (config.oldest, config.newest) = (Tls13, Tls12));
    assert!(matches!(reversed, Some(ConfigError::Malformed { .. })));
    let none = server(&|config| config.ciphers = Some(Vec::new()));
    assert!(matches!(none, Some(ConfigError::Missing { .. })));
    let of_another_version = server(&|config| {
        (config.oldest, config.newest) = (Tls13, Tls13);
        config.ciphers = Some(vec!["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256".into()]);
    });
    assert!(matches!(of_another_version, Some(ConfigError::Library { .. })));
}

#[test]
fn malformed_trust_is_refused_when_it_is_made() {
    use simplon_proto_tls_seam::{Certificate, ClientAuth, Trust};
    let authority = Authority::new("root");
    let no_list = authority.trust().crl(vec![1, 2, 3]);
    let no_root = Trust::new(vec![Certificate::of_der(vec![1, 2, 3])]).unwrap();
    for trust in [no_list, no_root] {
        let client = ClientConfig::new().trust(trust.clone());
        let error = <Rustls as Backend<DuplexStream>>::client(&Rustls::new(), &client).err();
        assert!(matches!(error, Some(ConfigError::Malformed { .. })), "{error:?}");
        let server = ServerConfig::of(authority.identity(&["a.test"])).client_auth(ClientAuth::Required(trust.into()));
        let error = <Rustls as Backend<DuplexStream>>::server(&Rustls::new(), &server).err();
        assert!(matches!(error, Some(ConfigError::Malformed { .. })), "{error:?}");
    }
}
