//! How many octets a coded string stands for (RFC 7541 §5.2, appendix B).

/// Counts the symbols of a string, cut anywhere. What is left at its end is padding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Symbols {
    bits: u64,
    have: u32,
}

/// How many codes there are of each length, from the shortest. The code is canonical: those of one length follow each other, and the shorter
/// ones stand before the longer ones, so that this is all there is to know of it.
const COUNTS: [u32; 26] = [10, 26, 32, 6, 0, 5, 3, 2, 6, 2, 3, 0, 0, 0, 3, 8, 13, 26, 29, 12, 4, 15, 19, 29, 0, 4];
const SHORTEST: u32 = 5;

/// For each length the first 32 bits that stand after all codes of it.
const ENDS: [u64; 26] = ends();

const fn ends() -> [u64; 26] {
    let mut ends = [0; 26];
    let (mut at, mut end) = (0, 0);
    while at < COUNTS.len() {
        end += (COUNTS[at] as u64) << (32 - SHORTEST - at as u32);
        ends[at] = end;
        at += 1;
    }
    // No sequence of bits is left over.
    assert!(end == 1 << 32);
    ends
}

impl Symbols {
    pub(super) const fn new() -> Self {
        Self { bits: 0, have: 0 }
    }

    /// Takes some octets; gives how many symbols are complete with them.
    pub(super) fn count(&mut self, octets: &[u8]) -> u32 {
        let mut symbols = 0;
        for &octet in octets {
            // At most 29 bits are left of those before.
            self.bits |= u64::from(octet) << (56 - self.have);
            self.have += 8;
            while self.have >= SHORTEST {
                let window = self.bits >> 32;
                let length = SHORTEST + ENDS.iter().take_while(|end| **end <= window).count() as u32;
                if length > self.have {
                    break;
                }
                self.bits <<= length;
                self.have -= length;
                symbols += 1;
            }
        }
        symbols
    }
}

#[cfg(test)]
mod tests;
