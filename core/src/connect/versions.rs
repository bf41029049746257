//! Which version of HTTP is spoken with a peer.

/// Which versions of HTTP may be spoken with a peer. Part of its [`super::ReuseKey`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Versions {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2 without asking (RFC 9113 §3.3). A peer that turns out not to speak it is asked in HTTP/1.1 for a while.
    Http2,
    /// What the TLS handshake agrees upon (ALPN); HTTP/1.1 where there is none.
    Auto,
}
