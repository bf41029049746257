#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use super::*;

#[test]
fn pieces_with_padding_are_read_wherever_they_are_cut() {
    let pieces: [&[u8]; 5] = [b"a", b"bc", b"def", b"", b"ghijk"];
    let text: Vec<u8> = pieces.iter().flat_map(|piece| encode(piece)).collect();
    for size in 1..=text.len() {
        let mut decoder = Decoder::default();
        let octets: Vec<u8> = text.chunks(size).flat_map(|chunk| decoder.decode(chunk).unwrap()).collect();
        assert_eq!((octets.as_slice(), decoder.is_whole()), (&b"abcdefghijk"[..], true), "cut at {size}");
    }
}

#[test]
fn what_is_not_base64_is_refused() {
    for text in ["a===", "====", "ab!d", "=abc", "ab=c", "ab\r\n"] {
        assert_eq!(Decoder::default().decode(text.as_bytes()), None, "{text:?}");
    }
}

#[test]
fn an_incomplete_group_is_seen() {
    let mut decoder = Decoder::default();
    assert_eq!(decoder.decode(b"YWJjZA").unwrap(), "abc");
    assert!(!decoder.is_whole());
}
