//! The whole rule table, row by row, in each direction that the row names: what breaks it, and that it is what is found.

use super::*;
use crate::hop;
use crate::rules::{Row, Side, TABLE};

/// What breaks a rule in a request and in a response; nothing where the row does not apply.
#[derive(Clone, Copy)]
struct Example {
    rule: Rule,
    request: &'static str,
    response: &'static str,
}

/// An example for each row. `R` stands for a request line with Host, `A` for a status line, `P` for a whole head with chunks to follow.
const EXAMPLES: &[(Rule, &str, &str)] = &[
    (Rule::EmptyLines, "\r\n\r\nGET / HTTP/1.1\r\n", "\r\nHTTP/1.1 200 OK\r\n\r\n"),
    (Rule::BareLf, "RX: a\n\r\n", "AX: a\n\r\n"),
    (Rule::BareCr, "RX: a\rb\r\n\r\n", "AX: a\rb\r\n\r\n"),
    (Rule::Nul, "RX: a\0b\r\n\r\n", "AX: a\0b\r\n\r\n"),
    (Rule::ObsFold, "RX: a\r\n b\r\n\r\n", "AX: a\r\n b\r\n\r\n"),
    (Rule::ColonMissing, "RX\r\n\r\n", "AX\r\n\r\n"),
    (Rule::NameEmpty, "R: a\r\n\r\n", "A: a\r\n\r\n"),
    (Rule::NameBlank, "RX : a\r\n\r\n", "AX : a\r\n\r\n"),
    (Rule::NameMalformed, "RX@: a\r\n\r\n", "AX@: a\r\n\r\n"),
    (Rule::NameAlike, "RContent_Length: 1\r\n\r\n", "ATransfer_Encoding: chunked\r\n\r\n"),
    (Rule::NameAlikeDropped, "RX_Forwarded_For: a\r\n\r\n", "AKeep_Alive: timeout=1\r\n\r\n"),
    (Rule::ValueControl, "RX: a\x7f\r\n\r\n", "AX: a\x7f\r\n\r\n"),
    (Rule::StartLine, "GET  / HTTP/1.1\r\n\r\n", "HTTP/1.1\r\n\r\n"),
    (Rule::MethodMalformed, "G@T / HTTP/1.1\r\n\r\n", ""),
    (Rule::VersionMalformed, "GET / HTTP/x\r\n\r\n", "HTTP/x 200 OK\r\n\r\n"),
    (Rule::VersionUnsupported, "GET / HTTP/3.0\r\n\r\n", "HTTP/3.0 200 OK\r\n\r\n"),
    (Rule::StatusMalformed, "", "HTTP/1.1 2x0 OK\r\n\r\n"),
    (Rule::ReasonMalformed, "", "HTTP/1.1 200 \x01\r\n\r\n"),
    (Rule::TargetOctets, "GET /\x01 HTTP/1.1\r\n\r\n", ""),
    (Rule::TargetNotAscii, "GET /\u{e9} HTTP/1.1\r\nHost: x\r\n\r\n", ""),
    (Rule::TargetForm, "GET a HTTP/1.1\r\nHost: x\r\n\r\n", ""),
    (Rule::TargetAmbiguous, "GET http:a HTTP/1.1\r\nHost: x\r\n\r\n", ""),
    (Rule::TargetFragment, "GET /#a HTTP/1.1\r\nHost: x\r\n\r\n", ""),
    (Rule::TargetUserinfo, "GET http://u@x/ HTTP/1.1\r\nHost: x\r\n\r\n", ""),
    (Rule::TargetAuthority, "GET http://x:y/ HTTP/1.1\r\nHost: x\r\n\r\n", ""),
    (Rule::TargetTooLong, "GET /aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa HTTP/1.1\r\nHost: x\r\n\r\n", ""),
    (Rule::HostMissing, "GET / HTTP/1.1\r\n\r\n", ""),
    (Rule::HostRepeated, "RHost: x\r\n\r\n", ""),
    (Rule::HostMalformed, "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", ""),
    (Rule::HostContradictory, "GET http://y/ HTTP/1.1\r\nHost: x\r\n\r\n", ""),
    (Rule::HeadTooLarge, "RX: LLLLL\r\n\r\n", "AX: LLLLL\r\n\r\n"),
    (Rule::TooManyFields, "RA: b\r\nA: b\r\nA: b\r\nA: b\r\n\r\n", "AA: b\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\n\r\n"),
    (Rule::BodyTooLarge, "RContent-Length: 9\r\n\r\n", ""),
    (Rule::LengthMalformed, "RContent-Length: x\r\n\r\n", "AContent-Length: x\r\n\r\n"),
    (
        Rule::LengthOverflow,
        "RContent-Length: 99999999999999999999\r\n\r\n",
        "AContent-Length: 99999999999999999999\r\n\r\n",
    ),
    (Rule::LengthRepeated, "RContent-Length: 1, 1\r\n\r\n", "AContent-Length: 1, 1\r\n\r\n"),
    (Rule::LengthContradictory, "RContent-Length: 1, 2\r\n\r\n", "AContent-Length: 1, 2\r\n\r\n"),
    (
        Rule::LengthWithEncoding,
        "RContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "AContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ),
    (Rule::EncodingMalformed, "RTransfer-Encoding: ,\r\n\r\n", "ATransfer-Encoding: ,\r\n\r\n"),
    (Rule::EncodingUnknown, "RTransfer-Encoding: gzip\r\n\r\n", "ATransfer-Encoding: gzip\r\n\r\n"),
    (
        Rule::EncodingRepeated,
        "RTransfer-Encoding: chunked, chunked\r\n\r\n",
        "ATransfer-Encoding: chunked, chunked\r\n\r\n",
    ),
    (Rule::EncodingNotLast, "RTransfer-Encoding: chunked, gzip\r\n\r\n", "ATransfer-Encoding: chunked, gzip\r\n\r\n"),
    (
        Rule::EncodingInOld,
        "GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    ),
    (Rule::ConnectContent, "CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\nContent-Length: 1\r\n\r\n", ""),
    (Rule::ChunkSize, "P+1\r\n", "P+1\r\n"),
    (Rule::ChunkSizeOverflow, "P11111111111111111\r\n", "P11111111111111111\r\n"),
    (Rule::ChunkLineTooLong, "P1;aaaaaaaaaaaaaaaaaaaa\r\n", "P1;aaaaaaaaaaaaaaaaaaaa\r\n"),
    (Rule::ChunkExtension, "P1;\x01\r\n", "P1;\x01\r\n"),
    (Rule::ChunkExtensionsTooLong, "PEEEEEEE", "PEEEEEEE"),
    (Rule::ChunkEnd, "P1\r\nab", "P1\r\nab"),
    (Rule::TrailerTooLarge, "P0\r\nX: LLLLL\r\n", "P0\r\nX: LLLLL\r\n"),
    (Rule::TooManyTrailers, "P0\r\nA: b\r\nA: b\r\nA: b\r\n\r\n", "P0\r\nA: b\r\nA: b\r\nA: b\r\n\r\n"),
    (Rule::TrailerForbidden, "P0\r\nHost: y\r\n\r\n", "P0\r\nLocation: y\r\n\r\n"),
    (Rule::NominationMalformed, "RConnection: a b\r\n\r\n", "AConnection: a b\r\n\r\n"),
    (Rule::NominationProtected, "RConnection: Cookie\r\n\r\n", "AConnection: Set-Cookie\r\n\r\n"),
    (
        Rule::TooManyNominations,
        "RConnection: a,b,c,d,e,f,g,h,i,j,k\r\n\r\n",
        "AConnection: a,b,c,d,e,f,g,h,i,j,k\r\n\r\n",
    ),
    (
        Rule::UpgradeMalformed,
        "RConnection: upgrade\r\nUpgrade: a b\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: a b\r\n\r\n",
    ),
    (Rule::UpgradeNotAsked, "", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\n\r\n"),
    (Rule::UpgradeProtocol, "", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: b\r\n\r\n"),
    (Rule::UpgradeProof, "", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"),
    (Rule::UpgradeEarly, "", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\n\r\n"),
    (Rule::Unsolicited, "", "A\r\n"),
    (Rule::TooManyInterims, "", "HTTP/1.1 102 a\r\n\r\nHTTP/1.1 102 a\r\n\r\n"),
];

fn example(rule: Rule) -> Example {
    let (rule, request, response) = *EXAMPLES.iter().find(|(of, ..)| *of == rule).unwrap();
    Example { rule, request, response }
}

/// Rows of HTTP/2 alone have their examples there.
fn is_of_http1(row: &Row) -> bool {
    !row.source.starts_with("RFC 9113")
}

fn small() -> Arc<Config> {
    let mut config = Config::default();
    let limits = &mut config.limits;
    (limits.head_octets, limits.head_fields, limits.target_octets) = (300, 4, 30);
    (limits.trailer_octets, limits.trailer_fields) = (100, 2);
    (limits.chunk_line_octets, limits.body_octets, limits.interim_heads) = (20, Some(8), 1);
    Arc::new(config)
}

fn expand(script: &str, start: &str) -> String {
    let script = script.replace("LLLLL", &"a".repeat(300)).replace("EEEEEEE", &"1;aaaaaaaaaaaaaa\r\nb\r\n".repeat(6));
    match script.split_at_checked(1) {
        Some(("R" | "A", rest)) => format!("{start}{rest}"),
        Some(("P", rest)) => format!("{start}Transfer-Encoding: chunked\r\n\r\n{rest}"),
        _ => script,
    }
}

fn of_request(pieces: &[&[u8]]) -> Option<Rule> {
    broken(&mut Machine::<Server>::new(small()), pieces, hop::strip_request)
}

fn of_response(rule: Rule, pieces: &[&[u8]]) -> Option<Rule> {
    let mut machine = Machine::<Client>::new(small());
    let mut head = get("/");
    if rule != Rule::UpgradeNotAsked {
        head.upgrade = Some("a".into());
    }
    if rule == Rule::UpgradeProof {
        head.upgrade = Some("websocket".into());
        head.fields.append("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==").unwrap();
    }
    let last = if rule == Rule::UpgradeEarly { Last::No } else { Last::Yes };
    if rule != Rule::Unsolicited {
        machine.send(Part::Head(head, last)).unwrap();
    }
    broken(&mut machine, pieces, hop::strip_response)
}

/// The rule that a message breaks, in the machine or in the hop rules.
fn broken<R: Role>(
    machine: &mut Machine<R>,
    pieces: &[&[u8]],
    strip: fn(&mut R::Inbound) -> Result<(), Rule>,
) -> Option<Rule> {
    for piece in pieces {
        feed(machine, piece);
        loop {
            match machine.next() {
                Ok(Next::Part(Part::Head(mut head, _))) => {
                    if let Err(rule) = strip(&mut head) {
                        return Some(rule);
                    }
                }
                Ok(Next::Part(_)) => {}
                Ok(Next::NeedOctets | Next::Done) => break,
                Err(StreamError::Malformed(rule)) => return Some(rule),
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    machine.state.config.dropped().find_map(|(rule, n)| (n > 0).then_some(rule))
}

#[test]
fn every_row_is_found_in_every_direction_it_names() {
    for row in TABLE.iter().filter(|row| is_of_http1(row)) {
        let Example { rule, request, response } = example(row.rule);
        assert_eq!(request.is_empty(), row.side == Side::Response, "{rule:?}");
        assert_eq!(response.is_empty(), row.side == Side::Request, "{rule:?}");
        if !request.is_empty() {
            let script = expand(request, "GET / HTTP/1.1\r\nHost: x\r\n");
            for pieces in cuttings(script.as_bytes()) {
                assert_eq!(of_request(&pieces), Some(rule), "{} in {}", text(script.as_bytes()), pieces.len());
            }
        }
        if !response.is_empty() {
            let script = expand(response, "HTTP/1.1 200 OK\r\n");
            for pieces in cuttings(script.as_bytes()) {
                assert_eq!(of_response(rule, &pieces), Some(rule), "{} in {}", text(script.as_bytes()), pieces.len());
            }
        }
    }
}

#[test]
fn a_request_that_breaks_a_rule_gets_the_status_of_its_row_and_a_close() {
    for row in TABLE.iter().filter(|row| is_of_http1(row) && row.side != Side::Response && !row.is_dropping()) {
        let script = expand(example(row.rule).request, "GET / HTTP/1.1\r\nHost: x\r\n");
        let mut machine = Machine::<Server>::new(small());
        feed(&mut machine, script.as_bytes());
        while matches!(machine.next(), Ok(Next::Part(_))) {}
        if machine.next().is_ok() {
            // Found by the hop rules: the connection itself is sound, and its owner closes it.
            machine.close_after();
        }
        let head = ResponseHead::new(StatusCode::from_u16(row.status).unwrap());
        machine.send(Part::Head(head, Last::Yes)).unwrap();
        let out = wire(&mut machine);
        assert!(
            out.starts_with(&format!("HTTP/1.1 {}", row.status)) && out.contains("Connection: close\r\n"),
            "{row:?}: {out}"
        );
        assert!(!machine.may_reuse() && machine.wants_shutdown());
    }
}
