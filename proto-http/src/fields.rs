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

pub(crate) mod alike;
mod convert;
mod edit;
mod known;
mod list;
mod read;
mod spare;
mod write;

pub(crate) use edit::Draft;
pub(crate) use known::set_of;
pub use known::{Known, KnownSet};
pub(crate) use read::Ends;

use bytes::Bytes;

use self::list::{Entry, Home, List, NOWHERE, Wanted};

/// One ordered list of fields.
///
/// Cost: looking is O(fields); a clone copies 16 octets per field and those that were added, not the received block. Moving one moves a
/// pointer. Memory comes from lists dropped before on the same thread.
#[derive(Default)]
pub struct Fields {
    /// `None` while nothing was ever added.
    list: Option<Box<List>>,
}

/// What an empty list is looked up in.
static NONE: List = List::EMPTY;

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

impl Fields {
    /// An empty list. Takes its memory from lists dropped before on this thread, when the first field is added.
    pub const fn new() -> Self {
        Self { list: None }
    }

    fn list(&self) -> &List {
        self.list.as_deref().unwrap_or(&NONE)
    }

    fn list_mut(&mut self) -> &mut List {
        self.list.get_or_insert_with(spare::take)
    }

    /// Number of fields, repetitions counted.
    pub fn len(&self) -> usize {
        self.list().entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.list().entries.is_empty()
    }

    /// The first value under this name.
    #[inline]
    pub fn get(&self, name: impl AsName) -> Option<&[u8]> {
        let list = self.list();
        list.find(Wanted::new(&name)).map(|at| list.value(&list.entries[at]))
    }

    /// The first value under this name, to keep: shares the received octets; a value that was added here is copied.
    pub fn shared(&self, name: impl AsName) -> Option<Bytes> {
        let list = self.list();
        let entry = &list.entries[list.find(Wanted::new(&name))?];
        Some(match entry.home {
            Home::Block | Home::Line => list.block.slice_ref(list.value(entry)),
            Home::Arena => Bytes::copy_from_slice(list.value(entry)),
        })
    }

    /// The first value under this name, if it is text (visible ASCII, spaces and tabs).
    pub fn text(&self, name: impl AsName) -> Option<&str> {
        let value = self.get(name)?;
        if value.is_ascii() { std::str::from_utf8(value).ok() } else { None }
    }

    /// All values under this name, in order.
    pub fn all<'a>(&'a self, name: impl AsName + 'a) -> impl Iterator<Item = &'a [u8]> + 'a {
        let list = self.list();
        let known = name.known();
        let from = if list.lacks(known) { list.entries.len() } else { 0 };
        list.entries[from..]
            .iter()
            .filter(move |entry| match known {
                Some(known) => entry.known == known as u8,
                None => list.is_other(entry, name.as_name()),
            })
            .map(|entry| list.value(entry))
    }

    /// Whether the name occurs.
    #[inline]
    pub fn contains(&self, name: impl AsName) -> bool {
        match Wanted::new(&name) {
            Wanted::Known(known) => self.has_any(known.bit()),
            other => self.list().find(other).is_some(),
        }
    }

    /// The elements of all values under this name, which hold comma lists without quoted strings: trimmed, empty ones left out.
    pub fn elements<'a>(&'a self, name: impl AsName + 'a) -> impl Iterator<Item = &'a [u8]> + 'a {
        self.all(name).flat_map(crate::syntax::list).filter(|element| !element.is_empty())
    }

    /// All fields in order, names as spelled.
    pub fn iter(&self) -> Iter<'_> {
        let list = self.list();
        Iter { list, entries: list.entries.iter() }
    }

    /// The octets that all names and values have together.
    pub fn octets(&self) -> usize {
        self.list().entries.iter().map(|entry| usize::from(entry.name_len) + entry.value_len as usize).sum()
    }

    /// Somebody has found that there is one Host, and that it is well-formed. The latter holds for as long as it stays as it was received.
    pub(crate) fn host_is_checked(&mut self) {
        let Some(list) = &mut self.list else { return };
        let checked = list.only(Known::Host).filter(|entry| entry.home != Home::Arena);
        list.host_at = checked.map_or(NOWHERE, |entry| entry.value_at);
    }

    /// Whether there is one Host, and it is known to be well-formed.
    pub(crate) fn has_checked_host(&self) -> bool {
        let list = self.list();
        let is_checked = |entry: &Entry| entry.home != Home::Arena && entry.value_at == list.host_at;
        list.host_at != NOWHERE && list.only(Known::Host).is_some_and(is_checked)
    }

    /// The value of a known name, if there is exactly one.
    pub(crate) fn only(&self, known: Known) -> Option<&[u8]> {
        let list = self.list();
        list.only(known).map(|entry| list.value(entry))
    }

    /// Whether any of a set of known names occurs.
    pub(crate) fn has_any(&self, set: u64) -> bool {
        self.list().present & set != 0
    }
}

impl Drop for Fields {
    fn drop(&mut self) {
        if let Some(list) = self.list.take() {
            spare::give_back(list);
        }
    }
}

impl Clone for Fields {
    fn clone(&self) -> Self {
        let Some(list) = &self.list else { return Self::new() };
        let mut copy = spare::take();
        copy.copy_from(list);
        Self { list: Some(copy) }
    }
}

/// The fields of a list in order: name as spelled, and value.
#[derive(Clone)]
pub struct Iter<'a> {
    list: &'a List,
    entries: std::slice::Iter<'a, Entry>,
}

impl<'a> Iterator for Iter<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.entries.next()?;
        let home = self.list.home(entry);
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
