//! Responses in the form of HTTP/2: checked again on the way out, and without what belongs to a connection of HTTP/1.

use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, Version};

use crate::fields::{Known, set_of};
use crate::head::ResponseHead;
use crate::rules::Rule;
use crate::transfer::Misuse;

/// Not written: they do not exist in HTTP/2 (RFC 9113 §8.2.2), and the agreement to an upgrade is a status there (RFC 8441 §4).
const DROPPED: u64 = set_of(&[
    Known::Connection,
    Known::KeepAlive,
    Known::ProxyConnection,
    Known::TransferEncoding,
    Known::Upgrade,
    Known::Te,
    Known::Http2Settings,
]);

/// A response head as the `h2` crate takes it.
///
/// 101 becomes 200 without the proof that HTTP/1.1 asks for (RFC 8441 §5); 1xx and 204 lose Content-Length (RFC 9110 §8.6).
///
/// # Errors
/// [`Misuse::Head`] with the rule that a field breaks.
pub fn response(head: &ResponseHead) -> Result<Response<()>, Misuse> {
    let is_switch = head.status == StatusCode::SWITCHING_PROTOCOLS;
    let has_no_content = head.status.is_informational() || head.status == StatusCode::NO_CONTENT;
    let mut dropped = DROPPED;
    if has_no_content {
        dropped |= Known::ContentLength.bit();
    }
    if is_switch {
        dropped |= Known::SecWebSocketAccept.bit();
    }
    let mut map = HeaderMap::with_capacity(head.fields.len());
    for (name, value) in &head.fields {
        append(&mut map, name, value, dropped)?;
    }
    let mut response = Response::new(());
    *response.status_mut() = if is_switch { StatusCode::OK } else { head.status };
    *response.version_mut() = Version::HTTP_2;
    *response.headers_mut() = map;
    Ok(response)
}

/// Adds a field unless its name is one of `dropped`.
pub(super) fn append(map: &mut HeaderMap, name: &[u8], value: &[u8], dropped: u64) -> Result<(), Misuse> {
    if Known::of(name).is_some_and(|known| dropped & known.bit() != 0) {
        return Ok(());
    }
    let name = HeaderName::from_bytes(name).map_err(|_| Misuse::Head(Rule::NameMalformed))?;
    let mut value = HeaderValue::from_bytes(value).map_err(|_| Misuse::Head(Rule::ValueControl))?;
    // Another one each second: it would only push out what is worth its place in the table of the connection (RFC 7541 §7.1).
    value.set_sensitive(name == http::header::DATE);
    // A map holds 32,768 fields at most.
    map.try_append(name, value).map_err(|_| Misuse::Head(Rule::TooManyFields)).map(drop)
}

#[cfg(test)]
mod tests;
