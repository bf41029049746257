//! The syntax of heads: what breaks a line, and who may relax it.

use super::*;
use crate::rules::{Leniency, Switch};

fn lenient(change: impl FnOnce(&mut Leniency)) -> Arc<Config> {
    let mut config = Config::default();
    change(&mut config.leniency);
    Arc::new(config)
}

/// Broken lines, and the rule each breaks: the same in requests and in responses.
const LINES: [(&[u8], Rule); 22] = [
    (b"X: a\n", Rule::BareLf),
    (b"X: a\rb\r\n", Rule::BareCr),
    (b"X: a\r\r\n", Rule::BareCr),
    (b"X\r: a\r\n", Rule::BareCr),
    (b"X: a\0b\r\n", Rule::Nul),
    (b"X\0: a\r\n", Rule::Nul),
    (b"X: a\x01\r\n", Rule::ValueControl),
    (b"X: a\x7f\r\n", Rule::ValueControl),
    (b"X: a\x0bb\r\n", Rule::ValueControl),
    (b": a\r\n", Rule::NameEmpty),
    (b"X : a\r\n", Rule::NameBlank),
    (b"X\t: a\r\n", Rule::NameBlank),
    (b"X Y: a\r\n", Rule::NameMalformed),
    (b"X\x7f: a\r\n", Rule::NameMalformed),
    (b"\xc3\xa4: a\r\n", Rule::NameMalformed),
    (b"X(: a\r\n", Rule::NameMalformed),
    (b"X[]: a\r\n", Rule::NameMalformed),
    (b"X\r\n", Rule::ColonMissing),
    (b"X a\r\n", Rule::ColonMissing),
    (b" X: a\r\n", Rule::ObsFold),
    (b"X: a\r\n b\r\n", Rule::ObsFold),
    (b"X: a\r\n\tb\r\n", Rule::ObsFold),
];

/// B18, 12-038, 12-039
#[test]
fn broken_field_lines_are_refused_in_both_directions() {
    for (line, rule) in LINES {
        for head in [[&b"Host: x\r\n"[..], line, b"A: b\r\n\r\n"].concat(), [line, b"Host: x\r\n\r\n"].concat()] {
            let expected = [format!("!{rule:?}")];
            assert_eq!(served([b"GET / HTTP/1.1\r\n", &head[..]].concat()), expected, "{}", text(&head));
            assert_eq!(asked([b"HTTP/1.1 200 OK\r\n", &head[..]].concat()), expected, "{}", text(&head));
        }
    }
}

/// The first thing that is wrong is what is reported, wherever the head is cut.
#[test]
fn the_first_broken_line_names_the_rule() {
    for (first, rule) in LINES {
        let head = [b"GET / HTTP/1.1\r\nHost: x\r\n", first, b"Y\0: a\n\r\n"].concat();
        assert_eq!(served(head), [format!("!{rule:?}")]);
    }
}

#[test]
fn broken_request_lines_are_refused() {
    for (line, rule) in [
        (&b"GET /\r\n"[..], "StartLine"),
        (b"GET  / HTTP/1.1\r\n", "StartLine"),
        (b"GET / HTTP/1.1 \r\n", "StartLine"),
        (b" GET / HTTP/1.1\r\n", "StartLine"),
        (b"GET / a HTTP/1.1\r\n", "StartLine"),
        (b"GET\r\n", "StartLine"),
        (b"GET\t/\tHTTP/1.1\r\n", "StartLine"),
        (b"G\x7fT / HTTP/1.1\r\n", "MethodMalformed"),
        (b"G(T / HTTP/1.1\r\n", "MethodMalformed"),
        (b"\x16\x03\x01 a HTTP/1.1\r\n", "MethodMalformed"),
        (b"GET /\x01 HTTP/1.1\r\n", "TargetOctets"),
        (b"GET /a\tb HTTP/1.1\r\n", "TargetOctets"),
        (b"GET /\0 HTTP/1.1\r\n", "Nul"),
        (b"GET /\ra HTTP/1.1\r\n", "BareCr"),
        (b"GET / HTTP/1.1\r\r\n", "BareCr"),
        (b"GET / HTTP/1.1\n", "BareLf"),
    ] {
        let head = [line, b"Host: x\r\n\r\n"].concat();
        assert_eq!(served(&head), [format!("!{rule}")], "{}", text(&head));
    }
    let long = format!("{} / HTTP/1.1\r\nHost: x\r\n\r\n", "M".repeat(65));
    assert_eq!(served(long), ["!MethodMalformed"]);
    let method = "M".repeat(64);
    assert_eq!(served(format!("{method} / HTTP/1.1\r\nHost: x\r\n\r\n")), [format!("{method} / HTTP/1.1 | Host: x .")]);
}

