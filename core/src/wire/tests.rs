use http::StatusCode;
use simplon_proto_http::transfer::{Misuse, Wait};

use super::*;

fn status(kind: Kind, origin: Origin) -> u16 {
    effect(kind, origin).status.as_u16()
}

#[test]
fn rows_are_as_documented() {
    use Kind::{
        Cancelled, Closed, Draining, Exhausted, Io, Misuse as Bad, NoConnection, NoUpstream, Overloaded, Panicked,
        Refused, Rejected, ReplayOverflow, Reset, Resolve, Timeout, Truncated, Unreachable,
    };
    use Origin::{Downstream, Internal, Upstream};
    let (forbidden, elsewhere) = (StatusCode::FORBIDDEN, StatusCode::MISDIRECTED_REQUEST);
    for (kind, origin, status, close, answer) in [
        (Timeout(Wait::Head), Downstream, 408, Close::Yes, Answer::Yes),
        (Timeout(Wait::Body), Downstream, 408, Close::Yes, Answer::Yes),
        (Timeout(Wait::Exchange), Downstream, 408, Close::Yes, Answer::Yes),
        (Timeout(Wait::KeepAlive), Downstream, 499, Close::Yes, Answer::No),
        (Timeout(Wait::Write), Downstream, 499, Close::Yes, Answer::No),
        (Timeout(Wait::Tunnel), Downstream, 499, Close::Yes, Answer::No),
        (Reset, Downstream, 499, Close::Yes, Answer::No),
        (Closed, Downstream, 499, Close::Yes, Answer::No),
        (Io(std::io::ErrorKind::Other), Downstream, 499, Close::Yes, Answer::No),
        (Truncated, Downstream, 400, Close::Yes, Answer::Yes),
        (Cancelled, Downstream, 499, Close::Yes, Answer::No),
        (Overloaded, Downstream, 503, Close::No, Answer::Yes),
        (Rejected(elsewhere), Downstream, 421, Close::No, Answer::Yes),
        (Rejected(forbidden), Downstream, 403, Close::No, Answer::Yes),
        (ReplayOverflow, Downstream, 413, Close::Yes, Answer::Yes),
        (Bad(Misuse::TooLong), Downstream, 500, Close::Yes, Answer::Yes),
        (Timeout(Wait::Connect), Upstream, 504, Close::No, Answer::Yes),
        (Timeout(Wait::Head), Upstream, 504, Close::No, Answer::Yes),
        (Timeout(Wait::Body), Upstream, 504, Close::No, Answer::Yes),
        (Timeout(Wait::Write), Upstream, 504, Close::No, Answer::Yes),
        (Refused, Upstream, 502, Close::No, Answer::Yes),
        (Unreachable, Upstream, 502, Close::No, Answer::Yes),
        (Resolve, Upstream, 502, Close::No, Answer::Yes),
        (Reset, Upstream, 502, Close::No, Answer::Yes),
        (Closed, Upstream, 502, Close::No, Answer::Yes),
        (Truncated, Upstream, 502, Close::No, Answer::Yes),
        (Io(std::io::ErrorKind::Other), Upstream, 502, Close::No, Answer::Yes),
        (ReplayOverflow, Upstream, 502, Close::No, Answer::Yes),
        (NoUpstream, Upstream, 503, Close::No, Answer::Yes),
        (NoUpstream, Internal, 503, Close::No, Answer::Yes),
        (NoConnection, Upstream, 503, Close::No, Answer::Yes),
        (NoConnection, Internal, 503, Close::No, Answer::Yes),
        (Exhausted, Internal, 503, Close::No, Answer::Yes),
        (Draining, Internal, 503, Close::Yes, Answer::Yes),
        (Timeout(Wait::Exchange), Internal, 504, Close::No, Answer::Yes),
        (Panicked, Internal, 500, Close::Yes, Answer::Yes),
        (Kind::Internal, Internal, 500, Close::Yes, Answer::Yes),
        (Reset, Internal, 500, Close::Yes, Answer::Yes),
    ] {
        let got = effect(kind, origin);
        assert_eq!((got.status.as_u16(), got.close, got.answer), (status, close, answer), "{kind:?} {origin:?}");
    }
}

#[test]
fn every_malformed_response_is_502_and_every_malformed_request_has_the_status_of_its_rule() {
    for row in TABLE.iter().filter(|row| !row.is_dropping()) {
        assert_eq!(status(Kind::Malformed(row.rule), Origin::Upstream), 502, "{}", row.rule);
        let request = effect(Kind::Malformed(row.rule), Origin::Downstream);
        assert_eq!(request.status.as_u16(), row.status, "{}", row.rule);
        assert_eq!(request.close, Close::Yes, "{}", row.rule);
    }
}

#[test]
fn request_rules_have_statuses_of_errors() {
    let all: Vec<u16> = TABLE.iter().filter(|row| !row.is_dropping()).map(|row| row.status).collect();
    for status in [400, 413, 414, 431] {
        assert!(all.contains(&status), "no rule gives {status}");
    }
    assert!(all.iter().all(|status| (400..600).contains(status)));
}

#[test]
fn table_has_each_pair_once() {
    let mut seen: Vec<(Kind, Origin)> = Vec::new();
    for (kind, origin, row) in table() {
        assert!(!seen.contains(&(kind, origin)), "{kind:?} {origin:?} twice");
        assert!(row.status.is_client_error() || row.status.is_server_error());
        seen.push((kind, origin));
    }
    assert_eq!(seen.len() % 3, 0);
}

#[test]
fn refused_work_may_be_tried_elsewhere() {
    for kind in [Kind::Overloaded, Kind::NoConnection, Kind::Exhausted, Kind::Draining, Kind::NoUpstream] {
        let row = effect(kind, Origin::Internal);
        assert_eq!((row.h2, row.h3), (H2::REFUSED_STREAM, H3::REQUEST_REJECTED));
    }
}

/// What is too large is no breach of the protocol, but too much of it (RFC 9113 §7).
#[test]
fn what_is_too_large_has_a_milder_code() {
    for row in TABLE.iter().filter(|row| !row.is_dropping()) {
        let effect = effect(Kind::Malformed(row.rule), Origin::Downstream);
        let expected = match row.status {
            413 | 414 | 431 => (H2::ENHANCE_YOUR_CALM, H3::EXCESSIVE_LOAD),
            _ => (H2::PROTOCOL_ERROR, H3::MESSAGE_ERROR),
        };
        assert_eq!((effect.h2, effect.h3), expected, "{}", row.rule);
    }
}
