//! What rustls says, in the words of the seam.

use std::fmt;
use std::io;

use rustls::client::VerifierBuilderError;
use rustls::{CertificateError, InconsistentKeys, PeerIncompatible};
use simplon_proto_tls_seam::{ConfigError, Error, Reason};

use crate::NAME;

/// Why a handshake or a stream cannot go on.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The transport failed.
    Io(io::Error),
    /// The peer closed in the middle.
    Cut,
    /// TLS failed.
    Tls(rustls::Error),
}

impl Trouble {
    /// As a handshake says it.
    pub(crate) fn into_error(self) -> Error {
        match self {
            Self::Io(error) => Error::io(NAME, &error),
            Self::Cut => Error::new(NAME, Reason::Closed),
            Self::Tls(error) => Error::new(NAME, reason(&error)).with_detail(error),
        }
    }

    /// As a stream says it.
    pub(crate) fn into_io(self) -> io::Error {
        match self {
            Self::Io(error) => error,
            Self::Cut => io::ErrorKind::UnexpectedEof.into(),
            Self::Tls(error) => io::Error::new(io::ErrorKind::InvalidData, error),
        }
    }
}

impl From<rustls::Error> for Trouble {
    fn from(error: rustls::Error) -> Self {
        Self::Tls(error)
    }
}

/// Why, in the words of all backends.
pub(crate) fn reason(error: &rustls::Error) -> Reason {
    use rustls::Error as E;
    match error {
        E::InvalidCertificate(error) => of_certificate(error),
        E::NoCertificatesPresented => Reason::NoCertificate,
        E::AlertReceived(alert) => Reason::Alert(u8::from(*alert)),
        E::NoApplicationProtocol => Reason::NoSharedProtocol,
        E::PeerIncompatible(what) => of_incompatible(what),
        E::InappropriateMessage { .. }
        | E::InappropriateHandshakeMessage { .. }
        | E::InvalidMessage(_)
        | E::PeerMisbehaved(_)
        | E::PeerSentOversizedRecord
        | E::DecryptError => Reason::Malformed,
        // What is left is ours: configuration, randomness, time.
        _ => Reason::Library,
    }
}

fn of_certificate(error: &CertificateError) -> Reason {
    use CertificateError as E;
    match error {
        E::Expired | E::ExpiredContext { .. } => Reason::Expired,
        E::NotValidYet | E::NotValidYetContext { .. } => Reason::NotYetValid,
        E::NotValidForName | E::NotValidForNameContext { .. } => Reason::WrongName,
        E::UnknownIssuer => Reason::UnknownIssuer,
        E::Revoked => Reason::Revoked,
        E::ExpiredRevocationList | E::ExpiredRevocationListContext { .. } => Reason::RevocationListExpired,
        _ => Reason::BadCertificate,
    }
}

fn of_incompatible(what: &PeerIncompatible) -> Reason {
    use PeerIncompatible as E;
    match what {
        E::ServerDoesNotSupportTls12Or13
        | E::ServerTlsVersionIsDisabledByOurConfig
        | E::SupportedVersionsExtensionRequired
        | E::Tls12NotOffered
        | E::Tls12NotOfferedOrEnabled => Reason::NoSharedVersion,
        E::NoCipherSuitesInCommon
        | E::NoKxGroupsInCommon
        | E::NoSignatureSchemesInCommon
        | E::NoCertificateRequestSignatureSchemesInCommon
        | E::NoEcPointFormatsInCommon => Reason::NoSharedCipher,
        _ => Reason::Malformed,
    }
}

/// What is wrong with an identity.
pub(crate) fn of_identity(error: rustls::Error) -> ConfigError {
    match error {
        rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => ConfigError::KeyMismatch,
        rustls::Error::InvalidCertificate(error) => {
            ConfigError::Malformed { what: format!("the certificate: {error:?}") }
        }
        error => library(error),
    }
}

/// What is wrong with trusted certificates.
pub(crate) fn of_verifier(error: VerifierBuilderError) -> ConfigError {
    match error {
        VerifierBuilderError::NoRootAnchors => ConfigError::Missing { what: "trusted certificate" },
        error => library(error),
    }
}

/// What rustls refuses otherwise.
pub(crate) fn library(error: impl fmt::Display) -> ConfigError {
    ConfigError::Library { backend: NAME, detail: error.to_string() }
}

#[cfg(test)]
mod tests;
