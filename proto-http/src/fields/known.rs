//! The names that the machinery asks for, recognised once when a field is read or added.

mod name;

pub(super) use self::name::{LONGEST, Name};
use self::name::{Shape, spread};
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
        Name::of(name).known()
    }

    /// What a name is, and what it reads like.
    pub(crate) fn read(name: &[u8]) -> Read {
        Self::of(name).map_or_else(|| alike::read_unknown(name), Read::As)
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

/// Names that nobody asks for and that are often there: what they are made of need not be looked at.
const OFTEN: &[&str] = &[
    "Accept-Language",
    "Accept-Ranges",
    "Access-Control-Allow-Origin",
    "Alt-Svc",
    "Content-Disposition",
    "Content-Language",
    "Content-Security-Policy",
    "DNT",
    "If-Match",
    "If-Range",
    "Link",
    "Origin",
    "Priority",
    "Referrer-Policy",
    "Sec-CH-UA",
    "Sec-CH-UA-Mobile",
    "Sec-CH-UA-Platform",
    "Sec-Fetch-Dest",
    "Sec-Fetch-Mode",
    "Sec-Fetch-Site",
    "Sec-Fetch-User",
    "Strict-Transport-Security",
    "Traceparent",
    "Upgrade-Insecure-Requests",
    "X-Content-Type-Options",
    "X-Correlation-ID",
    "X-Frame-Options",
    "X-Powered-By",
    "X-Request-ID",
    "X-Requested-With",
    "X-XSS-Protection",
];

impl Name {
    /// What this is of all that has a slot: the only one that it can be is compared with it.
    #[inline(always)]
    pub(super) fn place(&self) -> Option<Place> {
        let place = usize::from(SLOTS.places[slot(SLOTS.seed, self)]);
        if SHAPES.get(place)?.is(self) { Some(Place(place)) } else { None }
    }

    fn known(&self) -> Option<Known> {
        self.place()?.known()
    }
}

/// A name that has a slot: a known one, or one of [`OFTEN`].
#[derive(Clone, Copy)]
pub(super) struct Place(usize);

impl Place {
    #[inline(always)]
    pub(super) fn known(self) -> Option<Known> {
        Known::ALL.get(self.0).copied()
    }
}

const fn placed(place: usize) -> &'static [u8] {
    if place < Known::NAMES.len() {
        Known::NAMES[place].as_bytes()
    } else {
        OFTEN[place - Known::NAMES.len()].as_bytes()
    }
}

const PLACES: usize = Known::NAMES.len() + OFTEN.len();
static SHAPES: [Shape; PLACES] = shapes();

const fn shapes() -> [Shape; PLACES] {
    let mut shapes = [Shape::of(b""); PLACES];
    let mut at = 0;
    while at < shapes.len() {
        shapes[at] = Shape::of(placed(at));
        at += 1;
    }
    shapes
}

/// Where each name is looked up: no two share a slot, so that one comparison decides.
struct Slots {
    seed: u64,
    /// Numbers of places, or [`NOBODY`].
    places: [u8; SLOT_COUNT],
}

const SLOT_COUNT: usize = 1024;
const NOBODY: u8 = u8::MAX;
static SLOTS: Slots = find_slots();

/// The slot of a name in any case.
#[inline(always)]
const fn slot(seed: u64, name: &Name) -> usize {
    (spread(name).wrapping_mul(seed) >> (u64::BITS - SLOT_COUNT.ilog2())) as usize
}

/// Tries seeds until all names have slots of their own.
const fn find_slots() -> Slots {
    let mut seed = 0x9e37_79b9_7f4a_7c15;
    loop {
        if let Some(places) = try_seed(seed) {
            return Slots { seed, places };
        }
        seed += 2;
    }
}

const fn try_seed(seed: u64) -> Option<[u8; SLOT_COUNT]> {
    let mut places = [NOBODY; SLOT_COUNT];
    let mut at = 0;
    while at < PLACES {
        let slot = slot(seed, &Name::spelled(placed(at)));
        if places[slot] != NOBODY {
            return None;
        }
        places[slot] = at as u8;
        at += 1;
    }
    Some(places)
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
