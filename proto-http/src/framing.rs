//! How long a body is (RFC 9112 §6.3): one pure function per role.
//!
//! Both answer from the head alone. What is ambiguous is an error, and what a switch of [`Leniency`] lets pass is named in
//! [`Framed::relaxed`], so that the caller can repair the head and count the use.
//!
//! ```
//! use http::{Method, Version};
//! use simplon_proto_http::{Fields, framing::{self, Framing}, rules::{Leniency, Rule}};
//!
//! let fields = Fields::from_pairs([("Content-Length", "5")]).unwrap();
//! let framed = framing::of_request(&Method::POST, Version::HTTP_11, &fields, &Leniency::default()).unwrap();
//! assert_eq!(framed.framing, Framing::Length(5));
//!
//! let fields = Fields::from_pairs([("Content-Length", "5"), ("Transfer-Encoding", "chunked")]).unwrap();
//! let refused = framing::of_request(&Method::POST, Version::HTTP_11, &fields, &Leniency::default());
//! assert_eq!(refused, Err(Rule::LengthWithEncoding));
//! ```

use http::{Method, StatusCode, Version};

use crate::fields::{Fields, Known, set_of};
use crate::rules::{Leniency, Rule};
use crate::syntax::{self, Number};

/// Where the content of a message ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Framing {
    /// There is none, whatever the fields say.
    Empty,
    /// After so many octets.
    Length(u64),
    /// With the last chunk.
    Chunked,
    /// With the connection. Responses alone.
    UntilClose,
}

/// A framing, and what was forgiven to find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Framed {
    /// Where the content ends.
    pub framing: Framing,
    /// The rule that a lenient switch relaxed: [`Rule::LengthRepeated`] or [`Rule::LengthWithEncoding`].
    pub relaxed: Option<Rule>,
}

impl Framed {
    const fn new(framing: Framing) -> Self {
        Self { framing, relaxed: None }
    }
}

/// The longest content, and the longest chunk.
pub(crate) const MOST: u64 = i64::MAX as u64;

const FRAMING_FIELDS: u64 = set_of(&[Known::ContentLength, Known::TransferEncoding]);

/// Where the content of a request ends. Without framing fields there is none: a request is never read until the connection closes.
///
/// # Errors
/// The rule that the head breaks.
pub fn of_request(method: &Method, version: Version, fields: &Fields, leniency: &Leniency) -> Result<Framed, Rule> {
    if !fields.has_any(FRAMING_FIELDS) {
        return Ok(Framed::new(Framing::Empty));
    }
    let framed = announced(version, fields, leniency)?;
    match framed.framing {
        Framing::Empty | Framing::Length(0) => Ok(framed),
        _ if method == Method::CONNECT => Err(Rule::ConnectContent),
        _ => Ok(framed),
    }
}

/// Where the content of a response ends, given what was asked for. Fields are checked even where they do not count (HEAD, 204, 304).
///
/// # Errors
/// The rule that the head breaks.
pub fn of_response(
    asked: &Method,
    status: StatusCode,
    version: Version,
    fields: &Fields,
    leniency: &Leniency,
) -> Result<Framed, Rule> {
    let is_tunnel = asked == Method::CONNECT && status.is_success();
    if is_tunnel || status.is_informational() || status == StatusCode::NO_CONTENT {
        return Ok(Framed::new(Framing::Empty));
    }
    if !fields.has_any(FRAMING_FIELDS) {
        let framing = if is_empty(asked, status) { Framing::Empty } else { Framing::UntilClose };
        return Ok(Framed::new(framing));
    }
    let framed = announced(version, fields, leniency)?;
    if is_empty(asked, status) {
        return Ok(Framed { framing: Framing::Empty, ..framed });
    }
    Ok(framed)
}

fn is_empty(asked: &Method, status: StatusCode) -> bool {
    asked == Method::HEAD || status == StatusCode::NOT_MODIFIED
}

