//! The names that the machinery asks for, recognised once when a field is read or added.

use super::AsName;

macro_rules! known {
    ($($name:ident = $text:literal,)*) => {
        /// A field name that proxies ask for often. Asking with one of these is the fastest way to look for a field: a bit says whether the
        /// name occurs at all.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum Known {
            $(#[doc = concat!("`", $text, "`")] $name,)*
        }

        impl Known {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)*];
            const NAMES: &[&str] = &[$($text,)*];
        }
    };
}

known! {
    Host = "Host",
    Connection = "Connection",
    ContentLength = "Content-Length",
    TransferEncoding = "Transfer-Encoding",
    Te = "TE",
    Trailer = "Trailer",
    Upgrade = "Upgrade",
    KeepAlive = "Keep-Alive",
    Expect = "Expect",
    Via = "Via",
    XForwardedFor = "X-Forwarded-For",
    XForwardedProto = "X-Forwarded-Proto",
    XForwardedHost = "X-Forwarded-Host",
    XForwardedPort = "X-Forwarded-Port",
    XRealIp = "X-Real-IP",
    Forwarded = "Forwarded",
    ProxyConnection = "Proxy-Connection",
    ProxyAuthenticate = "Proxy-Authenticate",
    ProxyAuthorization = "Proxy-Authorization",
    Http2Settings = "HTTP2-Settings",
    Date = "Date",
    SetCookie = "Set-Cookie",
    Cookie = "Cookie",
    Authorization = "Authorization",
    WwwAuthenticate = "WWW-Authenticate",
    ContentType = "Content-Type",
    ContentEncoding = "Content-Encoding",
    ContentRange = "Content-Range",
    RetryAfter = "Retry-After",
    Accept = "Accept",
    AcceptEncoding = "Accept-Encoding",
    UserAgent = "User-Agent",
    Referer = "Referer",
    Server = "Server",
    Location = "Location",
    Vary = "Vary",
    Age = "Age",
    CacheControl = "Cache-Control",
    Pragma = "Pragma",
    Expires = "Expires",
    Etag = "ETag",
    LastModified = "Last-Modified",
    IfNoneMatch = "If-None-Match",
    IfModifiedSince = "If-Modified-Since",
    Range = "Range",
    SecWebSocketKey = "Sec-WebSocket-Key",
    SecWebSocketAccept = "Sec-WebSocket-Accept",
}

impl Known {
    /// The name as it is usually spelled.
    pub const fn as_str(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Recognises a name in any case.
    pub fn of(name: &[u8]) -> Option<Self> {
        let first = name.first()? | 0x20;
        Self::with_length(name.len()).iter().copied().find(|known| {
            let text = known.as_str().as_bytes();
            text[0] | 0x20 == first && text.eq_ignore_ascii_case(name)
        })
    }

    /// The bit of this name in a set.
    pub(crate) const fn bit(self) -> u64 {
        1 << self as u8
    }

    const fn with_length(length: usize) -> &'static [Self] {
        match length {
            2 => &[Self::Te],
            3 => &[Self::Via, Self::Age],
            4 => &[Self::Host, Self::Date, Self::Vary, Self::Etag],
            5 => &[Self::Range],
            6 => &[Self::Accept, Self::Cookie, Self::Server, Self::Expect, Self::Pragma],
            7 => &[Self::Upgrade, Self::Trailer, Self::Referer, Self::Expires],
            8 => &[Self::Location],
            9 => &[Self::Forwarded, Self::XRealIp],
            10 => &[Self::Connection, Self::UserAgent, Self::SetCookie, Self::KeepAlive],
            11 => &[Self::RetryAfter],
            12 => &[Self::ContentType],
            13 => &[Self::CacheControl, Self::Authorization, Self::LastModified, Self::IfNoneMatch, Self::ContentRange],
            14 => &[Self::ContentLength, Self::Http2Settings],
            15 => &[Self::AcceptEncoding, Self::XForwardedFor],
            16 => &[
                Self::ContentEncoding,
                Self::XForwardedHost,
                Self::XForwardedPort,
                Self::ProxyConnection,
                Self::WwwAuthenticate,
            ],
            17 => &[Self::TransferEncoding, Self::XForwardedProto, Self::IfModifiedSince, Self::SecWebSocketKey],
            18 => &[Self::ProxyAuthenticate],
            19 => &[Self::ProxyAuthorization],
            20 => &[Self::SecWebSocketAccept],
            _ => &[],
        }
    }
}

impl AsName for Known {
    fn as_name(&self) -> &[u8] {
        self.as_str().as_bytes()
    }

    fn known(&self) -> Option<Known> {
        Some(*self)
    }
}

/// A set of known names.
pub(crate) const fn set_of(names: &[Known]) -> u64 {
    let mut set = 0;
    let mut at = 0;
    while at < names.len() {
        set |= names[at].bit();
        at += 1;
    }
    set
}
