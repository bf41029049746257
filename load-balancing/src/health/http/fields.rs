//! Fields of a check's own.

use std::fmt;

use http::Method;
use simplon_core::proto_http::Target;
use simplon_core::proto_http::fields::FieldError;
use simplon_core::proto_http::rules::Rule;

/// Framing is ours, and so is what belongs to a connection (RFC 9110 §7.6.1); a check has no content that could be held back (§10.1.1).
const NOT_OF_A_CHECK: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Why a field cannot be sent with a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CheckFieldError {
    /// Its name or its value is malformed.
    Malformed(FieldError),
    /// The host is no authority.
    Host(Rule),
    /// It frames the message or belongs to the connection.
    Connection,
}

pub(super) fn check(name: &str) -> Result<(), CheckFieldError> {
    // What reads alike is the same to many origins.
    let name = name.to_ascii_lowercase().replace('_', "-");
    if name == "host" || NOT_OF_A_CHECK.contains(&&*name) { Err(CheckFieldError::Connection) } else { Ok(()) }
}

/// An authority is what stands between `http://` and a path.
pub(super) fn check_host(host: &str) -> Result<(), CheckFieldError> {
    let target = Target::parse(&Method::GET, format!("http://{host}/").into()).map_err(CheckFieldError::Host)?;
    if target.authority() == Some(host.as_bytes()) { Ok(()) } else { Err(CheckFieldError::Host(Rule::TargetOctets)) }
}

impl From<FieldError> for CheckFieldError {
    fn from(error: FieldError) -> Self {
        Self::Malformed(error)
    }
}

impl fmt::Display for CheckFieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(error) => error.fmt(f),
            Self::Host(rule) => write!(f, "no host: {rule}"),
            Self::Connection => f.write_str("the field frames the message or belongs to the connection"),
        }
    }
}

impl std::error::Error for CheckFieldError {}
