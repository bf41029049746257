//! The memory of a list: where each field stands, and how one is found.

use bytes::Bytes;

use super::{AsName, Known};

/// What a list is made of.
#[derive(Debug)]
pub(super) struct List {
    /// The head as received.
    pub(super) block: Bytes,
    /// Fields added since.
    pub(super) arena: Vec<u8>,
    pub(super) entries: Vec<Entry>,
    /// Which known names occur, and [`FAMILY`].
    pub(super) present: u64,
    /// Where in the block the value stands that was found to be a well-formed host; [`NOWHERE`] if none was.
    pub(super) host_at: u32,
}

pub(super) const NOWHERE: u32 = u32::MAX;

/// The bit in [`List::present`] of names of the X-Forwarded family that are not known. Once set it stays, whether or not they do.
pub(super) const FAMILY: u64 = 1 << 63;

/// Where one field stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    pub(super) name_at: u32,
    pub(super) value_at: u32,
    pub(super) value_len: u32,
    pub(super) name_len: u16,
    /// The value of a [`Known`] name or [`OTHER`].
    pub(super) known: u8,
    pub(super) home: Home,
}

pub(super) const OTHER: u8 = u8::MAX;

/// Which octets an entry points into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Home {
    Block,
    /// The block, and the whole line stands there as it would be written: `name: value CR LF`.
    Line,
    /// In which all lines stand as they would be written.
    Arena,
}

impl Home {
    /// Of the two, the one that it is.
    pub(super) const fn of<'a>(self, block: &'a [u8], arena: &'a [u8]) -> &'a [u8] {
        match self {
            Self::Block | Self::Line => block,
            Self::Arena => arena,
        }
    }
}

/// A name made ready for comparison.
#[derive(Clone, Copy)]
pub(super) enum Wanted<'a> {
    Known(Known),
    Other(&'a [u8]),
}

impl<'a> Wanted<'a> {
    pub(super) fn new(name: &'a impl AsName) -> Self {
        name.known().map_or_else(|| Self::Other(name.as_name()), Self::Known)
    }
}

impl List {
    pub(super) const EMPTY: Self =
        Self { block: Bytes::new(), arena: Vec::new(), entries: Vec::new(), present: 0, host_at: NOWHERE };

    pub(super) fn lacks(&self, known: Option<Known>) -> bool {
        known.is_some_and(|known| self.present & known.bit() == 0)
    }

    /// Inlined so that a known name that is not there costs a test of one bit.
    #[inline]
    pub(super) fn find(&self, wanted: Wanted<'_>) -> Option<usize> {
        match wanted {
            Wanted::Known(known) if self.present & known.bit() == 0 => None,
            Wanted::Known(known) => self.entries.iter().position(|entry| entry.known == known as u8),
            Wanted::Other(name) => self.entries.iter().position(|entry| self.is_other(entry, name)),
        }
    }

    /// The field of a known name, if there is exactly one.
    pub(super) fn only(&self, known: Known) -> Option<&Entry> {
        if self.present & known.bit() == 0 {
            return None;
        }
        let mut found = None;
        for entry in &self.entries {
            if entry.known == known as u8 {
                if found.is_some() {
                    return None;
                }
                found = Some(entry);
            }
        }
        found
    }

    pub(super) fn is(&self, entry: &Entry, wanted: Wanted<'_>) -> bool {
        match wanted {
            Wanted::Known(known) => entry.known == known as u8,
            Wanted::Other(name) => self.is_other(entry, name),
        }
    }

    pub(super) fn is_other(&self, entry: &Entry, name: &[u8]) -> bool {
        entry.known == OTHER && usize::from(entry.name_len) == name.len() && self.name(entry).eq_ignore_ascii_case(name)
    }

    pub(super) fn home(&self, entry: &Entry) -> &[u8] {
        entry.home.of(&self.block, &self.arena)
    }

    pub(super) fn name(&self, entry: &Entry) -> &[u8] {
        entry.name_in(self.home(entry))
    }

    pub(super) fn value(&self, entry: &Entry) -> &[u8] {
        entry.value_in(self.home(entry))
    }

    /// Becomes the same as another; its own memory is kept.
    pub(super) fn copy_from(&mut self, other: &Self) {
        self.block.clone_from(&other.block);
        self.arena.clone_from(&other.arena);
        self.entries.clone_from(&other.entries);
        self.present = other.present;
        self.host_at = other.host_at;
    }

    /// Forgets all; its memory is kept.
    pub(super) fn clear(&mut self) {
        self.block = Bytes::new();
        self.arena.clear();
        self.entries.clear();
        self.present = 0;
        self.host_at = NOWHERE;
    }
}

impl Entry {
    /// Whether its name is among a set of known ones.
    #[inline]
    pub(super) const fn is_in(&self, set: u64) -> bool {
        // All other names share the bit that is no known one's.
        (set & !FAMILY) >> (self.known & 63) & 1 != 0
    }

    pub(super) fn name_in<'a>(&self, home: &'a [u8]) -> &'a [u8] {
        &home[self.name_at as usize..self.name_at as usize + usize::from(self.name_len)]
    }

    pub(super) fn value_in<'a>(&self, home: &'a [u8]) -> &'a [u8] {
        &home[self.value_at as usize..self.value_at as usize + self.value_len as usize]
    }
}
