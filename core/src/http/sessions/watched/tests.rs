use super::*;
use crate::http::SessionLimits;

fn greeting(pieces: &[&[u8]]) -> Greeting {
    let facts = Arc::new(Facts::default());
    let toll = Toll::new(&SessionLimits::default(), 32, Arc::default());
    let mut watched = Watched::new(Stream::other(tokio::io::empty()), Arc::clone(&facts), toll);
    pieces.iter().for_each(|piece| watched.note(piece));
    facts.greeting()
}

#[test]
fn settings_are_a_greeting_cut_anywhere() {
    let frame = [0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 100];
    for cut in 0..frame.len() {
        assert_eq!(greeting(&[&frame[..cut], &frame[cut..]]), Greeting::Settings, "{cut}");
        let expected = if cut < FRAME_HEADER { Greeting::None } else { Greeting::Settings };
        assert_eq!(greeting(&[&frame[..cut]]), expected, "{cut}");
    }
}

#[test]
fn anything_else_is_none() {
    let alert = [0x15, 3, 3, 0, 2, 2, 70];
    let others: [&[u8]; 5] =
        [b"HTTP/1.1 400 Bad Request\r\n", b"HTTP", b"SSH-2.0-x\r\n", &alert, &[0, 0, 5, 0x20, 0, 0, 0, 0, 0]];
    for octets in others {
        assert_eq!(greeting(&[octets]), Greeting::Other, "{}", octets.escape_ascii());
    }
}

/// HTTP/2, and against its rules: another version would not help.
#[test]
fn another_frame_is_http2_that_is_broken() {
    let acknowledged = [0, 0, 0, 4, 1, 0, 0, 0, 0];
    let on_a_stream = [0, 0, 0, 4, 0, 0, 0, 0, 1];
    let ping = [0, 0, 8, 6, 0, 0, 0, 0, 0];
    let go_away = [0, 0, 8, 7, 0, 0, 0, 0, 0];
    let head = [0, 0, 1, 1, 4, 0, 0, 0, 1];
    for frame in [acknowledged, on_a_stream, ping, go_away, head] {
        for cut in 0..frame.len() {
            assert_eq!(greeting(&[&frame[..cut]]), Greeting::None, "{cut}");
            assert_eq!(greeting(&[&frame[..cut], &frame[cut..]]), Greeting::Broken, "{cut}");
        }
    }
}

/// What the crate is given of these pieces, in reads of so much room, until the end or for so many reads.
async fn given(pieces: Vec<Vec<u8>>, room: usize) -> Vec<u8> {
    let (end, mut far) = tokio::io::duplex(1 << 16);
    let toll = Toll::new(&SessionLimits::default(), 32, Arc::default());
    let mut watched = Watched::new(Stream::other(end), Arc::new(Facts::default()), toll);
    let sending = async move {
        for piece in pieces {
            tokio::io::AsyncWriteExt::write_all(&mut far, &piece).await.unwrap();
            tokio::task::yield_now().await;
        }
    };
    let reading = async {
        let mut all = Vec::new();
        loop {
            let mut octets = vec![0; room];
            let n = tokio::io::AsyncReadExt::read(&mut watched, &mut octets).await.unwrap();
            all.extend_from_slice(&octets[..n]);
            // What is shown in place of a wrong frame goes on for ever.
            if n == 0 || all.len() > 500 {
                return all;
            }
        }
    };
    tokio::join!(reading, sending).0
}

const SETTINGS_FRAME: [u8; 9] = [0, 0, 0, 4, 0, 0, 0, 0, 0];

#[tokio::test]
async fn frames_reach_the_crate_as_they_came_cut_anywhere_and_however_little_is_read() {
    let wire = [&SETTINGS_FRAME[..], &[0, 0, 8, 6, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8], &SETTINGS_FRAME].concat();
    for room in [1, 2, 5, 8, 9, 10, 100] {
        for cut in 0..wire.len() {
            let pieces = vec![wire[..cut].to_vec(), wire[cut..].to_vec()];
            assert_eq!(given(pieces, room).await, wire, "cut at {cut}, {room} octets at a time");
        }
        let octets = wire.iter().map(|octet| vec![*octet]).collect();
        assert_eq!(given(octets, room).await, wire, "octet by octet, {room} at a time");
    }
}

/// RFC 9113 §4.2: one that is larger than any may be stands in the place of one of a wrong size, cut anywhere.
#[tokio::test]
async fn a_frame_of_a_wrong_size_is_shown_as_one_that_is_too_large() {
    let wrong: [&[u8]; 8] = [
        &[0, 0, 7, 6, 0, 0, 0, 0, 0],
        &[0, 0, 5, 4, 0, 0, 0, 0, 0],
        &[0, 0, 6, 4, 1, 0, 0, 0, 0],
        &[0, 0, 5, 3, 0, 0, 0, 0, 1],
        &[0, 0, 3, 8, 0, 0, 0, 0, 0],
        &[0, 0, 5, 8, 0, 0, 0, 0, 1],
        &[0, 0, 4, 7, 0, 0, 0, 0, 0],
        &[0, 0, 4, 2, 0, 0, 0, 0, 1],
    ];
    for header in wrong {
        let wire = [&SETTINGS_FRAME[..], header, &[0; 20]].concat();
        let expected = [&SETTINGS_FRAME[..], &[255, 255, 255, 1, 0, 0, 0, 0, 1]].concat();
        for cut in 0..wire.len() {
            let pieces = vec![wire[..cut].to_vec(), wire[cut..].to_vec()];
            let heard = given(pieces, 1000).await;
            assert_eq!(heard[..expected.len()], expected, "{header:?} cut at {cut}");
        }
    }
}

/// Within a head it is another fault, and the crate's to find.
#[tokio::test]
async fn a_frame_within_a_head_is_not_looked_at_for_its_size() {
    let wire =
        [&SETTINGS_FRAME[..], &[0, 0, 1, 1, 0, 0, 0, 0, 1, 0x88], &[0, 0, 7, 6, 0, 0, 0, 0, 0], &[0; 7]].concat();
    assert_eq!(given(vec![wire.clone()], 1000).await, wire);
}
