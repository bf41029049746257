use http::{Method, StatusCode};

use super::*;
use crate::target::Target;

fn head(pairs: &[(&str, &str)]) -> RequestHead {
    let mut head = RequestHead::new(Method::GET, Target::origin("/").unwrap());
    head.fields = Fields::from_pairs(pairs.iter().copied()).unwrap();
    head
}

fn stripped(pairs: &[(&str, &str)]) -> Result<Vec<(String, String)>, Rule> {
    let mut head = head(pairs);
    strip_request(&mut head)?;
    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
    Ok(head.fields.iter().map(|(name, value)| (text(name), text(value))).collect())
}

fn names(pairs: &[(&str, &str)]) -> Vec<String> {
    stripped(pairs).unwrap().into_iter().map(|(name, _)| name).collect()
}

/// B21, 6-062
#[test]
fn fields_of_the_connection_are_removed() {
    let kept = names(&[
        ("Host", "a"),
        ("Connection", "keep-alive, X-Secret"),
        ("x-SECRET", "s"),
        ("Keep-Alive", "timeout=5"),
        ("Proxy-Connection", "close"),
        ("Proxy-Authenticate", "Basic"),
        ("Proxy-Authorization", "Basic x"),
        ("TE", "gzip"),
        ("Upgrade", "websocket"),
        ("HTTP2-Settings", "x"),
        ("Trailer", "X-Sum"),
        ("Accept", "*/*"),
    ]);
    assert_eq!(kept, ["Host", "Trailer", "Accept"]);
}

#[test]
fn a_head_without_such_fields_is_left_alone() {
    let pairs = [("Host", "a"), ("Accept", "*/*"), ("X-Foo", "b")];
    assert_eq!(names(&pairs), ["Host", "Accept", "X-Foo"]);
}

#[test]
fn several_connection_fields_count_together() {
    let kept = names(&[("Connection", "a"), ("A", "1"), ("b", "2"), ("connection", "close,, B ,"), ("c", "3")]);
    assert_eq!(kept, ["c"]);
}

/// B22
#[test]
fn te_trailers_survives_and_other_codings_do_not() {
    for (connection, te) in [("TE", "trailers"), ("close", "Trailers"), ("te", "gzip;q=0.5, trailers")] {
        let kept = stripped(&[("Connection", connection), ("te", te)]).unwrap();
        assert_eq!(kept.len(), 1, "{te}");
        assert_eq!(kept[0].1, "trailers");
    }
    // It stays beside all that is of no hop, known or not.
    let all =
        [("Host", "a"), ("TE", "trailers"), ("Connection", "te"), ("ETag", "b"), ("X-C", "d"), ("Keep-Alive", "5")];
    assert_eq!(names(&all), ["Host", "TE", "ETag", "X-C"]);
    assert!(names(&[("TE", "gzip, deflate")]).is_empty());
    assert!(names(&[("TE", "trailersx")]).is_empty());
}

/// B21, 6-063
#[test]
fn protected_names_cannot_be_nominated() {
    for name in [
        "Host",
        "content-length",
        "Authorization",
        "COOKIE",
        "X-Forwarded-For",
        "x-forwarded-proto",
        "X-Forwarded-Whatever",
        "Forwarded",
        "Via",
        ":authority",
    ] {
        assert_eq!(stripped(&[("Connection", &format!("close, {name}"))]), Err(Rule::NominationProtected), "{name}");
    }
    for name in ["a b", "a/b", "\"a\"", "a;b"] {
        assert_eq!(stripped(&[("Connection", name)]), Err(Rule::NominationMalformed), "{name}");
    }
}

/// 6-063
#[test]
fn ten_names_can_be_nominated_and_no_more() {
    let list = |n: usize| (0..n).map(|i| format!("x{i}")).collect::<Vec<_>>().join(",");
    assert_eq!(names(&[("Connection", &list(10)), ("X9", "a"), ("x10", "b")]), ["x10"]);
    assert_eq!(stripped(&[("Connection", &list(11))]), Err(Rule::TooManyNominations));
    assert_eq!(stripped(&[("Connection", &"close,".repeat(17))]), Err(Rule::TooManyNominations));
}

#[test]
fn options_are_judged_as_what_they_read_like() {
    for name in ["Content_Length", "X_Forwarded_For", "x-forwarded_whatever", "Client_Cert", "Set_Cookie"] {
        assert_eq!(stripped(&[("Connection", name)]), Err(Rule::NominationProtected), "{name}");
    }
    assert_eq!(names(&[("Connection", "Keep_Alive"), ("A", "1")]), ["A"]);
    assert_eq!(names(&[("Connection", "X-Secret"), ("X_Secret", "1"), ("x-secret", "2"), ("A", "1")]), ["A"]);
}

/// Known names are recognised before the list is looked at.
#[test]
fn known_names_can_be_nominated_too() {
    let kept =
        names(&[("Connection", "Accept, Range, etag"), ("Accept", "1"), ("Range", "2"), ("ETag", "3"), ("A", "4")]);
    assert_eq!(kept, ["A"]);
}

#[test]
fn sixteen_options_are_taken_and_no_more() {
    let list = |n: usize| vec!["close"; n].join(",");
    assert_eq!(names(&[("Connection", &list(16)), ("A", "1")]), ["A"]);
    assert_eq!(names(&[("Connection", &format!("{},x", list(15))), ("A", "1"), ("X", "2")]), ["A"]);
    assert_eq!(stripped(&[("Connection", &list(17))]), Err(Rule::TooManyNominations));
}

#[test]
fn responses_are_stripped_alike() {
    let mut head = ResponseHead::new(StatusCode::OK);
    head.fields = Fields::from_pairs([("Connection", "close, X-A"), ("X-A", "1"), ("Server", "s")]).unwrap();
    strip_response(&mut head).unwrap();
    assert_eq!(head.fields, Fields::from_pairs([("Server", "s")]).unwrap());
    head.fields.append("Connection", "Set-Cookie").unwrap();
    assert_eq!(strip_response(&mut head), Err(Rule::NominationProtected));
}
