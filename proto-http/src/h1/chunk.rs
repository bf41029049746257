//! Chunk-size lines (RFC 9112 §7.1), read and written.

use crate::framing::MOST;
use crate::rules::Rule;
use crate::syntax;

/// What a complete line says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Octets of the line with its CR LF.
    pub(super) length: usize,
    /// Octets of data that follow; 0 is the last chunk.
    pub(super) size: u64,
    /// Octets that were not needed to say so.
    pub(super) extension: usize,
}

/// Digits of the largest size.
const DIGITS: usize = 16;

/// Reads the size line of one chunk.
///
/// Shape:   `size [ext] CRLF`, size in hexadecimal digits; `octets` is what has arrived, cut anywhere.
/// Gives:   `None` until the line is complete. `searched` says how far it was looked at, and is moved on.
/// Errors:  not digits, more than 16 of them, LF without CR, a control octet in an extension, a line over `most` octets.
/// Source:  RFC 9112 §7.1, §7.1.1.
pub(super) fn line(octets: &[u8], searched: &mut u32, most: usize) -> Result<Option<Line>, Rule> {
    let from = *searched as usize;
    let Some(found) = memchr::memchr(b'\n', &octets[from..]) else {
        *searched = octets.len() as u32;
        return if octets.len() >= most { Err(Rule::ChunkLineTooLong) } else { Ok(None) };
    };
    let length = from + found + 1;
    if length > most {
        return Err(Rule::ChunkLineTooLong);
    }
    let line = octets[..length - 1].strip_suffix(b"\r").ok_or(Rule::BareLf)?;
    let digits = line.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let size = size(&line[..digits])?;
    check_extension(&line[digits..])?;
    *searched = 0;
    Ok(Some(Line { length, size, extension: line.len() - digits }))
}

fn size(digits: &[u8]) -> Result<u64, Rule> {
    match digits.len() {
        0 => Err(Rule::ChunkSize),
        1..=DIGITS => Some(digits.iter().fold(0, |sum, digit| sum << 4 | u64::from(value(*digit))))
            .filter(|size| *size <= MOST)
            .ok_or(Rule::ChunkSizeOverflow),
        _ => Err(Rule::ChunkSizeOverflow),
    }
}

const fn value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

/// Nothing, or blanks and a semicolon and then anything without control octets. Extensions are not passed on.
fn check_extension(rest: &[u8]) -> Result<(), Rule> {
    let Some(first) = rest.iter().position(|b| !syntax::is_blank(*b)) else {
        return if rest.is_empty() { Ok(()) } else { Err(Rule::ChunkSize) };
    };
    if rest[first] != b';' {
        return Err(Rule::ChunkSize);
    }
    if syntax::is_value(rest) { Ok(()) } else { Err(Rule::ChunkExtension) }
}

/// Writes the size line of one chunk.
pub(super) fn write(out: &mut Vec<u8>, size: usize) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut line = [0; DIGITS];
    let (mut at, mut left) = (DIGITS, size);
    while left > 0 || at == DIGITS {
        at -= 1;
        line[at] = HEX[left & 15];
        left >>= 4;
    }
    out.extend_from_slice(&line[at..]);
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests;
