//! The Huffman code of RFC 7541, appendix B. It is canonical: the lengths of its codes are all there is to know.

use std::sync::OnceLock;

/// Huffman code for these octets, padded as it must be.
#[must_use]
pub fn encode(octets: &[u8]) -> Vec<u8> {
    let codes = codes();
    let mut wire = Vec::new();
    let (mut bits, mut held) = (0_u64, 0);
    for octet in octets {
        let symbol = usize::from(*octet);
        bits = bits << LENGTHS[symbol] | u64::from(codes[symbol]);
        held += u32::from(LENGTHS[symbol]);
        while held >= 8 {
            held -= 8;
            wire.push((bits >> held) as u8);
        }
    }
    if held > 0 {
        wire.push((bits << (8 - held)) as u8 | 0xff >> held);
    }
    wire
}

/// What the Huffman code says.
///
/// # Errors
/// The rule that it breaks (§5.2): it holds the symbol for its end, or padding that is too long or not of ones.
pub fn decode(wire: &[u8]) -> Result<Vec<u8>, &'static str> {
    let codes = codes();
    let mut octets = Vec::new();
    let (mut code, mut length) = (0_u32, 0_u8);
    for bit in wire.iter().flat_map(|octet| (0..8).rev().map(move |at| octet >> at & 1)) {
        code = code << 1 | u32::from(bit);
        length += 1;
        let Some(symbol) = (0..LENGTHS.len()).find(|at| LENGTHS[*at] == length && codes[*at] == code) else {
            continue;
        };
        octets.push(u8::try_from(symbol).map_err(|_| "a string with the end-of-string symbol in it")?);
        (code, length) = (0, 0);
    }
    match (length, code.trailing_ones()) {
        (8.., _) => Err("more than seven bits of padding"),
        (length, ones) if ones < u32::from(length) => Err("padding that is not of ones"),
        _ => Ok(octets),
    }
}

fn codes() -> &'static [u32; 257] {
    static CODES: OnceLock<[u32; 257]> = OnceLock::new();
    CODES.get_or_init(|| {
        let mut order: [usize; 257] = std::array::from_fn(|symbol| symbol);
        order.sort_by_key(|symbol| (LENGTHS[*symbol], *symbol));
        let mut codes = [0; 257];
        let (mut next, mut length) = (0, LENGTHS[order[0]]);
        for symbol in order {
            next <<= LENGTHS[symbol] - length;
            length = LENGTHS[symbol];
            codes[symbol] = next;
            next += 1;
        }
        codes
    })
}

/// Bits of the code of each octet, and last of the end-of-string symbol.
#[rustfmt::skip]
const LENGTHS: [u8; 257] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
    28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
    6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
    5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
    13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
    15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
    6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
    20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
    24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
    21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
    26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
    19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
    20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
    30,
];
