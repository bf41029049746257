//! What the library's errors mean.

use boring::error::ErrorStack;
use boring::ssl::{self, ErrorCode};
use boring_sys as sys;
use simplon_proto_tls_seam::{ConfigError, Error, Reason, alert};

use crate::NAME;

/// A configuration that the library refuses.
pub(crate) fn library(error: ErrorStack) -> ConfigError {
    ConfigError::Library { backend: NAME, detail: error.to_string() }
}

/// A handshake that failed. `verified` is what the library said of the peer's certificate.
pub(crate) fn of_handshake(error: &ssl::Error, verified: i32, is_at_end: bool) -> Error {
    if let Some(error) = error.io_error() {
        return Error::io(NAME, error);
    }
    let of_stack =
        error.ssl_error().and_then(|stack| stack.errors().iter().find_map(|error| reason_of(error, verified)));
    let reason = match of_stack {
        Some(reason) => reason,
        None if is_at_end || matches!(error.code(), ErrorCode::SYSCALL | ErrorCode::ZERO_RETURN) => Reason::Closed,
        None => Reason::Library,
    };
    Error::new(NAME, reason).with_detail(error)
}

fn reason_of(error: &boring::error::Error, verified: i32) -> Option<Reason> {
    let code = error.library_reason(sys::ERR_LIB_SSL)?;
    Some(if code == sys::SSL_R_CERTIFICATE_VERIFY_FAILED { of_verification(verified) } else { of_tls(code) })
}

/// The peer's alert is added to it (`SSL_AD_REASON_OFFSET`).
const ALERTS: i32 = 1000;

/// Of an `SSL_R_…`. What has no name of its own here is the peer breaking a rule.
fn of_tls(code: i32) -> Reason {
    use sys::{
        SSL_R_BAD_DATA_RETURNED_BY_CALLBACK, SSL_R_NO_APPLICATION_PROTOCOL, SSL_R_NO_CERTIFICATE_SET,
        SSL_R_NO_COMMON_SIGNATURE_ALGORITHMS, SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SHARED_GROUP,
        SSL_R_NO_SUPPORTED_VERSIONS_ENABLED, SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, SSL_R_UNKNOWN_PROTOCOL,
        SSL_R_UNKNOWN_SSL_VERSION, SSL_R_UNSUPPORTED_ELLIPTIC_CURVE, SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_WRONG_CURVE,
        SSL_R_WRONG_SSL_VERSION,
    };
    match code {
        SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE => Reason::NoCertificate,
        SSL_R_UNSUPPORTED_PROTOCOL | SSL_R_UNKNOWN_PROTOCOL | SSL_R_UNKNOWN_SSL_VERSION => Reason::NoSharedVersion,
        SSL_R_WRONG_SSL_VERSION | SSL_R_NO_SUPPORTED_VERSIONS_ENABLED => Reason::NoSharedVersion,
        SSL_R_NO_SHARED_CIPHER | SSL_R_NO_SHARED_GROUP | SSL_R_WRONG_CURVE => Reason::NoSharedCipher,
        SSL_R_UNSUPPORTED_ELLIPTIC_CURVE | SSL_R_NO_COMMON_SIGNATURE_ALGORITHMS => Reason::NoSharedCipher,
        SSL_R_NO_APPLICATION_PROTOCOL => Reason::NoSharedProtocol,
        // Not the peer's doing.
        SSL_R_BAD_DATA_RETURNED_BY_CALLBACK | SSL_R_NO_CERTIFICATE_SET => Reason::Library,
        code => match u8::try_from(code - ALERTS) {
            Ok(number) => alert::reason(number),
            Err(_) => Reason::Malformed,
        },
    }
}

/// Of an `X509_V_…`.
fn of_verification(code: i32) -> Reason {
    use sys::{
        X509_V_ERR_CERT_HAS_EXPIRED, X509_V_ERR_CERT_NOT_YET_VALID, X509_V_ERR_CERT_REVOKED, X509_V_ERR_CERT_UNTRUSTED,
        X509_V_ERR_CRL_HAS_EXPIRED, X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT, X509_V_ERR_EMAIL_MISMATCH,
        X509_V_ERR_HOSTNAME_MISMATCH, X509_V_ERR_IP_ADDRESS_MISMATCH, X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
        X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER, X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
        X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
    };
    match code {
        X509_V_ERR_CERT_NOT_YET_VALID => Reason::NotYetValid,
        X509_V_ERR_CERT_HAS_EXPIRED => Reason::Expired,
        X509_V_ERR_CRL_HAS_EXPIRED => Reason::RevocationListExpired,
        X509_V_ERR_CERT_REVOKED => Reason::Revoked,
        X509_V_ERR_HOSTNAME_MISMATCH | X509_V_ERR_IP_ADDRESS_MISMATCH | X509_V_ERR_EMAIL_MISMATCH => Reason::WrongName,
        X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT | X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY => Reason::UnknownIssuer,
        X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT | X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN => Reason::UnknownIssuer,
        X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE | X509_V_ERR_CERT_UNTRUSTED => Reason::UnknownIssuer,
        X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER => Reason::UnknownIssuer,
        _ => Reason::BadCertificate,
    }
}

#[cfg(test)]
mod tests;
