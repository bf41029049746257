//! What was sent of a request, kept so that it can be sent again, up to a bound.

use crate::chunk::{Chunk, Kept};

/// Whether the request, as far as it was sent, is still at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recorded {
    /// All of it.
    Whole,
    /// It outgrew the bound, and was dropped. It cannot be sent again.
    Overflowed,
}

/// The content that was sent so far.
///
/// Over its bound it keeps nothing and says so: a request is sent again whole or not at all. What it keeps takes at most twice as much memory as
/// it has octets, however small the pieces are in which they came.
#[derive(Debug)]
pub struct Replay {
    chunks: Kept,
    octets: usize,
    bound: usize,
    recorded: Recorded,
}

impl Replay {
    /// Nothing sent yet; keeps at most `bound` octets.
    pub fn new(bound: usize) -> Self {
        Self { chunks: Kept::default(), octets: 0, bound, recorded: Recorded::Whole }
    }

    /// Remembers a chunk that is about to be sent.
    pub fn record(&mut self, chunk: &Chunk) {
        if self.recorded == Recorded::Overflowed {
            return;
        }
        let trailers = if let Chunk::Trailers(fields) = chunk { fields.octets() } else { 0 };
        self.octets = self.octets.saturating_add(chunk.len()).saturating_add(trailers);
        if self.octets > self.bound {
            self.forget();
        } else {
            self.chunks.push(chunk.clone());
        }
    }

    /// Drops what is kept: nothing will be sent again.
    pub fn forget(&mut self) {
        self.recorded = Recorded::Overflowed;
        self.chunks.clear();
    }

    /// Whether all that was sent can be sent again.
    pub fn recorded(&self) -> Recorded {
        self.recorded
    }

    /// What was sent, in order.
    pub fn chunks(&self) -> impl Iterator<Item = &Chunk> {
        self.chunks.iter()
    }
}
