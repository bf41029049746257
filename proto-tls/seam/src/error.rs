//! Why a configuration or a handshake failed.

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::Capability;

/// Why an end of TLS cannot be made. Found at start-up.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConfigError {
    /// The backend lacks what is asked for.
    Unsupported {
        /// Which backend.
        backend: &'static str,
        /// What it lacks.
        capability: Capability,
    },
    /// The validated module was required and is not in force.
    NotFips {
        /// Which backend.
        backend: &'static str,
    },
    /// A file cannot be read.
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// PEM or DER that is not what it should be.
    Malformed {
        /// What it should be, and where it came from.
        what: String,
    },
    /// The private key does not belong to the certificate.
    KeyMismatch,
    /// Something is wrong with a certificate and its key, which came from these files.
    InFiles {
        /// The file of the certificate chain.
        chain: PathBuf,
        /// The file of the private key.
        key: PathBuf,
        /// What is wrong.
        source: Box<Self>,
    },
    /// There is no certificate, or no private key.
    Missing {
        /// What is missing.
        what: &'static str,
    },
    /// A name that the backend does not know.
    Unknown {
        /// Which backend.
        backend: &'static str,
        /// What kind of name: a cipher suite, a group.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// The library refused it otherwise.
    Library {
        /// Which backend.
        backend: &'static str,
        /// What it says.
        detail: String,
    },
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported { backend, capability } => write!(f, "the TLS backend {backend} has no {capability}"),
            Self::NotFips { backend } => {
                write!(f, "FIPS mode is required, and the TLS backend {backend} is not in it")
            }
            Self::File { path, .. } => write!(f, "reading {}", path.display()),
            Self::Malformed { what } => write!(f, "malformed: {what}"),
            Self::KeyMismatch => f.write_str("the private key does not belong to the certificate"),
            Self::InFiles { chain, key, source } => {
                write!(f, "{source} (certificate: {}, key: {})", chain.display(), key.display())
            }
            Self::Missing { what } => write!(f, "no {what}"),
            Self::Unknown { backend, what, name } => write!(f, "the TLS backend {backend} knows no {what} `{name}`"),
            Self::Library { backend, detail } => write!(f, "{backend}: {detail}"),
        }
    }
}

impl StdError for ConfigError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::File { source, .. } => Some(source),
            // The text has all of it already.
            Self::InFiles { source, .. } => source.source(),
            _ => None,
        }
    }
}

/// Why a handshake failed: the same words for every backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// The peer's certificate, or one of its chain, is not valid any more.
    Expired,
    /// The peer's certificate is not valid yet.
    NotYetValid,
    /// The peer's certificate is for other names.
    WrongName,
    /// Nobody we trust issued the peer's certificate.
    UnknownIssuer,
    /// The peer's certificate was revoked.
    Revoked,
    /// The revocation list of the issuer of the peer's certificate has expired, so that nobody knows whether it was revoked.
    RevocationListExpired,
    /// The peer's certificate is wrong in another way.
    BadCertificate,
    /// The peer had to show a certificate and did not.
    NoCertificate,
    /// No protocol version is common to both.
    NoSharedVersion,
    /// No cipher suite or group is common to both.
    NoSharedCipher,
    /// No application protocol is common to both.
    NoSharedProtocol,
    /// There is no site of the name that the client asked for.
    UnknownName,
    /// A hook refused the ClientHello.
    Refused,
    /// The peer said so, with this alert (RFC 8446 §6).
    Alert(u8),
    /// What came is not TLS, or breaks its rules.
    Malformed,
    /// The ClientHello is larger than the limit.
    HelloTooLarge,
    /// The peer closed in the middle.
    Closed,
    /// The handshake took too long.
    TimedOut,
    /// Too many handshakes are under way.
    Busy,
    /// Nothing had come when the server began to take leave.
    Draining,
    /// The transport failed.
    Io(io::ErrorKind),
    /// The library failed otherwise.
    Library,
}

