//! Start lines and framing fields of heads to write: everything is checked again on the way out.

use http::{Method, StatusCode, Version};

use super::config::NextHop;
use super::state::{Asked, Exchange, Write};
use crate::fields::{Fields, Known, set_of};
use crate::framing::{self, Framing};
use crate::head::{RequestHead, ResponseHead};
use crate::host::{self, Authority};
use crate::rules::{Leniency, Rule};
use crate::syntax;
use crate::target::Form;
use crate::transfer::{Last, Misuse};

/// What the encoder writes itself: these fields of the caller's are not written.
pub(super) const OURS: u64 =
    set_of(&[Known::Connection, Known::KeepAlive, Known::ProxyConnection, Known::TransferEncoding, Known::Upgrade]);

/// How content will be written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    pub(super) write: Write,
    /// The field that says so, if it is not among the caller's.
    pub(super) says: &'static [u8],
    /// Fields of the caller's that would contradict.
    pub(super) skip: u64,
}

const EMPTY: &[u8] = b"Content-Length: 0\r\n";
const CHUNKED: &[u8] = b"Transfer-Encoding: chunked\r\n";

impl Plan {
    const fn new(write: Write, says: &'static [u8]) -> Self {
        Self { write, says, skip: 0 }
    }

    /// Trailers are promised only where they can follow.
    fn with_promise(mut self) -> Self {
        if self.write != Write::Chunked {
            self.skip |= Known::Trailer.bit();
        }
        self
    }

    /// Content of a length that the caller's field announces.
    fn announced(length: u64, last: Last) -> Result<Self, Misuse> {
        match last {
            Last::Yes if length > 0 => Err(Misuse::TooShort),
            Last::Yes => Ok(Self::new(Write::Ended, b"")),
            Last::No => Ok(Self::new(Write::Length(length), b"")),
        }
    }
}

/// How the content of a final response is written.
pub(super) fn response_content(
    head: &ResponseHead,
    last: Last,
    asked: Asked,
    exchange: Exchange,
) -> Result<Plan, Misuse> {
    content_of(head, last, asked, exchange).map(Plan::with_promise)
}

fn content_of(head: &ResponseHead, last: Last, asked: Asked, exchange: Exchange) -> Result<Plan, Misuse> {
    let nothing = if last == Last::Yes { Write::Ended } else { Write::Nothing };
    if head.status == StatusCode::NO_CONTENT {
        return Ok(Plan { skip: Known::ContentLength.bit(), ..Plan::new(nothing, b"") });
    }
    let length = length(&head.fields)?;
    if asked == Asked::Head || head.status == StatusCode::NOT_MODIFIED {
        return Ok(Plan::new(nothing, b""));
    }
    match (length, last) {
        (Some(_), Last::No) if has_trailers_beside(head, exchange) => {
            Ok(Plan { skip: Known::ContentLength.bit(), ..Plan::new(Write::Chunked, CHUNKED) })
        }
        (Some(length), last) => Plan::announced(length, last),
        (None, Last::Yes) => Ok(Plan::new(Write::Ended, EMPTY)),
        (None, Last::No) if exchange.is_old => Ok(Plan::new(Write::UntilClose, b"")),
        (None, Last::No) => Ok(Plan::new(Write::Chunked, CHUNKED)),
    }
}

/// Whether trailers are promised that come after content of a known length, as they can in versions above 1, to a client that takes them.
/// Here only chunks have a place for them.
fn has_trailers_beside(head: &ResponseHead, exchange: Exchange) -> bool {
    exchange.takes_trailers && head.version > Version::HTTP_11 && head.fields.contains(Known::Trailer)
}

/// How the content of a request is written.
pub(super) fn request_content(head: &RequestHead, last: Last) -> Result<Plan, Misuse> {
    content_of_request(head, last).map(Plan::with_promise)
}

fn content_of_request(head: &RequestHead, last: Last) -> Result<Plan, Misuse> {
    let length = length(&head.fields)?;
    if head.method == Method::CONNECT {
        return match length {
            None | Some(0) => Ok(Plan { skip: Known::ContentLength.bit(), ..Plan::new(Write::Ended, b"") }),
            Some(_) => Err(Misuse::Head(Rule::ConnectContent)),
        };
    }
    let has_meaning = matches!(head.method, Method::POST | Method::PUT | Method::PATCH);
    match (length, last) {
        (Some(length), last) => Plan::announced(length, last),
        (None, Last::Yes) if has_meaning => Ok(Plan::new(Write::Ended, EMPTY)),
        (None, Last::Yes) => Ok(Plan::new(Write::Ended, b"")),
        (None, Last::No) => Ok(Plan::new(Write::Chunked, CHUNKED)),
    }
}

