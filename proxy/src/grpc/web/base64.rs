//! Base64 that comes and goes in pieces, each of which may end with padding.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use bytes::Bytes;

/// Reads pieces cut anywhere.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// Less than a group of four.
    held: Vec<u8>,
}

impl Decoder {
    /// Reads on.
    ///
    /// Gives:   the octets of all groups of four that are complete; the rest is kept. `None` if this is not base64.
    /// Cost:    O(text); it is copied once, and decoded from there.
    pub(super) fn decode(&mut self, text: &[u8]) -> Option<Bytes> {
        self.held.extend_from_slice(text);
        let whole = self.held.len() / 4 * 4;
        let mut octets = Vec::with_capacity(whole / 4 * 3);
        let mut rest = &self.held[..whole];
        while !rest.is_empty() {
            // Padding ends a piece: groups are decoded up to the one that has it.
            let end = rest.iter().position(|octet| *octet == b'=').map_or(rest.len(), |at| at / 4 * 4 + 4);
            BASE64_STANDARD.decode_vec(&rest[..end], &mut octets).ok()?;
            rest = &rest[end..];
        }
        self.held.drain(..whole);
        Some(octets.into())
    }

    /// Whether nothing is kept.
    pub(super) fn is_whole(&self) -> bool {
        self.held.is_empty()
    }
}

/// A piece with its padding: nothing of a message waits for the next one.
pub(super) fn encode(octets: &[u8]) -> Bytes {
    BASE64_STANDARD.encode(octets).into()
}

#[cfg(test)]
mod tests;
