//! Frames of HTTP/2 made from an input, and what one who has all of them says of their field blocks.

use simplon_testkit::h2::hpack::{Decoder, Field};

pub const DATA: u8 = 0;
pub const HEADERS: u8 = 1;
pub const RST_STREAM: u8 = 3;
pub const SETTINGS: u8 = 4;
pub const PUSH_PROMISE: u8 = 5;
pub const CONTINUATION: u8 = 9;

pub const END_STREAM: u8 = 0x1;
pub const END_HEADERS: u8 = 0x4;
const PADDED: u8 = 0x8;
const PRIORITY: u8 = 0x20;
const HEADER: usize = 9;

/// One frame.
#[derive(Clone, Debug)]
pub struct Frame {
    pub kind: u8,
    pub flags: u8,
    pub stream: u32,
    pub payload: Vec<u8>,
}

impl Frame {
    /// Octets on the wire.
    pub fn octets(&self) -> Vec<u8> {
        let length = (self.payload.len() as u32).to_be_bytes();
        let header = [length[1], length[2], length[3], self.kind, self.flags];
        [&header[..], &self.stream.to_be_bytes(), &self.payload].concat()
    }
}

/// Frames of any kind on few streams: three octets choose a frame, and what it holds follows.
pub fn frames(mut octets: &[u8]) -> Vec<Frame> {
    let mut frames = Vec::new();
    while let [kind, flags, length, rest @ ..] = octets {
        let (payload, rest) = rest.split_at(usize::from(length & 0x3f).min(rest.len()));
        // Heads are what there is most to say about.
        let kind = [HEADERS, CONTINUATION, *kind & 0xf, HEADERS][usize::from(kind >> 6)];
        let stream = 1 + 2 * u32::from(length >> 6);
        frames.push(Frame { kind, flags: *flags, stream, payload: payload.to_vec() });
        octets = rest;
    }
    frames
}

/// The whole frames among these octets, and how many octets they take.
pub fn parse(octets: &[u8]) -> (Vec<Frame>, usize) {
    let (mut frames, mut at) = (Vec::new(), 0);
    while let Some([a, b, c, kind, flags, s, t, u, v]) = octets[at..].first_chunk::<HEADER>() {
        let start = at + HEADER;
        let length = u32::from_be_bytes([0, *a, *b, *c]) as usize;
        let Some(payload) = octets.get(start..start + length) else { break };
        let stream = u32::from_be_bytes([*s, *t, *u, *v]);
        frames.push(Frame { kind: *kind, flags: *flags, stream, payload: payload.to_vec() });
        at = start + length;
    }
    (frames, at)
}

/// A field block that came whole.
#[derive(Clone, Debug)]
pub struct Block {
    pub stream: u32,
    pub is_last: bool,
    pub fields: Vec<Field>,
    /// Which frame it ended with.
    pub frame: usize,
}

impl Block {
    pub fn has_pseudo(&self) -> bool {
        self.fields.iter().any(|(name, _)| name.starts_with(':'))
    }

    pub fn is_of_request(&self) -> bool {
        self.fields.iter().any(|(name, _)| name.starts_with(':') && name != ":status")
    }

    pub fn is_interim(&self) -> bool {
        self.fields.iter().any(|(name, value)| name == ":status" && value.starts_with('1'))
    }
}

/// All blocks, or `None` if something is wrong with one: what a follower says then is of no interest, as the connection ends.
pub fn blocks(frames: &[Frame]) -> Option<Vec<Block>> {
    let mut decoder = Decoder::default();
    let mut blocks = Vec::new();
    let mut open: Option<(u32, bool, Vec<u8>)> = None;
    for (at, frame) in frames.iter().enumerate() {
        let (stream, is_last, mut octets) = match (frame.kind, open.take()) {
            (HEADERS, None) => (frame.stream, frame.flags & END_STREAM != 0, fragment(frame)?.to_vec()),
            (CONTINUATION, Some((stream, is_last, mut octets))) if stream == frame.stream => {
                octets.extend_from_slice(&frame.payload);
                (stream, is_last, octets)
            }
            (HEADERS | CONTINUATION | PUSH_PROMISE, _) | (_, Some(_)) => return None,
            _ => continue,
        };
        if frame.flags & END_HEADERS == 0 {
            open = Some((stream, is_last, octets));
            continue;
        }
        let fields = decoder.decode(&octets).ok()?;
        octets.clear();
        blocks.push(Block { stream, is_last, fields, frame: at });
    }
    Some(blocks)
}

/// What a HEADERS frame holds between a priority and padding.
fn fragment(frame: &Frame) -> Option<&[u8]> {
    let mut payload = &frame.payload[..];
    let mut padding = 0;
    if frame.flags & PADDED != 0 {
        let (length, rest) = payload.split_first()?;
        (padding, payload) = (usize::from(*length), rest);
    }
    if frame.flags & PRIORITY != 0 {
        payload = payload.get(5..)?;
    }
    payload.get(..payload.len().checked_sub(padding)?)
}
