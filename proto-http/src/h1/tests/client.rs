//! Responses in.

use super::*;

fn ask(head: &RequestHead, script: &str) -> Vec<String> {
    cuts(script.as_bytes(), |pieces| ask_with(&Arc::default(), head, pieces, false))
}

#[test]
fn a_response_is_given_with_its_fields_in_order() {
    assert_eq!(
        asked("HTTP/1.1 200 OK\r\nset-cookie: a\r\nX-FoO: b\r\nSet-Cookie: c\r\nContent-Length: 2\r\n\r\nhi"),
        ["200 HTTP/1.1 | set-cookie: a | X-FoO: b | Set-Cookie: c | Content-Length: 2", "data hi", "end", "reuse"]
    );
}

/// A11, 12-043
#[test]
fn some_responses_have_no_content_and_leave_the_connection_usable() {
    let head = request(Method::HEAD, "/");
    for fields in ["", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"] {
        assert_eq!(ask(&head, &format!("HTTP/1.1 200 OK\r\n{fields}\r\n"))[1..], ["reuse"], "{fields:?}");
        for status in ["204 No Content", "304 Not Modified"] {
            assert_eq!(asked(format!("HTTP/1.1 {status}\r\n{fields}\r\n"))[1..], ["reuse"], "{status} {fields:?}");
        }
    }
    assert_eq!(ask(&head, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")[0], "200 HTTP/1.1 | Content-Length: 5 .");
    assert_eq!(asked("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n")[0], "204 HTTP/1.1 .");
}

/// A13, 4-085, 12-052
#[test]
fn octets_beyond_the_response_end_the_connection() {
    for script in [
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi!",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n!",
        "HTTP/1.1 204 No Content\r\nContent-Length: 1\r\n\r\n!",
    ] {
        let mut machine = Machine::<Client>::new(Arc::default());
        machine.send(Part::Head(get("/"), Last::Yes)).unwrap();
        feed(&mut machine, script.as_bytes());
        let mut story = Story::default();
        assert!(!take(&mut machine, &mut story));
        assert!(machine.has_excess() && !machine.may_reuse(), "{script:?}");
        assert!(!story.told().concat().contains('!'));
    }
}

/// F53, RFC 9112 §9.2
#[test]
fn octets_that_nobody_asked_for_are_an_error() {
    let mut machine = Machine::<Client>::new(Arc::default());
    assert!(machine.is_idle());
    feed(&mut machine, b"HTTP/1.1 408 Request Timeout\r\n\r\n");
    assert!(machine.has_excess() && !machine.may_reuse());
    assert_eq!(machine.next().err(), Some(StreamError::Malformed(Rule::Unsolicited)));
}

/// 4-078, 12-042
#[test]
fn informational_responses_come_before_the_final_one() {
    assert_eq!(
        asked(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na"
        ),
        ["100 HTTP/1.1", "103 HTTP/1.1 | Link: a", "200 HTTP/1.1 | Content-Length: 1", "data a", "end", "reuse"]
    );
    assert_eq!(asked_to_eof("HTTP/1.1 100 Continue\r\n\r\n"), ["100 HTTP/1.1", "!Truncated"]);
}

/// 4-080
#[test]
fn a_server_that_says_nothing_has_only_closed() {
    assert_eq!(ask_with(&Arc::default(), &get("/"), &[b""], true), ["!Closed"]);
    assert_eq!(asked_to_eof("H"), ["!Truncated"]);
}

/// 4-083, 4-084
#[test]
fn without_a_length_the_end_of_the_connection_is_the_end() {
    assert_eq!(asked_to_eof("HTTP/1.1 200 OK\r\n\r\nhello"), ["200 HTTP/1.1", "data hello", "end", "close"]);
    assert_eq!(
        asked_to_eof("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n"),
        ["200 HTTP/1.0 | Connection: keep-alive", "end", "close"]
    );
    assert_eq!(asked("HTTP/1.1 200 OK\r\n\r\nhello"), ["200 HTTP/1.1", "data hello"]);
}

/// 4-084, F58
#[test]
fn a_connection_is_reused_only_if_both_sides_want_it() {
    for (version, connection, reused) in [
        ("1.1", "", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.1", "Connection: a\r\nConnection: b, Close\r\n", false),
        ("1.0", "", false),
        ("1.0", "Connection: keep-alive\r\n", true),
    ] {
        let story = asked(format!("HTTP/{version} 200 OK\r\nContent-Length: 0\r\n{connection}\r\n"));
        assert_eq!(story.last().unwrap(), if reused { "reuse" } else { "close" }, "{version} {connection:?}");
    }
    let mut machine = Machine::<Client>::new(Arc::default());
    let mut head = get("/");
    head.fields.append("Connection", "x, close").unwrap();
    machine.send(Part::Head(head, Last::Yes)).unwrap();
    assert_eq!(wire(&mut machine), "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    assert!(!machine.wants_shutdown(), "a server may take a half-close for a hang-up");
    feed(&mut machine, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    take(&mut machine, &mut Story::default());
    assert!(!machine.may_reuse());
}

/// A2: the table holds for responses too.
#[test]
fn responses_with_ambiguous_framing_are_refused() {
    for (fields, rule) in [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", "LengthWithEncoding"),
        ("Content-Length: 5, 5\r\n", "LengthRepeated"),
        ("Content-Length: 5\r\nContent-Length: 6\r\n", "LengthContradictory"),
        ("Content-Length: -1\r\n", "LengthMalformed"),
        ("Transfer-Encoding: gzip, chunked\r\n", "EncodingUnknown"),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "EncodingRepeated"),
        ("Transfer-Encoding: identity\r\n", "EncodingUnknown"),
    ] {
        assert_eq!(asked(format!("HTTP/1.1 200 OK\r\n{fields}\r\n")), [format!("!{rule}")], "{fields:?}");
    }
    assert_eq!(asked("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"), ["!EncodingInOld"]);
}

/// C30: an answer may come before the request is written, and then the rest of the request is anyone's guess.
#[test]
fn an_early_answer_is_given_while_the_request_is_not_written() {
    let mut machine = Machine::<Client>::new(Arc::default());
    let mut head = request(Method::POST, "/");
    head.fields.append("Content-Length", "10").unwrap();
    machine.send(Part::Head(head, Last::No)).unwrap();
    machine.send(Part::Data("half".into(), Last::No)).unwrap();
    feed(&mut machine, b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n");
    let mut story = Story::default();
    assert!(!take(&mut machine, &mut story));
    assert_eq!(
        story.told(),
        ["413 (Content Too Large) HTTP/1.1 | Content-Length: 0 ."].map(|line| {
            // The reason is told only where the library knows another one.
            let usual = StatusCode::PAYLOAD_TOO_LARGE.canonical_reason() == Some("Content Too Large");
            if usual { line.replace(" (Content Too Large)", "") } else { line.to_owned() }
        })
    );
    assert!(machine.is_read() && !machine.is_written());
    machine.advance();
    assert!(machine.is_read(), "nothing advances while the request is not written");
}
