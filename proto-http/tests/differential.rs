//! Our reading of a head against that of `httparse`: we accept nothing that it refuses, and what both accept they read alike.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

use std::sync::Arc;

use simplon_proto_http::h1::{Client, Machine, Next, Role, Server};
use simplon_proto_http::rules::Rule;
use simplon_proto_http::transfer::{Last, Part, StreamError};
use simplon_proto_http::{Fields, RequestHead, ResponseHead, Target};

const HEADS: [&[u8]; 4] = [
    b"GET /a?b HTTP/1.1\r\nHost: a.example\r\nX-One: 1\r\nX-Two:\t2 \r\nEmpty:\r\n\r\n",
    b"POST / HTTP/1.0\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\nhello",
    b"PUT http://a:80/ HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nCookie: a=b; c=d\r\n\r\n0\r\n\r\n",
    b"OPTIONS * HTTP/1.1\r\nhost: [::1]:1\r\nUpgrade: h2c\r\n\r\n",
];
/// Octets that make trouble.
const ODD: &[u8] = b"\r\n\0 \t:,;\x0b\x0c\x7f\x80\xff@/\\#?*[]\"AZaz09-_";

const ANSWERS: [&[u8]; 3] = [
    b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-One: 1\r\nX-Two:\t2 \r\nEmpty:\r\n\r\nhello",
    b"HTTP/1.0 404\r\nServer: a, b\r\nX-Content-Type-Options: nosniff\r\n\r\n",
    b"HTTP/1.1 503 Not now\r\nTransfer-Encoding: chunked\r\nStrict-Transport-Security: max-age=1\r\n\r\n0\r\n\r\n",
];

#[derive(Debug)]
enum Ours<H> {
    Head(H),
    Broken(Rule),
    Waits,
}

/// In one piece, and octet by octet: both must agree.
fn ours<R: Role>(octets: &[u8], begin: impl Fn() -> Machine<R>, parts: fn(&R::Inbound) -> String) -> Ours<R::Inbound>
where
    R::Inbound: std::fmt::Debug,
{
    let read = |piece: usize| {
        let mut machine = begin();
        for octets in octets.chunks(piece) {
            machine.space().extend_from_slice(octets);
            machine.received(octets.len());
            match machine.next() {
                Ok(Next::Part(Part::Head(head, _))) => return Ours::Head(head),
                Ok(Next::NeedOctets) => {}
                Err(StreamError::Malformed(rule)) => return Ours::Broken(rule),
                other => panic!("{other:?}"),
            }
        }
        Ours::Waits
    };
    let whole = read(octets.len().max(1));
    match (&whole, read(1)) {
        (Ours::Head(a), Ours::Head(b)) => assert_eq!(parts(a), parts(&b), "{}", octets.escape_ascii()),
        (Ours::Broken(a), Ours::Broken(b)) => assert_eq!(*a, b, "{}", octets.escape_ascii()),
        (Ours::Waits, Ours::Waits) => {}
        _ => panic!("cut matters: {}", octets.escape_ascii()),
    }
    whole
}

fn compare(octets: &[u8]) {
    let mut slots = [httparse::EMPTY_HEADER; 128];
    let mut theirs = httparse::Request::new(&mut slots);
    let outcome = theirs.parse(octets);
    let begin = || Machine::<Server>::new(Arc::default());
    let parts = |head: &RequestHead| format!("{} {:?} {:?} {:?}", head.method, head.target, head.version, head.fields);
    match (ours(octets, begin, parts), outcome) {
        (Ours::Head(head), Ok(httparse::Status::Complete(_))) => same(&head, &theirs, octets),
        // It knows two minor versions, and higher ones are read as the highest known (RFC 9110 §2.5).
        (Ours::Head(head), Err(httparse::Error::Version)) => {
            assert_eq!(head.version, http::Version::HTTP_11);
            let line =
                octets.split(|b| *b == b'\r').find(|line| !line.is_empty() && *line != b"\n").unwrap_or_default();
            let is_higher = matches!(line, [.., b'H', b'T', b'T', b'P', b'/', b'1', b'.', b'2'..=b'9']);
            assert!(is_higher, "{}", octets.escape_ascii());
        }
        (Ours::Head(_), other) => panic!("only we accept {}: {other:?}", octets.escape_ascii()),
        (Ours::Broken(rule), Ok(httparse::Status::Complete(_))) => {
            assert!(is_stricter(rule), "only we refuse {}: {rule:?}", octets.escape_ascii())
        }
        (Ours::Waits, Ok(httparse::Status::Complete(_))) => {
            panic!("only we wait for more of {}", octets.escape_ascii())
        }
        (Ours::Broken(_) | Ours::Waits, _) => {}
    }
}

