use super::*;

fn drain(outbox: &mut Outbox, step: usize, slots: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while outbox.pending() > 0 {
        let mut slices = vec![IoSlice::new(&[]); slots];
        let filled = outbox.slices(&mut slices);
        assert!(filled > 0 && slices[..filled].iter().all(|slice| !slice.is_empty()));
        let octets: Vec<u8> = slices[..filled].iter().flat_map(|slice| slice.iter().copied()).take(step).collect();
        all.extend_from_slice(&octets);
        outbox.written(octets.len());
    }
    all
}

#[test]
fn octets_leave_in_order_however_they_are_cut() {
    let large = |b: u8| Bytes::from(vec![b; COPIED + 1]);
    for (step, slots) in [(usize::MAX, 16), (1, 16), (7, 1), (COPIED, 2), (COPIED + 3, 3)] {
        let mut outbox = Outbox::default();
        outbox.copy(|out| out.extend_from_slice(b"head"));
        outbox.push(large(b'a'));
        outbox.push(large(b'b'));
        outbox.push(Bytes::from_static(b"small"));
        outbox.copy(|out| out.extend_from_slice(b"end"));
        outbox.push(large(b'c'));
        let expected = [&b"head"[..], &large(b'a'), &large(b'b'), b"smallend", &large(b'c')].concat();
        assert_eq!(outbox.pending(), expected.len());
        assert_eq!(drain(&mut outbox, step, slots), expected, "{step} {slots}");
    }
}

#[test]
fn a_small_message_is_one_slice_and_a_large_one_three() {
    let mut outbox = Outbox::default();
    outbox.copy(|out| out.extend_from_slice(b"head"));
    outbox.push(Bytes::from_static(b"content"));
    let mut slices = [IoSlice::new(&[]); 4];
    assert_eq!(outbox.slices(&mut slices), 1);
    assert_eq!(outbox.whole(), Some(&b"headcontent"[..]));
    outbox.written(5);
    assert_eq!(outbox.whole(), Some(&b"ontent"[..]));
    outbox.push(Bytes::from(vec![0; COPIED + 1]));
    outbox.copy(|out| out.extend_from_slice(b"\r\n"));
    let mut slices = [IoSlice::new(&[]); 4];
    assert_eq!(outbox.slices(&mut slices), 3);
    assert_eq!(outbox.whole(), None);
}

#[test]
fn a_reader_that_never_catches_up_does_not_grow_the_buffer() {
    let mut outbox = Outbox::default();
    outbox.copy(|out| out.extend_from_slice(&[0; 1024]));
    for _ in 0..10_000 {
        outbox.copy(|out| out.extend_from_slice(&[0; 1024]));
        outbox.written(1024);
    }
    assert_eq!(outbox.pending(), 1024);
    let capacity = outbox.0.as_ref().map_or(0, |waiting| waiting.copied.capacity());
    assert!(capacity <= 4 * FRONT, "{capacity}");
}

#[test]
fn memory_is_given_back_only_when_nothing_waits() {
    let mut outbox = Outbox::default();
    outbox.copy(|out| out.extend_from_slice(b"a"));
    outbox.release();
    assert_eq!(outbox.pending(), 1);
    outbox.written(1);
    outbox.release();
    assert!(outbox.0.is_none());
}
