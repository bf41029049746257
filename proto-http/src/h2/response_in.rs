//! Response heads and trailers as they come in HTTP/2: the same rules as for those of HTTP/1.

use http::{HeaderMap, Method, StatusCode, Version, response};

use crate::fields::{FieldError, Fields, Known, alike, set_of};
use crate::framing::{self, Framing};
use crate::h1::Config;
use crate::head::ResponseHead;
use crate::rules::{Rule, Side};
use crate::syntax;

/// These belong to a connection of HTTP/1; a message that holds one is malformed (RFC 9113 §8.2.2).
const CONNECTION: u64 = set_of(&[
    Known::Connection,
    Known::KeepAlive,
    Known::ProxyConnection,
    Known::TransferEncoding,
    Known::Upgrade,
    Known::Te,
]);

/// Converts a head, and says where its content ends: [`Framing::UntilClose`] stands for the end of the stream.
///
/// Shape:   `asked` is the method of the request; a 2xx to CONNECT has no framing.
/// Errors:  the rule that the head breaks.
/// Source:  RFC 9113 §8.1.1, §8.2, §8.3.2.
pub(super) fn response(
    parts: response::Parts,
    asked: &Method,
    config: &Config,
) -> Result<(ResponseHead, Framing), Rule> {
    let response::Parts { status, headers, .. } = parts;
    if status == StatusCode::SWITCHING_PROTOCOLS {
        return Err(Rule::UpgradeNotAsked);
    }
    let limits = &config.limits;
    let mut fields = fields(&headers, limits.head_octets, limits.head_fields)?;
    let alike = fields.alike();
    alike::settle(&mut fields, alike, Side::Response, config)?;
    let framed = framing::of_response(asked, status, Version::HTTP_2, &fields, &config.leniency)?;
    let has_no_length = status.is_informational()
        || status == StatusCode::NO_CONTENT
        || (asked == Method::CONNECT && status.is_success());
    if has_no_length {
        fields.remove(Known::ContentLength);
    }
    framing::tidy_length(&mut fields, framed, &config.leniency)?;
    let head = ResponseHead { status, version: Version::HTTP_2, reason: None, upgrade: None, fields };
    Ok((head, framed.framing))
}

/// The fields of a section, checked.
pub(super) fn fields(headers: &HeaderMap, most_octets: usize, most_fields: usize) -> Result<Fields, Rule> {
    if headers.len() > most_fields {
        return Err(Rule::TooManyFields);
    }
    if headers.values().any(|value| syntax::is_padded(value.as_bytes())) {
        return Err(Rule::ValueBlank);
    }
    let fields = Fields::try_from(headers).map_err(rule_of)?;
    // As they would stand in HTTP/1, with a colon, a blank and the end of the line.
    if fields.octets() + 4 * fields.len() > most_octets {
        return Err(Rule::HeadTooLarge);
    }
    if fields.has_any(CONNECTION) {
        return Err(Rule::FieldOfConnection);
    }
    Ok(fields)
}

const fn rule_of(error: FieldError) -> Rule {
    match error {
        FieldError::Name => Rule::NameMalformed,
        FieldError::Value => Rule::ValueControl,
        FieldError::Full => Rule::TooManyFields,
    }
}

#[cfg(test)]
mod tests;
