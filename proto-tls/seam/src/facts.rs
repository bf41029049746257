//! What two ends agreed upon.

use std::fmt;
use std::sync::Arc;

use crate::Certificate;
use crate::site::Chosen;

/// A version of TLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Version {
    /// RFC 5246.
    Tls12,
    /// RFC 8446.
    Tls13,
}

impl Version {
    /// The version with this number on the wire.
    #[must_use]
    pub const fn of_wire(number: u16) -> Option<Self> {
        match number {
            0x0303 => Some(Self::Tls12),
            0x0304 => Some(Self::Tls13),
            _ => None,
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tls12 => "TLSv1.2",
            Self::Tls13 => "TLSv1.3",
        })
    }
}

/// What two ends agreed upon. One per connection, behind an `Arc`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Facts {
    /// Which backend.
    pub backend: &'static str,
    /// The version.
    pub version: Version,
    /// The cipher suite by its IANA name, `TLS_AES_128_GCM_SHA256` for instance.
    pub cipher: &'static str,
    /// The key agreement group by its IANA name, `X25519MLKEM768` for instance; `None` where the library does not tell.
    pub group: Option<Arc<str>>,
    /// The name that the client asked for.
    pub server_name: Option<Arc<str>>,
    /// The application protocol.
    pub alpn: Option<Arc<[u8]>>,
    /// Whether an earlier session was resumed.
    pub resumed: bool,
    /// The peer's certificates, its own first. Of a client those alone that lead from its own to a trusted one, in that order ([`crate::path`]); none if
    /// it showed none. Of a server all that it showed, or what of it the library tells.
    pub peer: Vec<Certificate>,
    /// The SHA-256 of our own certificate; `None` if we showed none.
    pub own: Option<[u8; 32]>,
    /// The site that the client was answered with; `None` at a connecting end.
    pub site: Option<Chosen>,
}

impl Facts {
    /// Facts with nothing but the three that every session has.
    #[must_use]
    pub fn new(backend: &'static str, version: Version, cipher: &'static str) -> Self {
        Self {
            backend,
            version,
            cipher,
            group: None,
            server_name: None,
            alpn: None,
            resumed: false,
            peer: Vec::new(),
            own: None,
            site: None,
        }
    }

    /// Whether a request for `host` (without a port) may be answered on this connection: its site is the one that the server name chose, or asks
    /// the same of clients ([`Chosen::answers_for`]). 421 is the answer otherwise (RFC 9110 §15.5.20).
    #[must_use]
    pub fn answers_for(&self, host: &str) -> bool {
        self.site.as_ref().is_none_or(|site| site.answers_for(host, self.server_name.as_deref()))
    }

    /// The peer's own certificate.
    #[must_use]
    pub fn peer_certificate(&self) -> Option<&Certificate> {
        self.peer.first()
    }
}
