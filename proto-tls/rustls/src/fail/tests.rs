use rustls::{AlertDescription, InvalidMessage, PeerMisbehaved};

use super::*;

#[test]
fn every_error_of_a_handshake_has_a_reason() {
    use rustls::Error as E;
    let table = [
        (E::InvalidCertificate(CertificateError::Expired), Reason::Expired),
        (E::InvalidCertificate(CertificateError::NotValidYet), Reason::NotYetValid),
        (E::InvalidCertificate(CertificateError::NotValidForName), Reason::WrongName),
        (E::InvalidCertificate(CertificateError::UnknownIssuer), Reason::UnknownIssuer),
        (E::InvalidCertificate(CertificateError::Revoked), Reason::Revoked),
        (E::InvalidCertificate(CertificateError::UnknownRevocationStatus), Reason::BadCertificate),
        (E::InvalidCertificate(CertificateError::BadEncoding), Reason::BadCertificate),
        (E::InvalidCertificate(CertificateError::BadSignature), Reason::BadCertificate),
        (E::InvalidCertificate(CertificateError::InvalidPurpose), Reason::BadCertificate),
        (E::NoCertificatesPresented, Reason::NoCertificate),
        (E::AlertReceived(AlertDescription::CertificateExpired), Reason::Alert(45)),
        (E::AlertReceived(AlertDescription::Unknown(200)), Reason::Alert(200)),
        (E::NoApplicationProtocol, Reason::NoSharedProtocol),
        (E::PeerIncompatible(PeerIncompatible::Tls12NotOffered), Reason::NoSharedVersion),
        (E::PeerIncompatible(PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig), Reason::NoSharedVersion),
        (E::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon), Reason::NoSharedCipher),
        (E::PeerIncompatible(PeerIncompatible::NoKxGroupsInCommon), Reason::NoSharedCipher),
        (E::PeerIncompatible(PeerIncompatible::NoSignatureSchemesInCommon), Reason::NoSharedCipher),
        (E::PeerIncompatible(PeerIncompatible::NullCompressionRequired), Reason::Malformed),
        (E::InvalidMessage(InvalidMessage::InvalidContentType), Reason::Malformed),
        (E::PeerMisbehaved(PeerMisbehaved::IncorrectBinder), Reason::Malformed),
        (E::PeerSentOversizedRecord, Reason::Malformed),
        (E::DecryptError, Reason::Malformed),
        (E::FailedToGetRandomBytes, Reason::Library),
        (E::General("what".into()), Reason::Library),
    ];
    for (error, expected) in table {
        assert_eq!(reason(&error), expected, "{error:?}");
    }
}

#[test]
fn a_key_mismatch_is_told_apart() {
    let mismatch = rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch);
    assert!(matches!(of_identity(mismatch), ConfigError::KeyMismatch));
    let malformed = rustls::Error::InvalidCertificate(CertificateError::BadEncoding);
    assert!(matches!(of_identity(malformed), ConfigError::Malformed { .. }));
    assert!(matches!(of_identity(rustls::Error::General("key".into())), ConfigError::Library { .. }));
}

#[test]
fn trouble_of_a_stream_has_a_kind() {
    assert_eq!(Trouble::Cut.into_io().kind(), io::ErrorKind::UnexpectedEof);
    assert_eq!(Trouble::Tls(rustls::Error::DecryptError).into_io().kind(), io::ErrorKind::InvalidData);
    assert_eq!(Trouble::Io(io::ErrorKind::TimedOut.into()).into_io().kind(), io::ErrorKind::TimedOut);
    assert_eq!(Trouble::Cut.into_error().reason(), Reason::Closed);
    assert_eq!(Trouble::Io(io::ErrorKind::ConnectionReset.into()).into_error().reason(), Reason::Closed);
    assert_eq!(Trouble::Io(io::ErrorKind::TimedOut.into()).into_error().reason(), Reason::Io(io::ErrorKind::TimedOut));
}
