//! The ordered field list: order, repetition and spelling are kept.
//!
//! **What it is.** A received head stays one block of octets; the list says where in it each name and value stands. Added fields go to
//! an arena beside it. So reading a head copies nothing, and a head that is passed on is written from where it was received.
//!
//! **What it is not.** A map: `get` looks from the first field to the last. For the names in [`Known`] a bit says at once that a field is
//! not there.
//!
//! **How values are kept valid.** Names are tokens; values hold no control octet but HTAB. Blanks around a value are cut off, as a
//! recipient would (RFC 9110 §5.5). Names are kept as they are given, also those given as `HeaderName` (in lower case).
//!
//! ```
//! use simplon_proto_http::{Fields, fields::{FieldError, Known}};
//!
//! let mut fields = Fields::new();
//! fields.append("X-FoO", " a ")?;
//! fields.append("set-cookie", "a=1")?;
//! fields.append("Set-Cookie", "b=2")?;
//! assert_eq!(fields.text("x-foo"), Some("a"));
//! assert_eq!(fields.all(Known::SetCookie).count(), 2);
//! assert_eq!(fields.append("x", "a\r\nHost: evil"), Err(FieldError::Value));
//! # Ok::<(), FieldError>(())
//! ```

mod convert;
mod edit;
mod known;
mod spare;
mod write;

pub(crate) use edit::Draft;
pub(crate) use known::set_of;
pub use known::{Known, KnownSet};

use bytes::Bytes;

/// One ordered list of fields.
///
/// Cost: looking is O(fields); a clone copies 16 octets per field and those that were added, not the received block. Memory comes from
/// lists dropped before on the same thread.
#[derive(Default)]
pub struct Fields {
    /// The head as received.
    block: Bytes,
    /// Fields added since.
    arena: Vec<u8>,
    entries: Vec<Entry>,
    /// Which known names occur.
    present: u64,
}

/// Where one field stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    name_at: u32,
    value_at: u32,
    value_len: u32,
    name_len: u16,
    /// The value of a [`Known`] name or [`OTHER`].
    known: u8,
    home: Home,
}

const OTHER: u8 = u8::MAX;

/// Which octets an entry points into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
enum Home {
    Block,
    Arena,
}

/// Why a field was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldError {
    /// Not a token (RFC 9110 §5.6.2).
    Name,
    /// CR, LF, NUL or another control octet in the value (RFC 9110 §5.5).
    Value,
    /// More fields or octets than a list can hold.
    Full,
}

impl std::fmt::Display for FieldError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Name => "the field name is not a token",
            Self::Value => "a control octet in the field value",
            Self::Full => "the field list is full",
        })
    }
}

impl std::error::Error for FieldError {}

/// Whatever names a field: `&str`, `&HeaderName`, or a [`Known`] one.
pub trait AsName {
    /// The name's octets, in any case.
    fn as_name(&self) -> &[u8];

    /// The known name that this is, if it is one.
    fn known(&self) -> Option<Known> {
        Known::of(self.as_name())
    }
}

impl AsName for &str {
    fn as_name(&self) -> &[u8] {
        str::as_bytes(self)
    }
}

impl AsName for &[u8] {
    fn as_name(&self) -> &[u8] {
        self
    }
}

impl AsName for &String {
    fn as_name(&self) -> &[u8] {
        str::as_bytes(self)
    }
}

impl AsName for &http::HeaderName {
    fn as_name(&self) -> &[u8] {
        http::HeaderName::as_str(self).as_bytes()
    }
}

impl AsName for http::HeaderName {
    fn as_name(&self) -> &[u8] {
        self.as_str().as_bytes()
    }
}

/// A name made ready for comparison.
#[derive(Clone, Copy)]
enum Wanted<'a> {
    Known(Known),
    Other(&'a [u8]),
}

impl<'a> Wanted<'a> {
    fn new(name: &'a impl AsName) -> Self {
        name.known().map_or_else(|| Self::Other(name.as_name()), Self::Known)
    }
}

impl Fields {
    /// An empty list. Takes its memory from lists dropped before on this thread, when the first field is added.
    pub const fn new() -> Self {
        Self { block: Bytes::new(), arena: Vec::new(), entries: Vec::new(), present: 0 }
    }

    /// Number of fields, repetitions counted.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The first value under this name.
    #[inline]
    pub fn get(&self, name: impl AsName) -> Option<&[u8]> {
        self.find(Wanted::new(&name)).map(|at| self.value(&self.entries[at]))
    }

    /// The first value under this name, to keep: shares the received octets; a value that was added here is copied.
    pub fn shared(&self, name: impl AsName) -> Option<Bytes> {
        let entry = &self.entries[self.find(Wanted::new(&name))?];
        Some(match entry.home {
            Home::Block => self.block.slice_ref(self.value(entry)),
            Home::Arena => Bytes::copy_from_slice(self.value(entry)),
        })
    }

