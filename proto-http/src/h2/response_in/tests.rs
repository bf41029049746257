use http::Response;

use super::*;
use crate::limits::Limits;

fn parts(status: u16, fields: &[(&str, &str)]) -> response::Parts {
    let mut builder = Response::builder().status(status);
    for (name, value) in fields {
        builder = builder.header(*name, *value);
    }
    builder.body(()).unwrap().into_parts().0
}

fn came(method: &str, status: u16, fields: &[(&str, &str)]) -> Result<(ResponseHead, Framing), Rule> {
    response(parts(status, fields), &method.parse().unwrap(), &Config::default())
}

/// (method, status, Content-Length, framing, Content-Length that is passed on)
#[test]
fn framing_follows_from_method_and_status() {
    let table = [
        ("GET", 200, None, Framing::UntilClose, None),
        ("GET", 200, Some("5"), Framing::Length(5), Some("5")),
        ("GET", 200, Some("005"), Framing::Length(5), Some("5")),
        ("HEAD", 200, Some("5"), Framing::Empty, Some("5")),
        ("GET", 304, Some("5"), Framing::Empty, Some("5")),
        ("GET", 204, Some("5"), Framing::Empty, None),
        ("GET", 103, Some("5"), Framing::Empty, None),
        ("CONNECT", 200, Some("5"), Framing::Empty, None),
        ("CONNECT", 403, Some("5"), Framing::Length(5), Some("5")),
    ];
    for (method, status, length, framing, passed) in table {
        let fields: Vec<_> = length.iter().map(|length| ("content-length", *length)).collect();
        let (head, found) = came(method, status, &fields).unwrap();
        assert_eq!(found, framing, "{method} {status}");
        assert_eq!(head.fields.text(Known::ContentLength), passed, "{method} {status}");
        assert_eq!(head.version, Version::HTTP_2);
    }
}

#[test]
fn malformed_heads_are_refused() {
    type Row<'a> = (u16, &'a [(&'a str, &'a str)], Rule);
    let table: &[Row<'_>] = &[
        (101, &[], Rule::UpgradeNotAsked),
        (200, &[("x", " a")], Rule::ValueBlank),
        (200, &[("x", "a\t")], Rule::ValueBlank),
        (200, &[("x", " ")], Rule::ValueBlank),
        (200, &[("connection", "close")], Rule::FieldOfConnection),
        (200, &[("keep-alive", "timeout=5")], Rule::FieldOfConnection),
        (200, &[("proxy-connection", "close")], Rule::FieldOfConnection),
        (200, &[("transfer-encoding", "chunked")], Rule::FieldOfConnection),
        (200, &[("transfer-encoding", "chunked"), ("content-length", "5")], Rule::FieldOfConnection),
        (200, &[("upgrade", "websocket")], Rule::FieldOfConnection),
        (200, &[("te", "trailers")], Rule::FieldOfConnection),
        (103, &[("connection", "close")], Rule::FieldOfConnection),
        (200, &[("content-length", "+5")], Rule::LengthMalformed),
        (200, &[("content-length", "")], Rule::LengthMalformed),
        (200, &[("content-length", "5"), ("content-length", "5")], Rule::LengthRepeated),
        (200, &[("content-length", "5"), ("content-length", "6")], Rule::LengthContradictory),
        (200, &[("content-length", "99999999999999999999")], Rule::LengthOverflow),
    ];
    for (status, fields, rule) in table {
        assert_eq!(came("GET", *status, fields).err(), Some(*rule), "{fields:?}");
    }
}

#[test]
fn heads_over_the_limits_are_refused() {
    let mut config = Config::default();
    config.limits = Limits { head_fields: 2, head_octets: 20, ..Limits::default() };
    let get = Method::GET;
    let try_with = |fields: &[(&str, &str)]| response(parts(200, fields), &get, &config).map(|_| ());
    assert_eq!(try_with(&[("a", "b"), ("c", "d")]), Ok(()));
    assert_eq!(try_with(&[("a", "b"), ("c", "d"), ("e", "f")]), Err(Rule::TooManyFields));
    assert_eq!(try_with(&[("a", "0123456789"), ("c", "01")]), Err(Rule::HeadTooLarge));
}

#[test]
fn lengths_leave_as_they_are_usually_written_also_where_no_content_follows() {
    for (asked, status) in [(Method::GET, 200), (Method::HEAD, 200), (Method::GET, 304)] {
        let (head, _) = response(parts(status, &[("content-length", "010")]), &asked, &Config::default()).unwrap();
        assert_eq!(head.fields.all(Known::ContentLength).collect::<Vec<_>>(), [b"10"], "{asked} {status}");
    }
}

#[test]
fn names_that_read_alike_are_removed_or_refused() {
    let try_with = |fields: &[(&str, &str)]| response(parts(200, fields), &Method::GET, &Config::default());
    for name in ["content_length", "transfer_encoding"] {
        assert_eq!(try_with(&[(name, "5")]).map(|_| ()), Err(Rule::NameAlike), "{name}");
    }
    let (head, _) = try_with(&[("keep_alive", "timeout=5"), ("x_y", "z")]).unwrap();
    assert_eq!(head.fields, Fields::from_pairs([("x_y", "z")]).unwrap());
}
