use super::*;

fn parse(method: &Method, raw: &'static [u8]) -> Result<Target, Rule> {
    Target::parse(method, Bytes::from_static(raw))
}

#[test]
fn origin_form_is_split_into_path_and_query() {
    for (raw, path, query) in [
        (&b"/"[..], &b"/"[..], None),
        (b"/a/b", b"/a/b", None),
        (b"/a?b=c?d", b"/a", Some(&b"b=c?d"[..])),
        (b"/?", b"/", Some(b"")),
        (b"//evil.example/a", b"//evil.example/a", None),
        (b"/a|b\"<>", b"/a|b\"<>", None),
    ] {
        let target = parse(&Method::GET, raw).unwrap();
        assert_eq!((target.form(), target.path(), target.query()), (Form::Origin, path, query));
        assert_eq!((target.as_bytes(), target.path_and_query()), (raw, raw));
        assert_eq!((target.authority(), target.scheme()), (None, None));
    }
}

#[test]
fn absolute_form_is_split_into_its_parts() {
    for (raw, authority, path, both) in [
        (&b"http://a.example"[..], &b"a.example"[..], &b"/"[..], &b"/"[..]),
        (b"HTTP://a:81/b?c", b"a:81", b"/b", b"/b?c"),
        (b"https://[::1]:1/", b"[::1]:1", b"/", b"/"),
        (b"http://a?q", b"a", b"/", b"?q"),
        (b"urn+x.y-1://a/b", b"a", b"/b", b"/b"),
    ] {
        let target = parse(&Method::GET, raw).unwrap();
        assert_eq!((target.form(), target.authority(), target.path()), (Form::Absolute, Some(authority), path));
        assert_eq!(target.path_and_query(), both);
    }
    assert_eq!(parse(&Method::GET, b"http://a?q").unwrap().query(), Some(&b"q"[..]));
    assert_eq!(parse(&Method::GET, b"HTTP://a:81/b?c").unwrap().scheme(), Some(&b"HTTP"[..]));
}

#[test]
fn connect_takes_authority_form_alone() {
    let target = parse(&Method::CONNECT, b"a.example:443").unwrap();
    assert_eq!(
        (target.form(), target.authority(), target.path()),
        (Form::Authority, Some(&b"a.example:443"[..]), &b""[..])
    );
    assert_eq!((target.path_and_query(), target.query()), (&b""[..], None));
    for raw in [&b"/"[..], b"a.example", b"a.example:", b"a:0", b"a:x", b"http://a:1/", b"*", b":443"] {
        assert_eq!(parse(&Method::CONNECT, raw), Err(Rule::TargetForm), "{raw:?}");
    }
    assert_eq!(parse(&Method::CONNECT, b"u@a:443"), Err(Rule::TargetUserinfo));
    assert_eq!(parse(&Method::GET, b"a.example:443"), Err(Rule::TargetForm));
}

#[test]
fn asterisk_form_goes_with_options_alone() {
    let target = parse(&Method::OPTIONS, b"*").unwrap();
    assert_eq!(
        (target.form(), target.path(), target.path_and_query(), target.query()),
        (Form::Asterisk, &b"*"[..], &b"*"[..], None)
    );
    assert_eq!(parse(&Method::GET, b"*"), Err(Rule::TargetForm));
    assert_eq!(parse(&Method::OPTIONS, b"*a"), Err(Rule::TargetForm));
}

/// 4-009
#[test]
fn ambiguous_targets_are_refused() {
    for raw in [
        &b"http:/a"[..],
        b"http:a",
        b"https:",
        b"http:\\\\a/",
        b"http:///a",
        b"http://",
        b"http://a\\b/c",
        b"1http://a/",
        b"ht_tp://a/",
        b"://a/",
    ] {
        assert_eq!(parse(&Method::GET, raw), Err(Rule::TargetAmbiguous), "{raw:?}");
    }
}

#[test]
fn broken_targets_name_what_is_broken() {
    for (raw, rule) in [
        (&b""[..], Rule::TargetOctets),
        (b"/a b", Rule::TargetOctets),
        (b"/a\0", Rule::TargetOctets),
        (b"/a\x7f", Rule::TargetOctets),
        (b"/a\tb", Rule::TargetOctets),
        (b"a/b", Rule::TargetForm),
        (b"?a", Rule::TargetForm),
        (b"/a#b", Rule::TargetFragment),
        (b"/a?b#c", Rule::TargetFragment),
        (b"http://a#b", Rule::TargetFragment),
        (b"http://u@a/", Rule::TargetUserinfo),
        (b"http://u:p@a/", Rule::TargetUserinfo),
        (b"http://a:b/", Rule::TargetAuthority),
        (b"http://a,b/", Rule::TargetAuthority),
    ] {
        assert_eq!(parse(&Method::GET, raw), Err(rule), "{raw:?}");
    }
}

#[test]
fn a_uri_gives_its_path_and_query() {
    let uri: http::Uri = "http://a.example/b?c".parse().unwrap();
    assert_eq!(Target::try_from(&uri).unwrap().as_bytes(), b"/b?c");
    assert_eq!(Target::origin("*"), Err(Rule::TargetOctets).or(Err(Rule::TargetForm)));
    assert_eq!(Target::origin("/\u{e4}"), Err(Rule::TargetNotAscii));
    assert_eq!(format!("{:?}", Target::origin("/\"").unwrap()), "Origin(\"/\\\"\")");
}
