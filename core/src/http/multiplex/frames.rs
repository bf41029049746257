//! Looks at the frames that pass by (RFC 9113 §4.1): which kinds, how many, and whether a head is under way. It holds no octet of theirs.

use std::sync::Arc;

use crate::http::field_blocks::{BadFields, Block, FieldBlocks};

/// Octets of a frame's header.
const HEADER: usize = 9;
/// Octets before the first frame.
const PREFACE: u32 = 24;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

/// Octets of DATA that fill half of the buffers it is read into.
const SMALL_DATA: u32 = 16 << 10;
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
    /// The last frame was a part of a head that goes on in another.
    is_open_head: bool,
    first: First,
    fault: Option<Fault>,
    /// The highest stream that has a head, also one that is under way, and how many have one.
    stream: u32,
    streams: u32,
    has_goaway: bool,
    trailers: Option<Trailers>,
    /// The streams that were reset, if that is asked for.
    resets: Option<Vec<u32>>,
}

/// Looks for pseudo-header fields in trailers of requests: a head on a stream that has one already.
#[derive(Debug)]
struct Trailers {
    blocks: FieldBlocks,
    bad: Arc<BadFields>,
    /// The block that is under way is a trailer section.
    is_section: bool,
}

impl Trailers {
    fn ended(&self, block: Option<Block>) {
        if let Some(block) = block.filter(|block| self.is_section && block.has_pseudo) {
            self.bad.add(block.stream);
        }
    }
}

/// The frame that follows the preface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Awaited,
    Came,
}

/// What a frame's header says that ends the connection, and that the crate does not see, or has another code for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Fault {
    /// The preface was followed by something else than SETTINGS (RFC 9113 §3.4).
    NoSettings,
    /// A frame whose kind has one size has another (RFC 9113 §4.2).
    Size,
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
    /// DATA that is much smaller than the buffers it is read into.
    pub(in crate::http) small_data: u32,
}

#[cfg(any(test, fuzzing))]
impl std::ops::AddAssign for Seen {
    fn add_assign(&mut self, Self { resets, control, heads, data_octets, small_data }: Self) {
        self.resets += resets;
        self.control += control;
        self.heads += heads;
        self.data_octets += data_octets;
        self.small_data += small_data;
    }
}

impl Seen {
    /// A frame with this header, and so many octets of payload.
    pub(in crate::http) fn count(&mut self, kind: u8, flags: u8, payload: u32) {
        match kind {
            HEADERS => self.heads += 1,
            RST_STREAM => self.resets += 1,
            DATA => {
                self.data_octets += u64::from(payload);
                self.small_data += u32::from(payload < SMALL_DATA);
            }
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
        Self {
            header: [0; HEADER],
            have: 0,
            left: PREFACE,
            in_head: false,
            is_open_head: false,
            first: First::Awaited,
            fault: None,
            stream: 0,
            streams: 0,
            has_goaway: false,
            trailers: None,
            resets: None,
        }
    }

    /// The same for requests, whose trailer sections are looked at.
    pub(super) fn of_requests(bad: Arc<BadFields>) -> Self {
        let trailers = Trailers { blocks: FieldBlocks::new(), bad, is_section: false };
        Self { trailers: Some(trailers), ..Self::new() }
    }

    /// The same for what we send to an origin: which streams were reset can be asked for.
    pub(in crate::http) fn of_ours() -> Self {
        Self { resets: Some(Vec::new()), ..Self::new() }
    }

    /// The streams that were reset since this was asked last.
    pub(in crate::http) fn take_resets(&mut self) -> impl Iterator<Item = u32> + use<> {
        self.resets.as_mut().map(std::mem::take).unwrap_or_default().into_iter()
    }

    /// These octets came.
    pub(in crate::http) fn pass(&mut self, mut octets: &[u8]) -> Seen {
        let mut seen = Seen::default();
        while !octets.is_empty() {
            if self.left > 0 {
                let n = octets.len().min(self.left as usize);
                self.left -= n as u32;
                if self.in_head
                    && let Some(trailers) = &mut self.trailers
                {
                    let block = trailers.blocks.payload(&octets[..n]);
                    trailers.ended(block);
                }
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
        self.have > 0 || self.is_open_head || (self.in_head && self.left > 0)
    }

    /// The highest stream that has a head.
    pub(in crate::http) const fn stream(&self) -> u32 {
        self.stream
    }

    /// How many streams have a head.
    pub(super) const fn streams(&self) -> u32 {
        self.streams
    }

    /// Whether there was a GOAWAY.
    pub(super) const fn has_goaway(&self) -> bool {
        self.has_goaway
    }

    /// The first thing that was wrong.
    pub(super) const fn fault(&self) -> Option<Fault> {
        self.fault
    }

    fn count(&mut self, seen: &mut Seen) {
        let [a, b, c, kind, flags, stream @ ..] = self.header;
        self.left = u32::from_be_bytes([0, a, b, c]);
        self.fault = self.fault.or_else(|| self.fault_of(kind, flags));
        self.first = First::Came;
        // The first bit says nothing.
        let stream = u32::from_be_bytes(stream) & (u32::MAX >> 1);
        if let Some(trailers) = &mut self.trailers {
            trailers.is_section = if kind == HEADERS { stream <= self.stream } else { trailers.is_section };
            let block = trailers.blocks.frame(kind, flags, stream, self.left);
            trailers.ended(block);
        }
        if kind == HEADERS && stream > self.stream {
            self.stream = stream;
            self.streams = self.streams.saturating_add(1);
        }
        self.has_goaway |= kind == GOAWAY;
        if kind == RST_STREAM
            && let Some(resets) = &mut self.resets
        {
            resets.push(stream);
        }
        self.in_head = matches!(kind, HEADERS | CONTINUATION | PUSH_PROMISE);
        self.is_open_head = self.in_head && flags & END_HEADERS == 0;
        seen.count(kind, flags, self.left);
    }

    fn fault_of(&self, kind: u8, flags: u8) -> Option<Fault> {
        if self.first == First::Awaited && (kind != SETTINGS || flags & ACK != 0) {
            return Some(Fault::NoSettings);
        }
        // Within a head, that there is another frame at all is what is wrong.
        (!self.is_open_head && is_misshapen(kind, flags, self.left)).then_some(Fault::Size)
    }
}

/// Whether a frame of this kind cannot have a payload of so many octets (RFC 9113 §6.3 to §6.9).
pub(in crate::http) const fn is_misshapen(kind: u8, flags: u8, octets: u32) -> bool {
    match kind {
        PRIORITY => octets != 5,
        RST_STREAM | WINDOW_UPDATE => octets != 4,
        SETTINGS if flags & ACK != 0 => octets != 0,
        SETTINGS => !octets.is_multiple_of(6),
        PING => octets != 8,
        GOAWAY => octets < 8,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
