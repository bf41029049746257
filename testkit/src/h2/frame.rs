//! One frame: made, bent, encoded, and read strictly.
//!
//! A frame is made right by a function named after its type, and then made wrong by methods that change one thing each:
//!
//! ```
//! use simplon_testkit::h2::Frame;
//!
//! let frame = Frame::ping(*b"12345678").on(3).claiming(9);
//! assert_eq!(frame.encode()[..9], [0, 0, 9, 6, 0, 0, 0, 0, 3]);
//! ```

mod payload;

use std::fmt;

use super::code::{Code, Setting, named};

pub use payload::Payload;

named! {
    /// The type of a frame. Any number is one.
    ///
    /// Source:  RFC 9113 §6, RFC 9218 §7.1.
    Kind(u8) {
        /// Content.
        DATA = 0x0,
        /// A field block begins.
        HEADERS = 0x1,
        /// The old priority signal.
        PRIORITY = 0x2,
        /// The end of a stream before its time.
        RST_STREAM = 0x3,
        /// What the sender tells about itself.
        SETTINGS = 0x4,
        /// The announcement of a pushed stream.
        PUSH_PROMISE = 0x5,
        /// A question for a sign of life.
        PING = 0x6,
        /// The beginning of the end of a connection.
        GOAWAY = 0x7,
        /// Leave to send more.
        WINDOW_UPDATE = 0x8,
        /// A field block goes on.
        CONTINUATION = 0x9,
        /// The new priority signal.
        PRIORITY_UPDATE = 0x10,
    }
}

/// The stream ends with this frame: DATA, HEADERS.
pub const END_STREAM: u8 = 0x1;
/// This frame acknowledges: SETTINGS, PING.
pub const ACK: u8 = 0x1;
/// The field block ends with this frame: HEADERS, PUSH_PROMISE, CONTINUATION.
pub const END_HEADERS: u8 = 0x4;
/// The payload is padded: DATA, HEADERS, PUSH_PROMISE.
pub const PADDED: u8 = 0x8;
/// Priority fields stand before the field block: HEADERS.
pub const PRIORITY: u8 = 0x20;

/// The octets of a frame before its payload.
pub const HEAD: usize = 9;

/// One frame, right or wrong.
///
/// Source:  RFC 9113 §4.1.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Frame {
    /// Its type.
    pub kind: Kind,
    /// Its flags, whatever they mean for the type.
    pub flags: u8,
    /// Whether the reserved bit before the stream identifier is set.
    pub is_reserved_set: bool,
    /// The stream identifier, 31 bits.
    pub stream: u32,
    /// What the length field says, if not the truth.
    pub claims: Option<u32>,
    /// Its payload.
    pub payload: Vec<u8>,
}

impl Frame {
    /// A frame of any type, without flags.
    #[must_use]
    pub fn new(kind: Kind, stream: u32, payload: impl AsRef<[u8]>) -> Self {
        Self { kind, flags: 0, is_reserved_set: false, stream, claims: None, payload: payload.as_ref().to_vec() }
    }

    /// DATA.
    #[must_use]
    pub fn data(stream: u32, octets: impl AsRef<[u8]>) -> Self {
        Self::new(Kind::DATA, stream, octets)
    }

    /// HEADERS with a whole field block.
    #[must_use]
    pub fn headers(stream: u32, block: impl AsRef<[u8]>) -> Self {
        Self::new(Kind::HEADERS, stream, block).with(END_HEADERS)
    }

    /// PRIORITY. The weight is sent as it is.
    #[must_use]
    pub fn priority(stream: u32, parent: u32, weight: u8) -> Self {
        Self::new(Kind::PRIORITY, stream, priority_fields(parent, weight))
    }

    /// RST_STREAM.
    #[must_use]
    pub fn reset(stream: u32, code: Code) -> Self {
        Self::new(Kind::RST_STREAM, stream, code.0.to_be_bytes())
    }

    /// SETTINGS.
    #[must_use]
    pub fn settings(settings: &[(Setting, u32)]) -> Self {
        let mut payload = Vec::with_capacity(settings.len() * 6);
        for (setting, value) in settings {
            payload.extend(setting.0.to_be_bytes());
            payload.extend(value.to_be_bytes());
        }
        Self::new(Kind::SETTINGS, 0, payload)
    }

    /// The acknowledgment of SETTINGS.
    #[must_use]
    pub fn settings_ack() -> Self {
        Self::new(Kind::SETTINGS, 0, []).with(ACK)
    }

    /// PUSH_PROMISE with a whole field block.
    #[must_use]
    pub fn push_promise(stream: u32, promised: u32, block: impl AsRef<[u8]>) -> Self {
        let payload = [&promised.to_be_bytes(), block.as_ref()].concat();
        Self::new(Kind::PUSH_PROMISE, stream, payload).with(END_HEADERS)
    }

    /// PING.
    #[must_use]
    pub fn ping(octets: [u8; 8]) -> Self {
        Self::new(Kind::PING, 0, octets)
    }

    /// The answer to PING.
    #[must_use]
    pub fn ping_ack(octets: [u8; 8]) -> Self {
        Self::ping(octets).with(ACK)
    }

    /// GOAWAY without debug data.
    #[must_use]
    pub fn go_away(last: u32, code: Code) -> Self {
        Self::new(Kind::GOAWAY, 0, [last.to_be_bytes(), code.0.to_be_bytes()].concat())
    }