    /// The first value under this name, if it is text (visible ASCII, spaces and tabs).
    pub fn text(&self, name: impl AsName) -> Option<&str> {
        let value = self.get(name)?;
        if value.is_ascii() { std::str::from_utf8(value).ok() } else { None }
    }

    /// All values under this name, in order.
    pub fn all<'a>(&'a self, name: impl AsName + 'a) -> impl Iterator<Item = &'a [u8]> + 'a {
        let known = name.known();
        let from = if self.lacks(known) { self.entries.len() } else { 0 };
        self.entries[from..]
            .iter()
            .filter(move |entry| match known {
                Some(known) => entry.known == known as u8,
                None => self.is_other(entry, name.as_name()),
            })
            .map(|entry| self.value(entry))
    }

    /// Whether the name occurs.
    #[inline]
    pub fn contains(&self, name: impl AsName) -> bool {
        self.find(Wanted::new(&name)).is_some()
    }

    /// The elements of all values under this name, which hold comma lists without quoted strings: trimmed, empty ones left out.
    pub fn elements<'a>(&'a self, name: impl AsName + 'a) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.all(name).flat_map(crate::syntax::list).filter(|element| !element.is_empty())
    }

    /// All fields in order, names as spelled.
    pub fn iter(&self) -> Iter<'_> {
        Iter { fields: self, entries: self.entries.iter() }
    }

    /// The octets that all names and values have together.
    pub fn octets(&self) -> usize {
        self.entries.iter().map(|entry| usize::from(entry.name_len) + entry.value_len as usize).sum()
    }

    /// Whether any of a set of known names occurs.
    pub(crate) const fn has_any(&self, set: u64) -> bool {
        self.present & set != 0
    }

    fn lacks(&self, known: Option<Known>) -> bool {
        known.is_some_and(|known| self.present & known.bit() == 0)
    }

    /// Inlined so that a known name that is not there costs a test of one bit.
    #[inline]
    fn find(&self, wanted: Wanted<'_>) -> Option<usize> {
        match wanted {
            Wanted::Known(known) if self.present & known.bit() == 0 => None,
            Wanted::Known(known) => self.entries.iter().position(|entry| entry.known == known as u8),
            Wanted::Other(name) => self.entries.iter().position(|entry| self.is_other(entry, name)),
        }
    }

    fn is(&self, entry: &Entry, wanted: Wanted<'_>) -> bool {
        match wanted {
            Wanted::Known(known) => entry.known == known as u8,
            Wanted::Other(name) => self.is_other(entry, name),
        }
    }

    fn is_other(&self, entry: &Entry, name: &[u8]) -> bool {
        entry.known == OTHER && usize::from(entry.name_len) == name.len() && self.name(entry).eq_ignore_ascii_case(name)
    }

    fn home(&self, entry: &Entry) -> &[u8] {
        match entry.home {
            Home::Block => &self.block,
            Home::Arena => &self.arena,
        }
    }

    fn name(&self, entry: &Entry) -> &[u8] {
        entry.name_in(self.home(entry))
    }

    fn value(&self, entry: &Entry) -> &[u8] {
        entry.value_in(self.home(entry))
    }
}

impl Entry {
    fn name_in<'a>(&self, home: &'a [u8]) -> &'a [u8] {
        &home[self.name_at as usize..self.name_at as usize + usize::from(self.name_len)]
    }

    fn value_in<'a>(&self, home: &'a [u8]) -> &'a [u8] {
        &home[self.value_at as usize..self.value_at as usize + self.value_len as usize]
    }
}

impl Drop for Fields {
    fn drop(&mut self) {
        if self.entries.capacity() | self.arena.capacity() != 0 {
            spare::give_back(std::mem::take(&mut self.entries), std::mem::take(&mut self.arena));
        }
    }
}

impl Clone for Fields {
    fn clone(&self) -> Self {
        let mut copy =
            Self { block: self.block.clone(), arena: Vec::new(), entries: Vec::new(), present: self.present };
        if !self.entries.is_empty() {
            copy.entries = spare::entries();
            copy.entries.extend_from_slice(&self.entries);
        }
        if !self.arena.is_empty() {
            copy.arena = spare::arena();
            copy.arena.extend_from_slice(&self.arena);
        }
        copy
    }
}

/// The fields of a list in order: name as spelled, and value.
#[derive(Clone)]
pub struct Iter<'a> {
    fields: &'a Fields,
    entries: std::slice::Iter<'a, Entry>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.entries.next()?;
        let home = self.fields.home(entry);
        Some((entry.name_in(home), entry.value_in(home)))
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.entries.size_hint()
    }
}

impl ExactSizeIterator for Iter<'_> {}

impl std::fmt::Debug for Iter<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Iter").field("left", &self.entries.len()).finish()
    }
}

#[cfg(test)]
mod tests;
