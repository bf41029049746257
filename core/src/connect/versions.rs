//! Which version of HTTP is spoken with a peer.

/// Which versions of HTTP may be spoken with a peer. Part of its [`super::ReuseKey`].
///
/// Over TLS the versions say what is offered (ALPN, RFC 7301), if the [`TlsClient`](crate::tls::TlsClient) offers nothing of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Versions {
    /// HTTP/1.1. Nothing is offered.
    #[default]
    Http1,
    /// HTTP/2 without asking (RFC 9113 §3.3). A peer that turns out not to speak it is asked in HTTP/1.1 for a while; over TLS it is offered both.
    Http2,
    /// HTTP/2 or nothing, as gRPC needs it: a peer that does not speak it is an error, and over TLS nothing else is offered.
    Http2Only,
    /// What the TLS handshake agrees upon; HTTP/1.1 where there is none.
    Auto,
}

const H2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

impl Versions {
    /// What is offered to the peer, the best first.
    pub(crate) const fn alpn(self) -> &'static [&'static [u8]] {
        match self {
            Self::Http1 => &[],
            Self::Auto if !cfg!(feature = "h2") => &[HTTP1],
            Self::Http2 | Self::Auto => &[H2, HTTP1],
            Self::Http2Only => &[H2],
        }
    }

    /// Whether a handshake that offers these cannot agree upon what is not to be spoken, and can agree upon what is. Offering nothing leaves it
    /// to the versions.
    pub(super) fn agree_with(self, offered: &[Vec<u8>]) -> bool {
        let offers = |name: &[u8]| offered.iter().any(|protocol| protocol == name);
        match self {
            _ if offered.is_empty() => true,
            Self::Http1 => !offers(H2),
            Self::Http2 => offers(H2),
            Self::Http2Only => offers(H2) && !offers(HTTP1),
            Self::Auto => offers(HTTP1) || (offers(H2) && cfg!(feature = "h2")),
        }
    }
}
