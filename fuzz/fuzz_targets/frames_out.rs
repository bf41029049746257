//! Frames that origins send, as they pass: cut anywhere the same becomes of them, no octet is changed but those that are to be, and malformed
//! messages are found where one who has all of it finds them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use simplon_core::http::fuzzing::{OfResponses, of_responses};
use simplon_fuzz::Input;
use simplon_fuzz::frames::{self, Frame};

/// Streams that are remembered as answered.
const REMEMBERED: usize = 256;

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::parse(data) else { return };
    let mut octets = if input.mode & 1 == 0 {
        frames::frames(input.octets).iter().flat_map(Frame::octets).collect()
    } else {
        input.octets.to_vec()
    };
    if input.mode & 2 == 0 {
        octets.splice(..0, [0, 0, 0, frames::SETTINGS, 0, 0, 0, 0, 0]);
    }
    if octets.is_empty() {
        return;
    }
    let whole = of_responses([&octets[..]], usize::from(input.mode >> 2));
    let again = [&data[..3], &octets].concat();
    let Some(cut) = Input::parse(&again) else { return };
    assert_eq!(whole, of_responses(cut.pieces(), 64));
    assert_eq!(whole.octets, shown(&octets));
    let (frames, end) = frames::parse(&octets);
    if end == octets.len() && frames.first().is_some_and(|frame| frame.kind == frames::SETTINGS) {
        ended(&whole, &frames, end);
        malformed(&whole, &frames);
    }
});

/// What the crate is to see: DATA on no stream for all that follows a wrong beginning, and an answer to settings that comes first on a stream.
fn shown(octets: &[u8]) -> Vec<u8> {
    let (mut shown, mut at) = (octets.to_vec(), 0);
    let is_answer = octets.get(3..5).is_some_and(|start| start[0] == frames::SETTINGS && start[1] & 1 != 0);
    if let (true, Some(last)) = (is_answer, shown.get_mut(8)) {
        *last |= 1;
    }
    let is_wrong = octets.get(3).is_some_and(|kind| *kind != frames::SETTINGS);
    while let Some(header) = octets.get(at..octets.len().min(at + 9)).filter(|header| header.len() > 3) {
        let length = u32::from_be_bytes([0, header[0], header[1], header[2]]) as usize;
        let (start, end) = (at + 9, octets.len().min(at + 9 + length));
        if is_wrong {
            shown[at + 3..octets.len().min(start)].fill(0);
        } else if header[3] == frames::SETTINGS && header.get(4).is_some_and(|flags| flags & 1 == 0) && start < end {
            for setting in shown[start..end].chunks_exact_mut(6) {
                if setting == [0, 2, 0, 0, 0, 1] {
                    setting[5] = 2;
                }
            }
        }
        at = start + length;
    }
    shown
}

/// What is told of the end of it.
fn ended(whole: &OfResponses, frames: &[Frame], end: usize) {
    let open = frames.last().filter(|frame| {
        [frames::HEADERS, frames::CONTINUATION].contains(&frame.kind) && frame.flags & frames::END_HEADERS == 0
    });
    assert_eq!(whole.whole, Some((end, open.map(|frame| frame.stream))));
    let is_end =
        |frame: &&Frame| [frames::DATA, frames::HEADERS].contains(&frame.kind) && frame.flags & frames::END_STREAM != 0;
    let mut answered: Vec<u32> = frames.iter().filter(is_end).map(|frame| frame.stream).collect();
    answered.drain(..answered.len().saturating_sub(REMEMBERED));
    if open.is_some() {
        answered.clear();
    }
    let reset = |stream: &u32| Frame { kind: frames::RST_STREAM, flags: 0, stream: *stream, payload: vec![0; 4] };
    assert_eq!(whole.end, answered.iter().flat_map(|stream| reset(stream).octets()).collect::<Vec<u8>>());
}

/// Those with pseudo-header fields where none may be, or with those of requests.
fn malformed(whole: &OfResponses, frames: &[Frame]) {
    let Some(blocks) = frames::blocks(frames) else { return };
    let mut blocks = blocks.into_iter().peekable();
    let (mut begun, mut bad) = (std::collections::BTreeSet::new(), Vec::new());
    for (at, frame) in frames.iter().enumerate() {
        let is_end = frame.kind == frames::DATA && frame.flags & frames::END_STREAM != 0;
        if is_end || frame.kind == frames::RST_STREAM {
            begun.remove(&number(frame.stream));
        }
        let Some(block) = blocks.next_if(|block| block.frame == at) else { continue };
        let stream = number(block.stream);
        let is_section = begun.contains(&stream);
        if if is_section { block.has_pseudo() } else { block.is_of_request() } {
            bad.push(stream);
        }
        match (block.is_last, is_section) {
            (true, _) => drop(begun.remove(&stream)),
            (false, false) if !block.is_interim() => drop(begun.insert(stream)),
            _ => {}
        }
    }
    assert_eq!(whole.bad, bad, "{frames:?}");
}

/// The first bit says nothing.
const fn number(stream: u32) -> u32 {
    stream & (u32::MAX >> 1)
}