#[test]
fn broken_status_lines_are_refused() {
    for (line, rule) in [
        (&b"HTTP/1.1\r\n"[..], "StartLine"),
        (b"HTTP/1.1  200 OK\r\n", "StatusMalformed"),
        (b"HTTP/1.1 20 OK\r\n", "StatusMalformed"),
        (b"HTTP/1.1 2000 OK\r\n", "StatusMalformed"),
        (b"HTTP/1.1 099 OK\r\n", "StatusMalformed"),
        (b"HTTP/1.1 +20 OK\r\n", "StatusMalformed"),
        (b"HTTP/1.1 200OK\r\n", "StatusMalformed"),
        (b"HTTP/2.2 200 OK\r\n", "VersionUnsupported"),
        (b"HTTP/2 200 OK\r\n", "VersionMalformed"),
        (b"ICY 200 OK\r\n", "VersionMalformed"),
        (b"HTTP/1.1 200 a\x01\r\n", "ReasonMalformed"),
        (b"HTTP/1.1 200 a\rb\r\n", "BareCr"),
        (b"HTTP/1.1 200 OK\n", "BareLf"),
        (b"\r\nHTTP/1.1 200 OK\r\n", "EmptyLines"),
    ] {
        let head = [line, b"Content-Length: 0\r\n\r\n"].concat();
        assert_eq!(asked(&head), [format!("!{rule}")], "{}", text(&head));
    }
}

/// 4-087, 12-040
#[test]
fn reasons_are_kept_if_they_are_not_the_usual_ones() {
    for (line, told) in [
        (&b"HTTP/1.1 200 OK"[..], "200 HTTP/1.1"),
        (b"HTTP/1.1 200 Fine, thanks", "200 (Fine, thanks) HTTP/1.1"),
        (b"HTTP/1.1 200 caf\xe9", "200 (caf\\xe9) HTTP/1.1"),
        (b"HTTP/1.1 200", "200 HTTP/1.1"),
        (b"HTTP/1.1 200 ", "200 HTTP/1.1"),
        (b"HTTP/1.0 999 Odd", "999 (Odd) HTTP/1.0"),
    ] {
        let head = [line, b"\r\nContent-Length: 0\r\n\r\n"].concat();
        assert_eq!(asked(&head)[0], format!("{told} | Content-Length: 0 ."), "{}", text(&head));
    }
}

#[test]
fn values_keep_octets_above_ascii() {
    assert_eq!(
        served(b"GET / HTTP/1.1\r\nHost: x\r\nX: caf\xe9 \xc3\xa9\r\n\r\n"),
        ["GET / HTTP/1.1 | Host: x | X: caf\\xe9 \\xc3\\xa9 ."]
    );
}

fn uses(config: &Config, rule: Rule) -> u64 {
    config.lenient_uses().find(|(of, _)| *of == rule).unwrap().1
}

