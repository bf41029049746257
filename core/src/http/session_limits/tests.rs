use super::*;

#[test]
fn a_connection_takes_no_more_exchanges_than_it_has_windows_for() {
    assert_eq!(SessionLimits::default().most_streams(), 128);
    for (connection, stream, most_stream, own, expected) in [
        (1 << 20, 64 << 10, 128 << 10, None, 8),
        (1 << 20, 256 << 10, 128 << 10, None, 4),
        ((1 << 20) - 1, 64 << 10, 128 << 10, None, 7),
        (1 << 20, 64 << 10, 128 << 10, NonZeroU32::new(3), 3),
        (1 << 20, 64 << 10, 4 << 20, None, 1),
        (0, 64 << 10, 64 << 10, None, 1),
        (u32::MAX, 1, 1, None, MOST_WINDOW as usize),
        (u32::MAX, 0, 0, NonZeroU32::new(9), 9),
    ] {
        let limits = SessionLimits {
            connection_window_octets: connection,
            stream_window_octets: stream,
            most_stream_window_octets: most_stream,
            streams: own,
            ..SessionLimits::default()
        };
        assert_eq!(limits.most_streams(), expected, "{limits:?}");
    }
}
