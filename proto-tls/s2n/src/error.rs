//! What the library says, in the words of the seam.

use std::io::ErrorKind;

use s2n_tls::error::{Error as S2nError, ErrorType};
use simplon_proto_tls_seam::{ConfigError, Error, Reason, Transport};

use crate::NAME;
use crate::leave::Leave;
use crate::link::Link;
use crate::lists;

/// Why a handshake failed; takes leave of the peer.
pub(crate) fn handshake<IO: Transport>(mut link: Link<IO>, error: &S2nError, leave: &Leave) -> Error {
    match link.take_io_error() {
        // The transport did what it should; what came by it is wrong.
        Some(error) if error.kind() == ErrorKind::InvalidData => return leave.take(link, Reason::Malformed, error),
        Some(error) => return Error::io(NAME, &error),
        None => {}
    }
    let reason = lists::objection(&link.connection);
    let reason = reason.unwrap_or_else(|| self::reason(error.name(), error.kind(), link.connection.alert()));
    leave.take(link, reason, format_args!("{}: {error}", error.name()))
}

/// Why a handshake could not even begin.
pub(crate) fn internal(error: &S2nError) -> Error {
    Error::new(NAME, Reason::Library).with_detail(format_args!("{}: {error}", error.name()))
}

/// Why a configuration is refused.
pub(crate) fn config(error: &S2nError) -> ConfigError {
    match error.name() {
        "S2N_ERR_KEY_MISMATCH" => ConfigError::KeyMismatch,
        "S2N_ERR_DECODE_PRIVATE_KEY" => ConfigError::Malformed { what: "the private key".into() },
        "S2N_ERR_DECODE_CERTIFICATE" => ConfigError::Malformed { what: "a certificate".into() },
        name => ConfigError::Library { backend: NAME, detail: format!("{name}: {error}") },
    }
}

/// By the name of the error, where it says enough, else by its kind.
pub(crate) fn reason(name: &str, kind: ErrorType, alert: Option<u8>) -> Reason {
    match (name, kind) {
        ("S2N_ERR_CERT_EXPIRED", _) => Reason::Expired,
        ("S2N_ERR_CERT_NOT_YET_VALID", _) => Reason::NotYetValid,
        ("S2N_ERR_CERT_INVALID_HOSTNAME", _) => Reason::WrongName,
        ("S2N_ERR_CERT_UNTRUSTED", _) => Reason::UnknownIssuer,
        ("S2N_ERR_CERT_REVOKED", _) => Reason::Revoked,
        ("S2N_ERR_MISSING_CLIENT_CERT" | "S2N_ERR_NO_CERT_FOUND", _) => Reason::NoCertificate,
        ("S2N_ERR_DECODE_CERTIFICATE" | "S2N_ERR_SECURITY_POLICY_INCOMPATIBLE_CERT", _) => Reason::BadCertificate,
        ("S2N_ERR_PROTOCOL_VERSION_UNSUPPORTED" | "S2N_ERR_PROTOCOL_DOWNGRADE_DETECTED", _) => Reason::NoSharedVersion,
        (
            "S2N_ERR_CIPHER_NOT_SUPPORTED"
            | "S2N_ERR_NO_VALID_SIGNATURE_SCHEME"
            | "S2N_ERR_ECDHE_UNSUPPORTED_CURVE"
            | "S2N_ERR_INVALID_SUPPORTED_GROUP_STATE",
            _,
        ) => Reason::NoSharedCipher,
        ("S2N_ERR_NO_APPLICATION_PROTOCOL", _) => Reason::NoSharedProtocol,
        (name, _) if name.starts_with("S2N_ERR_CERT_") => Reason::BadCertificate,
        (_, ErrorType::Alert) => alert.map_or(Reason::Malformed, Reason::Alert),
        (_, ErrorType::ConnectionClosed) => Reason::Closed,
        (_, ErrorType::IOError) => Reason::Closed,
        (_, ErrorType::ProtocolError) => Reason::Malformed,
        // Lengths of the peer's that do not fit end as those of a buffer.
        ("S2N_ERR_STUFFER_OUT_OF_DATA" | "S2N_ERR_SAFETY" | "S2N_ERR_SIZE_MISMATCH", _) => Reason::Malformed,
        _ => Reason::Library,
    }
}

#[cfg(test)]
mod tests;
