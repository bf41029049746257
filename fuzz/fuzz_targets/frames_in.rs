//! Frames that clients send, as they pass: cut anywhere the same is counted, and pseudo-header fields in trailers are found where one who has all
//! of it finds them.
#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use simplon_core::http::fuzzing::{OfRequests, of_requests, resets};
use simplon_fuzz::Input;
use simplon_fuzz::frames::{self, Frame};

const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::parse(data) else { return };
    let octets = if input.mode & 1 == 0 {
        frames::frames(input.octets).iter().flat_map(Frame::octets).collect()
    } else {
        input.octets.to_vec()
    };
    let (frames, whole_frames) = frames::parse(&octets);
    let streams: Vec<u32> = frames.iter().map(|frame| frame.stream & (u32::MAX >> 1)).collect();
    let wire = [&PREFACE[..], &octets].concat();
    let whole = of_requests([&wire[..]], &streams);
    let again = [&data[..3], &wire].concat();
    let Some(cut) = Input::parse(&again) else { return };
    assert_eq!(whole, of_requests(cut.pieces(), &streams));
    assert_eq!(resets([&wire[..]]), resets(cut.pieces()));
    if whole_frames == octets.len() {
        counted(&whole, &frames);
        let reset = frames.iter().filter(|frame| frame.kind == frames::RST_STREAM);
        let reset: Vec<u32> = reset.map(|frame| frame.stream & (u32::MAX >> 1)).collect();
        assert_eq!(resets([&wire[..]]), reset);
    }
});

fn counted(whole: &OfRequests, frames: &[Frame]) {
    let of = |kind: u8| frames.iter().filter(move |frame| frame.kind == kind);
    assert_eq!(whole.heads as usize, of(frames::HEADERS).count());
    assert_eq!(whole.resets as usize, of(frames::RST_STREAM).count());
    assert_eq!(whole.data_octets, of(frames::DATA).map(|frame| frame.payload.len() as u64).sum::<u64>());
    assert_eq!(whole.has_goaway, of(7).count() > 0);
    let is_ack = |frame: &&Frame| frame.kind == frames::SETTINGS && frame.flags & 1 != 0;
    let messages: usize = [0, 1, 3, 5, 9].into_iter().map(|kind| of(kind).count()).sum();
    assert_eq!(whole.control as usize, frames.len() - messages - frames.iter().filter(is_ack).count());
    let last = frames.last();
    let is_part = |frame: &Frame| [frames::HEADERS, frames::PUSH_PROMISE, frames::CONTINUATION].contains(&frame.kind);
    assert_eq!(whole.is_mid_head, last.is_some_and(|frame| is_part(frame) && frame.flags & frames::END_HEADERS == 0));
    let begins = frames.first().is_none_or(|frame| frame.kind == frames::SETTINGS && frame.flags & 1 == 0);
    assert_eq!(whole.fault.as_deref() == Some("NoSettings"), !begins);
    let with_head: BTreeSet<u32> = of(frames::HEADERS).map(|frame| frame.stream & (u32::MAX >> 1)).collect();
    assert_eq!(whole.stream, with_head.last().copied().unwrap_or(0));
    assert!(whole.streams as usize <= with_head.len());
    if let Some(blocks) = frames::blocks(frames) {
        let (mut highest, mut expected) = (0, Vec::new());
        for block in blocks {
            let stream = block.stream & (u32::MAX >> 1);
            if stream <= highest && block.has_pseudo() {
                expected.push(stream);
            }
            highest = highest.max(stream);
        }
        let mut bad = whole.bad.clone();
        expected.sort_unstable();
        bad.sort_unstable();
        // Each is asked for as often as it was found.
        assert_eq!(bad, expected, "{frames:?}");
    }
}
