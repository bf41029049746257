use super::*;

#[test]
fn every_reason_has_its_name() {
    use ErrorType::{Alert, ConnectionClosed, IOError, InternalError, ProtocolError, UsageError};
    for (name, kind, alert, expected) in [
        ("S2N_ERR_CERT_EXPIRED", ProtocolError, None, Reason::Expired),
        ("S2N_ERR_CERT_NOT_YET_VALID", ProtocolError, None, Reason::NotYetValid),
        ("S2N_ERR_CERT_INVALID_HOSTNAME", ProtocolError, None, Reason::WrongName),
        ("S2N_ERR_CERT_UNTRUSTED", ProtocolError, None, Reason::UnknownIssuer),
        ("S2N_ERR_CERT_REVOKED", ProtocolError, None, Reason::Revoked),
        ("S2N_ERR_CERT_INTENT_INVALID", ProtocolError, None, Reason::BadCertificate),
        ("S2N_ERR_CERT_MAX_CHAIN_DEPTH_EXCEEDED", ProtocolError, None, Reason::BadCertificate),
        ("S2N_ERR_SECURITY_POLICY_INCOMPATIBLE_CERT", UsageError, None, Reason::BadCertificate),
        ("S2N_ERR_MISSING_CLIENT_CERT", ProtocolError, None, Reason::NoCertificate),
        ("S2N_ERR_PROTOCOL_VERSION_UNSUPPORTED", ProtocolError, None, Reason::NoSharedVersion),
        ("S2N_ERR_CIPHER_NOT_SUPPORTED", ProtocolError, None, Reason::NoSharedCipher),
        ("S2N_ERR_INVALID_SUPPORTED_GROUP_STATE", InternalError, None, Reason::NoSharedCipher),
        ("S2N_ERR_NO_APPLICATION_PROTOCOL", ProtocolError, None, Reason::NoSharedProtocol),
        ("S2N_ERR_ALERT", Alert, Some(42), Reason::Alert(42)),
        ("S2N_ERR_CLOSED", ConnectionClosed, None, Reason::Closed),
        ("S2N_ERR_IO", IOError, None, Reason::Closed),
        ("S2N_ERR_BAD_MESSAGE", ProtocolError, None, Reason::Malformed),
        ("S2N_ERR_NOMEM", InternalError, None, Reason::Library),
    ] {
        assert_eq!(reason(name, kind, alert), expected, "{name}");
    }
}
