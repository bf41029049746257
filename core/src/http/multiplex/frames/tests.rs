use super::*;

fn frame(kind: u8, flags: u8, payload: usize) -> Vec<u8> {
    let mut octets = (payload as u32).to_be_bytes()[1..].to_vec();
    octets.extend([kind, flags, 0, 0, 0, 1]);
    octets.resize(HEADER + payload, 0xaa);
    octets
}

fn begun() -> Frames {
    let mut frames = Frames::new();
    assert_eq!(frames.pass(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), Seen::default());
    frames
}

#[test]
fn frames_are_counted_wherever_they_are_cut() {
    let wire = [
        frame(SETTINGS, 0, 6),
        frame(SETTINGS, ACK, 0),
        frame(HEADERS, END_HEADERS, 30),
        frame(DATA, 0, 100),
        frame(RST_STREAM, 0, 4),
        frame(PING, 0, 8),
        frame(PING, ACK, 8),
        frame(WINDOW_UPDATE, 0, 4),
        frame(PRIORITY, 0, 5),
        frame(77, 0, 0),
    ]
    .concat();
    let expected = Seen { resets: 1, control: 6, heads: 1, data_octets: 100, small_data: 1 };
    assert_eq!(begun().pass(&wire), expected);
    for size in 1..40 {
        let mut frames = begun();
        let mut sum = Seen::default();
        for piece in wire.chunks(size) {
            sum += frames.pass(piece);
        }
        assert_eq!(sum, expected, "in pieces of {size}");
        assert!(!frames.is_mid_head());
    }
}

#[test]
fn a_head_is_under_way_from_its_first_octet_to_its_last() {
    let wire = [frame(HEADERS, 0, 3), frame(CONTINUATION, 0, 3), frame(CONTINUATION, END_HEADERS, 3)].concat();
    let mut frames = begun();
    for octet in &wire[..wire.len() - 1] {
        frames.pass(&[*octet]);
        assert!(frames.is_mid_head());
    }
    frames.pass(&wire[wire.len() - 1..]);
    assert!(!frames.is_mid_head());
    let data = frame(DATA, 0, 10);
    frames.pass(&data[..HEADER + 3]);
    assert!(!frames.is_mid_head(), "content is none of a head's business");
}

#[test]
fn the_preface_is_followed_by_settings_wherever_it_is_cut() {
    let wrong = Some(Fault::NoSettings);
    let table =
        [(frame(SETTINGS, 0, 6), None), (frame(SETTINGS, ACK, 0), wrong), (frame(HEADERS, END_HEADERS, 3), wrong)];
    for (first, fault) in table {
        for cut in 0..first.len() {
            let mut frames = begun();
            frames.pass(&first[..cut]);
            frames.pass(&first[cut..]);
            frames.pass(&frame(HEADERS, END_HEADERS, 3));
            assert_eq!(frames.fault(), fault, "{first:?} cut at {cut}");
        }
    }
}

#[test]
fn the_highest_stream_with_a_head_is_known_from_its_header_on() {
    let on = |kind, stream: u8| {
        let mut octets = frame(kind, END_HEADERS, 3);
        octets[HEADER - 1] = stream;
        octets
    };
    let wire = [on(SETTINGS, 0), on(HEADERS, 3), on(DATA, 7), on(HEADERS, 1), on(HEADERS, 5)].concat();
    let step = HEADER + 3;
    for cut in 0..=wire.len() {
        let mut frames = begun();
        frames.pass(&wire[..cut]);
        let expected = match cut {
            _ if cut < step + HEADER => 0,
            _ if cut < 4 * step + HEADER => 3,
            _ => 5,
        };
        assert_eq!(frames.stream(), expected, "cut at {cut}");
        assert_eq!(frames.streams(), [0, 0, 0, 1, 1, 2][expected as usize], "cut at {cut}");
    }
}

/// RFC 9113 §6.3 to §6.9
#[test]
fn frames_of_one_size_have_no_other() {
    let table = [
        (PRIORITY, 0, 5, &[0, 4, 6][..]),
        (RST_STREAM, 0, 4, &[0, 3, 5]),
        (SETTINGS, 0, 12, &[1, 5, 7]),
        (SETTINGS, ACK, 0, &[6]),
        (PING, 0, 8, &[0, 7, 9]),
        (PING, ACK, 8, &[7]),
        (GOAWAY, 0, 8, &[0, 7]),
        (WINDOW_UPDATE, 0, 4, &[0, 3, 5]),
    ];
    let after_settings = |octets: &[u8]| {
        let mut frames = begun();
        frames.pass(&frame(SETTINGS, 0, 6));
        frames.pass(octets);
        frames.fault()
    };
    for (kind, flags, right, wrong) in table {
        assert_eq!(after_settings(&frame(kind, flags, right)), None, "{kind} of {right}");
        for &octets in wrong {
            assert_eq!(after_settings(&frame(kind, flags, octets)), Some(Fault::Size), "{kind} of {octets}");
            let within_a_head = [frame(HEADERS, 0, 3), frame(kind, flags, octets)].concat();
            assert_eq!(after_settings(&within_a_head), None, "{kind} within a head");
        }
    }
}
