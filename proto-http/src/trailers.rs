//! What may stand in a trailer section (RFC 9110 §6.5.1): one list for all versions and both directions.
//!
//! A trailer section comes when the message was routed, authorised, framed and perhaps answered. A field that any of that should have depended
//! upon has no place there: it is dropped and counted, read or written. What nobody knows passes, as gRPC needs it to.

use std::borrow::Cow;

use crate::fields::{Fields, Known, alike, set_of};
use crate::h1::Config;
use crate::rules::Rule;
use crate::syntax;

/// Known names that have no place in a trailer section: all whose look-alikes have none, and more.
const KNOWN: u64 = (alike::IN_TRAILERS & !alike::FAMILY) | MORE;

const MORE: u64 = set_of(&[
    // The connection
    Known::Connection,
    Known::Te,
    Known::Trailer,
    Known::Upgrade,
    // Routing, and who the client is
    Known::Host,
    Known::Via,
    Known::Forwarded,
    // Authentication
    Known::Authorization,
    Known::WwwAuthenticate,
    Known::Cookie,
    Known::SetCookie,
    // What modifies a request
    Known::Expect,
    Known::CacheControl,
    Known::Pragma,
    Known::Range,
    Known::IfNoneMatch,
    Known::IfModifiedSince,
    Known::Accept,
    Known::AcceptEncoding,
    // What controls a response
    Known::Age,
    Known::Date,
    Known::Expires,
    Known::Location,
    Known::RetryAfter,
    Known::Vary,
    // How content is to be read
    Known::ContentType,
    Known::ContentEncoding,
    Known::ContentRange,
]);

/// The same for names that are asked for nowhere else.
const OTHERS: &[&[u8]] = &[
    b"accept-charset",
    b"accept-language",
    b"alt-svc",
    b"alt-used",
    b"clear-site-data",
    b"content-disposition",
    b"content-language",
    b"content-location",
    b"content-security-policy",
    b"content-security-policy-report-only",
    b"cookie2",
    b"early-data",
    b"if-match",
    b"if-range",
    b"if-unmodified-since",
    b"priority",
    b"proxy-authentication-info",
    b"set-cookie2",
    b"strict-transport-security",
    b"warning",
    b"x-content-type-options",
    b"x-frame-options",
    b"x-http-method-override",
    b"x-original-url",
    b"x-rewrite-url",
];

/// Beginnings of such names.
const FAMILIES: &[&[u8]] = &[b"access-control-", b"sec-websocket-", b"x-accel-"];

/// Drops from a received section what has no place in one, and what the head's Connection named: `nominated` is that list.
pub(crate) fn tidy(fields: &mut Fields, nominated: Option<&[u8]>, config: &Config) {
    let before = fields.len();
    fields.retain(|name, _| !is_forbidden(name) && !nominated.is_some_and(|list| is_named(list, name)));
    let dropped = before - fields.len();
    if dropped > 0 {
        config.count_dropped(Rule::TrailerForbidden, dropped);
    }
}

/// A section to send: what has no place in one is not sent.
pub(crate) fn to_send(fields: &Fields) -> Cow<'_, Fields> {
    if !fields.iter().any(|(name, _)| is_forbidden(name)) {
        return Cow::Borrowed(fields);
    }
    let mut fields = fields.clone();
    fields.retain(|name, _| !is_forbidden(name));
    Cow::Owned(fields)
}

fn is_forbidden(name: &[u8]) -> bool {
    match alike::read(name) {
        alike::Read::As(known) => KNOWN & known.bit() != 0,
        alike::Read::Alike(bit) => alike::IN_TRAILERS & bit != 0,
        alike::Read::Other => {
            OTHERS.iter().any(|other| name.eq_ignore_ascii_case(other))
                || FAMILIES.iter().any(|family| starts_with(name, family))
                || alike::reads_as_family(name)
        }
    }
}

fn starts_with(name: &[u8], family: &[u8]) -> bool {
    name.get(..family.len()).is_some_and(|start| start.eq_ignore_ascii_case(family))
}

fn is_named(list: &[u8], name: &[u8]) -> bool {
    syntax::list(list).any(|option| alike::reads_as(option, name))
}

#[cfg(test)]
mod tests;
