//! Bounds: one below, at, and one above.

use super::*;

fn config(change: impl FnOnce(&mut crate::Limits)) -> Arc<Config> {
    let mut config = Config::default();
    change(&mut config.limits);
    Arc::new(config)
}

/// B26
#[test]
fn heads_are_bounded_in_octets() {
    let config = config(|limits| limits.head_octets = 100);
    let request = |octets: usize| {
        let around = "GET / HTTP/1.1\r\nHost: x\r\nX: \r\n\r\n".len();
        format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(octets - around))
    };
    for octets in [99, 100] {
        assert!(served_by(&config, request(octets))[0].starts_with("GET /"), "{octets}");
    }
    assert_eq!(served_by(&config, request(101)), ["!HeadTooLarge"]);
    let response = |octets: usize| format!("HTTP/1.1 204 No Content\r\nX: {}\r\n\r\n", "a".repeat(octets - 32));
    let ask = |script: String| cuts(script.as_bytes(), |pieces| ask_with(&config, &get("/"), pieces, false));
    assert!(ask(response(100))[0].starts_with("204"));
    assert_eq!(ask(response(101)), ["!HeadTooLarge"]);
}

#[test]
fn a_head_that_never_ends_is_refused_at_the_limit() {
    let mut machine = Machine::<Server>::new(config(|limits| limits.head_octets = 100));
    feed(&mut machine, b"GET / HTTP/1.1\r\nHost: x\r\nX: ");
    while matches!(machine.next(), Ok(Next::NeedOctets)) {
        feed(&mut machine, b"a");
    }
    assert_eq!(machine.next().err(), Some(StreamError::Malformed(Rule::HeadTooLarge)));
    assert_eq!(machine.read_octets(), 100);
}

/// B26
#[test]
fn heads_are_bounded_in_fields() {
    let config = config(|limits| limits.head_fields = 5);
    let request = |fields: usize| format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(fields - 1));
    for fields in [4, 5] {
        assert!(served_by(&config, request(fields))[0].starts_with("GET /"), "{fields}");
    }
    assert_eq!(served_by(&config, request(6)), ["!TooManyFields"]);
}

#[test]
fn more_fields_than_the_stack_holds_can_be_allowed() {
    let config = config(|limits| limits.head_fields = 1000);
    let fields = "A: b\r\n".repeat(999);
    let script = format!("GET / HTTP/1.1\r\nHost: x\r\n{fields}\r\n");
    let mut machine = Machine::<Server>::new(config);
    feed(&mut machine, script.as_bytes());
    let Ok(Next::Part(Part::Head(head, _))) = machine.next() else { panic!("no head") };
    assert_eq!(head.fields.len(), 1000);
}

#[test]
fn targets_are_bounded() {
    let config = config(|limits| limits.target_octets = 20);
    let request = |octets: usize| format!("GET /{} HTTP/1.1\r\nHost: x\r\n\r\n", "a".repeat(octets - 1));
    assert!(served_by(&config, request(20))[0].starts_with("GET /"));
    assert_eq!(served_by(&config, request(21)), ["!TargetTooLong"]);
    assert_eq!(served_by(&config, request(500)), ["!TargetTooLong"]);
}

#[test]
fn many_fields_are_read_too_when_they_come_in_pieces() {
    for (most, fields) in [(1000, 1000), (1000, 129), (128, 128), (129, 129)] {
        let config = config(|limits| limits.head_fields = most);
        let script = |fields: usize| format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(fields - 1));
        let mut machine = Machine::<Server>::new(Arc::clone(&config));
        let whole = script(fields);
        let (before, after) = whole.split_at(20);
        feed(&mut machine, before.as_bytes());
        assert!(matches!(machine.next(), Ok(Next::NeedOctets)));
        feed(&mut machine, after.as_bytes());
        let Ok(Next::Part(Part::Head(head, _))) = machine.next() else { panic!("no head of {fields}") };
        assert_eq!(head.fields.len(), fields);
        let mut machine = Machine::<Server>::new(config);
        feed(&mut machine, before.as_bytes());
        assert!(matches!(machine.next(), Ok(Next::NeedOctets)));
        feed(&mut machine, &script(most + 1).as_bytes()[20..]);
        assert_eq!(machine.next().err(), Some(StreamError::Malformed(Rule::TooManyFields)), "{most}");
    }
}

