//! What filters make of a message: either it cannot be sent, and nothing leaves, or a strict reader and a plain one both read that message in
//! what leaves, and no other behind it.
#![no_main]

use bytes::Bytes;
use http::{Method, StatusCode, Version};
use libfuzzer_sys::fuzz_target;
use simplon_fuzz::{Input, Message, same_request, same_response, write_request, write_response};
use simplon_proto_http::fields::Known;
use simplon_proto_http::transfer::{Misuse, StreamError};
use simplon_proto_http::{Fields, RequestHead, ResponseHead, Target, hop};

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::parse(data) else { return };
    let mut parts = input.octets.split(|octet| *octet == 0xff);
    let mut next = || parts.next().unwrap_or_default();
    let (line, lines, content, trailers) = (next(), next(), next(), next());
    let trailers = (input.mode & 4 != 0).then(|| fields(trailers));
    let content = content.to_vec();
    if input.mode & 1 == 0 {
        request(&input, line, lines, content, trailers);
    } else {
        response(&input, line, lines, content, trailers);
    }
});

fn request(input: &Input<'_>, line: &[u8], lines: &[u8], content: Vec<u8>, trailers: Option<Fields>) {
    let (method, target) = line.split_at(line.iter().position(|octet| *octet == b' ').unwrap_or(line.len()));
    // A reader takes no longer one.
    let Ok(method) = Method::from_bytes(&method[..method.len().min(64)]) else { return };
    let target = Bytes::copy_from_slice(target.get(1..).unwrap_or_default());
    let Ok(target) = Target::parse(&method, target) else { return };
    let mut head = RequestHead::new(method, target);
    head.version = version(input);
    head.fields = fields(lines);
    if hop::strip_request(&mut head).is_err() {
        return;
    }
    if input.mode & 8 != 0 {
        // A filter that knows nothing of hops.
        head.fields.append("Connection", lines.split(|octet| *octet == b'\n').next().unwrap_or_default()).ok();
    }
    // What follows CONNECT is no content: there is no place for it.
    let (content, trailers) = if head.method == Method::CONNECT { (Vec::new(), None) } else { (content, trailers) };
    let message = Message { head, content, trailers };
    let octets = match write_request(&message) {
        Ok(octets) => octets,
        Err(error) => return unsendable(error),
    };
    let plain = Plain::read(&octets, Otherwise::Nothing);
    let line = [message.head.method.as_str().as_bytes(), b" ", message.head.target.as_bytes(), b" HTTP/1.1"].concat();
    assert_eq!(plain.line, line);
    let mut sent = message;
    sent.head.fields.remove("Connection");
    sent.trailers = plain.trailers(sent.trailers);
    let again = same_request(&sent, &octets);
    plain.is(&again.content, &again.head.fields);
}

fn response(input: &Input<'_>, line: &[u8], lines: &[u8], content: Vec<u8>, trailers: Option<Fields>) {
    let [high, low, reason @ ..] = line else { return };
    let Ok(status) = StatusCode::from_u16(200 + u16::from(*high) + u16::from(*low)) else { return };
    let method = [Method::GET, Method::HEAD, Method::POST, Method::GET][usize::from(input.mode >> 6)].clone();
    let mut head = ResponseHead::new(status);
    head.version = version(input);
    head.reason = (!reason.is_empty()).then(|| Bytes::copy_from_slice(reason));
    head.fields = fields(lines);
    if hop::strip_response(&mut head).is_err() {
        return;
    }
    let message = Message { head, content, trailers };
    let octets = match write_response(&message, &method) {
        Ok(octets) => octets,
        Err(error) => return unsendable(error),
    };
    let is_bare = method == Method::HEAD || [StatusCode::NO_CONTENT, StatusCode::NOT_MODIFIED].contains(&status);
    let plain = Plain::read(&octets, if is_bare { Otherwise::Bare } else { Otherwise::UntilClose });
    let reason = message.head.reason.as_deref().unwrap_or(status.canonical_reason().unwrap_or_default().as_bytes());
    assert_eq!(plain.line, [b"HTTP/1.1 ", status.as_str().as_bytes(), b" ", reason].concat());
    let mut sent = message;
    if is_bare {
        sent.content.clear();
    }
    sent.trailers = plain.trailers(sent.trailers);
    let again = same_response(&sent, &method, &octets);
    plain.is(&again.content, &again.head.fields);
}

fn version(input: &Input<'_>) -> Version {
    [Version::HTTP_10, Version::HTTP_11, Version::HTTP_2, Version::HTTP_3][usize::from(input.mode >> 4 & 3)]
}

