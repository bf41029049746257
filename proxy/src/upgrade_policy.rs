//! Which protocols a client may switch to (RFC 9110 §7.8, RFC 8441, RFC 9220).

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use http::HeaderName;

/// Which protocols a client may ask an origin to switch to. Default: `websocket` alone.
///
/// After a switch raw octets pass, which no filter, route or record sees. So only what is named here is asked for at the origin. What is left out
/// is taken from `Upgrade`; with nothing left the request goes on as an ordinary one. Over HTTP/2 a `:protocol` that is not allowed is answered
/// with 501 (RFC 9220 §3), and no origin is asked.
///
/// HTTP and TLS (`h2c`, `HTTP/2.0`, `TLS/1.0`, …) cannot be allowed at all: what passes in them would be requests.
///
/// ```
/// use simplon_core::connect::Peer;
/// use simplon_core::net::Address;
/// use simplon_proxy::{App, To, UpgradePolicy};
///
/// let origin = Peer::new(Address::parse("127.0.0.1:8080")?);
/// let app = App::new(To(origin)).upgrades(UpgradePolicy::to(["websocket", "connect-udp"])?);
/// assert!(UpgradePolicy::to(["h2c"]).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct UpgradePolicy(Allowed);

#[derive(Clone, Debug)]
enum Allowed {
    WebSocket,
    These(Arc<[Box<str>]>),
}

impl Default for UpgradePolicy {
    fn default() -> Self {
        Self(Allowed::WebSocket)
    }
}

/// Why a protocol cannot be allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UpgradeError {
    /// It is no name of a protocol: `name` or `name/version`.
    Name(String),
    /// It is HTTP or TLS, within which requests would pass unseen.
    Never(String),
}

impl fmt::Display for UpgradeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(f, "not the name of a protocol: {name:?} (expected something like websocket)"),
            Self::Never(name) => write!(f, "{name} cannot be allowed: requests would pass in it that nobody sees"),
        }
    }
}

impl std::error::Error for UpgradeError {}

impl UpgradePolicy {
    /// To these protocols alone, in any case of letters. A version is part of the name: `a` does not allow `a/2`.
    ///
    /// # Errors
    /// One of them is no name of a protocol, or can never be allowed.
    pub fn to<S: AsRef<str>>(protocols: impl IntoIterator<Item = S>) -> Result<Self, UpgradeError> {
        let checked = protocols.into_iter().map(|name| check(name.as_ref()));
        Ok(Self(Allowed::These(checked.collect::<Result<_, _>>()?)))
    }

    /// To none: every request is an ordinary one.
    #[must_use]
    pub fn none() -> Self {
        Self(Allowed::These(Arc::default()))
    }

    /// What of this list may be asked for at an origin; nothing is left of most lists that are not allowed as a whole.
    pub(crate) fn of(&self, asked: &Bytes) -> Option<Bytes> {
        let mut left = protocols(asked).filter(|name| self.allows(name));
        let first = left.next()?;
        let Some(second) = left.next() else { return Some(asked.slice_ref(first)) };
        let names: Vec<&[u8]> = [first, second].into_iter().chain(left).collect();
        Some(names.join(&b", "[..]).into())
    }

    /// All that is allowed, as a list for `Upgrade`; `None` if nothing is.
    pub(crate) fn list(&self) -> Option<String> {
        match &self.0 {
            Allowed::WebSocket => Some("websocket".to_owned()),
            Allowed::These(names) if names.is_empty() => None,
            Allowed::These(names) => Some(names.join(", ")),
        }
    }

    fn allows(&self, protocol: &[u8]) -> bool {
        let is = |name: &str| name.as_bytes().eq_ignore_ascii_case(protocol);
        match &self.0 {
            Allowed::WebSocket => is("websocket"),
            Allowed::These(names) => names.iter().any(|name| is(name)),
        }
    }
}

/// Takes out of a list what can never be allowed: for what a filter wrote on its own account.
pub(crate) fn without_http(asked: &Bytes) -> Option<Bytes> {
    if !protocols(asked).any(is_http_or_tls) {
        return Some(asked.clone());
    }
    let left: Vec<&[u8]> = protocols(asked).filter(|name| !is_http_or_tls(name)).collect();
    if left.is_empty() { None } else { Some(left.join(&b", "[..]).into()) }
}

fn check(name: &str) -> Result<Box<str>, UpgradeError> {
    let mut parts = name.splitn(2, '/');
    if !parts.all(|part| HeaderName::from_bytes(part.as_bytes()).is_ok()) {
        return Err(UpgradeError::Name(name.to_owned()));
    }
    if is_http_or_tls(name.as_bytes()) {
        return Err(UpgradeError::Never(name.to_owned()));
    }
    Ok(name.into())
}

/// The elements of a list of protocols, none of which holds a comma.
fn protocols(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    list.split(|octet| *octet == b',').map(<[u8]>::trim_ascii).filter(|name| !name.is_empty())
}

/// Whether a protocol is HTTP or TLS, whatever its version: `h2`, `h2c`, `h2c-14`, `HTTP/2.0`, `HTTP2`, `TLS/1.0`, `SSL/3`.
fn is_http_or_tls(protocol: &[u8]) -> bool {
    const STEMS: [&[u8]; 6] = [b"h", b"http", b"https", b"tls", b"ssl", b"spdy"];
    let end = protocol.iter().position(|octet| !octet.is_ascii_alphanumeric()).unwrap_or(protocol.len());
    let name = &protocol[..end];
    // The `c` of `h2c` and `h3c` stands for clear text.
    let name = match name {
        [b'h' | b'H', digits @ .., b'c' | b'C'] if digits.iter().all(u8::is_ascii_digit) => &name[..name.len() - 1],
        _ => name,
    };
    let digits = name.iter().rev().take_while(|octet| octet.is_ascii_digit()).count();
    let stem = &name[..name.len() - digits];
    STEMS.iter().any(|known| known.eq_ignore_ascii_case(stem))
}

#[cfg(test)]
mod tests;
