//! The end of an origin that sends too much, or a frame of a wrong size, as the `h2` crate understands it.
//!
//! The crate has no call to close a client's connection with a code. It does so by itself when a head has more frames than it can need; so it is
//! shown such a head in place of what the origin sends. Then it says ENHANCE_YOUR_CALM, and fails every stream with it. So it is with a frame that is
//! larger than any may be, and FRAME_SIZE_ERROR.

use tokio::io::ReadBuf;

use super::screen::FRAME_HEADER;

const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
/// Frames in one go.
const MOST: usize = 64;

/// A head that does not end, or a frame that is too large.
#[derive(Debug)]
pub(super) struct Farewell {
    /// Each octet of the length of its payload.
    length: u8,
    kind: u8,
    stream: [u8; 4],
    /// Octets of the frame that were given.
    given: usize,
}

impl Farewell {
    /// After whole frames, of which the last begins or continues the head of that stream, if any does.
    pub(super) const fn new(in_head: Option<[u8; 4]>) -> Self {
        match in_head {
            Some(stream) => Self { length: 0, kind: CONTINUATION, stream, given: 0 },
            None => Self { length: 0, kind: HEADERS, stream: [0, 0, 0, 1], given: 0 },
        }
    }

    /// After whole frames, outside of heads: as long as a length can say, which is more than we ever allow.
    pub(super) const fn of_size() -> Self {
        Self { length: u8::MAX, kind: HEADERS, stream: [0, 0, 0, 1], given: 0 }
    }

    /// As much as there is room for, in measure.
    pub(super) fn give(&mut self, buffer: &mut ReadBuf<'_>) {
        for _ in 0..MOST {
            let [a, b, c, d] = self.stream;
            let n = self.length;
            let frame: [u8; FRAME_HEADER] = [n, n, n, self.kind, 0, a, b, c, d];
            let rest = &frame[self.given..];
            let n = rest.len().min(buffer.remaining());
            buffer.put_slice(&rest[..n]);
            self.given += n;
            if self.given < FRAME_HEADER {
                return;
            }
            (self.given, self.kind) = (0, CONTINUATION);
        }
    }
}

#[cfg(test)]
mod tests;
