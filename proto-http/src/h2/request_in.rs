//! Requests of HTTP/2 in the neutral form.
//!
//! | HTTP/2 (RFC 9113 §8.3.1) | becomes |
//! |---|---|
//! | `:method`, `:path` | the method and an origin-form target |
//! | `:authority` | the Host field, first of all; a Host beside it must name the same place |
//! | CONNECT with `:authority` alone | CONNECT with an authority-form target |
//! | CONNECT with `:protocol` (RFC 8441) | GET with [`RequestHead::upgrade`], as HTTP/1.1 would ask for it |
//! | several Cookie fields (§8.2.3) | one, joined with `; ` |
//! | `:scheme` | nothing: what carried a request is known to whoever accepted it. It must be `http` or `https` |

use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use h2::ext::Protocol;
use http::{HeaderMap, Method, Uri, Version, request};

use crate::fields::{Fields, Known, alike, set_of};
use crate::framing;
use crate::h1::Config;
use crate::head::RequestHead;
use crate::host::{self, Authority, NotHost};
use crate::limits::Limits;
use crate::rules::{Rule, Side};
use crate::syntax;
use crate::target::{Form, Target};

/// Cookie fields in one request. Browsers send one for each cookie, and keep at most 180 for a site; they count as one field once joined.
pub const MOST_CRUMBS: usize = 512;

/// Belong to a connection of HTTP/1 and do not exist in HTTP/2 (RFC 9113 §8.2.2).
const OF_CONNECTION: u64 = set_of(&[
    Known::Connection,
    Known::KeepAlive,
    Known::ProxyConnection,
    Known::TransferEncoding,
    Known::Upgrade,
    Known::Http2Settings,
]);

/// What a line takes beside name and value in HTTP/1, so that a limit means the same.
const AROUND_FIELD: usize = 4;

/// A request head as the `h2` crate gives it, in the neutral form.
///
/// Shape:   `parts` of a request that `h2` took for well-formed, or of any other.
/// Errors:  the rule it breaks: those of HTTP/1, and [`Rule::FieldOfConnection`], [`Rule::SchemeUnknown`].
/// Cost:    fields are copied once.
/// Source:  RFC 9113 §8.2, §8.3; RFC 8441 §4.
///
/// ```
/// use http::Request;
/// use simplon_proto_http::{fields::Known, h1::Config, h2::request_head};
///
/// let request = Request::get("https://a.example/b?c").header("cookie", "d=1").header("cookie", "e=2").body(()).unwrap();
/// let head = request_head(request.into_parts().0, &Config::default()).unwrap();
/// assert_eq!(head.target.as_bytes(), b"/b?c");
/// assert_eq!(head.fields.get(Known::Host), Some(&b"a.example"[..]));
/// assert_eq!(head.fields.get(Known::Cookie), Some(&b"d=1; e=2"[..]));
/// ```
///
/// # Errors
/// The rule that the head breaks.
pub fn request_head(parts: request::Parts, config: &Config) -> Result<RequestHead, Rule> {
    let request::Parts { method, uri, headers, extensions, .. } = parts;
    check_scheme(&uri)?;
    let protocol = extensions.get::<Protocol>().map(|protocol| Bytes::copy_from_slice(protocol.as_ref()));
    let method = if protocol.is_some() { Method::GET } else { method };
    let target = target(&method, &uri, config)?;
    let mut fields = fields(&uri, &headers, &target, &config.limits)?;
    let alike = fields.alike();
    alike::settle(&mut fields, alike, Side::Request, config)?;
    host::check(&target, &fields, Version::HTTP_2)?;
    tidy_length(protocol.is_some(), &mut fields, config)?;
    let protocol = protocol.map(|protocol| offered(protocol, &mut fields)).transpose()?;
    Ok(RequestHead { method, target, version: Version::HTTP_2, upgrade: protocol, fields })
}

/// One length, as HTTP/1 would have it. An extended CONNECT has none: what follows it is no content (RFC 8441 §5, RFC 9110 §9.3.6).
fn tidy_length(is_extended: bool, fields: &mut Fields, config: &Config) -> Result<(), Rule> {
    if !fields.contains(Known::ContentLength) {
        return Ok(());
    }
    let framed = framing::length(fields, &config.leniency)?;
    if is_extended {
        return Err(Rule::ConnectContent);
    }
    if let Some(rule) = framed.relaxed {
        config.count_use(rule);
    }
    framing::tidy_length(fields, framed, &config.leniency)
}

/// The crate drops a scheme that has no authority beside it.
fn check_scheme(uri: &Uri) -> Result<(), Rule> {
    let is_known = uri.scheme_str().is_none_or(|scheme| matches!(scheme, "http" | "https"));
    if is_known { Ok(()) } else { Err(Rule::SchemeUnknown) }
}

fn target(method: &Method, uri: &Uri, config: &Config) -> Result<Target, Rule> {
    let octets = match (method, uri.path_and_query()) {
        (&Method::CONNECT, None) => uri.authority().ok_or(Rule::HostMissing)?.as_str(),
        (&Method::CONNECT, Some(_)) => return Err(Rule::TargetForm),
        (_, Some(path)) => path.as_str(),
        (_, None) => return Err(Rule::TargetForm),
    };
    if octets.len() > config.limits.target_octets {
        return Err(Rule::TargetTooLong);
    }
    let target = Target::received(method, Bytes::copy_from_slice(octets.as_bytes()), config)?;
    // A path is no place for a whole URI.
    if target.form() == Form::Absolute { Err(Rule::TargetForm) } else { Ok(target) }
}

