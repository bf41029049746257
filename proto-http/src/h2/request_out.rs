//! Request heads as HTTP/2 carries them: everything is checked again on the way out.

use bytes::Bytes;
use h2::ext::Protocol;
use http::uri::{Authority as UriAuthority, Parts, PathAndQuery};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version};

use crate::fields::{Fields, Known, set_of};
use crate::framing::{self, Framing};
use crate::head::RequestHead;
use crate::host::Authority;
use crate::rules::{Leniency, Rule};
use crate::syntax;
use crate::target::Form;
use crate::transfer::{Last, Misuse};
use crate::websocket;

/// What `:scheme` says: how the connection to the origin is made, not how the client came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scheme {
    /// Plain text.
    Http,
    /// TLS.
    Https,
}

/// Whether the origin takes extended CONNECT (RFC 8441 §3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extended {
    Allowed,
    Unknown,
}

/// What a request asks for beyond a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Opens {
    /// Nothing.
    Nothing,
    /// A tunnel (CONNECT).
    Tunnel,
    /// Another protocol (extended CONNECT), and what a WebSocket client expects to be told.
    Protocol { name: Bytes, accept: Option<HeaderValue> },
}

/// A request ready to be sent.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) request: Request<()>,
    pub(super) opens: Opens,
    /// Content that was announced.
    pub(super) length: Option<u64>,
}

/// These are never sent: they belong to a connection of HTTP/1 (RFC 9113 §8.2.2), or are pseudo-header fields here.
const NEVER: u64 = set_of(&[
    Known::Host,
    Known::Connection,
    Known::KeepAlive,
    Known::ProxyConnection,
    Known::TransferEncoding,
    Known::Upgrade,
    Known::Http2Settings,
    Known::Te,
]);

/// Converts a head; `last` says whether it is the whole request.
///
/// Errors:  the rule that the head breaks after filters; nothing was sent.
/// Source:  RFC 9113 §8.3.1, §8.5; RFC 8441 §4.
pub(super) fn request(head: &RequestHead, last: Last, scheme: Scheme, extended: Extended) -> Result<Outgoing, Misuse> {
    let opens = opens(head, last, extended)?;
    let length = announced(head, &opens, last)?;
    let mut request = Request::new(());
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = uri(head, &opens, scheme)?;
    *request.headers_mut() = headers(&head.fields, skipped(&opens));
    *request.method_mut() = match &opens {
        Opens::Protocol { name, .. } => {
            let name = std::str::from_utf8(name).map_err(|_| Misuse::Head(Rule::UpgradeMalformed))?;
            request.extensions_mut().insert(Protocol::from(name));
            Method::CONNECT
        }
        Opens::Nothing | Opens::Tunnel => head.method.clone(),
    };
    Ok(Outgoing { request, opens, length })
}

fn opens(head: &RequestHead, last: Last, extended: Extended) -> Result<Opens, Misuse> {
    if let Some(list) = &head.upgrade {
        if head.method == Method::CONNECT || !syntax::list(list).all(syntax::is_protocol) {
            return Err(Misuse::Head(Rule::UpgradeMalformed));
        }
        return Ok(protocol(head, list, last, extended));
    }
    Ok(if head.method == Method::CONNECT { Opens::Tunnel } else { Opens::Nothing })
}

/// The first protocol that was asked for. Where it cannot be asked for, the request is an ordinary one: who asks for an upgrade has to live with
/// an answer in HTTP (RFC 9110 §7.8).
fn protocol(head: &RequestHead, list: &Bytes, last: Last, extended: Extended) -> Opens {
    let Some(name) = syntax::list(list).next() else { return Opens::Nothing };
    let is_http = name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(b"h2"));
    if head.method != Method::GET || last == Last::No || extended == Extended::Unknown || is_http {
        return Opens::Nothing;
    }
    let is_websocket = name.eq_ignore_ascii_case(b"websocket");
    let accept = if is_websocket { head.fields.get("sec-websocket-key").map(websocket::accept) } else { None };
    Opens::Protocol { name: list.slice_ref(name), accept }
}

/// The content that the caller's field announces.
fn announced(head: &RequestHead, opens: &Opens, last: Last) -> Result<Option<u64>, Misuse> {
    if !head.fields.contains(Known::ContentLength) {
        return Ok(None);
    }
    let framed = framing::length(&head.fields, &Leniency::default()).map_err(Misuse::Head)?;
    let Framing::Length(length) = framed.framing else { return Ok(None) };
    match (opens, last) {
        (Opens::Tunnel, _) if length > 0 => Err(Misuse::Head(Rule::ConnectContent)),
        (Opens::Nothing, Last::Yes) if length > 0 => Err(Misuse::TooShort),
        (Opens::Nothing, _) => Ok(Some(length)),
        (Opens::Tunnel | Opens::Protocol { .. }, _) => Ok(None),
    }
}

