//! Authentication that belongs to a connection instead of a request (RFC 4559 §6): NTLM, Negotiate, Kerberos.
//!
//! Credentials of these schemes authenticate whatever comes later on the same connection, also requests of others. So who passes them on has to
//! keep that connection for the client that sent them, and passes none where requests share a connection (HTTP/2, HTTP/3).
//!
//! ```
//! use simplon_proto_http::{Fields, connection_auth, fields::Known};
//!
//! let mut fields = Fields::new();
//! fields.append(Known::WwwAuthenticate, "Negotiate, Basic realm=\"a\"")?;
//! assert!(connection_auth::is_in(&fields));
//! connection_auth::remove(&mut fields);
//! assert_eq!(fields.get(Known::WwwAuthenticate), Some(&b"Basic realm=\"a\""[..]));
//! # Ok::<(), simplon_proto_http::fields::FieldError>(())
//! ```

use crate::fields::{Fields, Known, set_of};

/// `Nego2` is what some servers call Negotiate with NEGOEX.
const SCHEMES: [&[u8]; 4] = [b"NTLM", b"Negotiate", b"Kerberos", b"Nego2"];

const NAMES: [Known; 4] =
    [Known::Authorization, Known::WwwAuthenticate, Known::ProxyAuthorization, Known::ProxyAuthenticate];

/// Whether credentials or a challenge of such a scheme are among these fields of a head.
///
/// Cost: without any of the four fields that could hold them, one test of a bit set. Allocates nothing.
#[inline]
#[must_use]
pub fn is_in(fields: &Fields) -> bool {
    fields.has_any(set_of(&NAMES)) && names_scheme(fields)
}

#[cold]
fn names_scheme(fields: &Fields) -> bool {
    NAMES.iter().any(|name| fields.all(*name).any(|value| challenges(value).any(is_bound)))
}

/// Takes such credentials and challenges away; those of other schemes stay.
pub fn remove(fields: &mut Fields) {
    for name in NAMES {
        if !fields.all(name).any(|value| challenges(value).any(is_bound)) {
            continue;
        }
        let left: Vec<Vec<u8>> = fields.all(name).map(without_bound).filter(|left| !left.is_empty()).collect();
        fields.remove(name);
        for value in left {
            // Parts of a well-formed value are well-formed.
            let appended = fields.append(name, value);
            debug_assert_eq!(appended, Ok(()));
        }
    }
}

fn without_bound(value: &[u8]) -> Vec<u8> {
    let left: Vec<&[u8]> = challenges(value).filter(|challenge| !is_bound(challenge)).collect();
    left.join(&b", "[..])
}

/// Whether a challenge, or credentials, is of such a scheme.
fn is_bound(challenge: &[u8]) -> bool {
    let scheme = challenge.split(|octet| matches!(octet, b' ' | b'\t')).next().unwrap_or_default();
    SCHEMES.iter().any(|known| known.eq_ignore_ascii_case(scheme))
}

/// The challenges of a list (RFC 9110 §11.6.1), each with its parameters. Commas part both challenges and parameters: a new challenge begins
/// with a name that no `=` follows.
fn challenges(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = value;
    std::iter::from_fn(move || {
        let start = rest.iter().position(|octet| !matches!(octet, b',' | b' ' | b'\t'))?;
        let from = &rest[start..];
        let mut end = element(from);
        while end < from.len() {
            let next = &from[end..];
            let Some(blank) = next.iter().position(|octet| !matches!(octet, b',' | b' ' | b'\t')) else { break };
            if begins_challenge(&next[blank..]) {
                break;
            }
            end += blank + element(&next[blank..]);
        }
        rest = &from[end..];
        Some(from[..end].trim_ascii_end())
    })
}

/// The length of the element that this begins with: up to a comma outside quotes.
fn element(octets: &[u8]) -> usize {
    let (mut is_quoted, mut is_escaped) = (false, false);
    for (at, octet) in octets.iter().enumerate() {
        match octet {
            _ if is_escaped => is_escaped = false,
            b'\\' if is_quoted => is_escaped = true,
            b'"' => is_quoted = !is_quoted,
            b',' if !is_quoted => return at,
            _ => {}
        }
    }
    octets.len()
}

fn begins_challenge(octets: &[u8]) -> bool {
    let element = &octets[..element(octets)];
    let name = element.iter().position(|octet| matches!(octet, b' ' | b'\t' | b'=')).unwrap_or(element.len());
    element[name..].trim_ascii_start().first() != Some(&b'=')
}

#[cfg(test)]
mod tests;
