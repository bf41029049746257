//! What the library's errors mean.

use openssl::error::ErrorStack;
use openssl::ssl::{self, ErrorCode};
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
        None if is_at_end || error.code() == ErrorCode::SYSCALL || error.code() == ErrorCode::ZERO_RETURN => {
            Reason::Closed
        }
        None => Reason::Library,
    };
    Error::new(NAME, reason).with_detail(error)
}

fn reason_of(error: &openssl::error::Error, verified: i32) -> Option<Reason> {
    (error.library_code() == OF_TLS).then(|| match error.reason_code() {
        CERTIFICATE_VERIFY_FAILED => of_verification(verified),
        code => of_tls(code),
    })
}

/// The library's number of its own part for TLS (`ERR_LIB_SSL`).
const OF_TLS: i32 = 20;
/// `SSL_R_CERTIFICATE_VERIFY_FAILED`
const CERTIFICATE_VERIFY_FAILED: i32 = 134;
/// `SSL_AD_REASON_OFFSET`: the peer's alert is added to it.
const ALERTS: i32 = 1000;

/// Of an `SSL_R_…` (openssl/sslerr.h). What has no name of its own there is the peer breaking a rule.
fn of_tls(code: i32) -> Reason {
    match code {
        199 => Reason::NoCertificate, // PEER_DID_NOT_RETURN_A_CERTIFICATE
        294 => Reason::Closed,        // UNEXPECTED_EOF_WHILE_READING
        166 | 191 | 252 | 254 | 258 | 266 | 373 | 396 => Reason::NoSharedVersion, // VERSION_TOO_HIGH … VERSION_TOO_LOW
        101 | 118 | 193 | 295 | 315 | 376 | 378 | 410 => Reason::NoSharedCipher, // NO_SUITABLE_KEY_SHARE … NO_SHARED_GROUPS
        235 => Reason::NoSharedProtocol,                                         // NO_APPLICATION_PROTOCOL
        68 | 234 | 179 | 177 => Reason::Library, // not the peer's doing: PRIVATE_KEY_MISMATCH, CALLBACK_FAILED, NO_CERTIFICATE_SET …
        code => match u8::try_from(code - ALERTS) {
            Ok(number) => alert::reason(number),
            Err(_) => Reason::Malformed,
        },
    }
}

/// Of an `X509_V_…` (openssl/x509_vfy.h).
fn of_verification(code: i32) -> Reason {
    match code {
        9 => Reason::NotYetValid,                       // CERT_NOT_YET_VALID
        10 => Reason::Expired,                          // CERT_HAS_EXPIRED
        12 => Reason::RevocationListExpired,            // CRL_HAS_EXPIRED
        23 => Reason::Revoked,                          // CERT_REVOKED
        62..=64 => Reason::WrongName,                   // HOSTNAME_MISMATCH, EMAIL_MISMATCH, IP_ADDRESS_MISMATCH
        2 | 18..=21 | 27 | 33 => Reason::UnknownIssuer, // UNABLE_TO_GET_ISSUER_CERT … CERT_UNTRUSTED, UNABLE_TO_GET_CRL_ISSUER
        _ => Reason::BadCertificate,
    }
}

#[cfg(test)]
mod tests;