/// A line is waited for as long as it can still hold a target within bounds: method of 64 octets, two blanks, the version, CR.
#[test]
fn a_target_that_never_ends_is_refused_at_the_limit() {
    const LONGEST: usize = 64 + 1 + 20 + 1 + 8 + 1;
    let line = |octets: usize| "a".repeat(octets);
    let after = |config: &Arc<Config>, octets: &str| {
        let mut machine = Machine::<Server>::new(Arc::clone(config));
        feed(&mut machine, octets.as_bytes());
        machine.next().err()
    };
    let found = |rule| Some(StreamError::Malformed(rule));
    let roomy = config(|limits| limits.target_octets = 20);
    assert_eq!(after(&roomy, &line(LONGEST)), None);
    assert_eq!(after(&roomy, &line(LONGEST + 1)), found(Rule::TargetTooLong));
    let longest = format!("{} /{} HTTP/1.1\r\nHost: x\r\n\r\n", "M".repeat(64), "a".repeat(19));
    assert!(served_by(&roomy, &longest)[0].starts_with("MMM"), "the longest that there is");
    // Where the head may not be longer than such a line, it is the head that is too large.
    for (head, line_octets, rule) in [
        (LONGEST + 1, LONGEST + 1, Rule::TargetTooLong),
        (LONGEST, LONGEST + 1, Rule::HeadTooLarge),
        (LONGEST - 1, LONGEST + 1, Rule::HeadTooLarge),
    ] {
        let config = config(|limits| (limits.target_octets, limits.head_octets) = (20, head));
        assert_eq!(after(&config, &line(line_octets)), found(rule), "{head}");
    }
    // Only the first line is a request line.
    let head = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}", line(200));
    assert_eq!(after(&roomy, &head), None);
}

/// B26
#[test]
fn request_content_is_bounded_whatever_frames_it() {
    let config = config(|limits| limits.body_octets = Some(4));
    let length = |n: usize| format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {n}\r\n\r\n{}", "a".repeat(n));
    assert_eq!(served_by(&config, length(4))[1..], ["data aaaa", "end"]);
    assert_eq!(served_by(&config, length(5))[1..], ["!BodyTooLarge"]);
    let chunked = |n: usize| {
        let head = "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
        format!("{head}{}0\r\n\r\n", "1\r\na\r\n".repeat(n))
    };
    assert_eq!(served_by(&config, chunked(4))[1..], ["data aaaa", "end"]);
    assert_eq!(served_by(&config, chunked(5))[1..], ["data aaaa", "!BodyTooLarge"]);
    assert_eq!(Rule::BodyTooLarge.status(), 413);
    let ask = |script: &'static str| cuts(script.as_bytes(), |pieces| ask_with(&config, &get("/"), pieces, false));
    assert_eq!(ask("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\naaaaa")[1..], ["data aaaaa", "end", "reuse"]);
}

/// 12-031
#[test]
fn trailers_are_bounded_in_octets_and_fields() {
    let config = config(|limits| {
        limits.trailer_octets = 30;
        limits.trailer_fields = 3;
    });
    let script = |trailers: String| {
        format!("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n{trailers}\r\n")
    };
    let field = |octets: usize| format!("X: {}\r\n", "a".repeat(octets - 7));
    assert!(served_by(&config, script(field(30)))[1].starts_with("trailers"));
    assert_eq!(served_by(&config, script(field(31)))[1..], ["!TrailerTooLarge"]);
    assert!(served_by(&config, script("A: b\r\n".repeat(3)))[1].starts_with("trailers"));
    assert_eq!(served_by(&config, script("A: b\r\n".repeat(4)))[1..], ["!TooManyTrailers"]);
}

#[test]
fn informational_responses_are_bounded() {
    let config = config(|limits| limits.interim_heads = 2);
    let ask = |n: usize| {
        let script = format!("{}HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 103 Early Hints\r\n\r\n".repeat(n));
        cuts(script.as_bytes(), |pieces| ask_with(&config, &get("/"), pieces, false))
    };
    assert_eq!(ask(2)[2], "204 HTTP/1.1 .");
    assert_eq!(ask(3)[2], "!TooManyInterims");
}

#[test]
fn a_drip_fed_head_costs_no_more_than_its_octets() {
    let config = config(|limits| limits.head_octets = 1 << 20);
    let mut machine = Machine::<Server>::new(config);
    let script = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "a".repeat(500_000));
    for octet in script.as_bytes().chunks(1) {
        // Each octet searched again would be 10^11 steps.
        feed(&mut machine, octet);
        if !matches!(machine.next(), Ok(Next::NeedOctets)) {
            break;
        }
    }
    assert!(machine.is_read());
}
