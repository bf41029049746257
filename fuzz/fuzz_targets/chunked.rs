//! Chunked content: both roles read the same out of it, however it is cut, and it is what a naive decoder reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use simplon_fuzz::{Input, Said, ask, read};
use simplon_proto_http::h1::{Client, Machine, Server};

const REQUEST: &[u8] = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
const RESPONSE: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::parse(data) else { return };
    let whole = content(request(&input, &[REQUEST, input.octets]));
    assert_eq!(whole, content(request(&input, &after(REQUEST, &input))));
    assert_eq!(
        content(response(&input, &[RESPONSE, input.octets])),
        content(response(&input, &after(RESPONSE, &input)))
    );
    if let (Ok(got), Some(naive)) = (&whole, decode(input.octets)) {
        assert_eq!(*got, naive);
    }
    // Strictly read, what one role takes the other takes too; requests alone have a limit on content.
    if data[1] == 0 {
        assert_eq!(whole, content(response(&input, &[RESPONSE, input.octets])));
        assert!(whole.is_err() || decode(input.octets).is_some(), "accepted what no decoder should");
    }
});

fn after<'a>(head: &'a [u8], input: &Input<'a>) -> Vec<&'a [u8]> {
    [head].into_iter().chain(input.pieces()).collect()
}

fn request(input: &Input<'_>, pieces: &[&[u8]]) -> Vec<String> {
    let mut machine = Machine::<Server>::new(input.config());
    described(read(&mut machine, pieces, |_, _| false).said)
}

fn response(input: &Input<'_>, pieces: &[&[u8]]) -> Vec<String> {
    let mut machine = Machine::<Client>::new(input.config());
    ask(&mut machine, 7);
    described(read(&mut machine, pieces, |_, _| false).said)
}

/// What came after the head.
fn described<H: std::fmt::Debug>(said: Vec<Said<H>>) -> Vec<String> {
    let rest = said.into_iter().skip(1);
    rest.map(|said| match said {
        Said::Content(octets) => {
            format!("content {}", octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>())
        }
        other => format!("{other:?}"),
    })
    .collect()
}

/// The content in hexadecimal digits if the message came to its end, else all that was said.
fn content(said: Vec<String>) -> Result<String, Vec<String>> {
    if said.last().is_none_or(|last| last != "Done") {
        return Err(said);
    }
    Ok(said.iter().find_map(|it| it.strip_prefix("content ")).unwrap_or_default().to_owned())
}

/// A decoder as one would write it for well-formed input, in hexadecimal digits. `None` if it does not find an end.
fn decode(mut octets: &[u8]) -> Option<String> {
    let mut content = String::new();
    loop {
        let end = octets.windows(2).position(|window| window == b"\r\n")?;
        let digits = octets[..end].split(|octet| b"; \t".contains(octet)).next()?;
        let size = usize::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
        octets = &octets[end + 2..];
        if size == 0 {
            return Some(content);
        }
        content.extend(octets.get(..size)?.iter().map(|octet| format!("{octet:02x}")));
        octets = octets.get(size..)?.strip_prefix(b"\r\n")?;
    }
}
