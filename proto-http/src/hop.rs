//! What belongs to one connection and must not cross it (RFC 9110 §7.6.1).
//!
//! A head as a decoder gives it still holds Connection and what goes with it. Before it is passed on, [`strip_request`] or
//! [`strip_response`] takes all of that away. Encoders write what their own connection needs.
//!
//! A peer may nominate fields of its own as belonging to the connection, and those are removed too. But it may not make us remove what
//! others rely upon (Host, X-Forwarded-*, Authorization, …), and it may not nominate more than [`MOST_NOMINATIONS`].

use crate::fields::alike::{self, Read};
use crate::fields::{Fields, Known, set_of};
use crate::head::{RequestHead, ResponseHead};
use crate::rules::Rule;
use crate::syntax;

/// Options of Connection that may name fields, in one head.
pub const MOST_NOMINATIONS: usize = 10;
/// Options of any kind: `close` and the like count here.
const MOST_OPTIONS: usize = 16;

/// Removed whether nominated or not. Trailer stays: it speaks of the message, and trailers are passed on.
const HOP: u64 = set_of(&[
    Known::Connection,
    Known::KeepAlive,
    Known::ProxyConnection,
    Known::ProxyAuthenticate,
    Known::ProxyAuthorization,
    Known::Te,
    Known::TransferEncoding,
    Known::Upgrade,
    Known::Http2Settings,
]);

/// Not removed by [`strip_response`] and [`strip_request`] when nominated: TE is judged by its value.
const JUDGED: u64 = set_of(&[Known::Te]);

/// May not be nominated: others route, authorise, frame or account by them.
const PROTECTED: u64 = set_of(&[
    Known::Host,
    Known::ContentLength,
    Known::TransferEncoding,
    Known::ContentType,
    Known::ContentEncoding,
    Known::ContentRange,
    Known::Authorization,
    Known::WwwAuthenticate,
    Known::Cookie,
    Known::SetCookie,
    Known::XForwardedFor,
    Known::XForwardedProto,
    Known::XForwardedHost,
    Known::XForwardedPort,
    Known::XRealIp,
    Known::Forwarded,
    Known::ClientCert,
    Known::ClientCertChain,
    Known::Via,
    Known::CacheControl,
    Known::Date,
]);

/// Removes from a received request what belonged to that hop: Connection and what it nominates, Keep-Alive, Proxy-Connection, TE (but
/// `TE: trailers` survives), Upgrade (kept in [`RequestHead::upgrade`]), Proxy-Authenticate, Proxy-Authorization, HTTP2-Settings. Trailer
/// stays.
///
/// Cost: without any of these fields, one test of a bit set. Allocates nothing.
///
/// # Errors
/// The Connection field nominates a protected name (Host, X-Forwarded-*, Authorization, …) or is malformed; nothing was removed.
pub fn strip_request(head: &mut RequestHead) -> Result<(), Rule> {
    strip(&mut head.fields)
}

/// The same for a received response.
///
/// # Errors
/// As for requests.
pub fn strip_response(head: &mut ResponseHead) -> Result<(), Rule> {
    strip(&mut head.fields)
}

fn strip(fields: &mut Fields) -> Result<(), Rule> {
    if !fields.has_any(HOP) {
        return Ok(());
    }
    if fields.contains(Known::Connection) && nominations(fields)? > 0 {
        fields.remove_named_by(Known::Connection, JUDGED);
    }
    if !takes_trailers(fields) {
        fields.remove_set(HOP);
        return Ok(());
    }
    fields.remove_set(HOP & !Known::Te.bit());
    // The value is well-formed and the name is known: this cannot fail.
    fields.set(Known::Te, "trailers").map_err(|_| Rule::NominationMalformed)
}

/// Whether the sender takes trailers (RFC 9110 §10.1.4).
pub(crate) fn takes_trailers(fields: &Fields) -> bool {
    fields.has_any(JUDGED) && fields.elements(Known::Te).any(|coding| coding.eq_ignore_ascii_case(b"trailers"))
}

/// Counts the options that name fields, and checks all options.
fn nominations(fields: &Fields) -> Result<usize, Rule> {
    // As they are mostly written first.
    let is_plain = |value: &[u8]| {
        value == b"keep-alive" || value.eq_ignore_ascii_case(b"keep-alive") || value.eq_ignore_ascii_case(b"close")
    };
    if fields.only(Known::Connection).is_some_and(is_plain) || fields.all(Known::Connection).all(is_plain) {
        return Ok(0);
    }
    let (mut options, mut named) = (0, 0);
    for option in fields.elements(Known::Connection) {
        options += 1;
        named += usize::from(judge(option)? == Option::Nominates);
        if options > MOST_OPTIONS || named > MOST_NOMINATIONS {
            return Err(Rule::TooManyNominations);
        }
    }
    Ok(named)
}

#[derive(PartialEq, Eq)]
enum Option {
    /// Says something about the connection, or names what is removed anyway.
    Plain,
    /// Names a field.
    Nominates,
}

fn judge(option: &[u8]) -> Result<Option, Rule> {
    if option.first() == Some(&b':') {
        return Err(Rule::NominationProtected);
    }
    if !syntax::is_token(option) {
        return Err(Rule::NominationMalformed);
    }
    if option.eq_ignore_ascii_case(b"close") {
        return Ok(Option::Plain);
    }
    // A name that reads like another is judged as that one.
    let name = match alike::read(option) {
        Read::As(known) => known.bit(),
        Read::Alike(bit) => bit,
        Read::Other => 0,
    };
    match name {
        name if PROTECTED & name != 0 || alike::reads_as_family(option) => Err(Rule::NominationProtected),
        name if HOP & name != 0 => Ok(Option::Plain),
        _ => Ok(Option::Nominates),
    }
}

#[cfg(test)]
mod tests;
