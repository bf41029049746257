//! Reading to the letter: what is not exactly right is malformed.

use super::Cut;
use crate::message::Message;

/// Where the content of a message ends.
pub(super) enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
}

/// The method, if these octets begin a request.
pub(super) fn method_of(octets: &[u8]) -> Option<String> {
    let line = octets.split(|&octet| octet == b'\r').next()?;
    let line = std::str::from_utf8(line).ok()?;
    let (method, rest) = line.split_once(' ')?;
    let is_token = !method.is_empty() && method.bytes().all(|octet| octet.is_ascii_uppercase() || octet == b'-');
    (is_token && rest.contains(" HTTP/1.")).then(|| method.to_owned())
}

/// The index after the empty line.
pub(super) fn end_of_head(octets: &[u8]) -> Result<Option<usize>, Cut> {
    let end = octets.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4);
    let head = &octets[..end.unwrap_or(octets.len())];
    let bare_lf = head.iter().enumerate().any(|(at, octet)| *octet == b'\n' && (at == 0 || head[at - 1] != b'\r'));
    if bare_lf && end.is_some() { Err(malformed("bare LF in a head", head)) } else { Ok(end) }
}

pub(super) fn head(octets: &[u8]) -> Result<Message, Cut> {
    let text = &octets[..octets.len() - 4];
    let mut lines = split_lines(text).into_iter();
    let start = lines.next().unwrap_or_default();
    let start = std::str::from_utf8(start).map_err(|_| malformed("start line is not text", start))?.to_owned();
    let status = status_of(&start)?;
    let mut head = Message::new(start, status);
    head.fields = lines.map(field).collect::<Result<_, _>>()?;
    Ok(head)
}

fn split_lines(text: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.windows(2).position(|two| two == b"\r\n") {
        lines.push(&rest[..at]);
        rest = &rest[at + 2..];
    }
    lines.push(rest);
    lines
}

/// 0 of a request.
fn status_of(start: &str) -> Result<u16, Cut> {
    let bad = || malformed("start line", start.as_bytes());
    let parts: Vec<_> = start.splitn(3, ' ').collect();
    let [first, second, third] = parts.as_slice() else { return Err(bad()) };
    if *first == "HTTP/1.1" || *first == "HTTP/1.0" {
        let is_status = second.len() == 3 && second.bytes().all(|octet| octet.is_ascii_digit());
        return if is_status { second.parse().map_err(|_| bad()) } else { Err(bad()) };
    }
    let is_request = is_token(first.as_bytes()) && !second.is_empty() && *third == "HTTP/1.1";
    if is_request { Ok(0) } else { Err(bad()) }
}

pub(super) fn field(line: &[u8]) -> Result<(String, Vec<u8>), Cut> {
    let colon = line.iter().position(|&octet| octet == b':').ok_or_else(|| malformed("field without colon", line))?;
    let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
    let control = |octet: &u8| (*octet < 0x20 && *octet != b'\t') || *octet == 0x7f;
    if !is_token(name) || value.iter().any(control) {
        return Err(malformed("field", line));
    }
    Ok((String::from_utf8_lossy(name).into_owned(), value.to_vec()))
}

fn is_token(octets: &[u8]) -> bool {
    let is_token_octet = |octet: &u8| octet.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(octet);
    !octets.is_empty() && octets.iter().all(is_token_octet)
}

/// RFC 9112 §6.3, with nothing forgiven.
pub(super) fn framing(head: &Message, asked: Option<&str>) -> Result<Framing, Cut> {
    let lengths = head.all("Content-Length");
    let codings = head.all("Transfer-Encoding");
    let bad = |what| Err(malformed(what, format!("{head:?}").as_bytes()));
    if lengths.len() + codings.len() > 1 {
        return bad("more than one framing field");
    }
    if let Some(asked) = asked {
        let bare = matches!(head.status, 100..=199 | 204);
        if bare && lengths.len() + codings.len() > 0 {
            return bad("framing field in a response that never has content");
        }
        if bare || head.status == 304 || asked == "HEAD" || (asked == "CONNECT" && (200..300).contains(&head.status)) {
            return Ok(Framing::Length(0));
        }
    }
    match (lengths.first(), codings.first()) {
        (Some(length), _) if length.bytes().all(|octet| octet.is_ascii_digit()) => {
            length.parse().map(Framing::Length).or_else(|_| bad("Content-Length"))
        }
        (Some(_), _) => bad("Content-Length"),
        (None, Some(&"chunked")) if head.start.contains("HTTP/1.1") => Ok(Framing::Chunked),
        (None, Some(_)) => bad("Transfer-Encoding"),
        (None, None) if asked.is_none() => Ok(Framing::Length(0)),
        (None, None) => Ok(Framing::UntilClose),
    }
}

pub(super) fn chunk_size(line: &[u8]) -> Result<usize, Cut> {
    let is_hex = !line.is_empty() && line.len() <= 16 && line.iter().all(u8::is_ascii_hexdigit);
    let text = String::from_utf8_lossy(line);
    let size = if is_hex { usize::from_str_radix(&text, 16).ok() } else { None };
    size.ok_or_else(|| malformed("chunk size", line))
}

fn malformed(what: &str, octets: &[u8]) -> Cut {
    Cut::Malformed(format!("{what}: {}", octets.escape_ascii()))
}
