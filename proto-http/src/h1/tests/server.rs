//! Requests in, in order; the connection's life.

use super::*;
use crate::rules::Switch;

#[test]
fn a_request_without_content_is_one_part() {
    assert_eq!(
        served("GET /a?b HTTP/1.1\r\nHost: x\r\nX-FoO:  c \r\n\r\n"),
        ["GET /a?b HTTP/1.1 | Host: x | X-FoO: c ."]
    );
}

/// 12-033
#[test]
fn content_of_a_length_is_given_exactly() {
    assert_eq!(
        served("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"),
        ["POST / HTTP/1.1 | Host: x | Content-Length: 5", "data hello", "end"]
    );
    assert_eq!(
        served("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 000\r\n\r\n"),
        ["POST / HTTP/1.1 | Host: x | Content-Length: 0 ."]
    );
    assert_eq!(
        cuts(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhell", |pieces| serve_with(
            &Arc::default(),
            pieces,
            true
        )),
        ["POST / HTTP/1.1 | Host: x | Content-Length: 5", "data hell", "!Truncated"]
    );
}

/// A7, 12-053
#[test]
fn pipelined_requests_come_in_order() {
    let script = "GET /1 HTTP/1.1\r\nHost: x\r\n\r\nPOST /2 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab\
                  PUT /3 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\nGET /4 HTTP/1.0\r\n\r\n";
    assert_eq!(
        served(script),
        [
            "GET /1 HTTP/1.1 | Host: x .",
            "POST /2 HTTP/1.1 | Host: x | Content-Length: 2",
            "data ab",
            "end",
            "PUT /3 HTTP/1.1 | Host: x",
            "data abc",
            "trailers | X: y",
            "GET /4 HTTP/1.0 .",
            "close"
        ]
    );
}

