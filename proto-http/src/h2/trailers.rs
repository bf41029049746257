//! Trailer sections, in and out, by the rules that hold for all versions.

use http::HeaderMap;

use super::response_out::append;
use crate::fields::Fields;
use crate::h1::{NOT_TRAILERS, TRAILERS_DROPPED, TRAILERS_REFUSED};
use crate::limits::Limits;
use crate::rules::Rule;
use crate::syntax;
use crate::transfer::Misuse;

/// A received trailer section, without what means nothing there.
pub(super) fn received(map: &HeaderMap, limits: &Limits) -> Result<Fields, Rule> {
    if map.len() > limits.trailer_fields {
        return Err(Rule::TooManyTrailers);
    }
    if map.values().any(|value| syntax::is_padded(value.as_bytes())) {
        return Err(Rule::ValueBlank);
    }
    let mut fields = Fields::try_from(map).map_err(|_| Rule::ValueControl)?;
    // A colon with a blank and a line end, as the line would have them.
    if fields.octets() + 4 * fields.len() > limits.trailer_octets {
        return Err(Rule::TrailerTooLarge);
    }
    if fields.has_any(TRAILERS_REFUSED) {
        return Err(Rule::TrailerForbidden);
    }
    fields.remove_set(TRAILERS_DROPPED);
    Ok(fields)
}

/// A trailer section to send.
pub(super) fn to_send(fields: &Fields) -> Result<HeaderMap, Misuse> {
    let mut map = HeaderMap::with_capacity(fields.len());
    for (name, value) in fields {
        append(&mut map, name, value, NOT_TRAILERS)?;
    }
    Ok(map)
}
