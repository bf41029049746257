//! Revocation lists: judged by the seam, after the library has verified a chain.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, SignatureScheme};
use simplon_proto_tls_seam::revocation::{Lists, Signed, is_signed_by_one_of};
use simplon_proto_tls_seam::{Certificate, ConfigError, Reason, Trust};

/// The same verifier, after which lists are asked if there are any.
pub(super) fn of_clients(
    verifier: Arc<dyn ClientCertVerifier>,
    trust: &Trust,
    provider: &CryptoProvider,
) -> Result<Arc<dyn ClientCertVerifier>, ConfigError> {
    let lists = lists(trust, provider)?;
    Ok(match trust.crls() {
        [] => verifier,
        _ => Arc::new(Client(Listed { verifier, lists })),
    })
}

/// The same verifier, after which lists are asked if there are any.
pub(super) fn of_server(
    verifier: Arc<dyn ServerCertVerifier>,
    trust: &Trust,
    provider: &CryptoProvider,
) -> Result<Arc<dyn ServerCertVerifier>, ConfigError> {
    let lists = lists(trust, provider)?;
    Ok(match trust.crls() {
        [] => verifier,
        _ => Arc::new(Server(Listed { verifier, lists })),
    })
}

fn lists(trust: &Trust, provider: &CryptoProvider) -> Result<Lists, ConfigError> {
    let known = provider.signature_verification_algorithms;
    trust.lists(move |signed: &Signed<'_>| is_signed_by_one_of(known.all, signed))
}

/// A verifier, and the lists that are asked after it.
#[derive(Debug)]
struct Listed<V: ?Sized> {
    lists: Lists,
    verifier: Arc<V>,
}

impl<V: ?Sized> Listed<V> {
    fn check(&self, own: &CertificateDer<'_>, between: &[CertificateDer<'_>]) -> Result<(), rustls::Error> {
        let shown = std::iter::once(own).chain(between).map(|der| Certificate::of_der(der.to_vec()));
        let outcome = self.lists.check(&shown.collect::<Vec<_>>());
        outcome.map_err(|reason| {
            rustls::Error::InvalidCertificate(match reason {
                Reason::Revoked => CertificateError::Revoked,
                Reason::RevocationListExpired => CertificateError::ExpiredRevocationList,
                _ => CertificateError::UnknownRevocationStatus,
            })
        })
    }
}

#[derive(Debug)]
struct Client(Listed<dyn ClientCertVerifier>);

impl ClientCertVerifier for Client {
    fn offer_client_auth(&self) -> bool {
        self.0.verifier.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.0.verifier.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.verifier.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let verified = self.0.verifier.verify_client_cert(end_entity, intermediates, now)?;
        self.0.check(end_entity, intermediates).map(|()| verified)
    }

    signatures_by!(0.verifier);
}

#[derive(Debug)]
struct Server(Listed<dyn ServerCertVerifier>);

impl ServerCertVerifier for Server {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verifier = &self.0.verifier;
        let verified = verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        self.0.check(end_entity, intermediates).map(|()| verified)
    }

    signatures_by!(0.verifier);
}