#[test]
fn bare_line_feeds_pass_where_a_switch_says_so() {
    let config = lenient(|leniency| leniency.bare_line_feeds = Switch::Lenient);
    let story = served_by(&config, "GET / HTTP/1.1\nHost: x\r\nA: b\n\nGET /2 HTTP/1.1\r\nHost: y\r\n\r\n");
    assert_eq!(story, ["GET / HTTP/1.1 | Host: x | A: b .", "GET /2 HTTP/1.1 | Host: y ."]);
    assert!(uses(&config, Rule::BareLf) > 0);
    assert_eq!(served_by(&config, "GET / HTTP/1.1\nHost: x\rA: b\n\n"), ["!BareCr"]);
    assert_eq!(
        served_by(&config, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\na"),
        ["POST / HTTP/1.1 | Host: x", "!BareLf"],
        "chunks stay strict"
    );
}

/// 4-077
#[test]
fn folded_responses_are_joined_where_a_switch_says_so() {
    let config = lenient(|leniency| leniency.folded_responses = Switch::Lenient);
    let ask = |script: &'static str| cuts(script.as_bytes(), |pieces| ask_with(&config, &get("/"), pieces, false));
    assert_eq!(
        ask("HTTP/1.1 200 OK\r\nX: a\r\n  b\r\n\tc\r\nContent-Length: 0\r\n\r\n"),
        ["200 HTTP/1.1 | X: a    b  \\tc | Content-Length: 0 .", "reuse"]
    );
    assert!(uses(&config, Rule::ObsFold) > 0);
    assert_eq!(ask("HTTP/1.1 200 OK\r\n X: a\r\n\r\n"), ["!ObsFold"]);
    assert_eq!(ask("HTTP/1.1 200 OK\r\nX: a\r\n \x01\r\n\r\n"), ["!ValueControl"]);
    assert_eq!(served_by(&config, "GET / HTTP/1.1\r\nHost: x\r\nX: a\r\n b\r\n\r\n"), ["!ObsFold"]);
}

/// 4-023, 12-034
#[test]
fn a_length_beside_an_encoding_is_dropped_where_a_switch_says_so() {
    let config = lenient(|leniency| leniency.length_with_encoding = Switch::Lenient);
    let story = served_by(
        &config,
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\nGET / HT",
    );
    assert_eq!(story, ["POST / HTTP/1.1 | Host: x", "data a", "end", "close"]);
    assert!(uses(&config, Rule::LengthWithEncoding) > 0);
    assert_eq!(uses(&config, Rule::LengthRepeated), 0);
}

/// 4-024, 12-037
#[test]
fn equal_lengths_are_collapsed_where_a_switch_says_so() {
    let config = lenient(|leniency| leniency.equal_lengths = Switch::Lenient);
    let story = served_by(&config, "POST / HTTP/1.1\r\nContent-Length: 1\r\nHost: x\r\ncontent-length: 1, 1\r\n\r\na");
    assert_eq!(story, ["POST / HTTP/1.1 | Content-Length: 1 | Host: x", "data a", "end"]);
    assert_eq!(
        served_by(&config, "POST / HTTP/1.1\r\nContent-Length: 1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab"),
        ["!LengthContradictory"]
    );
}

#[test]
fn equal_lengths_of_content_that_does_not_come_are_collapsed_too() {
    let config = lenient(|leniency| leniency.equal_lengths = Switch::Lenient);
    let script = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n";
    let story = ask_with(&config, &request(Method::HEAD, "/"), &[script], false);
    assert_eq!(story, ["200 HTTP/1.1 | Content-Length: 5 .", "reuse"]);
}

#[test]
fn a_missing_host_passes_where_a_switch_says_so() {
    let config = lenient(|leniency| leniency.host_missing = Switch::Lenient);
    assert_eq!(served_by(&config, "GET / HTTP/1.1\r\n\r\n"), ["GET / HTTP/1.1 ."]);
    assert_eq!(served_by(&config, "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), ["!HostRepeated"]);
    assert!(uses(&config, Rule::HostMissing) > 0);
}