/// Lines of names and values; what is no field is left out, as a filter could not add it.
fn fields(lines: &[u8]) -> Fields {
    let mut fields = Fields::new();
    for line in lines.split(|octet| *octet == b'\n') {
        let (name, value) = line.split_at(line.iter().position(|octet| *octet == b':').unwrap_or(line.len()));
        // A name that reads like another is written if a filter wants it, and refused or dropped by a strict reader.
        if !name.contains(&b'_') {
            fields.append(name, value.get(1..).unwrap_or_default()).ok();
        }
    }
    fields
}

/// Why a message is not sent: a filter made it so.
fn unsendable(error: StreamError) {
    assert!(matches!(error, StreamError::Misuse(_)), "{error:?}");
    assert!(!matches!(error, StreamError::Misuse(Misuse::OutOfOrder)), "the parts came in order");
}

/// How long content is that no field tells of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Otherwise {
    Nothing,
    UntilClose,
    /// There is none, whatever the fields say.
    Bare,
}

/// A message as somebody reads it who trusts its writer.
struct Plain<'a> {
    line: &'a [u8],
    fields: Vec<(&'a [u8], &'a [u8])>,
    content: Vec<u8>,
    trailers: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> Plain<'a> {
    fn read(octets: &'a [u8], otherwise: Otherwise) -> Self {
        let (line, mut rest) = line(octets);
        let fields = section(&mut rest);
        let is = |name: &'static str| move |field: &&(&[u8], &[u8])| field.0.eq_ignore_ascii_case(name.as_bytes());
        let length = fields.iter().find(is("Content-Length")).map(|(_, value)| number(value, 10));
        let is_chunked = fields.iter().any(|field| is("Transfer-Encoding")(&field));
        assert!(!(is_chunked && length.is_some()), "two framings");
        let (mut content, mut trailers) = (Vec::new(), Vec::new());
        match length {
            _ if otherwise == Otherwise::Bare => {}
            Some(length) => content.extend_from_slice(take(&mut rest, length)),
            None if is_chunked => loop {
                let (size, after) = self::line(rest);
                rest = after;
                let size = number(size, 16);
                if size == 0 {
                    trailers = section(&mut rest);
                    break;
                }
                content.extend_from_slice(take(&mut rest, size));
                assert_eq!(take(&mut rest, 2), b"\r\n");
            },
            None if otherwise == Otherwise::UntilClose => content.extend_from_slice(std::mem::take(&mut rest)),
            None => {}
        }
        assert!(rest.is_empty(), "more than a message: {}", rest.escape_ascii());
        Self { line, fields, content, trailers }
    }

    /// The other reader found the same.
    fn is(&self, content: &[u8], fields: &Fields) {
        assert_eq!(self.content, content);
        for (name, value) in fields {
            // The strict reader hands a length on without the zeros before it.
            let same = |sent: &(&[u8], &[u8])| match Known::of(name) {
                Some(Known::ContentLength) => {
                    Known::of(sent.0) == Known::of(name) && number(sent.1, 10) == number(value, 10)
                }
                _ => *sent == (name, value),
            };
            assert!(self.fields.iter().any(same), "{}", name.escape_ascii());
        }
    }

    /// Those that were sent: of what was given, in its order, what may stand there.
    fn trailers(&self, given: Option<Fields>) -> Option<Fields> {
        let given = given?;
        let mut sent = Fields::new();
        let mut all = given.iter();
        for (name, value) in &self.trailers {
            assert!(all.any(|field| field == (*name, *value)), "{} was not given", name.escape_ascii());
            let is_framing = [Known::ContentLength, Known::TransferEncoding, Known::Host, Known::Connection];
            assert!(!is_framing.iter().any(|known| Known::of(name) == Some(*known)), "{}", name.escape_ascii());
            sent.append(*name, *value).expect("it was given");
        }
        Some(sent)
    }
}

fn line(octets: &[u8]) -> (&[u8], &[u8]) {
    let end = octets.windows(2).position(|two| two == b"\r\n").expect("a line ends");
    (&octets[..end], &octets[end + 2..])
}

fn section<'a>(rest: &mut &'a [u8]) -> Vec<(&'a [u8], &'a [u8])> {
    let mut fields = Vec::new();
    loop {
        let (line, after) = line(rest);
        *rest = after;
        if line.is_empty() {
            return fields;
        }
        let colon = line.windows(2).position(|two| two == b": ").expect("a name and a value");
        fields.push((&line[..colon], &line[colon + 2..]));
    }
}

fn take<'a>(rest: &mut &'a [u8], n: usize) -> &'a [u8] {
    let (taken, after) = rest.split_at_checked(n).expect("all of it is there");
    *rest = after;
    taken
}

fn number(digits: &[u8], radix: u32) -> usize {
    let text = std::str::from_utf8(digits).expect("digits");
    usize::from_str_radix(text, radix).expect("a number")
}
