use super::*;

#[test]
fn hosts_with_and_without_ports_are_split() {
    for (octets, host, port) in [
        (&b"example.com"[..], &b"example.com"[..], None),
        (b"example.com:", b"example.com", None),
        (b"example.com:8080", b"example.com", Some(8080)),
        (b"127.0.0.1:1", b"127.0.0.1", Some(1)),
        (b"[::1]", b"[::1]", None),
        (b"[::1]:443", b"[::1]", Some(443)),
        (b"[v1.a:b]", b"[v1.a:b]", None),
        (b"under_score", b"under_score", None),
    ] {
        assert_eq!(Authority::parse(octets), Ok(Authority { host, port }), "{octets:?}");
    }
}

#[test]
fn what_is_not_a_host_is_refused() {
    for octets in [
        &b""[..],
        b":80",
        b"a:b",
        b"a:65536",
        b"a:+1",
        b"a:80:80",
        b"a b",
        b"a,b",
        b"a/b",
        b"a\\b",
        b"a?b",
        b"a#b",
        b"[::1",
        b"[::1]x",
        b"[g]",
        b"::1",
        b"a\0",
        b"\xff",
        b"a\"",
        b"<a>",
        b"[]",
        b"[::1]]",
        b"a[",
    ] {
        assert_eq!(Authority::parse(octets), Err(NotHost::Malformed), "{octets:?}");
    }
    assert_eq!(Authority::parse(b"user@host"), Err(NotHost::Userinfo));
    assert_eq!(Authority::parse(b"user:pass@host:80"), Err(NotHost::Userinfo));
}

#[test]
fn the_default_port_is_the_same_as_none() {
    let same =
        |a: &[u8], b: &[u8], default| Authority::parse(a).unwrap().is_same(&Authority::parse(b).unwrap(), default);
    assert!(same(b"A.example", b"a.EXAMPLE:80", Some(80)));
    assert!(same(b"a:", b"a", None));
    assert!(!same(b"a", b"a:80", Some(443)));
    assert!(!same(b"a", b"b", Some(80)));
}

fn verdict(method: &http::Method, target: &'static str, hosts: &[&str], version: Version) -> Result<(), Rule> {
    let target = Target::parse(method, target.into()).unwrap();
    let fields = Fields::from_pairs(hosts.iter().map(|host| ("Host", *host))).unwrap();
    check(&target, &fields, version)
}

/// A16, B20
#[test]
fn one_host_that_agrees_with_the_target_is_asked_for() {
    use http::Method;
    let v11 = Version::HTTP_11;
    type Case<'a> = (&'a Method, &'static str, &'a [&'a str], Version, Result<(), Rule>);
    let cases: [Case<'_>; 16] = [
        (&Method::GET, "/", &["a"], v11, Ok(())),
        (&Method::GET, "/", &[], v11, Err(Rule::HostMissing)),
        (&Method::GET, "/", &[], Version::HTTP_10, Ok(())),
        (&Method::GET, "/", &["a", "a"], v11, Err(Rule::HostRepeated)),
        (&Method::GET, "/", &["a", "b"], Version::HTTP_10, Err(Rule::HostRepeated)),
        (&Method::GET, "/", &[""], v11, Err(Rule::HostMalformed)),
        (&Method::GET, "/", &["u@a"], v11, Err(Rule::HostMalformed)),
        (&Method::GET, "/", &["a, b"], v11, Err(Rule::HostMalformed)),
        (&Method::GET, "http://a/", &["A:80"], v11, Ok(())),
        (&Method::GET, "http://a/", &["b"], v11, Err(Rule::HostContradictory)),
        (&Method::GET, "http://a:81/", &["a"], v11, Err(Rule::HostContradictory)),
        (&Method::GET, "https://a:443/", &["a"], v11, Ok(())),
        (&Method::CONNECT, "a:443", &["a:443"], v11, Ok(())),
        (&Method::CONNECT, "a:443", &["a"], v11, Ok(())),
        (&Method::CONNECT, "a:443", &["a:80"], v11, Err(Rule::HostContradictory)),
        (&Method::CONNECT, "a:443", &["b:443"], v11, Err(Rule::HostContradictory)),
    ];
    for (method, target, hosts, version, expected) in cases {
        assert_eq!(verdict(method, target, hosts, version), expected, "{method} {target} {hosts:?}");
    }
}

/// RFC 3986 §3.2.2
#[test]
fn literals_of_versions_to_come_are_told_from_others() {
    for literal in ["[v1.a]", "[V1.a:b]", "[vaF.:]", "[v1.a.b]", "[v0.-._~!$&'()*+;=]"] {
        assert!(Authority::parse(literal.as_bytes()).is_ok(), "{literal}");
        assert!(Authority::parse(format!("{literal}:80").as_bytes()).is_ok(), "{literal}");
    }
    for literal in [
        "[v]", "[v1]", "[v1.]", "[v.a]", "[vg.a]", "[v1a]", "[:v1.a]", "[v1.a/]", "[v1.a,b]", "[v1.%41]", "[v1:a.b]",
        "[v1.a]b", "[x1.a]",
    ] {
        assert!(Authority::parse(literal.as_bytes()).is_err(), "{literal}");
    }
}
