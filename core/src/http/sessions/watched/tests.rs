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
    let others: [&[u8]; 4] =
        [b"HTTP/1.1 400 Bad Request\r\n", b"HTTP", &[0, 0, 0, 4, 1, 0, 0, 0, 0], &[0, 0, 0, 4, 0, 0, 0, 0, 1]];
    for octets in others {
        assert_eq!(greeting(&[octets]), Greeting::Other, "{}", octets.escape_ascii());
    }
}
