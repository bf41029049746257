//! Which messages of an origin are malformed, since there are pseudo-header fields among their trailers, or those of requests in their heads (RFC
//! 9113 §8.1, §8.3): the `h2` crate drops those.
//!
//! A section is the block that follows a final head on a stream; informational heads come before it.

use crate::http::field_blocks::{Block, FieldBlocks};

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 0x1;

/// The blocks that come, and where their streams stand.
#[derive(Debug)]
pub(super) struct Trailers {
    blocks: FieldBlocks,
    /// Streams whose final head came, and not their end.
    begun: Vec<u32>,
    /// Streams on which a message is malformed.
    bad: Vec<u32>,
}

impl Trailers {
    pub(super) const fn new() -> Self {
        Self { blocks: FieldBlocks::new(), begun: Vec::new(), bad: Vec::new() }
    }

    /// The header of a frame came.
    pub(super) fn frame(&mut self, kind: u8, flags: u8, stream: [u8; 4], octets: usize) {
        let stream = u32::from_be_bytes(stream) & (u32::MAX >> 1);
        if kind == RST_STREAM || (kind == DATA && flags & END_STREAM != 0) {
            self.forget(stream);
        }
        if let Some(block) = self.blocks.frame(kind, flags, stream, octets as u32) {
            self.ended(block);
        }
    }

    /// Octets of the payload of a frame of this kind.
    pub(super) fn payload(&mut self, kind: u8, octets: &[u8]) {
        if matches!(kind, HEADERS | CONTINUATION)
            && let Some(block) = self.blocks.payload(octets)
        {
            self.ended(block);
        }
    }

    /// Nothing more is expected of this stream.
    pub(super) fn forget(&mut self, stream: u32) {
        if let Some(at) = self.begun.iter().rposition(|begun| *begun == stream) {
            self.begun.swap_remove(at);
        }
    }

    /// The streams that were found since this was asked last.
    pub(super) fn take_bad(&mut self) -> Vec<u32> {
        std::mem::take(&mut self.bad)
    }

    fn ended(&mut self, block: Block) {
        if self.begun.contains(&block.stream) {
            if block.has_pseudo {
                self.bad.push(block.stream);
            }
            if block.is_last {
                self.forget(block.stream);
            }
            return;
        }
        if block.is_of_request {
            self.bad.push(block.stream);
        }
        if !block.is_last && !block.is_interim {
            self.begun.push(block.stream);
        }
    }
}

#[cfg(test)]
mod tests;
