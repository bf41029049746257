//! Line by line through a head or a trailer section that came in pieces: each octet is looked at once.
//!
//! Heads that arrive whole do not come here unless something is wrong with them; what is wrong is found out here.

use crate::rules::{Leniency, Rule};
use crate::syntax::{self, TargetOctets};

/// How far the search has come.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scan {
    /// Where the first line begins that is not complete.
    pub(super) line_at: u32,
    /// No LF stands between there and here.
    pub(super) searched: u32,
    /// Complete lines so far.
    pub(super) lines: u32,
}

/// What the lines are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Section {
    Request,
    Response,
    Trailers,
}

/// Bounds on a section.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    pub(super) octets: usize,
    pub(super) fields: usize,
    pub(super) target: usize,
}

/// What a request line takes beside its target: a method of [`METHOD`] octets, two spaces, the version, CR.
const AROUND_TARGET: usize = METHOD + 11;
/// Octets of a method.
pub(super) const METHOD: usize = 64;

impl Scan {
    /// Whether the section was looked at before.
    pub(super) const fn is_fresh(&self) -> bool {
        self.searched == 0
    }

    /// Goes on as far as octets are there; gives the length of the section with its empty line once that is complete.
    ///
    /// `relaxed` hears of each rule that a switch relaxed. Folded lines are joined in place.
    pub(super) fn advance(
        &mut self,
        octets: &mut [u8],
        section: Section,
        bounds: Bounds,
        leniency: &Leniency,
        mut relaxed: impl FnMut(Rule),
    ) -> Result<Option<usize>, Rule> {
        while let Some(found) = memchr::memchr(b'\n', &octets[self.searched as usize..]) {
            let line_feed = self.searched as usize + found;
            self.check_size(line_feed, section, bounds)?;
            let from = self.line_at as usize;
            let to = match octets[from..line_feed] {
                [.., b'\r'] => line_feed - 1,
                _ if leniency.bare_line_feeds.is_lenient() => {
                    relaxed(Rule::BareLf);
                    line_feed
                }
                _ => return Err(Rule::BareLf),
            };
            if from == to {
                return self.end(line_feed + 1, section);
            }
            let is_start = self.lines == 0 && section != Section::Trailers;
            if is_start {
                check_start(&octets[from..to], section, bounds)?;
                self.lines += 1;
            } else if self.is_foldable(section, leniency) && syntax::is_blank(octets[from]) {
                check_value(&octets[from..to])?;
                relaxed(Rule::ObsFold);
                unfold(&mut octets[..from]);
            } else {
                self.count_field(section, bounds)?;
                check_field(&octets[from..to])?;
            }
            self.line_at = (line_feed + 1) as u32;
            self.searched = self.line_at;
        }
        self.searched = octets.len() as u32;
        // No LF so far: if one comes, it comes here or later.
        self.check_size(octets.len(), section, bounds)?;
        Ok(None)
    }

    fn end(&self, length: usize, section: Section) -> Result<Option<usize>, Rule> {
        if self.lines == 0 && section != Section::Trailers { Err(Rule::EmptyLines) } else { Ok(Some(length)) }
    }

    /// Whether a line whose LF stands at `line_feed` at the earliest is within bounds. The answer does not depend on how much came at once.
    fn check_size(&self, line_feed: usize, section: Section, bounds: Bounds) -> Result<(), Rule> {
        let first_line = bounds.target + AROUND_TARGET;
        if section == Section::Request && self.lines == 0 && first_line < bounds.octets && line_feed > first_line {
            return Err(Rule::TargetTooLong);
        }
        if line_feed < bounds.octets {
            return Ok(());
        }
        Err(if section == Section::Trailers { Rule::TrailerTooLarge } else { Rule::HeadTooLarge })
    }

    fn count_field(&mut self, section: Section, bounds: Bounds) -> Result<(), Rule> {
        self.lines += 1;
        let (fields, rule) = match section {
            Section::Trailers => (self.lines, Rule::TooManyTrailers),
            Section::Request | Section::Response => (self.lines - 1, Rule::TooManyFields),
        };
        if fields as usize > bounds.fields { Err(rule) } else { Ok(()) }
    }

    fn is_foldable(&self, section: Section, leniency: &Leniency) -> bool {
        section == Section::Response && self.lines > 1 && leniency.folded_responses.is_lenient()
    }
}

