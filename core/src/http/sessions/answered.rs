//! The streams that an origin has answered to the end, and how the `h2` crate keeps those answers when the connection ends.
//!
//! A stream on which we still send when the connection breaks is given up by the crate whole, with an answer that was complete. After a RST_STREAM
//! with NO_ERROR it keeps the answer: that is what an origin says who does not want the rest of a request (RFC 9113 §8.1). So it is shown one for
//! each such stream before it is shown the end of the connection.

use std::collections::VecDeque;

use tokio::io::ReadBuf;

use super::screen::FRAME_HEADER;

/// So many that were answered last. Those that were sent to the end need it not, and they are most.
const REMEMBERED: usize = 256;
/// A RST_STREAM with its code.
const FRAME: usize = FRAME_HEADER + 4;

/// Which were answered to the end.
#[derive(Debug, Default)]
pub(super) struct Answered {
    streams: VecDeque<[u8; 4]>,
    /// Octets of the first one's frame that were given.
    given: usize,
}

impl Answered {
    /// The origin ended this stream.
    pub(super) fn note(&mut self, stream: [u8; 4]) {
        if self.streams.len() == REMEMBERED {
            self.streams.pop_front();
        }
        self.streams.push_back(stream);
    }

    /// A frame for each, as much as there is room for.
    pub(super) fn give(&mut self, buffer: &mut ReadBuf<'_>) {
        while let Some([a, b, c, d]) = self.streams.front().copied() {
            let frame: [u8; FRAME] = [0, 0, 4, 3, 0, a, b, c, d, 0, 0, 0, 0];
            let rest = &frame[self.given..];
            let n = rest.len().min(buffer.remaining());
            buffer.put_slice(&rest[..n]);
            self.given += n;
            if self.given < FRAME {
                return;
            }
            self.given = 0;
            self.streams.pop_front();
        }
    }

    /// Nothing more is given.
    pub(super) fn forget(&mut self) {
        self.streams.clear();
    }
}

#[cfg(test)]
mod tests;
