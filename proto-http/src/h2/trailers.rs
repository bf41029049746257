//! Trailer sections, in and out, by the rules that hold for all versions.

use http::HeaderMap;

use super::response_in;
use super::response_out::append;
use crate::fields::Fields;
use crate::h1::Config;
use crate::rules::Rule;
use crate::trailers;
use crate::transfer::Misuse;

/// A received trailer section, without what has no place there.
pub(super) fn received(map: &HeaderMap, config: &Config) -> Result<Fields, Rule> {
    let limits = &config.limits;
    let fields = response_in::fields(map, limits.trailer_octets, limits.trailer_fields);
    let mut fields = fields.map_err(|rule| match rule {
        Rule::HeadTooLarge => Rule::TrailerTooLarge,
        Rule::TooManyFields => Rule::TooManyTrailers,
        rule => rule,
    })?;
    trailers::tidy(&mut fields, None, config);
    Ok(fields)
}

/// A trailer section to send.
pub(super) fn to_send(fields: &Fields) -> Result<HeaderMap, Misuse> {
    let fields = trailers::to_send(fields);
    let mut map = HeaderMap::with_capacity(fields.len());
    for (name, value) in fields.as_ref() {
        append(&mut map, name, value, 0)?;
    }
    Ok(map)
}

#[cfg(test)]
mod tests;
