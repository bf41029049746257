use super::*;

#[test]
fn what_is_encoded_is_decoded() {
    let frames = [
        Frame::data(1, "abc").end_stream().padded(3),
        Frame::headers(3, [0x82]).prioritized(1, 15).padded(200),
        Frame::priority(5, 3, 1),
        Frame::reset(1, Code::CANCEL),
        Frame::settings(&[(Setting::MAX_FRAME_SIZE, 16384), (Setting(0xffff), 7)]),
        Frame::settings_ack(),
        Frame::push_promise(1, 2, [0x82]),
        Frame::ping(*b"12345678"),
        Frame::ping_ack(*b"12345678"),
        Frame::go_away(7, Code(0x1234)),
        Frame::window_update(0, 1).reserved(),
        Frame::continuation(1, []).unfinished(),
        Frame::priority_update(9, "u=1, i"),
        Frame::new(Kind(0xfa), 0x7fff_ffff, [0; 300]).with(0xff),
    ];
    for frame in frames {
        let wire = frame.encode();
        assert_eq!(Frame::decode(&wire[..wire.len() - 1]), None);
        assert_eq!(Frame::decode(&wire), Some((frame.clone(), wire.len())));
        assert!(frame.payload().is_ok(), "{frame}");
    }
}

#[test]
fn padding_and_priority_are_taken_off() {
    let frame = Frame::headers(3, [0x82]).prioritized(1, 15).padded(4);
    assert_eq!(frame.payload.len(), 1 + 5 + 1 + 4);
    assert_eq!(frame.payload(), Ok(Payload::Headers(vec![0x82])));
}

#[test]
fn what_is_wrong_is_named() {
    for (frame, why) in [
        (Frame::data(0, "x"), "must not be on stream 0"),
        (Frame::ping([0; 8]).on(1), "must be on stream 0"),
        (Frame::data(1, "x").saying_padded(2), "more padding than payload"),
        (Frame::new(Kind::DATA, 1, []).with(PADDED), "no room for the length of the padding"),
        (Frame::new(Kind::SETTINGS, 0, [0; 7]), "length is no multiple of 6"),
        (Frame::new(Kind::SETTINGS, 0, [0; 6]).with(ACK), "an acknowledgment with payload"),
        (Frame::new(Kind::WINDOW_UPDATE, 0, [0; 3]), "a length that its type may not have"),
        (Frame::new(Kind::GOAWAY, 0, [0; 7]), "no room for the code"),
        (Frame::new(Kind::HEADERS, 1, [0; 4]).with(PRIORITY), "no room for the priority fields"),
    ] {
        assert_eq!(frame.payload(), Err(why), "{frame}");
    }
}

#[test]
fn a_frame_reads_as_a_line() {
    assert_eq!(Frame::data(1, "abc").end_stream().to_string(), "DATA on 1 END_STREAM, 3 octets");
    assert_eq!(Frame::go_away(1, Code(99)).to_string(), "GOAWAY on 0, last 1, Code 0x63, \"\"");
    assert_eq!(Frame::ping([b'x'; 8]).with(0x80).reserved().to_string(), "PING on 0 flags 0x80 reserved bit, xxxxxxxx");
}
