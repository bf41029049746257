use super::*;
use crate::target::Target;

fn head(method: &str, target: &str, fields: &[(&str, &str)]) -> RequestHead {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    let target = Target::parse(&method, target.to_owned().into()).unwrap();
    RequestHead { fields: Fields::from_pairs(fields.iter().copied()).unwrap(), ..RequestHead::new(method, target) }
}

fn sent(head: &RequestHead) -> Result<Outgoing, Misuse> {
    request(head, Last::Yes, Scheme::Http, Extended::Unknown)
}

/// (method, target, Host, the URI that goes out)
#[test]
fn authority_is_hosts_then_the_targets() {
    let table = [
        ("GET", "/", "a.example", "http://a.example/"),
        ("GET", "/a?b=c", "a.example:8080", "http://a.example:8080/a?b=c"),
        ("GET", "/", "[::1]:80", "http://[::1]:80/"),
        ("GET", "http://b.example/x", "", "http://b.example/x"),
        ("GET", "http://b.example/x", "a.example", "http://a.example/x"),
        ("GET", "http://b.example?q", "b.example", "http://b.example/?q"),
        ("GET", "http://b.example", "b.example", "http://b.example/"),
        ("OPTIONS", "*", "a.example", "*"),
        ("OPTIONS", "http://b.example", "", "*"),
        ("OPTIONS", "/", "a.example", "http://a.example/"),
        ("CONNECT", "a.example:443", "a.example:443", "a.example:443"),
        ("GET", "/a|b", "a", "http://a/a|b"),
        ("GET", "/<>^`\\", "a", "http://a/%3C%3E^%60%5C"),
    ];
    for (method, target, host, expected) in table {
        let fields: &[(&str, &str)] = if host.is_empty() { &[] } else { &[("Host", host)] };
        let outgoing = sent(&head(method, target, fields)).unwrap();
        let uri = outgoing.request.uri();
        let shown = if expected == "*" { uri.path().to_owned() } else { uri.to_string() };
        assert!(shown == expected || encoded(expected.as_bytes()) == encoded(shown.as_bytes()), "{shown} {expected}");
        assert!(outgoing.request.headers().is_empty(), "{target}");
    }
}

#[test]
fn scheme_is_that_of_our_connection() {
    let head = head("GET", "http://a.example/", &[]);
    let https = request(&head, Last::Yes, Scheme::Https, Extended::Unknown).unwrap();
    assert_eq!(https.request.uri().scheme_str(), Some("https"));
}

#[test]
fn what_breaks_a_rule_is_not_sent() {
    let misuse = |rule| Some(Misuse::Head(rule));
    let table = [
        (head("GET", "/", &[]), misuse(Rule::HostMissing)),
        (head("GET", "/", &[("Host", "a"), ("Host", "a")]), misuse(Rule::HostRepeated)),
        (head("GET", "/", &[("Host", "a b")]), misuse(Rule::HostMalformed)),
        (head("GET", "/", &[("Host", "u@a")]), misuse(Rule::HostMalformed)),
        (head("GET", "/", &[("Host", "a,b")]), misuse(Rule::HostMalformed)),
        (head("GET", "/", &[("Host", "")]), misuse(Rule::HostMalformed)),
        (head("CONNECT", "a:1", &[("Host", "b:1")]), misuse(Rule::HostContradictory)),
        (head("CONNECT", "a:1", &[("Content-Length", "1")]), misuse(Rule::ConnectContent)),
        (head("POST", "/", &[("Host", "a"), ("Content-Length", "5")]), Some(Misuse::TooShort)),
        (head("POST", "/", &[("Host", "a"), ("Content-Length", "5, 5")]), misuse(Rule::LengthRepeated)),
        (head("POST", "/", &[("Host", "a"), ("Content-Length", "x")]), misuse(Rule::LengthMalformed)),
        (head("POST", "/", &[("Host", "a"), ("Content-Length", "0")]), None),
    ];
    for (head, expected) in table {
        assert_eq!(sent(&head).err(), expected, "{head:?}");
    }
    let mut changed = head("GET", "/", &[("Host", "a")]);
    changed.method = Method::CONNECT;
    assert_eq!(sent(&changed).err(), misuse(Rule::TargetForm));
    let mut changed = head("OPTIONS", "*", &[("Host", "a")]);
    changed.method = Method::GET;
    assert_eq!(sent(&changed).err(), misuse(Rule::TargetForm));
    let mut changed = head("CONNECT", "a:1", &[]);
    changed.method = Method::GET;
    assert_eq!(sent(&changed).err(), misuse(Rule::TargetForm));
    let mut upgrade = head("GET", "/", &[("Host", "a")]);
    upgrade.upgrade = Some("a b".into());
    assert_eq!(sent(&upgrade).err(), misuse(Rule::UpgradeMalformed));
}

/// RFC 9113 §8.2.2.
#[test]
fn fields_of_a_connection_are_never_sent() {
    let fields = [
        ("Host", "a"),
        ("Connection", "close"),
        ("Keep-Alive", "timeout=5"),
        ("Proxy-Connection", "close"),
        ("Transfer-Encoding", "chunked"),
        ("Upgrade", "h2c"),
        ("HTTP2-Settings", "AAMAAABk"),
        ("TE", "gzip, Trailers"),
        ("X-Kept", "1"),
        ("Set-Cookie", "a"),
        ("Set-Cookie", "b"),
        ("Authorization", "secret"),
    ];
    let outgoing = sent(&head("GET", "/", &fields)).unwrap();
    let headers = outgoing.request.headers();
    let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["x-kept", "set-cookie", "set-cookie", "authorization", "te"]);
    assert_eq!(headers["te"], "trailers");
    assert!(headers["authorization"].is_sensitive() && !headers["x-kept"].is_sensitive());
    let plain = sent(&head("GET", "/", &[("Host", "a"), ("TE", "gzip")])).unwrap();
    assert!(plain.request.headers().is_empty());
}

/// (protocols asked for, method, whether the origin allows it, the protocol that is asked for)
#[test]
fn upgrade_becomes_extended_connect_where_it_can() {
    let table = [
        ("websocket", "GET", Extended::Allowed, Some("websocket")),
        ("websocket, x/1", "GET", Extended::Allowed, Some("websocket")),
        ("websocket", "GET", Extended::Unknown, None),
        ("websocket", "POST", Extended::Allowed, None),
        ("h2c", "GET", Extended::Allowed, None),
    ];
    for (list, method, extended, expected) in table {
        let mut head = head(method, "/c?d", &[("Host", "a"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")]);
        head.upgrade = Some(Bytes::from(list));
        let outgoing = request(&head, Last::Yes, Scheme::Https, extended).unwrap();
        let protocol = outgoing.request.extensions().get::<Protocol>().map(Protocol::as_str);
        assert_eq!(protocol, expected, "{list}");
        if expected.is_none() {
            assert_eq!((outgoing.opens, outgoing.request.method().as_str()), (Opens::Nothing, method));
            continue;
        }
        let accept = HeaderValue::from_static("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(outgoing.opens, Opens::Protocol { name: "websocket".into(), accept: Some(accept) });
        assert_eq!(outgoing.request.method(), Method::CONNECT);
        assert_eq!(outgoing.request.uri().to_string(), "https://a/c?d");
        assert!(outgoing.request.headers().is_empty());
    }
}
