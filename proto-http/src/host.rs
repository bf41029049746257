//! Hosts and ports as they stand in Host fields and in authorities (RFC 3986 §3.2.2, RFC 9110 §7.2).

use http::Version;

use crate::fields::{Fields, Known};
use crate::rules::Rule;
use crate::syntax::{self, Number};
use crate::target::{Form, Target};

/// What RFC 9112 §3.2 asks of Host: one, well-formed, and the same place as the target if that names one. Version 1.0 may leave it out.
///
/// # Errors
/// The rule that is broken.
pub(crate) fn check(target: &Target, fields: &Fields, version: Version) -> Result<(), Rule> {
    let Some(value) = fields.only(Known::Host) else {
        return match fields.contains(Known::Host) {
            true => Err(Rule::HostRepeated),
            false if version == Version::HTTP_10 => Ok(()),
            false => Err(Rule::HostMissing),
        };
    };
    let host = Authority::parse(value).map_err(|_| Rule::HostMalformed)?;
    let Some(named) = target.authority() else { return Ok(()) };
    let named = Authority::parse(named).map_err(|_| Rule::TargetAuthority)?;
    let default = if target.form() == Form::Authority { named.port } else { target.default_port() };
    if host.is_same(&named, default) { Ok(()) } else { Err(Rule::HostContradictory) }
}

/// A host with an optional port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Authority<'a> {
    pub(crate) host: &'a [u8],
    pub(crate) port: Option<u16>,
}

/// Why octets are not a host with an optional port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NotHost {
    Userinfo,
    Malformed,
}

impl<'a> Authority<'a> {
    /// Splits and checks. An empty port (`host:`) is the same as none (RFC 3986 §6.2.3).
    pub(crate) fn parse(octets: &'a [u8]) -> Result<Self, NotHost> {
        Self::well_formed(octets).ok_or_else(|| match memchr::memchr(b'@', octets) {
            Some(_) => NotHost::Userinfo,
            None => NotHost::Malformed,
        })
    }

    fn well_formed(octets: &'a [u8]) -> Option<Self> {
        let (host, port) = split(octets)?;
        let port = port.map_or(Some(None), parse_port)?;
        is_host(host).then_some(Self { host, port })
    }

    /// The same place, where a missing port means `default`.
    pub(crate) fn is_same(&self, other: &Self, default: Option<u16>) -> bool {
        self.host.eq_ignore_ascii_case(other.host) && self.port.or(default) == other.port.or(default)
    }
}

/// A host, of which a literal is still to be looked at, and what follows its colon.
fn split(octets: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    if octets.first() == Some(&b'[') {
        let end = memchr::memchr(b']', octets)? + 1;
        return match &octets[end..] {
            [] => Some((&octets[..end], None)),
            [b':', port @ ..] => Some((&octets[..end], Some(port))),
            _ => None,
        };
    }
    // What is no part of a name is a colon, or not allowed at all.
    match octets.iter().position(|b| !NAME[usize::from(*b)]) {
        Some(colon) if octets[colon] == b':' => Some((&octets[..colon], Some(&octets[colon + 1..]))),
        Some(_) => None,
        None => Some((octets, None)),
    }
}

fn parse_port(digits: &[u8]) -> Option<Option<u16>> {
    if digits.is_empty() {
        return Some(None);
    }
    match syntax::decimal(digits) {
        Number::Is(port) => u16::try_from(port).ok().map(Some),
        Number::Malformed | Number::Overflow => None,
    }
}

/// A registered name, an IPv4 address, or an IP literal in brackets.
fn is_host(host: &[u8]) -> bool {
    match host {
        [] => false,
        [b'[', literal @ .., b']'] => is_literal(literal),
        // What stands in a name was looked at when it was split off.
        _ => true,
    }
}

fn is_literal(literal: &[u8]) -> bool {
    match literal {
        [b'v' | b'V', rest @ ..] => is_future_literal(rest),
        address => std::str::from_utf8(address).is_ok_and(|text| text.parse::<std::net::Ipv6Addr>().is_ok()),
    }
}

/// A literal of a version to come (RFC 3986 §3.2.2): hexadecimal digits, a dot, and what a name may hold, and colons.
fn is_future_literal(octets: &[u8]) -> bool {
    let Some(dot) = memchr::memchr(b'.', octets) else { return false };
    let (version, address) = (&octets[..dot], &octets[dot + 1..]);
    let is_address = |b: &u8| *b == b':' || (*b != b'%' && NAME[usize::from(*b)]);
    !version.is_empty()
        && version.iter().all(u8::is_ascii_hexdigit)
        && !address.is_empty()
        && address.iter().all(is_address)
}

/// For each octet, whether a registered name may hold it: unreserved marks, sub-delimiters but the comma (which would make a list of it), and
/// percent.
const NAME: [bool; 256] = syntax::letters_digits_and(b"-._~!$&'()*+;=%");

#[cfg(test)]
mod tests;
