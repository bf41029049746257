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

/// What a TLS handshake agreed upon (ALPN, RFC 7301).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AppProtocol {
    /// `http/1.1`, or nothing was agreed upon.
    Http1,
    /// `h2`.
    Http2,
}
