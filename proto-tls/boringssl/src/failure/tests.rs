use super::*;

#[test]
fn the_library_s_reasons_have_ours() {
    let table = [
        (sys::SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, Reason::NoCertificate),
        (sys::SSL_R_UNSUPPORTED_PROTOCOL, Reason::NoSharedVersion),
        (sys::SSL_R_NO_SHARED_CIPHER, Reason::NoSharedCipher),
        (sys::SSL_R_NO_SHARED_GROUP, Reason::NoSharedCipher),
        (sys::SSL_R_NO_APPLICATION_PROTOCOL, Reason::NoSharedProtocol),
        (sys::SSL_R_HTTP_REQUEST, Reason::Malformed),
        (sys::SSL_R_TLSV1_ALERT_UNKNOWN_CA, Reason::Alert(48)),
        (sys::SSL_R_TLSV1_ALERT_PROTOCOL_VERSION, Reason::NoSharedVersion),
        (sys::SSL_R_TLSV1_ALERT_NO_APPLICATION_PROTOCOL, Reason::NoSharedProtocol),
    ];
    for (code, reason) in table {
        assert_eq!(of_tls(code), reason, "{code}");
    }
}

#[test]
fn results_of_verification_have_reasons() {
    let table = [
        (sys::X509_V_ERR_CERT_NOT_YET_VALID, Reason::NotYetValid),
        (sys::X509_V_ERR_CERT_HAS_EXPIRED, Reason::Expired),
        (sys::X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, Reason::UnknownIssuer),
        (sys::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, Reason::UnknownIssuer),
        (sys::X509_V_ERR_CERT_REVOKED, Reason::Revoked),
        (sys::X509_V_ERR_HOSTNAME_MISMATCH, Reason::WrongName),
        (sys::X509_V_ERR_IP_ADDRESS_MISMATCH, Reason::WrongName),
        (sys::X509_V_ERR_INVALID_PURPOSE, Reason::BadCertificate),
    ];
    for (code, reason) in table {
        assert_eq!(of_verification(code), reason, "{code}");
        assert!(reason.is_about_certificate());
    }
}