/// Blanks out the line end before a folded line.
fn unfold(before: &mut [u8]) {
    for octet in before.iter_mut().rev().take_while(|octet| matches!(octet, b'\r' | b'\n')) {
        *octet = b' ';
    }
}

fn check_start(line: &[u8], section: Section, bounds: Bounds) -> Result<(), Rule> {
    check_raw(line)?;
    if section != Section::Request {
        return status_line(line).map(|_| ());
    }
    let target = request_line(line)?.target;
    if target.len() > bounds.target { Err(Rule::TargetTooLong) } else { Ok(()) }
}

/// A request line in its three parts.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestLine<'a> {
    pub(super) method: &'a [u8],
    pub(super) target: &'a [u8],
    pub(super) version: http::Version,
}

/// `method SP target SP version` (RFC 9112 §3).
pub(super) fn request_line(line: &[u8]) -> Result<RequestLine<'_>, Rule> {
    let mut parts = line.split(|b| *b == b' ');
    let (Some(method), Some(target), Some(version), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Rule::StartLine);
    };
    if method.is_empty() || target.is_empty() {
        return Err(Rule::StartLine);
    }
    if method.len() > METHOD || !syntax::is_token(method) {
        return Err(Rule::MethodMalformed);
    }
    if syntax::target_octets(target) == TargetOctets::Bad {
        return Err(Rule::TargetOctets);
    }
    Ok(RequestLine { method, target, version: version_of(version)? })
}

/// A status line in its three parts; the reason may be missing.
#[derive(Clone, Copy, Debug)]
pub(super) struct StatusLine<'a> {
    pub(super) version: http::Version,
    pub(super) status: http::StatusCode,
    pub(super) reason: &'a [u8],
}

/// `version SP status [SP reason]` (RFC 9112 §4).
pub(super) fn status_line(line: &[u8]) -> Result<StatusLine<'_>, Rule> {
    let (version, rest) = line.split_at_checked(8).ok_or(Rule::VersionMalformed)?;
    let version = version_of(version)?;
    let rest = rest.strip_prefix(b" ").ok_or(Rule::StartLine)?;
    let (status, rest) = rest.split_at_checked(3).ok_or(Rule::StatusMalformed)?;
    let status = http::StatusCode::from_bytes(status).map_err(|_| Rule::StatusMalformed)?;
    let reason = match rest {
        [] => rest,
        [b' ', reason @ ..] => reason,
        _ => return Err(Rule::StatusMalformed),
    };
    if syntax::is_value(reason) { Ok(StatusLine { version, status, reason }) } else { Err(Rule::ReasonMalformed) }
}

fn version_of(octets: &[u8]) -> Result<http::Version, Rule> {
    match octets {
        b"HTTP/1.1" => Ok(http::Version::HTTP_11),
        b"HTTP/1.0" => Ok(http::Version::HTTP_10),
        // A minor version that nobody knows is read as the highest known one (RFC 9110 §2.5).
        [b'H', b'T', b'T', b'P', b'/', b'1', b'.', minor] if minor.is_ascii_digit() => Ok(http::Version::HTTP_11),
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor] if major.is_ascii_digit() && minor.is_ascii_digit() => {
            Err(Rule::VersionUnsupported)
        }
        _ => Err(Rule::VersionMalformed),
    }
}

fn check_field(line: &[u8]) -> Result<(), Rule> {
    if line.first().copied().is_some_and(syntax::is_blank) {
        return Err(Rule::ObsFold);
    }
    check_raw(line)?;
    let colon = memchr::memchr(b':', line).ok_or(Rule::ColonMissing)?;
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    match name {
        [] => Err(Rule::NameEmpty),
        [.., last] if syntax::is_blank(*last) => Err(Rule::NameBlank),
        name if !syntax::is_token(name) => Err(Rule::NameMalformed),
        _ => check_value(value),
    }
}

fn check_value(value: &[u8]) -> Result<(), Rule> {
    check_raw(value)?;
    if syntax::is_value(value) { Ok(()) } else { Err(Rule::ValueControl) }
}

/// NUL and CR have rules of their own.
fn check_raw(line: &[u8]) -> Result<(), Rule> {
    match memchr::memchr2(0, b'\r', line) {
        Some(at) if line[at] == 0 => Err(Rule::Nul),
        Some(_) => Err(Rule::BareCr),
        None => Ok(()),
    }
}
