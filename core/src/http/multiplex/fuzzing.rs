//! What is known of frames that came from a client, for fuzz targets.

use std::sync::Arc;

use super::frames::{Frames, Seen};
use crate::http::field_blocks::BadFields;

/// What was seen of some octets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfRequests {
    /// RST_STREAM.
    pub resets: u32,
    /// Frames that carry no message.
    pub control: u32,
    /// HEADERS.
    pub heads: u32,
    /// Octets of DATA.
    pub data_octets: u64,
    /// DATA that is much smaller than the buffers it is read into.
    pub small_data: u32,
    /// The highest stream that has a head.
    pub stream: u32,
    /// How many streams have a head.
    pub streams: u32,
    /// Whether there was a GOAWAY.
    pub has_goaway: bool,
    /// Whether something has begun that has to end soon.
    pub is_mid_head: bool,
    /// What is wrong with a frame.
    pub fault: Option<String>,
    /// Of the streams that were asked about, those with a malformed trailer section, as often as they were found.
    pub bad: Vec<u32>,
}

/// What is known once these pieces came, the client's preface first.
pub fn of_requests<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, asked: &[u32]) -> OfRequests {
    let bad = Arc::new(BadFields::default());
    let mut frames = Frames::of_requests(Arc::clone(&bad));
    let mut all = OfRequests::default();
    let mut seen = Seen::default();
    for piece in pieces {
        seen += frames.pass(piece);
    }
    (all.resets, all.control, all.heads) = (seen.resets, seen.control, seen.heads);
    (all.data_octets, all.small_data) = (seen.data_octets, seen.small_data);
    all.stream = frames.stream();
    all.streams = frames.streams();
    all.has_goaway = frames.has_goaway();
    all.is_mid_head = frames.is_mid_head();
    all.fault = frames.fault().map(|fault| format!("{fault:?}"));
    for stream in asked {
        while bad.take(*stream) {
            all.bad.push(*stream);
        }
    }
    all
}

/// The streams that these pieces reset, the preface first, as the side that wrote them looks at them.
pub fn resets<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Vec<u32> {
    let mut frames = Frames::of_ours();
    let mut resets = Vec::new();
    for piece in pieces {
        frames.pass(piece);
        resets.extend(frames.take_resets());
    }
    resets
}