/// The length that the caller announces: one field of digits.
fn length(fields: &Fields) -> Result<Option<u64>, Misuse> {
    if !fields.contains(Known::ContentLength) {
        return Ok(None);
    }
    let framed = framing::length(fields, &Leniency::default()).map_err(Misuse::Head)?;
    Ok(match framed.framing {
        Framing::Length(length) => Some(length),
        Framing::Empty | Framing::Chunked | Framing::UntilClose => None,
    })
}

/// A status line, checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct StatusLine<'a> {
    status: StatusCode,
    /// If it is not the usual one.
    reason: Option<&'a [u8]>,
}

pub(super) fn status_line(head: &ResponseHead) -> Result<StatusLine<'_>, Misuse> {
    let reason = head.reason.as_deref();
    if reason.is_none_or(syntax::is_value) {
        Ok(StatusLine { status: head.status, reason })
    } else {
        Err(Misuse::Head(Rule::ReasonMalformed))
    }
}

impl StatusLine<'_> {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        if self.status == StatusCode::OK && self.reason.is_none() {
            out.extend_from_slice(b"HTTP/1.1 200 OK\r\n");
            return;
        }
        let usual = || self.status.canonical_reason().unwrap_or_default().as_bytes();
        out.extend_from_slice(b"HTTP/1.1 ");
        out.extend_from_slice(self.status.as_str().as_bytes());
        out.push(b' ');
        out.extend_from_slice(self.reason.unwrap_or_else(usual));
        out.extend_from_slice(b"\r\n");
    }
}

/// A request line, and the Host field if the caller gave none, checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct RequestLine<'a> {
    method: &'a Method,
    /// A path that begins with a query needs one.
    slash: &'static [u8],
    target: &'a [u8],
    host: Option<&'a [u8]>,
}

pub(super) fn request_line(head: &RequestHead, next_hop: NextHop) -> Result<RequestLine<'_>, Misuse> {
    let (target, form) = written_target(head, next_hop)?;
    let host = host_to_add(head, form)?;
    let slash: &[u8] = if form == Form::Origin && target.first() != Some(&b'/') { b"/" } else { b"" };
    Ok(RequestLine { method: &head.method, slash, target, host })
}

impl RequestLine<'_> {
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.method.as_str().as_bytes());
        out.push(b' ');
        out.extend_from_slice(self.slash);
        out.extend_from_slice(self.target);
        out.extend_from_slice(b" HTTP/1.1\r\n");
        if let Some(host) = self.host {
            out.extend_from_slice(b"Host: ");
            out.extend_from_slice(host);
            out.extend_from_slice(b"\r\n");
        }
    }
}

/// The target as this hop takes it, and its form (RFC 9112 §3.2). Its octets were checked when it was made; its form must go with a
/// method that may have been changed since.
fn written_target(head: &RequestHead, next_hop: NextHop) -> Result<(&[u8], Form), Misuse> {
    let target = &head.target;
    let is_connect = head.method == Method::CONNECT;
    match target.form() {
        Form::Authority if is_connect => Ok((target.as_bytes(), Form::Authority)),
        Form::Authority => Err(Misuse::Head(Rule::TargetForm)),
        _ if is_connect => Err(Misuse::Head(Rule::TargetForm)),
        Form::Asterisk if head.method == Method::OPTIONS => Ok((target.as_bytes(), Form::Asterisk)),
        Form::Asterisk => Err(Misuse::Head(Rule::TargetForm)),
        Form::Origin => Ok((target.as_bytes(), Form::Origin)),
        Form::Absolute if next_hop == NextHop::Proxy => Ok((target.as_bytes(), Form::Absolute)),
        Form::Absolute if head.method == Method::OPTIONS && target.is_bare() => Ok((b"*", Form::Asterisk)),
        Form::Absolute => Ok((target.path_and_query(), Form::Origin)),
    }
}

/// One well-formed Host goes out: the caller's, else the target's. Where the target goes out with an authority, both must agree; where it
/// loses its authority, the caller's Host counts.
fn host_to_add(head: &RequestHead, form: Form) -> Result<Option<&[u8]>, Misuse> {
    let names_no_authority = matches!(form, Form::Origin | Form::Asterisk);
    if names_no_authority && head.fields.has_checked_host() {
        return Ok(None);
    }
    let Some(given) = head.fields.only(Known::Host) else {
        return match head.fields.contains(Known::Host) {
            true => Err(Misuse::Head(Rule::HostRepeated)),
            false => head.target.authority().map(Some).ok_or(Misuse::Head(Rule::HostMissing)),
        };
    };
    let checked = match form {
        Form::Authority | Form::Absolute => host::check(&head.target, &head.fields, Version::HTTP_11),
        Form::Origin | Form::Asterisk => Authority::parse(given).map(|_| ()).map_err(|_| Rule::HostMalformed),
    };
    checked.map(|()| None).map_err(Misuse::Head)
}
