//! Octets looked at eight or sixteen at a time.
//!
//! A word holds eight octets, the first of them lowest. What a question finds in one is marked by the highest bit of each octet; the lowest of these
//! marks is exact, those above it need not be.

const EACH: u64 = u64::MAX / 255;
const HIGHEST: u64 = EACH * 0x80;

/// Words of a chunk; the compiler knows that they are there.
#[inline(always)]
pub(crate) const fn of_eight(octets: &[u8; 8]) -> u64 {
    u64::from_le_bytes(*octets)
}

#[inline(always)]
pub(crate) const fn of_sixteen(octets: &[u8; 16]) -> [u64; 2] {
    let all = u128::from_le_bytes(*octets);
    [all as u64, (all >> 64) as u64]
}

/// The eight octets at a place. What lies beyond the end is zero.
#[inline(always)]
pub(crate) fn word(octets: &[u8], at: usize) -> u64 {
    match octets.get(at..).and_then(<[u8]>::first_chunk) {
        Some(chunk) => of_eight(chunk),
        None => last_word(octets, at),
    }
}

/// The same near the end.
#[inline(never)]
fn last_word(octets: &[u8], at: usize) -> u64 {
    let beyond = (at + 8).saturating_sub(octets.len());
    match octets.last_chunk() {
        Some(chunk) if beyond < 8 => of_eight(chunk) >> (8 * beyond),
        Some(_) => 0,
        None => octets.iter().skip(at).rev().fold(0, |word, octet| word << 8 | u64::from(*octet)),
    }
}

/// Of one word, the first `count` octets; all of it from eight on.
#[inline(always)]
pub(crate) const fn first_of(word: u64, count: usize) -> u64 {
    if count < 8 { word & ((1 << (8 * count)) - 1) } else { word }
}

/// Where in a word the first mark is; 8 without one.
#[inline(always)]
pub(crate) const fn first_mark(marks: u64) -> usize {
    (marks.trailing_zeros() / 8) as usize
}

/// Marks what is this octet.
#[inline(always)]
pub(crate) const fn equal(word: u64, octet: u8) -> u64 {
    let differs = word ^ (EACH * octet as u64);
    differs.wrapping_sub(EACH) & !differs & HIGHEST
}

/// Marks what is less than this octet, which is at most 0x80.
#[inline(always)]
const fn less(word: u64, octet: u8) -> u64 {
    word.wrapping_sub(EACH * octet as u64) & !word & HIGHEST
}

/// Marks control octets, HTAB among them.
#[inline(always)]
const fn controls(word: u64) -> u64 {
    less(word, b' ') | equal(word, 0x7f)
}

/// Marks what is no visible octet of ASCII.
#[inline(always)]
const fn not_visible(word: u64) -> u64 {
    less(word, b'!') | equal(word, 0x7f) | (word & HIGHEST)
}

/// Whether each octet is a letter, a digit or a dash.
#[inline(always)]
pub(crate) const fn is_plain(word: u64) -> bool {
    // No sum reaches the next octet, as long as none is above 0x7f.
    let lower = word | (EACH * 0x20);
    let letters = at_least(lower, b'a') & !at_least(lower, b'z' + 1);
    let digits = at_least(word, b'0') & !at_least(word, b'9' + 1);
    let others = at_least(word ^ (EACH * b'-' as u64), 1);
    (letters | digits | !others) & !word & HIGHEST == HIGHEST
}

/// Marks octets that are at least so much, of those that are at most 0x7f.
#[inline(always)]
const fn at_least(word: u64, least: u8) -> u64 {
    (word & !HIGHEST) + EACH * (0x80 - least) as u64
}

/// Where the first control octet is, HTAB among them; the length if there is none.
#[inline(never)]
pub(crate) fn control(octets: &[u8]) -> usize {
    first(octets, |octet| (octet < b' ') | (octet == 0x7f), controls)
}

/// Where the first control octet other than HTAB is from a place on; `None` if there is none.
#[inline(always)]
pub(crate) fn end_of_value(octets: &[u8], at: usize) -> Option<usize> {
    let mut end = at + control(octets.get(at..)?);
    while *octets.get(end)? == b'\t' {
        end += 1 + control(octets.get(end + 1..)?);
    }
    Some(end)
}

/// Where the first octet is that is not visible ASCII; the length if there is none.
#[inline(always)]
pub(crate) fn invisible(octets: &[u8]) -> usize {
    first(octets, |octet| (octet as i8 <= b' ' as i8) | (octet == 0x7f), not_visible)
}

/// `is_one` and `marks` say the same.
#[inline(always)]
fn first(octets: &[u8], is_one: impl Fn(u8) -> bool, marks: impl Fn(u64) -> u64) -> usize {
    let mut rest = octets;
    while let Some((chunk, after)) = rest.split_first_chunk() {
        // Without a way out in the middle, so that the compiler takes all sixteen at a time.
        if chunk.iter().fold(false, |any, octet| any | is_one(*octet)) {
            let [low, high] = of_sixteen(chunk).map(&marks);
            let found = if low != 0 { first_mark(low) } else { 8 + first_mark(high) };
            return octets.len() - rest.len() + found;
        }
        rest = after;
    }
    octets.len() - rest.len() + first_of_few(rest, marks)
}

/// The same of fewer than sixteen.
#[cold]
#[inline(never)]
fn first_of_few(octets: &[u8], marks: impl Fn(u64) -> u64) -> usize {
    let low = marks(word(octets, 0));
    let found = if low != 0 { first_mark(low) } else { 8 + first_mark(marks(word(octets, 8))) };
    found.min(octets.len())
}

#[cfg(test)]
mod tests;
