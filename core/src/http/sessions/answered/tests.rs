use tokio::io::ReadBuf;

use super::*;

fn all(answered: &mut Answered, room: usize) -> Vec<u8> {
    let mut given = Vec::new();
    loop {
        let mut octets = vec![0; room];
        let mut buffer = ReadBuf::new(&mut octets);
        answered.give(&mut buffer);
        if buffer.filled().is_empty() {
            return given;
        }
        given.extend_from_slice(buffer.filled());
    }
}

#[test]
fn each_gets_one_frame_however_small_the_room() {
    let expected = b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\0\0\0\x04\x03\0\0\0\0\x05\0\0\0\0";
    for room in 1..40 {
        let mut answered = Answered::default();
        answered.note([0, 0, 0, 1]);
        answered.note([0, 0, 0, 5]);
        assert_eq!(all(&mut answered, room), expected, "{room}");
    }
}

#[test]
fn only_the_last_are_remembered() {
    let mut answered = Answered::default();
    for number in 0..10_000_u32 {
        answered.note((2 * number + 1).to_be_bytes());
    }
    let given = all(&mut answered, 1000);
    assert_eq!(given.len(), REMEMBERED * FRAME);
    assert_eq!(given[5..9], (2 * (10_000 - REMEMBERED as u32) + 1).to_be_bytes());
}
