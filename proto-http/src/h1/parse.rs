//! Complete heads: where everything stands in them.

use std::mem::MaybeUninit;
use std::ops::Range;

use bytes::BytesMut;
use http::{Method, StatusCode, Version};

use super::config::Config;
use super::lines::{self, Bounds, METHOD, Scan, Section};
use crate::fields::Draft;
use crate::limits::Limits;
use crate::rules::Rule;

/// Fields that find place on the stack; limits above it take a vector.
const ON_STACK: usize = 128;

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
    /// Reads a head that is complete and strict in every way; `None` if it is not, or not yet.
    fn at_once<'b>(
        octets: &'b [u8],
        slots: &mut [MaybeUninit<httparse::Header<'b>>],
        limits: &Limits,
    ) -> Option<Outline<Self>>;
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
    if limits.head_fields <= ON_STACK {
        let mut slots = [const { MaybeUninit::uninit() }; ON_STACK];
        S::at_once(octets, &mut slots[..limits.head_fields], limits)
    } else {
        let mut slots = vec![MaybeUninit::uninit(); limits.head_fields];
        S::at_once(octets, &mut slots, limits)
    }
}

/// The fields from `from` to the empty line that ends the octets; all lines are checked.
fn fields(octets: &[u8], from: usize, most: usize) -> Result<Draft, Rule> {
    let mut on_stack = [httparse::EMPTY_HEADER; ON_STACK];
    let mut on_heap = Vec::new();
    let slots = if most <= ON_STACK {
        &mut on_stack[..most]
    } else {
        on_heap.resize(most, httparse::EMPTY_HEADER);
        &mut on_heap
    };
    let parsed = httparse::parse_headers(&octets[from..], slots);
    match parsed {
        Ok(httparse::Status::Complete((_, found))) => note(octets, found),
        // The lines were checked by the same grammar, so that neither can happen.
        Ok(httparse::Status::Partial) | Err(_) => Err(Rule::NameMalformed),
    }
}

fn note(octets: &[u8], found: &[httparse::Header<'_>]) -> Result<Draft, Rule> {
    let mut draft = Draft::default();
    let fields = found.iter().map(|field| (field.name.as_bytes(), field.value));
    draft.note(octets, fields).ok_or(Rule::HeadTooLarge)?;
    Ok(draft)
}

/// Each line of what was parsed ends in CR LF: the parser would take LF alone.
fn is_strict(octets: &[u8], length: usize, found: &[httparse::Header<'_>]) -> bool {
    let ends_before = |field: &httparse::Header<'_>| {
        let at = field.name.as_ptr() as usize - octets.as_ptr() as usize;
        at >= 2 && octets[at - 2] == b'\r'
    };
    octets[..length].ends_with(b"\r\n\r\n") && found.iter().all(ends_before)
}

impl Start for Asked {
    const SECTION: Section = Section::Request;

    fn at_once<'b>(
        octets: &'b [u8],
        slots: &mut [MaybeUninit<httparse::Header<'b>>],
        limits: &Limits,
    ) -> Option<Outline<Self>> {
        if begins_empty(octets) {
            return None;
        }
        let mut parsed = httparse::Request::new(&mut []);
        let Ok(httparse::Status::Complete(length)) = parsed.parse_with_uninit_headers(octets, slots) else {
            return None;
        };
        let (method, target) = (parsed.method?, parsed.path?);
        let is_within = length <= limits.head_octets && target.len() <= limits.target_octets && method.len() <= METHOD;
        if !is_within || !is_strict(octets, length, parsed.headers) {
            return None;
        }
        let method = Method::from_bytes(method.as_bytes()).ok()?;
        let start = Self { method, target: range(octets, target.as_bytes()), version: version(parsed.version?) };
        Some(Outline { length, start, draft: note(octets, parsed.headers).ok()? })
    }

    fn of_line(octets: &[u8], line: &[u8]) -> Result<Self, Rule> {
        let parts = lines::request_line(line)?;
        let method = Method::from_bytes(parts.method).map_err(|_| Rule::MethodMalformed)?;
        Ok(Self { method, target: range(octets, parts.target), version: parts.version })
    }
}

impl Start for Answered {
    const SECTION: Section = Section::Response;

    fn at_once<'b>(
        octets: &'b [u8],
        slots: &mut [MaybeUninit<httparse::Header<'b>>],
        limits: &Limits,
    ) -> Option<Outline<Self>> {
        if begins_empty(octets) {
            return None;
        }
        let mut parsed = httparse::Response::new(&mut []);
        let parser = httparse::ParserConfig::default();
        let outcome = parser.parse_response_with_uninit_headers(&mut parsed, octets, slots);
        let Ok(httparse::Status::Complete(length)) = outcome else { return None };
        if length > limits.head_octets || !is_strict(octets, length, parsed.headers) {
            return None;
        }
        let status = StatusCode::from_u16(parsed.code?).ok()?;
        // The parser gives no reason that is not ASCII; the line has it.
        let line_end = memchr::memchr(b'\r', octets)?;
        let reason = reason(status, REASON_AT.min(line_end)..line_end, octets);
        let start = Self { version: version(parsed.version?), status, reason };
        Some(Outline { length, start, draft: note(octets, parsed.headers).ok()? })
    }

    fn of_line(octets: &[u8], line: &[u8]) -> Result<Self, Rule> {
        let parts = lines::status_line(line)?;
        let reason = reason(parts.status, range(octets, parts.reason), octets);
        Ok(Self { version: parts.version, status: parts.status, reason })
    }
}

/// Where the reason stands in a status line.
const REASON_AT: usize = "HTTP/1.1 200 ".len();

/// Nothing if the reason is the usual one for the status.
fn reason(status: StatusCode, at: Range<usize>, octets: &[u8]) -> Range<usize> {
    let is_usual = status.canonical_reason().is_some_and(|usual| usual.as_bytes() == &octets[at.clone()]);
    if is_usual { 0..0 } else { at }
}

/// Empty lines before a start line are counted elsewhere; the parser would skip them.
fn begins_empty(octets: &[u8]) -> bool {
    octets.first().is_none_or(|b| matches!(b, b'\r' | b'\n'))
}

fn version(minor: u8) -> Version {
    if minor == 0 { Version::HTTP_10 } else { Version::HTTP_11 }
}

fn range(octets: &[u8], part: &[u8]) -> Range<usize> {
    let at = part.as_ptr() as usize - octets.as_ptr() as usize;
    at..at + part.len()
}
