//! Looks at the frames that pass by (RFC 9113 §4.1): which kinds, how many, and whether a head is under way. It holds no octet of theirs.

/// Octets of a frame's header.
const HEADER: usize = 9;
/// Octets before the first frame.
const PREFACE: u32 = 24;

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const CONTINUATION: u8 = 9;
const DATA: u8 = 0;

/// Of SETTINGS.
const ACK: u8 = 0x1;
const END_HEADERS: u8 = 0x4;

/// What came or went in one direction, beginning with the client's preface, cut anywhere.
#[derive(Debug)]
pub(in crate::http) struct Frames {
    header: [u8; HEADER],
    have: u8,
    /// Octets of the payload, or of the preface, still to come.
    left: u32,
    /// A head has begun and not ended.
    in_head: bool,
    first: First,
    /// The highest stream that has a head, also one that is under way, and how many have one.
    stream: u32,
    streams: u32,
}

/// The frame that follows the preface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Awaited,
    Settings,
    /// Anything else, which makes it no HTTP/2 (RFC 9113 §3.4).
    Other,
}

/// What is counted of frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::http) struct Seen {
    /// RST_STREAM.
    pub(in crate::http) resets: u32,
    /// Frames that carry no message: PING and its answers, SETTINGS, PRIORITY, WINDOW_UPDATE, GOAWAY, and unknown ones.
    pub(in crate::http) control: u32,
    /// HEADERS.
    pub(in crate::http) heads: u32,
    /// Octets of DATA.
    pub(in crate::http) data_octets: u64,
}

impl Seen {
    /// A frame with this header, and so many octets of payload.
    pub(in crate::http) fn count(&mut self, kind: u8, flags: u8, payload: u32) {
        match kind {
            HEADERS => self.heads += 1,
            RST_STREAM => self.resets += 1,
            DATA => self.data_octets += u64::from(payload),
            // Parts of a head. PUSH_PROMISE ends the connection.
            CONTINUATION | PUSH_PROMISE => {}
            // One that nobody waits for ends the connection.
            SETTINGS if flags & ACK != 0 => {}
            _ => self.control += 1,
        }
    }
}

impl Frames {
    /// Before the preface.
    pub(in crate::http) const fn new() -> Self {
        let first = First::Awaited;
        Self { header: [0; HEADER], have: 0, left: PREFACE, in_head: false, first, stream: 0, streams: 0 }
    }

    /// These octets came.
    pub(in crate::http) fn pass(&mut self, mut octets: &[u8]) -> Seen {
        let mut seen = Seen::default();
        while !octets.is_empty() {
            if self.left > 0 {
                let n = octets.len().min(self.left as usize);
                self.left -= n as u32;
                octets = &octets[n..];
                continue;
            }
            let have = usize::from(self.have);
            let n = octets.len().min(HEADER - have);
            self.header[have..have + n].copy_from_slice(&octets[..n]);
            self.have += n as u8;
            octets = &octets[n..];
            if usize::from(self.have) == HEADER {
                self.have = 0;
                self.count(&mut seen);
            }
        }
        seen
    }

    /// Whether something has begun that has to end soon: a frame's header, or a head that may take several frames.
    pub(super) const fn is_mid_head(&self) -> bool {
        self.have > 0 || (self.in_head && (self.left > 0 || self.header[4] & END_HEADERS == 0))
    }

    /// The highest stream that has a head.
    pub(in crate::http) const fn stream(&self) -> u32 {
        self.stream
    }

    /// How many streams have a head.
    pub(super) const fn streams(&self) -> u32 {
        self.streams
    }

    /// Whether the preface was followed by something else than SETTINGS.
    pub(super) fn is_no_http2(&self) -> bool {
        self.first == First::Other
    }

    fn count(&mut self, seen: &mut Seen) {
        let [a, b, c, kind, flags, stream @ ..] = self.header;
        if self.first == First::Awaited {
            self.first = if kind == SETTINGS && flags & ACK == 0 { First::Settings } else { First::Other };
        }
        self.left = u32::from_be_bytes([0, a, b, c]);
        // The first bit says nothing.
        let stream = u32::from_be_bytes(stream) & (u32::MAX >> 1);
        if kind == HEADERS && stream > self.stream {
            self.stream = stream;
            self.streams = self.streams.saturating_add(1);
        }
        self.in_head = matches!(kind, HEADERS | CONTINUATION | PUSH_PROMISE);
        seen.count(kind, flags, self.left);
    }
}

#[cfg(test)]
mod tests;