fn same(head: &RequestHead, theirs: &httparse::Request<'_, '_>, octets: &[u8]) {
    assert_eq!(Some(head.method.as_str()), theirs.method);
    assert_eq!(Some(head.target.as_bytes()), theirs.path.map(str::as_bytes));
    same_fields(&head.fields, theirs.headers, octets);
}

fn compare_answer(octets: &[u8]) {
    let mut slots = [httparse::EMPTY_HEADER; 128];
    let mut theirs = httparse::Response::new(&mut slots);
    let outcome = theirs.parse(octets);
    let begin = || {
        let mut machine = Machine::<Client>::new(Arc::default());
        let mut head = RequestHead::new(http::Method::GET, Target::origin("/").unwrap());
        head.fields.append("Host", "a").unwrap();
        machine.send(Part::Head(head, Last::Yes)).unwrap();
        machine
    };
    let parts = |head: &ResponseHead| format!("{} {:?} {:?} {:?}", head.status, head.reason, head.version, head.fields);
    match (ours(octets, begin, parts), outcome) {
        (Ours::Head(head), Ok(httparse::Status::Complete(_))) => {
            assert_eq!(Some(head.status.as_u16()), theirs.code);
            same_fields(&head.fields, theirs.headers, octets);
        }
        (Ours::Head(head), Err(httparse::Error::Version)) => assert_eq!(head.version, http::Version::HTTP_11),
        (Ours::Head(_), other) => panic!("only we accept {}: {other:?}", octets.escape_ascii()),
        (Ours::Waits, Ok(httparse::Status::Complete(_))) => {
            panic!("only we wait for more of {}", octets.escape_ascii())
        }
        (Ours::Broken(_) | Ours::Waits, _) => {}
    }
}

fn same_fields(fields: &Fields, theirs: &[httparse::Header<'_>], octets: &[u8]) {
    // Names with underscores may be removed.
    let is_ours = |name: &str| {
        !name.eq_ignore_ascii_case("transfer-encoding")
            && !name.eq_ignore_ascii_case("content-length")
            && !name.contains('_')
    };
    let mine: Vec<_> = fields.iter().filter(|(name, _)| is_ours(std::str::from_utf8(name).unwrap())).collect();
    let other: Vec<_> =
        theirs.iter().filter(|field| is_ours(field.name)).map(|field| (field.name.as_bytes(), field.value)).collect();
    assert_eq!(mine, other, "{}", octets.escape_ascii());
}

/// Rules that go beyond the grammar which the parser checks.
fn is_stricter(rule: Rule) -> bool {
    let beyond = [
        Rule::BareLf,
        Rule::EmptyLines,
        Rule::NameAlike,
        Rule::TargetOctets,
        Rule::TargetNotAscii,
        Rule::TargetForm,
        Rule::TargetAmbiguous,
        Rule::TargetFragment,
        Rule::TargetUserinfo,
        Rule::TargetAuthority,
        Rule::HostMissing,
        Rule::HostRepeated,
        Rule::HostMalformed,
        Rule::HostContradictory,
        Rule::LengthMalformed,
        Rule::LengthOverflow,
        Rule::LengthRepeated,
        Rule::LengthContradictory,
        Rule::LengthWithEncoding,
        Rule::EncodingMalformed,
        Rule::EncodingUnknown,
        Rule::EncodingRepeated,
        Rule::EncodingNotLast,
        Rule::EncodingInOld,
        Rule::UpgradeMalformed,
        Rule::MethodMalformed,
    ];
    beyond.contains(&rule)
}

fn changed(head: &[u8], compare: fn(&[u8])) {
    compare(head);
    for at in 0..head.len() {
        compare(&[&head[..at], &head[at + 1..]].concat());
        for odd in ODD {
            compare(&[&head[..at], &[*odd], &head[at + 1..]].concat());
            compare(&[&head[..at], &[*odd], &head[at..]].concat());
        }
    }
}

#[test]
fn one_octet_changed_removed_or_inserted() {
    HEADS.iter().for_each(|head| changed(head, compare));
    ANSWERS.iter().for_each(|head| changed(head, compare_answer));
}

#[test]
fn two_octets_changed_at_random() {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    let mut roll = |sides: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % sides as u64) as usize
    };
    for _ in 0..20_000 {
        let mut head = HEADS[roll(HEADS.len())].to_vec();
        for _ in 0..2 {
            let at = roll(head.len());
            head[at] = ODD[roll(ODD.len())];
        }
        compare(&head);
    }
}

#[test]
fn the_end_may_come_anywhere() {
    for head in HEADS {
        for end in 1..head.len() {
            compare(&head[..end]);
        }
    }
}