fn skipped(opens: &Opens) -> u64 {
    match opens {
        Opens::Nothing => NEVER,
        Opens::Tunnel => NEVER | Known::ContentLength.bit(),
        Opens::Protocol { .. } => NEVER | Known::ContentLength.bit() | Known::SecWebSocketKey.bit(),
    }
}

fn uri(head: &RequestHead, opens: &Opens, scheme: Scheme) -> Result<Uri, Misuse> {
    let mut parts = Parts::default();
    parts.authority = Some(authority(head)?);
    if *opens != Opens::Tunnel {
        parts.scheme = Some(match scheme {
            Scheme::Http => http::uri::Scheme::HTTP,
            Scheme::Https => http::uri::Scheme::HTTPS,
        });
        parts.path_and_query = Some(path(head)?);
    } else if head.target.form() != Form::Authority {
        return Err(Misuse::Head(Rule::TargetForm));
    }
    Uri::from_parts(parts).map_err(|_| Misuse::Head(Rule::TargetForm))
}

/// One well-formed authority: that of CONNECT is the target's, with which Host must agree; else the caller's Host counts, then the target's.
fn authority(head: &RequestHead) -> Result<UriAuthority, Misuse> {
    let mut hosts = head.fields.all(Known::Host);
    let (host, more) = (hosts.next(), hosts.next());
    if more.is_some() {
        return Err(Misuse::Head(Rule::HostRepeated));
    }
    if head.target.form() == Form::Authority && host.is_some() {
        crate::host::check(&head.target, &head.fields, Version::HTTP_11).map_err(Misuse::Head)?;
    }
    let named = match head.target.form() {
        Form::Authority => head.target.authority(),
        _ => host.or_else(|| head.target.authority()),
    };
    let named = named.ok_or(Misuse::Head(Rule::HostMissing))?;
    Authority::parse(named).map_err(|_| Misuse::Head(Rule::HostMalformed))?;
    UriAuthority::try_from(named).map_err(|_| Misuse::Head(Rule::HostMalformed))
}

/// `:path` is never empty (RFC 9113 §8.3.1). Octets that a URI cannot hold go percent-encoded, which means the same (RFC 3986 §2.4).
fn path(head: &RequestHead) -> Result<PathAndQuery, Misuse> {
    let target = &head.target;
    let is_options = head.method == Method::OPTIONS;
    let octets = match target.form() {
        Form::Authority => return Err(Misuse::Head(Rule::TargetForm)),
        Form::Asterisk if !is_options => return Err(Misuse::Head(Rule::TargetForm)),
        Form::Absolute if is_options && target.is_bare() => b"*",
        Form::Asterisk | Form::Absolute | Form::Origin => target.path_and_query(),
    };
    let slash: &[u8] = if octets.first() == Some(&b'?') { b"/" } else { b"" };
    let plain = [slash, octets].concat();
    let path = PathAndQuery::try_from(plain.as_slice()).or_else(|_| PathAndQuery::try_from(encoded(&plain)));
    path.map_err(|_| Misuse::Head(Rule::TargetOctets))
}

fn encoded(octets: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len() + 16);
    for &octet in octets {
        if octet.is_ascii_alphanumeric() || b"-._~:/?[]@!$&'()*+,;=%".contains(&octet) {
            out.push(octet);
        } else {
            out.extend_from_slice(format!("%{octet:02X}").as_bytes());
        }
    }
    out
}

/// Fields but those in the set, in their order; `TE: trailers` stays.
fn headers(fields: &Fields, skip: u64) -> HeaderMap {
    let mut map = HeaderMap::with_capacity(fields.len());
    for (name, value) in fields {
        if Known::of(name).is_some_and(|known| skip & known.bit() != 0) {
            continue;
        }
        // What a list accepts, the map accepts too: tokens, and values without control octets.
        if let (Ok(name), Ok(mut value)) = (HeaderName::from_bytes(name), HeaderValue::from_bytes(value)) {
            value.set_sensitive(name == http::header::AUTHORIZATION);
            map.append(name, value);
        }
    }
    if fields.elements(Known::Te).any(|coding| coding.eq_ignore_ascii_case(b"trailers")) {
        map.insert(http::header::TE, HeaderValue::from_static("trailers"));
    }
    map
}

#[cfg(test)]
mod tests;
