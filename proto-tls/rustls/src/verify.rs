//! Whom a peer's certificate has to satisfy.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{CertificateError, DigitallySignedStruct, RootCertStore, SignatureScheme};
use simplon_proto_tls_seam::client::ClientParts;
use simplon_proto_tls_seam::{ClientAuth, ConfigError, Roots, Trust, Verify};

use crate::fail::{library, of_verifier};

/// What a verifier that is put around another leaves to that one, which stands in a field: signatures of the handshake.
macro_rules! signatures_by {
    ($($field:tt).+) => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            self.$($field).+.verify_tls12_signature(message, cert, dss)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, rustls::Error> {
            self.$($field).+.verify_tls13_signature(message, cert, dss)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.$($field).+.supported_verify_schemes()
        }
    };
}

mod revocation;

/// What verifies clients.
pub(crate) fn of_clients(
    auth: &ClientAuth,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ClientCertVerifier>, ConfigError> {
    let (trust, is_optional) = match auth {
        ClientAuth::None => return Ok(WebPkiClientVerifier::no_client_auth()),
        ClientAuth::Optional(trust) => (trust, true),
        ClientAuth::Required(trust) => (trust, false),
    };
    let builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots(trust)?), provider.clone());
    let builder = if is_optional { builder.allow_unauthenticated() } else { builder };
    revocation::of_clients(builder.build().map_err(of_verifier)?, trust, provider)
}

/// What verifies a server.
pub(crate) fn of_server(
    config: &ClientParts<'_>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<dyn ServerCertVerifier>, ConfigError> {
    if config.verify == Verify::Nothing {
        return Ok(Arc::new(Anyone(provider.signature_verification_algorithms)));
    }
    let trust = config.roots.load()?;
    let roots = match config.roots {
        Roots::Only(_) => roots(&trust)?,
        Roots::System => parsable(&trust),
    };
    let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let chain = builder.build().map_err(of_verifier)?;
    let otherwise = match config.verify {
        Verify::ChainAlone => Otherwise::Anyone,
        _ => {
            let names = config.alternative_names.iter().map(crate::client::name).collect::<Result<_, _>>();
            Otherwise::OneOf(names.map_err(library)?)
        }
    };
    let verifier: Arc<dyn ServerCertVerifier> = match otherwise {
        Otherwise::OneOf(names) if names.is_empty() => chain,
        otherwise => Arc::new(Lenient { chain, otherwise }),
    };
    revocation::of_server(verifier, &trust, provider)
}

fn roots(trust: &Trust) -> Result<RootCertStore, ConfigError> {
    let mut store = RootCertStore::empty();
    for root in trust.roots() {
        let added = store.add(CertificateDer::from(root.der()));
        added.map_err(|error| ConfigError::Malformed { what: format!("a trusted certificate: {error}") })?;
    }
    Ok(store)
}

/// The system's, of which one that is not well-formed must not stand in the way of the others.
fn parsable(trust: &Trust) -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(trust.roots().iter().map(|root| CertificateDer::from(root.der())));
    store
}

/// Verifies the chain, and is content with other names than the expected one.
#[derive(Debug)]
struct Lenient {
    chain: Arc<WebPkiServerVerifier>,
    otherwise: Otherwise,
}

#[derive(Debug)]
enum Otherwise {
    OneOf(Vec<ServerName<'static>>),
    Anyone,
}

impl Otherwise {
    fn takes(&self, certificate: &CertificateDer<'_>) -> bool {
        match self {
            Self::Anyone => true,
            Self::OneOf(names) => ParsedCertificate::try_from(certificate).is_ok_and(|certificate| {
                names.iter().any(|name| rustls::client::verify_server_name(&certificate, name).is_ok())
            }),
        }
    }
}

impl ServerCertVerifier for Lenient {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        use CertificateError::{NotValidForName, NotValidForNameContext};
        // The name is looked at last: all else holds when it is what is wrong.
        match self.chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }))
                if self.otherwise.takes(end_entity) =>
            {
                Ok(ServerCertVerified::assertion())
            }
            outcome => outcome,
        }
    }

    signatures_by!(chain);
}

/// Takes every certificate whose key the peer has.
#[derive(Debug)]
struct Anyone(WebPkiSupportedAlgorithms);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, dss, &self.0)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, dss, &self.0)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_schemes()
    }
}