#[test]
fn the_next_request_waits_until_the_machine_advances() {
    let mut machine = Machine::<Server>::new(Arc::default());
    feed(&mut machine, b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
    assert!(matches!(machine.next(), Ok(Next::Part(_))));
    for _ in 0..2 {
        assert!(matches!(machine.next(), Ok(Next::Done)));
    }
    assert!(machine.has_excess() && machine.is_read() && !machine.is_written());
    machine.advance();
    assert!(matches!(machine.next(), Ok(Next::Done)), "nothing was answered");
    machine.send(Part::Head(ok(), Last::Yes)).unwrap();
    assert!(machine.may_reuse());
    machine.advance();
    assert!(matches!(machine.next(), Ok(Next::Part(Part::Head(head, _))) if head.target.path() == b"/2"));
}

/// 4-045, 4-046
#[test]
fn persistence_follows_version_and_all_connection_options() {
    for (version, connection, reused) in [
        ("1.1", "", true),
        ("1.1", "Connection: keep-alive\r\n", true),
        ("1.1", "Connection: close\r\n", false),
        ("1.1", "Connection: foo\r\nConnection: bar, CLOSE\r\n", false),
        ("1.1", "Connection: keep-alive, close\r\n", false),
        ("1.0", "", false),
        ("1.0", "Connection: Keep-Alive\r\n", true),
        ("1.0", "Connection: foo\r\nConnection: keep-alive\r\n", true),
        ("1.0", "Connection: keep-alive, close\r\n", false),
    ] {
        let script = format!("GET / HTTP/{version}\r\nHost: x\r\n{connection}\r\n");
        let mut machine = Machine::<Server>::new(Arc::default());
        feed(&mut machine, script.as_bytes());
        take(&mut machine, &mut Story::default());
        machine.send(Part::Head(ok(), Last::Yes)).unwrap();
        assert_eq!(machine.may_reuse(), reused, "{script:?}");
        let expected = match (version, reused) {
            (_, false) => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
            ("1.0", _) => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n",
            _ => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        };
        assert_eq!(wire(&mut machine), expected);
        assert_eq!(machine.wants_shutdown(), !reused);
    }
}

/// 4-014, 4-016
#[test]
fn the_end_of_the_stream_is_judged_by_what_came_before() {
    let serve = |octets: &[u8]| serve_with(&Arc::default(), &[octets], true);
    assert_eq!(serve(b"\r\n"), ["!Closed"]);
    assert_eq!(serve(b"G"), ["!Truncated"]);
    assert_eq!(serve(b"GET / HTTP/1.1\r\nHost: x\r\n"), ["!Truncated"]);
    assert_eq!(serve(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"), ["GET / HTTP/1.1 | Host: x .", "!Closed"]);
}

/// E51
#[test]
fn a_client_that_closed_its_side_gets_its_answers() {
    let mut machine = Machine::<Server>::new(Arc::default());
    feed(&mut machine, b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n");
    machine.received(0);
    for has_next in [true, false] {
        assert!(matches!(machine.next(), Ok(Next::Part(_))));
        machine.send(Part::Head(ok(), Last::Yes)).unwrap();
        assert_eq!(machine.may_reuse(), has_next);
        machine.advance();
    }
    assert!(machine.is_eof());
}

/// RFC 9112 §2.2, 4-020
#[test]
fn one_empty_line_may_come_before_a_request() {
    assert_eq!(served("\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"), ["GET / HTTP/1.1 | Host: x ."]);
    assert_eq!(served("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"), ["!EmptyLines"]);
    assert_eq!(served("\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"), ["!BareLf"]);
    let script = "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_eq!(served(script).last().unwrap(), "GET / HTTP/1.1 | Host: x .");
}

/// 4-021
#[test]
fn other_major_versions_are_refused() {
    for (version, rule) in [
        ("HTTP/2.1", "!VersionUnsupported"),
        ("HTTP/2.0", "!VersionUnsupported"),
        ("HTTP/0.9", "!VersionUnsupported"),
        ("HTTP/1", "!VersionMalformed"),
        ("http/1.1", "!VersionMalformed"),
        ("HTTP/1.10", "!VersionMalformed"),
        ("HTTP/1.1\t", "!VersionMalformed"),
        ("HTTPS/1.1", "!VersionMalformed"),
    ] {
        assert_eq!(served(format!("GET / {version}\r\nHost: x\r\n\r\n")), [rule], "{version}");
    }
    assert_eq!(served("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), ["!VersionUnsupported"]);
}

/// A1, A2, A16, B20: whatever is wrong with a head, it is not given at all.
#[test]
fn heads_that_break_a_rule_are_not_given() {
    for (head, rule) in [
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n", "LengthWithEncoding"),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n", "LengthWithEncoding"),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: ,chunked\r\n", "EncodingMalformed"),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked,chunked\r\n", "EncodingRepeated"),
        (
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
            "EncodingRepeated",
        ),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n", "EncodingUnknown"),
        ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding:\x0bchunked\r\n", "ValueControl"),
        ("POST / HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n", "EncodingInOld"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n", "LengthMalformed"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n", "LengthMalformed"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n", "LengthContradictory"),
        ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n", "LengthOverflow"),
        ("CONNECT x:1 HTTP/1.1\r\nHost: x:1\r\nContent-Length: 5\r\n", "ConnectContent"),
        ("GET / HTTP/1.1\r\n", "HostMissing"),
        ("GET / HTTP/1.1\r\nHost: x\r\nHOST: x\r\n", "HostRepeated"),
        ("GET / HTTP/1.1\r\nHost: x y\r\n", "HostMalformed"),
        ("GET / HTTP/1.1\r\nHost: u@x\r\n", "HostMalformed"),
        ("GET http://y/ HTTP/1.1\r\nHost: x\r\n", "HostContradictory"),
        ("GET http://u@x/ HTTP/1.1\r\nHost: x\r\n", "TargetUserinfo"),
        ("GET http:/x HTTP/1.1\r\nHost: x\r\n", "TargetAmbiguous"),
        ("GET x HTTP/1.1\r\nHost: x\r\n", "TargetForm"),
        ("GET /#a HTTP/1.1\r\nHost: x\r\n", "TargetFragment"),
        ("GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: a b\r\n", "UpgradeMalformed"),
    ] {
        // What follows must not be taken for a request of its own.
        let script = format!("{head}\r\nGET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n");
        assert_eq!(served(&script), [format!("!{rule}")], "{head:?}");
    }
}

#[test]
fn a_broken_request_can_still_be_answered_once() {
    let mut machine = Machine::<Server>::new(Arc::default());
    feed(&mut machine, b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(machine.next().err(), Some(StreamError::Malformed(Rule::HostMissing)));
    assert!(!machine.has_begun_writing());
    machine.send(Part::Head(ResponseHead::new(StatusCode::BAD_REQUEST), Last::Yes)).unwrap();
    assert_eq!(wire(&mut machine), "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    assert!(!machine.may_reuse() && machine.wants_shutdown());
}

/// 4-006
#[test]
fn targets_are_kept_octet_for_octet() {
    let high = b"GET /caf\xe9?\xff HTTP/1.1\r\nHost: x\r\n\r\n";
    assert_eq!(served(high), ["!TargetNotAscii"]);
    let mut config = Config::default();
    config.leniency.raw_targets = Switch::Lenient;
    let config = Arc::new(config);
    assert_eq!(served_by(&config, high), ["GET /caf\\xe9?\\xff HTTP/1.1 | Host: x ."]);
    assert!(config.lenient_uses().any(|(rule, n)| rule == Rule::TargetNotAscii && n > 0));
    assert_eq!(served("GET HTTP://X:80/a HTTP/1.1\r\nHost: x\r\n\r\n"), ["GET HTTP://X:80/a HTTP/1.1 | Host: x ."]);
    assert_eq!(served("OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n"), ["OPTIONS * HTTP/1.1 | Host: x ."]);
}

/// C30
#[test]
fn a_client_that_waits_for_100_is_noticed_until_it_stops_waiting() {
    const HEAD: &[u8] = b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n\r\n";
    let begin = |octets: &[u8]| {
        let mut machine = Machine::<Server>::new(Arc::default());
        feed(&mut machine, octets);
        assert!(matches!(machine.next(), Ok(Next::Part(_))));
        machine
    };
    let go_on = || Part::Head(ResponseHead::new(StatusCode::CONTINUE), Last::No);

    let mut machine = begin(HEAD);
    assert!(machine.awaits_continue());
    machine.send(go_on()).unwrap();
    machine.send(go_on()).unwrap();
    assert_eq!(wire(&mut machine), "HTTP/1.1 100 Continue\r\n\r\n", "once");
    assert!(!machine.awaits_continue() && !machine.has_begun_writing());
    feed(&mut machine, b"ab");
    assert!(!take(&mut machine, &mut Story::default()));
    machine.send(Part::Head(ok(), Last::Yes)).unwrap();
    assert_eq!(wire(&mut machine), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");

    let mut machine = begin(&[HEAD, b"a"].concat());
    assert!(!machine.awaits_continue(), "content is there already");
    machine.send(go_on()).unwrap();
    assert_eq!(wire(&mut machine), "");

    let mut machine = begin(HEAD);
    machine.send(Part::Head(ResponseHead::new(StatusCode::EXPECTATION_FAILED), Last::Yes)).unwrap();
    assert!(wire(&mut machine).contains("Connection: close\r\n"), "whether the content comes is anyone's guess");
    assert!(!machine.awaits_continue());
    assert_eq!(machine.send(go_on()), Err(StreamError::Misuse(Misuse::OutOfOrder)));

    let old = b"POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n";
    assert!(!begin(old).awaits_continue());
}

#[test]
fn octets_and_content_are_counted() {
    let mut machine = Machine::<Server>::new(Arc::default());
    let script = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    feed(&mut machine, script);
    take(&mut machine, &mut Story::default());
    assert_eq!((machine.read_octets(), machine.read_content()), (script.len() as u64, 5));
    machine.send(Part::Head(ok(), Last::No)).unwrap();
    machine.send(Part::Data("tea".into(), Last::Yes)).unwrap();
    let octets = sent(&mut machine);
    assert_eq!((machine.written_octets(), machine.written_content()), (octets.len() as u64, 3));
    machine.advance();
    assert_eq!((machine.read_content(), machine.written_content()), (0, 0));
    assert_eq!(machine.read_octets(), script.len() as u64);
}

/// RFC 9110 §2.5
#[test]
fn a_higher_minor_version_is_read_as_the_highest_known() {
    for minor in 1..=9 {
        assert_eq!(
            served(format!("GET / HTTP/1.{minor}\r\nHost: x\r\n\r\n")),
            ["GET / HTTP/1.1 | Host: x ."],
            "{minor}"
        );
    }
    for version in ["2.0", "0.9", "3.0", "2.1"] {
        assert_eq!(served(format!("GET / HTTP/{version}\r\nHost: x\r\n\r\n")), ["!VersionUnsupported"], "{version}");
    }
    assert_eq!(served("GET / HTTP/1.10\r\nHost: x\r\n\r\n"), ["!VersionMalformed"]);
}

/// RFC 9110 §6.6.2
#[test]
fn a_promise_of_trailers_that_cannot_come_is_dropped() {
    let post = |framing: &str| served(format!("POST / HTTP/1.1\r\nHost: x\r\nTrailer: A\r\n{framing}\r\n"))[0].clone();
    assert!(!post("Content-Length: 5\r\n").contains("Trailer"));
    assert!(!post("").contains("Trailer"));
    assert!(post("Transfer-Encoding: chunked\r\n").contains("Trailer: A"));
}
