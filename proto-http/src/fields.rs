//! The ordered field list: order, repetition and spelling are kept.

use bytes::Bytes;
use http::HeaderMap;

/// One ordered list of fields.
#[derive(Clone, Debug, Default)]
pub struct Fields {
    block: Bytes,
}

/// Why a field was not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { std::fmt::Debug::fmt(self, f) }
}
impl std::error::Error for FieldError {}

/// Whatever names a field: `&str`, `&HeaderName`, or a [`Known`] one.
pub trait AsName {
    /// The name's octets, in any case.
    fn as_name(&self) -> &[u8];
}
impl AsName for &str { fn as_name(&self) -> &[u8] { str::as_bytes(self) } }
impl AsName for &http::HeaderName { fn as_name(&self) -> &[u8] { http::HeaderName::as_str(self).as_bytes() } }
impl AsName for http::HeaderName { fn as_name(&self) -> &[u8] { self.as_str().as_bytes() } }

impl Fields {
    /// An empty list. Takes its memory from lists dropped before on this thread.
    pub fn new() -> Self { Self::default() }
    /// Number of fields, repetitions counted.
    pub fn len(&self) -> usize { self.block.len() }
    /// Whether there are none.
    pub fn is_empty(&self) -> bool { self.len() == 0 }
    /// The first value under this name.
    pub fn get(&self, name: impl AsName) -> Option<&[u8]> { let _ = name; None }
    /// The first value under this name, if it is text (visible ASCII, spaces and tabs).
    pub fn text(&self, name: impl AsName) -> Option<&str> { let _ = name; None }
    /// All values under this name, in order.
    pub fn all<'a>(&'a self, name: impl AsName + 'a) -> impl Iterator<Item = &'a [u8]> + 'a { let _ = name; std::iter::empty() }
    /// Whether the name occurs.
    pub fn contains(&self, name: impl AsName) -> bool { self.get(name).is_some() }
    /// All fields in order, names as spelled.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], &[u8])> { std::iter::empty() }
    /// Puts a field at the end.
    ///
    /// # Errors
    /// Name or value is not well-formed; nothing changes.
    pub fn append(&mut self, name: impl AsName, value: impl AsRef<[u8]>) -> Result<(), FieldError> { let _ = (name, value); Ok(()) }
    /// Replaces the first field of this name in its place and removes the others; puts it at the end if there was none.
    ///
    /// # Errors
    /// Name or value is not well-formed; nothing changes.
    pub fn set(&mut self, name: impl AsName, value: impl AsRef<[u8]>) -> Result<(), FieldError> { let _ = (name, value); Ok(()) }
    /// Removes all fields of this name; gives how many there were.
    pub fn remove(&mut self, name: impl AsName) -> usize { let _ = name; 0 }
    /// Keeps the fields for which `keep(name, value)` holds.
    pub fn retain(&mut self, keep: impl FnMut(&[u8], &[u8]) -> bool) { let _ = keep; }
    /// Removes all.
    pub fn clear(&mut self) {}
    /// As a map: order between names and spelling are lost.
    pub fn to_header_map(&self) -> HeaderMap { HeaderMap::new() }
}
