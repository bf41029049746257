use super::*;

/// So many octets, through buffers of this size.
fn given(mut farewell: Farewell, size: usize, octets: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while all.len() < octets {
        let mut room = vec![0; size];
        let mut buffer = ReadBuf::new(&mut room);
        farewell.give(&mut buffer);
        assert!(!buffer.filled().is_empty(), "nothing is the end of the stream");
        all.extend_from_slice(buffer.filled());
    }
    all.truncate(octets);
    all
}

#[test]
fn it_is_a_head_without_end_however_small_the_buffers_are() {
    let table = [(None, [0, 0, 0, 1], HEADERS), (Some([0, 0, 1, 7]), [0, 0, 1, 7], CONTINUATION)];
    for (in_head, [a, b, c, d], first) in table {
        let frame = |kind| [0, 0, 0, kind, 0, a, b, c, d];
        let expected: Vec<u8> = [frame(first)].into_iter().chain([frame(CONTINUATION); 99]).flatten().collect();
        for size in [1, 4, FRAME_HEADER, 100, 4096] {
            assert_eq!(given(Farewell::new(in_head), size, expected.len()), expected, "{size}");
        }
    }
}
