//! What a WebSocket handshake of HTTP/1 says and one of HTTP/2 does not: `Sec-WebSocket-Accept` (RFC 6455 §4.2.2, RFC 8441 §5).

use http::HeaderValue;

/// RFC 6455 §1.3.
const SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// The answer to a key: proof that the other end speaks WebSocket, no secret.
#[must_use]
pub fn accept(key: &[u8]) -> HeaderValue {
    let text = base64(&sha1(&[key, SUFFIX].concat()));
    // Letters, digits and three marks.
    HeaderValue::from_bytes(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

fn base64(octets: &[u8; 20]) -> Vec<u8> {
    let mut text = Vec::with_capacity(28);
    for three in octets.chunks(3) {
        let bits = three.iter().fold(0u32, |bits, octet| bits << 8 | u32::from(*octet)) << (8 * (3 - three.len()));
        let letters = [18, 12, 6, 0].map(|shift| ALPHABET[(bits >> shift & 63) as usize]);
        text.extend_from_slice(&letters[..=three.len()]);
    }
    text.resize(28, b'=');
    text
}

/// SHA-1 (RFC 3174), which the handshake asks for.
fn sha1(message: &[u8]) -> [u8; 20] {
    let mut padded = message.to_vec();
    padded.push(0x80);
    padded.resize((padded.len() + 8).next_multiple_of(64) - 8, 0);
    padded.extend_from_slice(&(message.len() as u64 * 8).to_be_bytes());
    let mut state = [0x6745_2301, 0xEFCD_AB89, 0x98BA_DCFE, 0x1032_5476, 0xC3D2_E1F0];
    padded.chunks_exact(64).for_each(|block| sha1_block(&mut state, block));
    let mut digest = [0; 20];
    for (out, word) in digest.chunks_exact_mut(4).zip(state) {
        out.copy_from_slice(&word.to_be_bytes());
    }
    digest
}

fn sha1_block(state: &mut [u32; 5], block: &[u8]) {
    let mut words = [0u32; 80];
    for (word, octets) in words.iter_mut().zip(block.chunks_exact(4)) {
        *word = octets.iter().fold(0, |word, octet| word << 8 | u32::from(*octet));
    }
    for at in 16..80 {
        words[at] = (words[at - 3] ^ words[at - 8] ^ words[at - 14] ^ words[at - 16]).rotate_left(1);
    }
    let [mut a, mut b, mut c, mut d, mut e] = *state;
    for (round, word) in words.iter().enumerate() {
        let (mixed, constant) = match round / 20 {
            0 => (b & c | !b & d, 0x5A82_7999),
            1 => (b ^ c ^ d, 0x6ED9_EBA1),
            2 => (b & c | b & d | c & d, 0x8F1B_BCDC),
            _ => (b ^ c ^ d, 0xCA62_C1D6),
        };
        let next = a.rotate_left(5).wrapping_add(mixed).wrapping_add(e).wrapping_add(constant).wrapping_add(*word);
        (a, b, c, d, e) = (next, a, b.rotate_left(30), c, d);
    }
    for (whole, part) in state.iter_mut().zip([a, b, c, d, e]) {
        *whole = whole.wrapping_add(part);
    }
}

#[cfg(test)]
mod tests;
