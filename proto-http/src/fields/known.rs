//! The names that the machinery asks for, recognised once when a field is read or added.

mod shape;

use self::shape::Shape;
use super::{AsName, alike};

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
    ClientCert = "Client-Cert",
    ClientCertChain = "Client-Cert-Chain",
    MaxForwards = "Max-Forwards",
}

impl Known {
    /// The name as it is usually spelled.
    pub const fn as_str(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Recognises a name in any case.
    pub fn of(name: &[u8]) -> Option<Self> {
        Self::candidate(name).filter(|known| known.is(name))
    }

    /// The only one that a name can be.
    fn candidate(name: &[u8]) -> Option<Self> {
        let place = SLOTS.known[slot(SLOTS.seed, name)?];
        Self::ALL.get(usize::from(place)).copied()
    }

    fn is(self, name: &[u8]) -> bool {
        SHAPES[self as usize].is(name)
    }

    /// What a name is, and what it reads like. A slot does not depend on the dashes of a name, so that a name which is nothing of the kind is
    /// mostly told by its slot alone.
    pub(crate) fn read(name: &[u8]) -> Read {
        match Self::candidate(name) {
            Some(known) if known.is(name) => Read::As(known),
            Some(known) if alike::is_alike(known.as_str().as_bytes(), name) => Read::Alike(known.bit()),
            _ if alike::is_family(name) => Read::Alike(alike::FAMILY),
            _ => Read::Other,
        }
    }

    /// The bit of this name in a set.
    pub(crate) const fn bit(self) -> u64 {
        1 << self as u8
    }
}

/// What a name was read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Read {
    As(Known),
    /// None of them, and one of them (or [`alike::FAMILY`]) once underscores are dashes.
    Alike(u64),
    Other,
}

static SHAPES: [Shape; Known::NAMES.len()] = shapes();

const fn shapes() -> [Shape; Known::NAMES.len()] {
    let mut shapes = [Shape::of(b""); Known::NAMES.len()];
    let mut at = 0;
    while at < shapes.len() {
        shapes[at] = Shape::of(Known::NAMES[at].as_bytes());
        at += 1;
    }
    shapes
}

/// Where each known name is looked up: no two share a slot, so that one comparison decides.
struct Slots {
    seed: usize,
    /// Places in [`Known::ALL`], or [`NOBODY`].
    known: [u8; SLOT_COUNT],
}

const SLOT_COUNT: usize = 512;
const NOBODY: u8 = u8::MAX;
static SLOTS: Slots = find_slots();

/// The slot of a name, by its length, its first letter and its last two.
const fn slot(seed: usize, name: &[u8]) -> Option<usize> {
    let length = name.len();
    let ([first, ..], [.., before, last]) = (name, name) else { return None };
    let letters = (*first as usize | 0x20) | (*before as usize | 0x20) << 8 | (*last as usize | 0x20) << 16;
    Some(((length | letters << 8).wrapping_mul(seed) >> 24) % SLOT_COUNT)
}

/// Tries seeds until all names have slots of their own.
const fn find_slots() -> Slots {
    let mut seed = 0x9e37_79b1;
    loop {
        if let Some(known) = try_seed(seed) {
            return Slots { seed, known };
        }
        seed += 2;
    }
}

const fn try_seed(seed: usize) -> Option<[u8; SLOT_COUNT]> {
    let mut known = [NOBODY; SLOT_COUNT];
    let mut at = 0;
    while at < Known::NAMES.len() {
        let Some(slot) = slot(seed, Known::NAMES[at].as_bytes()) else { return None };
        if known[slot] != NOBODY {
            return None;
        }
        known[slot] = at as u8;
        at += 1;
    }
    Some(known)
}

impl AsName for Known {
    fn as_name(&self) -> &[u8] {
        self.as_str().as_bytes()
    }

    fn known(&self) -> Option<Known> {
        Some(*self)
    }
}

/// A set of known names, for [`super::Fields::remove_all`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownSet(u64);

impl KnownSet {
    /// These names.
    pub const fn of(names: &[Known]) -> Self {
        Self(set_of(names))
    }

    pub(super) const fn bits(self) -> u64 {
        self.0
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