    /// WINDOW_UPDATE.
    #[must_use]
    pub fn window_update(stream: u32, octets: u32) -> Self {
        Self::new(Kind::WINDOW_UPDATE, stream, octets.to_be_bytes())
    }

    /// CONTINUATION that ends its field block.
    #[must_use]
    pub fn continuation(stream: u32, block: impl AsRef<[u8]>) -> Self {
        Self::new(Kind::CONTINUATION, stream, block).with(END_HEADERS)
    }

    /// PRIORITY_UPDATE, on stream 0 for another.
    #[must_use]
    pub fn priority_update(prioritized: u32, value: &str) -> Self {
        Self::new(Kind::PRIORITY_UPDATE, 0, [&prioritized.to_be_bytes(), value.as_bytes()].concat())
    }

    /// The same with END_STREAM.
    #[must_use]
    pub fn end_stream(self) -> Self {
        self.with(END_STREAM)
    }

    /// The same without END_HEADERS: the field block goes on.
    #[must_use]
    pub fn unfinished(mut self) -> Self {
        self.flags &= !END_HEADERS;
        self
    }

    /// The same with these flags too.
    #[must_use]
    pub fn with(mut self, flags: u8) -> Self {
        self.flags |= flags;
        self
    }

    /// The same on another stream.
    #[must_use]
    pub fn on(mut self, stream: u32) -> Self {
        self.stream = stream;
        self
    }

    /// The same with the reserved bit set.
    #[must_use]
    pub fn reserved(mut self) -> Self {
        self.is_reserved_set = true;
        self
    }

    /// The same with a length field that says something else.
    #[must_use]
    pub fn claiming(mut self, length: u32) -> Self {
        self.claims = Some(length);
        self
    }

    /// The same with priority fields before the field block. Comes before padding.
    #[must_use]
    pub fn prioritized(mut self, parent: u32, weight: u8) -> Self {
        self.payload.splice(0..0, priority_fields(parent, weight));
        self.with(PRIORITY)
    }

    /// The same with so many octets of padding.
    #[must_use]
    pub fn padded(self, octets: u8) -> Self {
        let mut padded = self.saying_padded(octets);
        padded.payload.resize(padded.payload.len() + usize::from(octets), 0);
        padded
    }

    /// The same, saying that so many octets are padding; none are added.
    #[must_use]
    pub fn saying_padded(mut self, octets: u8) -> Self {
        self.payload.insert(0, octets);
        self.with(PADDED)
    }

    /// The octets on the wire.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let length = self.claims.unwrap_or(self.payload.len() as u32);
        let stream = self.stream & 0x7fff_ffff | u32::from(self.is_reserved_set) << 31;
        let mut wire = Vec::with_capacity(HEAD + self.payload.len());
        wire.extend(&length.to_be_bytes()[1..]);
        wire.extend([self.kind.0, self.flags]);
        wire.extend(stream.to_be_bytes());
        wire.extend(&self.payload);
        wire
    }

    /// The frame at the front, and how many octets it takes; `None` if it has not arrived whole.
    #[must_use]
    pub fn decode(wire: &[u8]) -> Option<(Self, usize)> {
        let head: &[u8; HEAD] = wire.first_chunk()?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let payload = wire[HEAD..].get(..length)?;
        let stream = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        let mut frame = Self::new(Kind(head[3]), stream & 0x7fff_ffff, payload).with(head[4]);
        frame.is_reserved_set = stream >> 31 == 1;
        Some((frame, HEAD + length))
    }

    /// Whether all of these flags are set.
    #[must_use]
    pub fn has(&self, flags: u8) -> bool {
        self.flags & flags == flags
    }
}

fn priority_fields(parent: u32, weight: u8) -> [u8; 5] {
    let [a, b, c, d] = parent.to_be_bytes();
    [a, b, c, d, weight]
}

/// As a line of a transcript.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} on {}", self.kind, self.stream)?;
        for (flag, name) in flag_names(self.kind) {
            if self.has(*flag) {
                write!(f, " {name}")?;
            }
        }
        let known = flag_names(self.kind).iter().fold(0, |all, (flag, _)| all | flag);
        if self.flags & !known != 0 {
            write!(f, " flags {:#04x}", self.flags & !known)?;
        }
        if self.is_reserved_set {
            f.write_str(" reserved bit")?;
        }
        match self.payload() {
            Ok(payload) => write!(f, "{payload}")?,
            Err(why) => write!(f, ", {} octets ({why})", self.payload.len())?,
        }
        match self.claims {
            Some(length) => write!(f, ", said to be {length} octets"),
            None => Ok(()),
        }
    }
}

fn flag_names(kind: Kind) -> &'static [(u8, &'static str)] {
    match kind {
        Kind::DATA => &[(END_STREAM, "END_STREAM"), (PADDED, "PADDED")],
        Kind::HEADERS => {
            &[(END_STREAM, "END_STREAM"), (END_HEADERS, "END_HEADERS"), (PADDED, "PADDED"), (PRIORITY, "PRIORITY")]
        }
        Kind::SETTINGS | Kind::PING => &[(ACK, "ACK")],
        Kind::PUSH_PROMISE => &[(END_HEADERS, "END_HEADERS"), (PADDED, "PADDED")],
        Kind::CONTINUATION => &[(END_HEADERS, "END_HEADERS")],
        _ => &[],
    }
}

#[cfg(test)]
mod tests;
