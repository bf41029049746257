//! Shows to the `h2` crate as wrong what it would take from an origin: a first frame that is not SETTINGS, and SETTINGS that allow a server to
//! be pushed to. One octet of either is changed into what the crate refuses, so that the connection ends as any other that is wrong does.
//!
//! Source:  RFC 9113 §3.4, §6.5.2.

use tokio::io::ReadBuf;

use super::answered::Answered;
use super::trailers::Trailers;
use crate::http::multiplex::{Seen, is_misshapen};

/// Octets of a frame's header.
pub(super) const FRAME_HEADER: usize = 9;
/// Where the type of a frame is in its header, and where the flags.
const KIND: usize = 3;
const FLAGS: usize = 4;
const LAST: usize = FRAME_HEADER - 1;
/// Octets of one setting: what, and its value.
const SETTING: usize = 6;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;
const ACK: u8 = 0x1;
const END_STREAM: u8 = 0x1;
const END_HEADERS: u8 = 0x4;

const ENABLE_PUSH: [u8; SETTING] = [0, 2, 0, 0, 0, 1];
/// A value that nobody may say.
const NO_VALUE: u8 = 2;

/// What came, cut anywhere.
#[derive(Debug)]
pub(super) struct Screen {
    header: [u8; FRAME_HEADER],
    have: usize,
    /// Octets of the payload that are still to come.
    left: usize,
    setting: [u8; SETTING],
    /// Octets of the setting that have come.
    in_setting: usize,
    first: First,
    /// Whether the size of the frame that has begun matters.
    may_judge: bool,
    answered: Answered,
    trailers: Trailers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum First {
    Awaited,
    /// It is made DATA on no stream.
    Wrong,
    /// Of the right kind, as far as it came.
    Settings,
    /// An answer to our settings, which says nothing of the origin's. It is put on a stream, where no settings may be.
    Answer,
    Passed,
}

/// Of the header that an octet belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Header {
    Part,
    Whole,
}

/// What was in some octets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Passed {
    pub(super) seen: Seen,
    /// How many of them there were when a frame ended last, and the stream whose head is under way there.
    pub(super) whole: Option<(usize, Option<[u8; 4]>)>,
    /// Where a frame begins whose kind has one size, and that has another (RFC 9113 §4.2).
    pub(super) misshapen: Option<usize>,
}

impl Screen {
    pub(super) fn new() -> Self {
        Self {
            header: [0; FRAME_HEADER],
            have: 0,
            left: 0,
            setting: [0; SETTING],
            in_setting: 0,
            first: First::Awaited,
            may_judge: true,
            answered: Answered::default(),
            trailers: Trailers::new(),
        }
    }

    /// These octets came. How many they are does not change; which frames they are is told.
    pub(super) fn pass(&mut self, octets: &mut [u8]) -> Passed {
        let mut passed = Passed::default();
        let mut at = 0;
        while at < octets.len() {
            if self.is_between_frames() {
                passed.whole = Some((at, self.in_head()));
            }
            if self.left == 0 {
                // Within a head, that there is another frame at all is what is wrong.
                if self.have == 0 {
                    self.may_judge = self.in_head().is_none();
                }
                if self.header(&mut octets[at]) == Header::Whole {
                    let [_, _, _, kind, flags, ..] = self.header;
                    if self.may_judge && self.first == First::Passed && is_misshapen(kind, flags, self.left as u32) {
                        passed.misshapen = passed.misshapen.or_else(|| (at + 1).checked_sub(FRAME_HEADER));
                    }
                    passed.seen.count(self.header[KIND], self.header[FLAGS], self.left as u32);
                    self.note_header();
                }
                at += 1;
                continue;
            }
            let end = octets.len().min(at.saturating_add(self.left));
            if self.header[KIND] == SETTINGS && self.header[FLAGS] & ACK == 0 {
                octets[at..end].iter_mut().for_each(|octet| self.setting(octet));
            }
            self.trailers.payload(self.header[KIND], &octets[at..end]);
            self.left -= end - at;
            at = end;
        }
        if self.is_between_frames() {
            passed.whole = Some((at, self.in_head()));
        }
        passed
    }

    /// What is known of trailers.
    pub(super) const fn trailers(&mut self) -> &mut Trailers {
        &mut self.trailers
    }

    fn note_header(&mut self) {
        let [_, _, _, kind, flags, stream @ ..] = self.header;
        self.trailers.frame(kind, flags, stream, self.left);
        if matches!(kind, DATA | HEADERS) && flags & END_STREAM != 0 && self.first == First::Passed {
            self.answered.note(stream);
        }
    }

    /// The connection ended: what the crate is shown before it is told, nothing at last.
    pub(super) fn ended(&mut self, buffer: &mut ReadBuf<'_>) {
        if !self.is_between_frames() || self.in_head().is_some() {
            // Inside a frame or a head, others would be wrong.
            self.answered.forget();
        }
        self.answered.give(buffer);
    }

    /// How many of the last `most` octets begin a header that has not ended: they are to come again, before the rest.
    pub(super) fn hold(&mut self, most: usize) -> usize {
        if self.have > most { 0 } else { std::mem::take(&mut self.have) }
    }

    const fn is_between_frames(&self) -> bool {
        self.left == 0 && self.have == 0
    }

    /// The stream whose head is under way.
    fn in_head(&self) -> Option<[u8; 4]> {
        let [_, _, _, kind, flags, stream @ ..] = self.header;
        (matches!(kind, HEADERS | CONTINUATION) && flags & END_HEADERS == 0).then_some(stream)
    }

    fn header(&mut self, octet: &mut u8) -> Header {
        match (self.have, self.first) {
            (KIND, First::Awaited) => self.first = if *octet == SETTINGS { First::Settings } else { First::Wrong },
            (FLAGS, First::Settings) => self.first = if *octet & ACK != 0 { First::Answer } else { First::Passed },
            (LAST, First::Answer) => {
                *octet |= 1;
                self.first = First::Passed;
            }
            _ => {}
        }
        if self.first == First::Wrong && self.have >= KIND {
            *octet = DATA;
        }
        self.header[self.have] = *octet;
        self.have += 1;
        if self.have < FRAME_HEADER {
            return Header::Part;
        }
        let [a, b, c, ..] = self.header;
        self.left = u32::from_be_bytes([0, a, b, c]) as usize;
        (self.have, self.in_setting) = (0, 0);
        Header::Whole
    }

    fn setting(&mut self, octet: &mut u8) {
        self.setting[self.in_setting] = *octet;
        self.in_setting += 1;
        if self.in_setting == SETTING {
            self.in_setting = 0;
            if self.setting == ENABLE_PUSH {
                *octet = NO_VALUE;
            }
        }
    }
}

#[cfg(test)]
mod tests;