/// What the framing fields say, at least one of which is there.
fn announced(version: Version, fields: &Fields, leniency: &Leniency) -> Result<Framed, Rule> {
    if !fields.contains(Known::TransferEncoding) {
        return length(fields, leniency);
    }
    if version == Version::HTTP_10 {
        return Err(Rule::EncodingInOld);
    }
    encoding(fields)?;
    if !fields.contains(Known::ContentLength) {
        return Ok(Framed::new(Framing::Chunked));
    }
    if leniency.length_with_encoding.is_lenient() {
        return Ok(Framed { framing: Framing::Chunked, relaxed: Some(Rule::LengthWithEncoding) });
    }
    Err(Rule::LengthWithEncoding)
}

/// Exactly one field that says `chunked` and nothing else.
fn encoding(fields: &Fields) -> Result<(), Rule> {
    let mut all = fields.all(Known::TransferEncoding);
    let value = all.next().ok_or(Rule::EncodingMalformed)?;
    if all.next().is_some() {
        return Err(Rule::EncodingRepeated);
    }
    if value.eq_ignore_ascii_case(b"chunked") {
        return Ok(());
    }
    Err(not_chunked(value))
}

fn not_chunked(value: &[u8]) -> Rule {
    if !syntax::list(value).all(syntax::is_token) {
        return Rule::EncodingMalformed;
    }
    let is_chunked = |coding: &[u8]| coding.eq_ignore_ascii_case(b"chunked");
    match syntax::list(value).filter(|coding| is_chunked(coding)).count() {
        0 => Rule::EncodingUnknown,
        1 if syntax::list(value).last().is_some_and(is_chunked) => Rule::EncodingUnknown,
        1 => Rule::EncodingNotLast,
        _ => Rule::EncodingRepeated,
    }
}

/// One Content-Length of digits; several equal ones (also as a list) if a switch allows it.
pub(crate) fn length(fields: &Fields, leniency: &Leniency) -> Result<Framed, Rule> {
    let only = fields.only(Known::ContentLength);
    if let Some(Ok(n)) = only.map(number) {
        return Ok(Framed::new(Framing::Length(n)));
    }
    if let Some(value) = only
        && memchr::memchr(b',', value).is_none()
    {
        return number(value).map(|n| Framed::new(Framing::Length(n)));
    }
    let n = equal(fields)?;
    if leniency.equal_lengths.is_lenient() {
        return Ok(Framed { framing: Framing::Length(n), relaxed: Some(Rule::LengthRepeated) });
    }
    Err(Rule::LengthRepeated)
}

/// Writes the length of a received head as it is usually written, wherever one stands: leading zeros and what a switch let pass are read by
/// others in other ways. To HEAD and with 304 a length is announced that does not come.
pub(crate) fn tidy_length(fields: &mut Fields, framed: Framed, leniency: &Leniency) -> Result<(), Rule> {
    let n = match framed.framing {
        Framing::Length(n) => n,
        Framing::Empty if fields.contains(Known::ContentLength) => match length(fields, leniency)?.framing {
            Framing::Length(n) => n,
            Framing::Empty | Framing::Chunked | Framing::UntilClose => return Ok(()),
        },
        Framing::Empty | Framing::Chunked | Framing::UntilClose => return Ok(()),
    };
    let is_usual = framed.relaxed.is_none()
        && fields.get(Known::ContentLength).is_some_and(|value| value.len() == 1 || value[0] != b'0');
    if is_usual {
        return Ok(());
    }
    fields.set(Known::ContentLength, n.to_string()).map_err(|_| Rule::LengthMalformed)
}

fn equal(fields: &Fields) -> Result<u64, Rule> {
    let mut first = None;
    for value in fields.all(Known::ContentLength).flat_map(syntax::list) {
        let n = number(value)?;
        if first.is_some_and(|first| first != n) {
            return Err(Rule::LengthContradictory);
        }
        first = Some(n);
    }
    first.ok_or(Rule::LengthMalformed)
}

fn number(value: &[u8]) -> Result<u64, Rule> {
    match syntax::decimal(value) {
        // Many a reader keeps lengths as signed integers.
        Number::Is(n) if n <= MOST => Ok(n),
        Number::Is(_) => Err(Rule::LengthOverflow),
        Number::Malformed => Err(Rule::LengthMalformed),
        Number::Overflow => Err(Rule::LengthOverflow),
    }
}

#[cfg(test)]
mod tests;
