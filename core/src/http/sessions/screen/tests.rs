use super::*;

/// Passes the frames whole and cut anywhere.
fn passed(wire: &[u8]) -> Vec<u8> {
    let mut whole = wire.to_vec();
    Screen::new().pass(&mut whole);
    for cut in 0..wire.len() {
        let mut octets = wire.to_vec();
        let (before, after) = octets.split_at_mut(cut);
        let mut screen = Screen::new();
        screen.pass(before);
        screen.pass(after);
        assert_eq!(octets, whole, "cut at {cut}");
    }
    whole
}

const EMPTY: [u8; 9] = [0, 0, 0, SETTINGS, 0, 0, 0, 0, 0];

#[test]
fn what_an_origin_may_say_is_not_changed() {
    let settings = [0, 0, 12, SETTINGS, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1];
    let ping = [0, 0, 8, 6, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0];
    let wire = [&settings[..], &ping, &EMPTY, &ping].concat();
    assert_eq!(passed(&wire), wire);
}

#[test]
fn a_first_frame_that_is_not_settings_becomes_data_on_no_stream() {
    let wire = [0, 0, 3, 1, 4, 0, 0, 0, 1, 0x88, 0, 0];
    assert_eq!(passed(&wire), [0, 0, 3, DATA, 0, 0, 0, 0, 0, 0x88, 0, 0]);
}

/// The crate would take it for one to its own.
#[test]
fn a_first_frame_that_is_an_answer_to_settings_is_put_on_a_stream() {
    let wire = [&[0, 0, 0, SETTINGS, ACK, 0, 0, 0, 0], &EMPTY[..]].concat();
    let mut expected = wire.clone();
    expected[LAST] = 1;
    assert_eq!(passed(&wire), expected);
    let wire = [&EMPTY[..], &[0, 0, 0, SETTINGS, ACK, 0, 0, 0, 0]].concat();
    assert_eq!(passed(&wire), wire);
}

#[test]
fn enable_push_becomes_a_value_that_is_none() {
    let wire = [&EMPTY[..], &[0, 0, 12, SETTINGS, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 1, 0, 2, 0, 0, 0, 1]].concat();
    let mut expected = wire.clone();
    *expected.last_mut().unwrap() = NO_VALUE;
    assert_eq!(passed(&wire), expected);
}

/// Of octets that are cut anywhere, the second part alone tells where frames end.
#[test]
fn what_frames_there_are_and_where_they_end_is_told() {
    let ping = [0, 0, 8, 6, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0];
    let begun = [0, 0, 1, HEADERS, 0, 0, 0, 0, 5, 0x88];
    let mut wire = [&EMPTY[..], &ping, &begun, &[0, 0, 1]].concat();
    let ends = [0, 9, 26, 36];
    for cut in 0..wire.len() {
        let mut screen = Screen::new();
        let (before, after) = wire.split_at_mut(cut);
        let first = screen.pass(before);
        let second = screen.pass(after);
        assert_eq!(first.seen.control + second.seen.control, 2, "cut at {cut}");
        assert_eq!(first.seen.heads + second.seen.heads, 1, "cut at {cut}");
        let last = ends.into_iter().rfind(|end| *end <= cut).unwrap();
        assert_eq!(first.whole.map_or(0, |(at, _)| at), last, "cut at {cut}");
        let expected = (cut <= 36).then(|| (36 - cut, Some([0, 0, 0, 5])));
        assert_eq!(second.whole, expected, "cut at {cut}");
    }
}