impl Reason {
    /// Whether it is about the peer's certificate.
    #[must_use]
    pub const fn is_about_certificate(self) -> bool {
        use Reason::{
            BadCertificate, Expired, NoCertificate, NotYetValid, RevocationListExpired, Revoked, UnknownIssuer,
            WrongName,
        };
        matches!(
            self,
            Expired
                | NotYetValid
                | WrongName
                | UnknownIssuer
                | Revoked
                | RevocationListExpired
                | BadCertificate
                | NoCertificate
        )
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Expired => "the certificate has expired",
            Self::NotYetValid => "the certificate is not valid yet",
            Self::WrongName => "the certificate is for other names",
            Self::UnknownIssuer => "the certificate's issuer is unknown",
            Self::Revoked => "the certificate was revoked",
            Self::RevocationListExpired => "the revocation list of the certificate's issuer has expired",
            Self::BadCertificate => "the certificate is not acceptable",
            Self::NoCertificate => "no certificate was shown",
            Self::NoSharedVersion => "no version in common",
            Self::NoSharedCipher => "no cipher suite or group in common",
            Self::NoSharedProtocol => "no application protocol in common",
            Self::UnknownName => "no site of this name",
            Self::Refused => "the ClientHello was refused",
            Self::Alert(alert) => return write!(f, "the peer sent alert {alert}"),
            Self::Malformed => "not well-formed TLS",
            Self::HelloTooLarge => "the ClientHello is too large",
            Self::Closed => "closed in the middle of the handshake",
            Self::TimedOut => "the handshake took too long",
            Self::Busy => "too many handshakes",
            Self::Draining => "nothing had come when the server began to drain",
            Self::Io(kind) => return write!(f, "i/o: {kind}"),
            Self::Library => "the library failed",
        })
    }
}

/// A handshake that failed. One word wide; names the backend, the peer where it is known, and the reason.
pub struct Error(Box<Inner>);

struct Inner {
    reason: Reason,
    backend: &'static str,
    peer: Option<String>,
    server_name: Option<Box<str>>,
    detail: String,
}

impl Error {
    /// A failure for this reason. The backend is `tls` where no library was asked yet.
    #[must_use]
    pub fn new(backend: &'static str, reason: Reason) -> Self {
        Self(Box::new(Inner { reason, backend, peer: None, server_name: None, detail: String::new() }))
    }

    /// The same with what the library says.
    #[must_use]
    pub fn with_detail(mut self, detail: impl fmt::Display) -> Self {
        self.0.detail = detail.to_string();
        self
    }

    /// The same with the peer's name or address.
    #[must_use]
    pub fn with_peer(mut self, peer: impl fmt::Display) -> Self {
        self.0.peer = Some(peer.to_string());
        self
    }

    /// The same with the name that the client asked for.
    #[must_use]
    pub fn with_server_name(mut self, name: Option<&str>) -> Self {
        self.0.server_name = name.map(Into::into);
        self
    }

    /// A failure of the transport.
    #[must_use]
    pub fn io(backend: &'static str, error: &io::Error) -> Self {
        use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
        let reason = match error.kind() {
            UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe => Reason::Closed,
            kind => Reason::Io(kind),
        };
        Self::new(backend, reason).with_detail(error)
    }

    /// Why.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// Which backend.
    #[must_use]
    pub fn backend(&self) -> &'static str {
        self.0.backend
    }

    /// The name that the client asked for; at an accepting end, once its ClientHello has come.
    #[must_use]
    pub fn server_name(&self) -> Option<&str> {
        self.0.server_name.as_deref()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TLS handshake")?;
        if let Some(peer) = &self.0.peer {
            write!(f, " with {peer}")?;
        }
        write!(f, ": {}", self.0.reason)?;
        match self.0.detail.as_str() {
            "" => Ok(()),
            detail => write!(f, " ({}: {detail})", self.0.backend),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { reason, backend, peer, server_name, detail } = &*self.0;
        f.debug_struct("Error")
            .field("reason", reason)
            .field("backend", backend)
            .field("peer", peer)
            .field("server_name", server_name)
            .field("detail", detail)
            .finish()
    }
}

impl StdError for Error {}
