//! gRPC-Web: text is read the same however it is cut and as one who has all of it reads it, trailers come back out of their frame, and media
//! types lead to one form.
#![no_main]

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::Method;
use libfuzzer_sys::fuzz_target;
use simplon_fuzz::Input;
use simplon_proto_http::{Fields, RequestHead, Target};
use simplon_proxy::grpc::fuzzing::{begin, decode, encode, trailers};

fuzz_target!(|data: &[u8]| {
    let Some(input) = Input::parse(data) else { return };
    match input.mode & 3 {
        0 => text(&input),
        1 => there_and_back(&input),
        2 => frame(&input),
        _ => forms(&input),
    }
});

fn text(input: &Input<'_>) {
    let whole = decode([input.octets]);
    assert_eq!(whole, decode(input.pieces()));
    assert_eq!(whole, naive(input.octets));
}

/// Groups of four, one by one.
fn naive(text: &[u8]) -> Option<Vec<u8>> {
    let groups = text.chunks(4).map(|group| BASE64_STANDARD.decode(group).ok());
    groups.collect::<Option<Vec<_>>>().map(|octets| octets.concat())
}

/// Pieces that were each encoded by themselves, cut elsewhere when they come.
fn there_and_back(input: &Input<'_>) {
    let encoded: Vec<u8> = input.pieces().into_iter().flat_map(encode).collect();
    let cut = 1 + usize::from(input.mode >> 2);
    assert_eq!(decode(encoded.chunks(cut)).as_deref(), Some(input.octets));
}

fn frame(input: &Input<'_>) {
    let mut fields = Fields::new();
    for line in input.octets.split(|octet| *octet == b'\n') {
        let (name, value) = line.split_at(line.iter().position(|octet| *octet == b':').unwrap_or(line.len()));
        // What is no field is not among trailers.
        let _ = fields.append(name, value.get(1..).unwrap_or_default());
    }
    let frame = trailers(&fields);
    assert_eq!(frame[0], 0x80);
    let length = u32::from_be_bytes([frame[1], frame[2], frame[3], frame[4]]);
    let lines = &frame[5..];
    assert_eq!(length as usize, lines.len());
    let text = lines.strip_suffix(b"\r\n").unwrap_or(lines);
    let mut read = Vec::new();
    for line in text.split(|octet| *octet == b'\n').filter(|line| !line.is_empty()) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let colon = line.windows(2).position(|two| two == b": ").expect("each line has a name");
        assert!(!line[..colon].iter().any(u8::is_ascii_uppercase));
        read.push((line[..colon].to_vec(), line[colon + 2..].to_vec()));
    }
    let sent: Vec<_> = fields.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.to_vec())).collect();
    assert_eq!(sent, read);
}

const OURS: [&str; 2] = ["application/grpc-web", "application/grpc-web-text"];

fn forms(input: &Input<'_>) {
    let mut head = RequestHead::new(Method::POST, Target::origin("/a.B/C").expect("well-formed"));
    let suffix = [&b"+proto"[..], b"", b"; a=b", input.octets][usize::from(input.mode >> 2 & 3)];
    let kind = [OURS[0], OURS[1], "application/grpc", "application/json"][usize::from(input.mode >> 4 & 3)];
    let sent = [kind.as_bytes(), suffix].concat();
    if head.fields.append("Content-Type", sent.clone()).is_err() || head.fields.append("Accept", input.octets).is_err()
    {
        return;
    }
    let before: Vec<_> = head.fields.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
    let (request, response) = begin(&mut head);
    let content_type = head.fields.get("Content-Type").expect("it stays");
    if !OURS.contains(&request) {
        assert_eq!((request, response), ("application/grpc", "application/grpc"));
        let after: Vec<_> = head.fields.iter().map(|(name, value)| (name.to_vec(), value.to_vec())).collect();
        assert_eq!(before, after, "left alone");
        return;
    }
    // What stood behind the kind stays.
    let rest = sent[request.len()..].trim_ascii_end();
    assert_eq!(content_type, [&b"application/grpc"[..], rest].concat().trim_ascii_end());
    assert_eq!(head.fields.get("TE"), Some(&b"trailers"[..]));
    assert!(OURS.contains(&response));
    // A form that Accept does not name, it can only have by what the request is, or for the other one's being refused.
    let is_named = |form: &str| {
        let listed = input.octets.split(|octet| *octet == b',').map(<[u8]>::trim_ascii);
        listed.filter_map(|element| element.get(..form.len())).any(|start| start.eq_ignore_ascii_case(form.as_bytes()))
    };
    assert!(response == request || is_named(OURS[0]), "{}", input.octets.escape_ascii());
}
