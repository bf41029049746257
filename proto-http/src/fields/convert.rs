//! To and from other forms of field lists.

use std::fmt;

use http::{HeaderMap, HeaderName, HeaderValue};

use super::{AsName, FieldError, Fields, Iter, Known};
use crate::syntax;

/// Names whose values do not belong into logs.
const SECRETS: [Known; 4] = [Known::Authorization, Known::Cookie, Known::SetCookie, Known::ProxyAuthorization];

impl Fields {
    /// As a map: order between names and spelling are lost.
    pub fn to_header_map(&self) -> HeaderMap {
        let mut map = HeaderMap::with_capacity(self.len());
        for (name, value) in self {
            // What a list accepts, the map accepts too: tokens, and values without control octets.
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
                map.append(name, value);
            }
        }
        map
    }
}

impl From<&Fields> for HeaderMap {
    fn from(fields: &Fields) -> Self {
        fields.to_header_map()
    }
}

impl From<Fields> for HeaderMap {
    fn from(fields: Fields) -> Self {
        fields.to_header_map()
    }
}

/// Names are in lower case, as the map has them; blanks around values are cut off.
impl TryFrom<&HeaderMap> for Fields {
    type Error = FieldError;

    fn try_from(map: &HeaderMap) -> Result<Self, FieldError> {
        let mut fields = Self::new();
        map.iter().try_for_each(|(name, value)| fields.append(name, value))?;
        Ok(fields)
    }
}

impl TryFrom<HeaderMap> for Fields {
    type Error = FieldError;

    fn try_from(map: HeaderMap) -> Result<Self, FieldError> {
        Self::try_from(&map)
    }
}

impl Fields {
    /// A list of these fields, in this order.
    ///
    /// # Errors
    /// One of them is not well-formed.
    pub fn from_pairs<N: AsName, V: AsRef<[u8]>>(pairs: impl IntoIterator<Item = (N, V)>) -> Result<Self, FieldError> {
        let mut fields = Self::new();
        fields.extend_from(pairs)?;
        Ok(fields)
    }

    /// Appends these fields, in this order.
    ///
    /// # Errors
    /// One of them is not well-formed; those before it were appended.
    pub fn extend_from<N: AsName, V: AsRef<[u8]>>(
        &mut self,
        pairs: impl IntoIterator<Item = (N, V)>,
    ) -> Result<(), FieldError> {
        pairs.into_iter().try_for_each(|(name, value)| self.append(name, value))
    }
}

impl<'a> IntoIterator for &'a Fields {
    type Item = (&'a [u8], &'a [u8]);
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

/// The same fields in the same order; names in any case.
impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        let mut pairs = self.iter().zip(other);
        self.len() == other.len() && pairs.all(|((a, x), (b, y))| a.eq_ignore_ascii_case(b) && x == y)
    }
}

impl Eq for Fields {}

/// Values of Authorization, Cookie, Set-Cookie and Proxy-Authorization are not shown.
impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |(name, value)| (Shown(name), Shown(if is_secret(name) { b"(hidden)" } else { value }));
        f.debug_map().entries(self.iter().map(shown)).finish()
    }
}

fn is_secret(name: &[u8]) -> bool {
    Known::of(name).is_some_and(|known| SECRETS.contains(&known))
}

struct Shown<'a>(&'a [u8]);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug_assert!(syntax::is_value(self.0));
        write!(f, "\"{}\"", self.0.escape_ascii())
    }
}
