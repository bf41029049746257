//! Names in three words, so that one is compared with a known one, in any case, without a loop.

/// Longer than every known name.
const LONGEST: usize = 24;

/// A known name, made ready for comparison.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    length: usize,
    words: [u64; 3],
    /// The bit that tells upper from lower case, of each octet that is a letter.
    case: [u64; 3],
}

impl Shape {
    pub(super) const fn of(name: &[u8]) -> Self {
        assert!(name.len() <= LONGEST, "three words do not hold it");
        let mut case = [0; LONGEST];
        let mut at = 0;
        while at < name.len() {
            case[at] = if name[at].is_ascii_alphabetic() { 0x20 } else { 0 };
            at += 1;
        }
        Self { length: name.len(), words: words(name), case: words(case.split_at(name.len()).0) }
    }

    /// Whether a name is this one, in any case: it differs in no bit but those.
    #[inline]
    pub(super) const fn is(&self, name: &[u8]) -> bool {
        let [first, middle, last] = words(name);
        let differs = ((first ^ self.words[0]) & !self.case[0])
            | ((middle ^ self.words[1]) & !self.case[1])
            | ((last ^ self.words[2]) & !self.case[2]);
        name.len() == self.length && differs == 0
    }
}

/// The first octets, those in the middle and the last ones: of a name of up to [`LONGEST`] octets they hold each octet, some of them twice.
#[inline]
const fn words(name: &[u8]) -> [u64; 3] {
    if let (Some(first), Some(last)) = (name.first_chunk::<8>(), name.last_chunk::<8>()) {
        let middle = if name.len() > 16 { name.split_at(8).1.first_chunk::<8>() } else { None };
        let middle = if let Some(middle) = middle { u64::from_le_bytes(*middle) } else { 0 };
        return [u64::from_le_bytes(*first), middle, u64::from_le_bytes(*last)];
    }
    if let (Some(first), Some(last)) = (name.first_chunk::<4>(), name.last_chunk::<4>()) {
        return [u32::from_le_bytes(*first) as u64 | (u32::from_le_bytes(*last) as u64) << 32, 0, 0];
    }
    match *name {
        [a, b, c] => [u64::from_le_bytes([a, b, c, 0, 0, 0, 0, 0]), 0, 0],
        [a, b] => [u64::from_le_bytes([a, b, 0, 0, 0, 0, 0, 0]), 0, 0],
        [a] => [a as u64, 0, 0],
        _ => [0; 3],
    }
}

#[cfg(test)]
mod tests;
