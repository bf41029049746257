//! The tables of names and fields, as far as sizes and kinds go (RFC 7541 §2.3).

use std::collections::VecDeque;

use super::Kind;

/// What an entry takes beside its octets (RFC 7541 §4.1).
const AROUND: u32 = 32;
/// The size that both ends begin with.
const FIRST_SIZE: u32 = 4096;

/// The table of an encoder.
#[derive(Debug)]
pub(super) struct Table {
    /// The newest first.
    entries: VecDeque<Entry>,
    size: u32,
    most: u32,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    size: u32,
    /// An entry with a longer name does not fit into any table that is allowed.
    name: u16,
    kind: Kind,
}

impl Table {
    pub(super) const fn new() -> Self {
        Self { entries: VecDeque::new(), size: 0, most: FIRST_SIZE }
    }

    /// What an index stands for, and how long its name is.
    pub(super) fn get(&self, index: u32) -> Option<(Kind, u32)> {
        let index = index as usize;
        match STATIC_NAMES.get(index.checked_sub(1)?) {
            Some(name) => Some((static_kind(index), u32::from(*name))),
            None => self.entries.get(index - 1 - STATIC_NAMES.len()).map(|entry| (entry.kind, u32::from(entry.name))),
        }
    }

    /// Adds a field; those that there is no more room for go.
    pub(super) fn insert(&mut self, kind: Kind, name: u32, value: u32) {
        let size = name.saturating_add(value).saturating_add(AROUND);
        self.evict(self.most.saturating_sub(size));
        if size <= self.most {
            let name = u16::try_from(name).unwrap_or(u16::MAX);
            self.entries.push_front(Entry { size, name, kind });
            self.size += size;
        }
    }

    pub(super) fn resize(&mut self, most: u32) {
        self.most = most;
        self.evict(most);
    }

    fn evict(&mut self, most: u32) {
        while self.size > most {
            let Some(oldest) = self.entries.pop_back() else { return };
            self.size -= oldest.size;
        }
    }
}

const fn static_kind(index: usize) -> Kind {
    match index {
        1..=7 => Kind::Pseudo,
        8..=14 => Kind::Status,
        _ => Kind::Regular,
    }
}

/// How long the names of the static table are (RFC 7541, appendix A).
const STATIC_NAMES: [u8; 61] = [
    10, 7, 7, 5, 5, 7, 7, 7, 7, 7, 7, 7, 7, 7, 14, 15, 15, 13, 6, 27, 3, 5, 13, 13, 19, 16, 16, 14, 16, 13, 12, 6, 4,
    4, 6, 7, 4, 4, 8, 17, 13, 8, 19, 13, 4, 8, 12, 18, 19, 5, 7, 7, 11, 6, 10, 25, 17, 10, 4, 3, 16,
];
