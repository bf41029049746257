//! Names that read alike: `_` where a name has `-`.
//!
//! CGI, FastCGI and WSGI give a field to a program under a name in which dashes are underscores (RFC 3875 §4.1.18): there `X_Forwarded_For` is
//! `X-Forwarded-For`. So a name that becomes, with dashes, one by which we frame, that belongs to the connection, or that we write, is handled as
//! that one, in the one place where a head or a trailer section is read.
//!
//! Names are told while they are looked up anyway: a message in which none reads alike pays nothing for it.

use super::known::LONGEST;
pub(crate) use super::known::Read;
use super::{Fields, Known, set_of};
use crate::h1::Config;
use crate::rules::{Rule, Side};

/// Stands for the X-Forwarded family beyond the known names.
pub(crate) const FAMILY: u64 = 1 << 63;
const FAMILY_PREFIX: &[u8] = b"x-forwarded-";

/// By these a message is framed: a name that reads like one of them is refused.
const FRAMING: u64 = set_of(&[Known::ContentLength, Known::TransferEncoding]);
/// In a request these are removed, believed of few, or written by us.
const OF_REQUESTS: u64 = FAMILY
    | OF_CONNECTION
    | set_of(&[
        Known::XForwardedFor,
        Known::XForwardedProto,
        Known::XForwardedHost,
        Known::XForwardedPort,
        Known::XRealIp,
        Known::ClientCert,
        Known::ClientCertChain,
        Known::MaxForwards,
        Known::SecWebSocketKey,
    ]);
const OF_RESPONSES: u64 = OF_CONNECTION | set_of(&[Known::SecWebSocketAccept]);
const OF_CONNECTION: u64 = set_of(&[
    Known::KeepAlive,
    Known::ProxyConnection,
    Known::ProxyAuthenticate,
    Known::ProxyAuthorization,
    Known::Http2Settings,
]);
/// What has no place in a trailer section either, however it is spelled.
pub(crate) const IN_TRAILERS: u64 = FRAMING | OF_REQUESTS | OF_RESPONSES;

/// Handles the names in a received head that read alike; `alike` is what they read like.
///
/// # Errors
/// [`Rule::NameAlike`] if one reads like a field that frames the message.
#[inline]
pub(crate) fn settle(fields: &mut Fields, alike: u64, side: Side, config: &Config) -> Result<(), Rule> {
    if alike == 0 { Ok(()) } else { settle_some(fields, alike, side, config) }
}

#[cold]
fn settle_some(fields: &mut Fields, alike: u64, side: Side, config: &Config) -> Result<(), Rule> {
    let owned = if side == Side::Response { OF_RESPONSES } else { OF_REQUESTS };
    for (set, rule) in [(FRAMING, Rule::NameAlike), (owned, Rule::NameAlikeDropped)] {
        if alike & set == 0 {
            continue;
        }
        if config.leniency.names_alike.is_lenient() {
            config.count_use(rule);
        } else if rule == Rule::NameAlike {
            return Err(rule);
        } else {
            config.count_dropped(rule, fields.remove_alike(owned));
        }
    }
    Ok(())
}

/// What a name reads like that is no known one.
#[inline]
pub(super) fn read_unknown(name: &[u8]) -> Read {
    if memchr::memchr(b'_', name).is_none() { Read::Other } else { read_dashed(name) }
}

#[cold]
fn read_dashed(name: &[u8]) -> Read {
    let mut dashed = [0; LONGEST];
    let known = dashed.get_mut(..name.len()).and_then(|dashed| {
        dashed.iter_mut().zip(name).for_each(|(to, octet)| *to = self::dashed(*octet));
        Known::of(dashed)
    });
    match known {
        Some(known) => Read::Alike(known.bit()),
        None if is_family(name) => Read::Alike(FAMILY),
        None => Read::Other,
    }
}

/// Whether a name reads as one of the X-Forwarded family and is not: `X_Forwarded_Prefix`.
fn is_family(name: &[u8]) -> bool {
    let is_alike = |start: &[u8]| start.contains(&b'_') && reads_as(FAMILY_PREFIX, start);
    name.get(..FAMILY_PREFIX.len()).is_some_and(is_alike)
}

/// Whether a name is of the X-Forwarded family.
#[inline]
pub(super) fn is_of_family(name: &[u8]) -> bool {
    // Most names differ in their first letter.
    name.first().is_some_and(|first| first | 0x20 == b'x')
        && name.get(..FAMILY_PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(FAMILY_PREFIX))
}

/// Whether a name is of the X-Forwarded family, or reads like one of it.
pub(crate) fn reads_as_family(name: &[u8]) -> bool {
    name.get(..FAMILY_PREFIX.len()).is_some_and(|start| reads_as(FAMILY_PREFIX, start))
}

/// What a name is, and what it reads like.
pub(crate) fn read(name: &[u8]) -> Read {
    Known::read(name)
}

/// Whether two names are the same once underscores are dashes.
pub(crate) fn reads_as(a: &[u8], b: &[u8]) -> bool {
    let fold = |octet: &u8| dashed(octet.to_ascii_lowercase());
    a.len() == b.len() && a.iter().map(fold).eq(b.iter().map(fold))
}

const fn dashed(octet: u8) -> u8 {
    if octet == b'_' { b'-' } else { octet }
}

#[cfg(test)]
mod tests;
