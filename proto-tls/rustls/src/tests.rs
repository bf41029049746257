use std::sync::Mutex;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use simplon_proto_tls_seam::{ServerName, Terminator};
use simplon_proto_tls_suite::pki::{Authority, staple};
use tokio::io::{DuplexStream, duplex};

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

/// Takes everybody, and keeps the staple.
#[derive(Debug)]
struct Staples(Mutex<Vec<u8>>, Arc<CryptoProvider>);

impl ServerCertVerifier for Staples {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &rustls::pki_types::ServerName<'_>,
        staple: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        *self.0.lock().unwrap() = staple.to_vec();
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.1.signature_verification_algorithms.supported_schemes()
    }
}

#[tokio::test]
async fn a_staple_reaches_the_client() {
    let backend = Rustls::new();
    let provider = backend.provider.clone();
    let identity = Authority::new("root").identity(&["a.test"]).with_staple(staple()).unwrap();
    let server = Terminator::new(Arc::new(backend), ServerConfig::of(identity)).unwrap();
    let verifier = Arc::new(Staples(Mutex::default(), provider.clone()));
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.dangerous().with_custom_certificate_verifier(verifier.clone()).with_no_client_auth();
    let connection = rustls::ClientConnection::new(Arc::new(config), "a.test".try_into().unwrap()).unwrap();
    let (one, other) = duplex(1 << 16);
    let mut link = stream::Link::new(one, connection.into());
    let (client, server) = tokio::join!(link.handshake(), server.handshake(other, None));
    client.unwrap();
    server.unwrap();
    assert_eq!(*verifier.0.lock().unwrap(), staple());
}

#[test]
fn every_name_of_the_seam_is_one_of_rustls() {
    for text in ["a.test", "under_score.test", "xn--bcher-kva.test", "1a.test", "localhost", "192.0.2.1", "2001:db8::1"]
    {
        assert!(client::name(&ServerName::parse(text).unwrap()).is_ok(), "{text}");
    }
}
