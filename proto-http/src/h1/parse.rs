//! Complete heads: where everything stands in them.

use std::ops::Range;

use bytes::BytesMut;
use http::{Method, StatusCode, Version};

use super::config::Config;
use super::lines::{self, Bounds, METHOD, Scan, Section};
use crate::fields::{Draft, Ends};
use crate::limits::Limits;
use crate::rules::Rule;
use crate::syntax::{self, words};

/// A head as it stands in the buffer; nothing of it is copied.
#[derive(Debug)]
pub(super) struct Outline<S> {
    pub(super) length: usize,
    pub(super) start: S,
    pub(super) draft: Draft,
}

/// The start line of a request.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) target: Range<usize>,
    pub(super) version: Version,
}

/// The start line of a response.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) version: Version,
    pub(super) status: StatusCode,
    /// Empty if it is the usual one.
    pub(super) reason: Range<usize>,
}

/// What differs between the two kinds of start lines.
pub(super) trait Start: Sized {
    const SECTION: Section;
    /// Reads a start line that is complete and strict in every way, and says where it ends; `None` if it is not, or not yet.
    fn at_once(octets: &[u8], limits: &Limits) -> Option<(Self, usize)>;
    /// Reads a start line, which begins the buffer.
    fn of_line(octets: &[u8], line: &[u8]) -> Result<Self, Rule>;
}

/// Reads a head; `None` until it is complete.
///
/// A head that came in one piece is parsed in one pass. Otherwise its lines are checked as they come, and it is parsed when the last one
/// has come.
pub(super) fn head<S: Start>(
    inbound: &mut BytesMut,
    scan: &mut Scan,
    config: &Config,
) -> Result<Option<Outline<S>>, Rule> {
    if scan.is_fresh()
        && let Some(outline) = at_once(inbound, &config.limits)
    {
        return Ok(Some(outline));
    }
    let limits = &config.limits;
    let bounds = Bounds { octets: limits.head_octets, fields: limits.head_fields, target: limits.target_octets };
    let length = scan.advance(inbound, S::SECTION, bounds, &config.leniency, |rule| config.count_use(rule))?;
    let Some(length) = length else { return Ok(None) };
    let head = &inbound[..length];
    let line_end = memchr::memchr(b'\n', head).ok_or(Rule::StartLine)?;
    let line = head[..line_end].strip_suffix(b"\r").unwrap_or(&head[..line_end]);
    let start = S::of_line(head, line)?;
    let draft = fields(head, line_end + 1, limits.head_fields)?;
    Ok(Some(Outline { length, start, draft }))
}

/// Reads a trailer section, whose lines are checked and whose empty line ends at `length`.
pub(super) fn trailers(octets: &[u8], most: usize) -> Result<Draft, Rule> {
    fields(octets, 0, most)
}

fn at_once<S: Start>(octets: &[u8], limits: &Limits) -> Option<Outline<S>> {
    let (start, line_end) = S::at_once(octets, limits)?;
    let mut draft = Draft::default();
    let length = draft.read(octets, line_end, limits.head_fields, Ends::Strict).ok()?;
    (length <= limits.head_octets).then_some(Outline { length, start, draft })
}

/// The fields from `from` to the empty line that ends the octets; all lines are checked.
fn fields(octets: &[u8], from: usize, most: usize) -> Result<Draft, Rule> {
    let mut draft = Draft::default();
    draft.read(octets, from, most, Ends::Checked)?;
    Ok(draft)
}

impl Start for Asked {
    const SECTION: Section = Section::Request;

    fn at_once(octets: &[u8], limits: &Limits) -> Option<(Self, usize)> {
        let (method, target_at) = method_of(octets)?;
        let target_end = target_at + words::invisible(&octets[target_at..]);
        let version = match octets.get(target_end..)?.first_chunk()? {
            b" HTTP/1.1\r\n" => Version::HTTP_11,
            b" HTTP/1.0\r\n" => Version::HTTP_10,
            _ => return None,
        };
        let target = target_at..target_end;
        let is_within = !target.is_empty() && target.len() <= limits.target_octets;
        is_within.then_some((Self { method, target, version }, target_end + " HTTP/1.1\r\n".len()))
    }

    fn of_line(octets: &[u8], line: &[u8]) -> Result<Self, Rule> {
        let parts = lines::request_line(line)?;
        let method = Method::from_bytes(parts.method).map_err(|_| Rule::MethodMalformed)?;
        Ok(Self { method, target: range(octets, parts.target), version: parts.version })
    }
}

impl Start for Answered {
    const SECTION: Section = Section::Response;

    fn at_once(octets: &[u8], _limits: &Limits) -> Option<(Self, usize)> {
        let version = match octets.first_chunk()? {
            b"HTTP/1.1 " => Version::HTTP_11,
            b"HTTP/1.0 " => Version::HTTP_10,
            _ => return None,
        };
        let status = StatusCode::from_bytes(octets.get(STATUS_AT..STATUS_AT + 3)?).ok()?;
        let reason_at = match octets.get(STATUS_AT + 3)? {
            b' ' => STATUS_AT + 4,
            // There may be none, and then no blank before it.
            _ => STATUS_AT + 3,
        };
        let line_end = words::end_of_value(octets, reason_at)?;
        let has_end = octets.get(line_end..)?.starts_with(b"\r\n");
        let is_apart = reason_at > STATUS_AT + 3 || line_end == reason_at;
        let start = Self { version, status, reason: reason(status, reason_at..line_end, octets) };
        (has_end && is_apart).then_some((start, line_end + 2))
    }

    fn of_line(octets: &[u8], line: &[u8]) -> Result<Self, Rule> {
        let parts = lines::status_line(line)?;
        let reason = reason(parts.status, range(octets, parts.reason), octets);
        Ok(Self { version: parts.version, status: parts.status, reason })
    }
}

/// A method with the blank after it, and where that ends.
fn method_of(octets: &[u8]) -> Option<(Method, usize)> {
    if octets.starts_with(b"GET ") {
        return Some((Method::GET, 4));
    }
    let length = octets.iter().take(METHOD + 1).position(|octet| *octet == b' ')?;
    let method = &octets[..length];
    if syntax::is_token(method) { Some((Method::from_bytes(method).ok()?, length + 1)) } else { None }
}

/// Where the status stands in a status line.
const STATUS_AT: usize = "HTTP/1.1 ".len();

/// Nothing if the reason is the usual one for the status.
fn reason(status: StatusCode, at: Range<usize>, octets: &[u8]) -> Range<usize> {
    let is_usual = status.canonical_reason().is_some_and(|usual| usual.as_bytes() == &octets[at.clone()]);
    if is_usual { 0..0 } else { at }
}

fn range(octets: &[u8], part: &[u8]) -> Range<usize> {
    let at = part.as_ptr() as usize - octets.as_ptr() as usize;
    at..at + part.len()
}
