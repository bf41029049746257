//! What is made of frames that came from an origin, for fuzz targets.

use tokio::io::ReadBuf;

use super::screen::Screen;

/// What became of some octets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OfResponses {
    /// What the `h2` crate is shown in their place.
    pub octets: Vec<u8>,
    /// RST_STREAM, frames that carry no message, HEADERS, octets of DATA.
    pub seen: [u64; 4],
    /// Where a frame ended last, and the stream whose head is under way there.
    pub whole: Option<(usize, Option<u32>)>,
    /// Streams with a malformed message.
    pub bad: Vec<u32>,
    /// What is shown when the connection ends then.
    pub end: Vec<u8>,
}

/// What becomes of these pieces. At the end `room` octets are asked for at a time.
pub fn of_responses<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, room: usize) -> OfResponses {
    let mut screen = Screen::new();
    let mut all = OfResponses::default();
    for piece in pieces {
        let at = all.octets.len();
        all.octets.extend_from_slice(piece);
        let passed = screen.pass(&mut all.octets[at..]);
        let seen = passed.seen;
        let counts = [seen.resets.into(), seen.control.into(), seen.heads.into(), seen.data_octets];
        all.seen.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        if let Some((end, open)) = passed.whole {
            all.whole = Some((at + end, open.map(u32::from_be_bytes)));
        }
        all.bad.extend(screen.trailers().take_bad());
    }
    let mut space = vec![0; room.max(1)];
    loop {
        let mut buffer = ReadBuf::new(&mut space);
        screen.ended(&mut buffer);
        if buffer.filled().is_empty() {
            return all;
        }
        all.end.extend_from_slice(buffer.filled());
    }
}
