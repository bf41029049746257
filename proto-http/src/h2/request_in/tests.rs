use http::Request;

use super::*;

fn head(request: request::Builder) -> Result<RequestHead, Rule> {
    request_head(request.body(()).unwrap().into_parts().0, &Config::default())
}

fn get(uri: &str) -> request::Builder {
    Request::get(uri)
}

/// A target that `http` cannot put together from a whole URI.
fn path(path: &str) -> request::Builder {
    let mut parts = http::uri::Parts::default();
    parts.path_and_query = Some(path.parse().unwrap());
    Request::get(Uri::from_parts(parts).unwrap()).header("host", "a")
}

fn shown(fields: &Fields) -> Vec<String> {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    fields.iter().map(|(name, value)| format!("{}: {}", text(name), text(value))).collect()
}

#[test]
fn what_is_well_formed_becomes_a_head_of_the_neutral_form() {
    let rows: Vec<(request::Builder, &str, &[&str])> = vec![
        (get("http://a.example/b?c"), "/b?c", &["Host: a.example"]),
        (get("https://a.example"), "/", &["Host: a.example"]),
        (get("https://a.example:8443/").header("x-d", "e"), "/", &["Host: a.example:8443", "x-d: e"]),
        (get("https://a/").header("host", "a"), "/", &["Host: a"]),
        (get("https://A/").header("host", "a:443"), "/", &["Host: A"]),
        (get("http://a:80/").header("host", "a"), "/", &["Host: a:80"]),
        (path("/only-host"), "/only-host", &["host: a"]),
        (get("http://[::1]:81/"), "/", &["Host: [::1]:81"]),
        (Request::options("http://a").uri("*").header("host", "a"), "*", &["host: a"]),
        (Request::connect("a.example:443"), "a.example:443", &["Host: a.example:443"]),
        (get("http://a/").header("te", "trailers"), "/", &["Host: a", "te: trailers"]),
        (
            get("http://a/").header("x", "1").header("y", "2").header("x", "3"),
            "/",
            &["Host: a", "x: 1", "x: 3", "y: 2"],
        ),
        (
            get("http://a/").header("cookie", "b=1").header("x", "y").header("cookie", "c=2; d=3"),
            "/",
            &["Host: a", "x: y", "Cookie: b=1; c=2; d=3"],
        ),
    ];
    for (request, target, fields) in rows {
        let head = head(request).unwrap();
        assert_eq!(head.target.as_bytes(), target.as_bytes());
        assert_eq!(shown(&head.fields), *fields, "{target}");
        assert_eq!((head.version, head.upgrade), (Version::HTTP_2, None));
    }
}

#[test]
fn what_is_ambiguous_or_malformed_is_refused_by_name() {
    let long = "x".repeat(20_000);
    let rows = [
        (path("/").header("host", "b"), Rule::HostRepeated),
        (get("http://a/").header("host", "b"), Rule::HostContradictory),
        (get("http://a/").header("host", "a:81"), Rule::HostContradictory),
        (get("https://a/").header("host", "a:80"), Rule::HostContradictory),
        (get("http://a/").header("host", "a").header("host", "a"), Rule::HostRepeated),
        (get("http://a/").header("host", ""), Rule::HostMalformed),
        (get("http://a/").header("host", "a/b"), Rule::HostMalformed),
        (get("http://user@a/"), Rule::TargetUserinfo),
        (get("http://user:pass@a:80/"), Rule::TargetUserinfo),
        (get("ftp://a/"), Rule::SchemeUnknown),
        (Request::get("/"), Rule::HostMissing),
        (Request::get("*").header("host", "a"), Rule::TargetForm),
        (Request::connect("a.example"), Rule::TargetForm),
        (Request::connect("http://a.example:443/"), Rule::TargetForm),
        (get("http://a/").header("x", " a"), Rule::ValueBlank),
        (get("http://a/").header("x", "a\t"), Rule::ValueBlank),
        (get("http://a/").header("cookie", "a=b "), Rule::ValueBlank),
        (get("http://a/").header("connection", "close"), Rule::FieldOfConnection),
        (get("http://a/").header("keep-alive", "5"), Rule::FieldOfConnection),
        (get("http://a/").header("proxy-connection", "close"), Rule::FieldOfConnection),
        (get("http://a/").header("transfer-encoding", "chunked"), Rule::FieldOfConnection),
        (get("http://a/").header("upgrade", "h2c"), Rule::FieldOfConnection),
        (get("http://a/").header("http2-settings", ""), Rule::FieldOfConnection),
        (get("http://a/").header("te", "gzip"), Rule::FieldOfConnection),
        (get("http://a/").header("te", "trailers, gzip"), Rule::FieldOfConnection),
        (get(&format!("http://a/{long}")), Rule::TargetTooLong),
        (get("http://a/").header("x", long.repeat(4)), Rule::HeadTooLarge),
        ((0..129).fold(get("http://a/"), |request, _| request.header("x", "")), Rule::TooManyFields),
        ((0..513).fold(get("http://a/"), |request, _| request.header("cookie", "a=b")), Rule::TooManyFields),
    ];
    for (at, (request, rule)) in rows.into_iter().enumerate() {
        assert_eq!(head(request).map(|head| head.fields).err(), Some(rule), "row {at}");
    }
}

