//! Names in words, so that one is looked up and compared with a known one, in any case, without a loop.

use crate::syntax::words::{equal, first_mark, first_of, is_plain, of_sixteen, word};

/// No name that has a slot is longer.
pub(in crate::fields) const LONGEST: usize = 32;
const CASE: u64 = u64::MAX / 255 * 0x20;

/// A name as its first octets stand in words, zero beyond its end.
#[derive(Clone, Copy, Debug)]
pub(in crate::fields) struct Name {
    length: usize,
    words: [u64; 4],
}

impl Name {
    #[inline]
    pub(super) fn of(name: &[u8]) -> Self {
        Self { length: name.len(), words: [word(name, 0), word(name, 8), word(name, 16), word(name, 24)] }
    }

    /// What stands before the first colon; without one it is longer than what there is.
    #[inline(always)]
    pub(in crate::fields) fn before_colon(rest: &[u8]) -> Self {
        let Some(chunk) = rest.first_chunk() else { return Self::near_the_end(rest) };
        let [[a, b], [c, d]] = halves(chunk).map(of_sixteen);
        // The last word is cut at its colon.
        let (colons, more, still_more) = (equal(a, b':'), equal(b, b':'), equal(c, b':'));
        if colons != 0 {
            let count = first_mark(colons);
            return Self { length: count, words: [first_of(a, count), 0, 0, 0] };
        }
        if more != 0 {
            let count = first_mark(more);
            return Self { length: 8 + count, words: [a, first_of(b, count), 0, 0] };
        }
        if still_more != 0 {
            let count = first_mark(still_more);
            return Self { length: 16 + count, words: [a, b, first_of(c, count), 0] };
        }
        let colons = equal(d, b':');
        if colons != 0 {
            let count = first_mark(colons);
            return Self { length: 24 + count, words: [a, b, c, first_of(d, count)] };
        }
        Self::near_the_end(rest)
    }

    /// The same of what is long, or short.
    #[cold]
    fn near_the_end(rest: &[u8]) -> Self {
        let mut words = [0; 4];
        for (at, place) in (0..).step_by(8).zip(&mut words) {
            let word = word(rest, at);
            let colons = equal(word, b':');
            let count = first_mark(colons);
            *place = first_of(word, count);
            if colons != 0 {
                return Self { length: at + count, words };
            }
            if at + 8 >= rest.len() {
                return Self { length: usize::MAX, words };
            }
        }
        Self { length: memchr::memchr(b':', rest).unwrap_or(usize::MAX), words }
    }

    /// The same when the program is compiled.
    pub(super) const fn spelled(name: &[u8]) -> Self {
        assert!(name.len() <= LONGEST, "the words do not hold it");
        let mut words = [0; 4];
        let mut at = 0;
        while at < name.len() {
            words[at / 8] |= (name[at] as u64) << (at % 8 * 8);
            at += 1;
        }
        Self { length: name.len(), words }
    }

    #[inline]
    pub(in crate::fields) const fn len(&self) -> usize {
        self.length
    }

    /// Whether it is made of letters, digits and dashes, as nearly every name is; of long ones nobody says so.
    #[inline(always)]
    pub(in crate::fields) fn is_plain(&self) -> bool {
        let [a, b, c, d] = self.words;
        are_plain(self.length, a, b, c, d)
    }
}

#[inline(never)]
fn are_plain(length: usize, a: u64, b: u64, c: u64, d: u64) -> bool {
    (1..=32).contains(&length)
        && is_plain(padded(a, length))
        && (length <= 8 || is_plain(padded(b, length - 8)))
        && (length <= 16 || is_plain(padded(c, length - 16)))
        && (length <= 24 || is_plain(padded(d, length - 24)))
}

/// With dashes beyond its end. What ends there may be eight octets long.
#[inline(always)]
const fn padded(word: u64, count: usize) -> u64 {
    word | !first_of(u64::MAX, count) & (u64::MAX / 255 * b'-' as u64)
}

#[inline(always)]
fn halves(octets: &[u8; 32]) -> [&[u8; 16]; 2] {
    let (Some(first), Some(last)) = (octets.first_chunk(), octets.last_chunk()) else { unreachable!() };
    [first, last]
}

/// Something that is the same in any case, and differs where the beginnings of names do.
#[inline(always)]
pub(super) const fn spread(name: &Name) -> u64 {
    (name.words[0] | CASE) ^ (name.words[1] | CASE).rotate_left(29)
}

/// A name that has a slot, made ready for comparison.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    name: Name,
    /// The bit that tells upper from lower case, of each octet that is a letter.
    case: [u64; 4],
}

impl Shape {
    pub(super) const fn of(name: &[u8]) -> Self {
        let mut case = [0; 4];
        let mut at = 0;
        while at < name.len() {
            case[at / 8] |= (if name[at].is_ascii_alphabetic() { 0x20 } else { 0 }) << (at % 8 * 8);
            at += 1;
        }
        Self { name: Name::spelled(name), case }
    }

    /// Whether a name is this one, in any case: it differs in no bit but those.
    #[inline(always)]
    pub(super) const fn is(&self, name: &Name) -> bool {
        let Self { name: known, case } = self;
        let differs = ((name.words[0] ^ known.words[0]) & !case[0])
            | ((name.words[1] ^ known.words[1]) & !case[1])
            | ((name.words[2] ^ known.words[2]) & !case[2])
            | ((name.words[3] ^ known.words[3]) & !case[3]);
        name.length == known.length && differs == 0
    }
}

#[cfg(test)]
mod tests;