/// Host, then the fields as they came, then Cookie.
fn fields(uri: &Uri, headers: &HeaderMap, target: &Target, limits: &Limits) -> Result<Fields, Rule> {
    let mut fields = Fields::new();
    if let Some(authority) = uri.authority() {
        check_authority(authority.as_str().as_bytes())?;
        fields.append(Known::Host, authority.as_str()).map_err(|_| Rule::TargetAuthority)?;
    }
    let mut octets = target.as_bytes().len();
    for (name, value) in headers {
        octets += name.as_str().len() + value.len() + AROUND_FIELD;
        if octets > limits.head_octets {
            return Err(Rule::HeadTooLarge);
        }
        if !syntax::is_value(value.as_bytes()) {
            return Err(Rule::ValueControl);
        }
        if syntax::is_padded(value.as_bytes()) {
            return Err(Rule::ValueBlank);
        }
        match Known::of(name.as_str().as_bytes()) {
            Some(Known::Cookie) => continue,
            Some(Known::Host) => check_host(uri, headers, value.as_bytes())?,
            Some(known) if OF_CONNECTION & known.bit() != 0 => return Err(Rule::FieldOfConnection),
            Some(Known::Te) if !value.as_bytes().eq_ignore_ascii_case(b"trailers") => {
                return Err(Rule::FieldOfConnection);
            }
            _ => {}
        }
        if name == http::header::HOST && uri.authority().is_some() {
            continue;
        }
        fields.append(name, value).map_err(|_| Rule::NameMalformed)?;
        if fields.len() > limits.head_fields {
            return Err(Rule::TooManyFields);
        }
    }
    join_cookies(headers, &mut fields)?;
    fields.fit();
    Ok(fields)
}

fn check_authority(authority: &[u8]) -> Result<(), Rule> {
    match Authority::parse(authority) {
        Ok(_) => Ok(()),
        Err(NotHost::Userinfo) => Err(Rule::TargetUserinfo),
        Err(NotHost::Malformed) => Err(Rule::TargetAuthority),
    }
}

/// One Host, and the same place as `:authority` if that was there (RFC 9113 §8.3.1).
fn check_host(uri: &Uri, headers: &HeaderMap, value: &[u8]) -> Result<(), Rule> {
    if headers.get_all(http::header::HOST).iter().nth(1).is_some() {
        return Err(Rule::HostRepeated);
    }
    let host = Authority::parse(value).map_err(|_| Rule::HostMalformed)?;
    let Some(authority) = uri.authority() else { return Ok(()) };
    let authority = Authority::parse(authority.as_str().as_bytes()).map_err(|_| Rule::TargetAuthority)?;
    let default = match uri.scheme_str() {
        Some("https") => Some(443),
        Some(_) => Some(80),
        None => authority.port,
    };
    if host.is_same(&authority, default) { Ok(()) } else { Err(Rule::HostContradictory) }
}

/// RFC 9113 §8.2.3.
fn join_cookies(headers: &HeaderMap, fields: &mut Fields) -> Result<(), Rule> {
    let crumbs = headers.get_all(http::header::COOKIE);
    let Some(first) = crumbs.iter().next() else { return Ok(()) };
    let mut joined = first.as_bytes().to_vec();
    for (at, crumb) in crumbs.iter().enumerate().skip(1) {
        if at >= MOST_CRUMBS {
            return Err(Rule::TooManyFields);
        }
        joined.extend_from_slice(b"; ");
        joined.extend_from_slice(crumb.as_bytes());
    }
    fields.append(Known::Cookie, joined).map_err(|_| Rule::ValueControl)
}

/// The protocol of an extended CONNECT, checked. A WebSocket of HTTP/1.1 needs a key, which HTTP/2 does without (RFC 8441 §5).
fn offered(protocol: Bytes, fields: &mut Fields) -> Result<Bytes, Rule> {
    if !syntax::is_protocol(&protocol) {
        return Err(Rule::UpgradeMalformed);
    }
    if protocol.eq_ignore_ascii_case(b"websocket") && !fields.contains(Known::SecWebSocketKey) {
        fields.append(Known::SecWebSocketKey, key()).map_err(|_| Rule::ValueControl)?;
    }
    Ok(protocol)
}

/// 16 octets that nobody expects, in base 64 (RFC 6455 §4.1).
fn key() -> [u8; 24] {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let random = RandomState::new();
    let octets = (u128::from(random.hash_one(0)) << 64) | u128::from(random.hash_one(1));
    let mut key = [b'='; 24];
    for (at, digit) in key.iter_mut().take(22).enumerate() {
        // The last digit holds two bits.
        let bits = if at == 21 { octets << 4 } else { octets >> (122 - 6 * at) };
        *digit = DIGITS[(bits & 63) as usize];
    }
    key
}

#[cfg(test)]
mod tests;
