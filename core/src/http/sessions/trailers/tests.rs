use crate::http::sessions::screen::Screen;

use super::*;

const SETTINGS: u8 = 4;
const END_HEADERS: u8 = 0x4;
const EMPTY: [u8; 9] = [0, 0, 0, SETTINGS, 0, 0, 0, 0, 0];
const FINAL: &[u8] = &[0x88];
const EARLY_HINTS: &[u8] = b"\x08\x03103";
const SUM: &[u8] = b"\x00\x03sum\x017";
const STATUS_AGAIN: &[u8] = b"\x00\x03sum\x017\x88";

fn head(stream: u8, flags: u8, block: &[u8]) -> Vec<u8> {
    [&[0, 0, block.len() as u8, HEADERS, END_HEADERS | flags, 0, 0, 0, stream][..], block].concat()
}

/// The streams whose trailers are malformed, however the octets are cut.
fn bad(frames: &[Vec<u8>]) -> Vec<u32> {
    let wire = [EMPTY.to_vec(), frames.concat()].concat();
    let mut found = Vec::new();
    for cut in 0..wire.len() {
        let mut octets = wire.clone();
        let (before, after) = octets.split_at_mut(cut);
        let mut screen = Screen::new();
        screen.pass(before);
        screen.pass(after);
        let now = screen.trailers().take_bad();
        assert!(cut == 0 || now == found, "cut at {cut}");
        found = now;
        assert!(screen.trailers().begun.is_empty(), "nothing is kept of what is over");
    }
    found
}

/// RFC 9113 §8.1
#[test]
fn a_status_in_trailers_is_told_from_that_of_a_head() {
    let data = vec![0, 0, 1, DATA, 0, 0, 0, 0, 1, b'a'];
    let reset = vec![0, 0, 4, RST_STREAM, 0, 0, 0, 0, 1, 0, 0, 0, 0];
    let end = vec![0, 0, 0, DATA, END_STREAM, 0, 0, 0, 1];
    for (frames, expected) in [
        (vec![head(1, 0, FINAL), head(1, END_STREAM, FINAL)], vec![1]),
        (vec![head(1, 0, FINAL), data.clone(), head(1, END_STREAM, STATUS_AGAIN)], vec![1]),
        (vec![head(1, 0, EARLY_HINTS), head(1, 0, FINAL), head(1, END_STREAM, b"\x84")], vec![1]),
        (vec![head(1, 0, FINAL), head(3, 0, FINAL), head(3, END_STREAM, FINAL), head(1, END_STREAM, SUM)], vec![3]),
        // A head with `:path`.
        (vec![head(1, END_STREAM, b"\x88\x84")], vec![1]),
        // As they should be.
        (vec![head(1, END_STREAM, FINAL)], vec![]),
        (vec![head(1, 0, EARLY_HINTS), head(1, END_STREAM, FINAL)], vec![]),
        (
            vec![
                head(1, 0, EARLY_HINTS),
                head(1, 0, EARLY_HINTS),
                head(1, 0, FINAL),
                data.clone(),
                head(1, END_STREAM, SUM),
            ],
            vec![],
        ),
        (vec![head(1, 0, FINAL), data, end, head(3, END_STREAM, FINAL)], vec![]),
        (vec![head(1, 0, FINAL), reset], vec![]),
    ] {
        assert_eq!(bad(&frames), expected, "{frames:?}");
    }
}