#[test]
fn cookies_of_a_browser_count_as_one_field() {
    let request = (0..180).fold(get("http://a/"), |request, n| request.header("cookie", format!("c{n}=v")));
    assert_eq!(head(request).unwrap().fields.len(), 2);
}

#[test]
fn extended_connect_asks_as_http_1_would() {
    let mut request = Request::connect("https://a/chat").body(()).unwrap();
    request.extensions_mut().insert(Protocol::from_static("websocket"));
    let head = request_head(request.into_parts().0, &Config::default()).unwrap();
    assert_eq!((head.method, head.upgrade.as_deref()), (Method::GET, Some(&b"websocket"[..])));
    let key = head.fields.text(Known::SecWebSocketKey).unwrap();
    assert!(key.len() == 24 && key.ends_with("=="), "{key}");
    let spare_bits = b"AQgw".contains(&key.as_bytes()[21]);
    assert!(spare_bits, "{key}");
}

#[test]
fn a_protocol_that_is_none_is_refused() {
    let mut request = Request::connect("https://a/chat").body(()).unwrap();
    request.extensions_mut().insert(Protocol::from_static("web socket"));
    let refused = request_head(request.into_parts().0, &Config::default());
    assert_eq!(refused.map(|head| head.upgrade).err(), Some(Rule::UpgradeMalformed));
}

#[test]
fn lengths_are_read_as_in_http_1() {
    let with = |length: &str| head(Request::post("http://a/").header("content-length", length));
    for (length, written) in [("10", "10"), ("010", "10"), ("000", "0"), ("9223372036854775807", "9223372036854775807")]
    {
        let head = with(length).unwrap();
        assert_eq!(head.fields.all(Known::ContentLength).collect::<Vec<_>>(), [written.as_bytes()], "{length}");
    }
    for (length, rule) in [
        ("+5", Rule::LengthMalformed),
        ("-5", Rule::LengthMalformed),
        ("", Rule::LengthMalformed),
        ("5 5", Rule::LengthMalformed),
        ("5,5", Rule::LengthRepeated),
        ("5,6", Rule::LengthContradictory),
        ("9223372036854775808", Rule::LengthOverflow),
        ("99999999999999999999", Rule::LengthOverflow),
    ] {
        assert_eq!(with(length).map(|_| ()), Err(rule), "{length:?}");
    }
}

#[test]
fn an_extended_connect_has_no_length() {
    let mut request = Request::connect("http://a/").header("content-length", "5").body(()).unwrap();
    request.extensions_mut().insert(Protocol::from_static("websocket"));
    let refused = request_head(request.into_parts().0, &Config::default());
    assert_eq!(refused.map(|_| ()), Err(Rule::ConnectContent));
}

#[test]
fn names_that_read_alike_are_removed_or_refused() {
    let with = |name: &str| head(get("http://a/").header(name, "5").header("x_y", "z"));
    for name in ["content_length", "transfer_encoding"] {
        assert_eq!(with(name).map(|_| ()), Err(Rule::NameAlike), "{name}");
    }
    for name in ["x_forwarded_for", "x-forwarded_proto", "x_forwarded_prefix", "client_cert", "proxy_connection"] {
        assert_eq!(shown(&with(name).unwrap().fields), ["Host: a", "x_y: z"], "{name}");
    }
}

#[test]
fn octets_above_ascii_in_a_target_are_refused_unless_a_switch_lets_them_pass() {
    assert_eq!(head(path("/caf\u{e9}")).map(|_| ()), Err(Rule::TargetNotAscii));
    let mut config = Config::default();
    config.leniency.raw_targets = crate::rules::Switch::Lenient;
    let parts = path("/caf\u{e9}").body(()).unwrap().into_parts().0;
    assert_eq!(request_head(parts, &config).unwrap().target.as_bytes(), "/caf\u{e9}".as_bytes());
}
