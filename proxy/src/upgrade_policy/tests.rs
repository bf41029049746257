use super::*;

fn left(policy: &UpgradePolicy, asked: &'static str) -> Option<String> {
    let left = policy.of(&Bytes::from_static(asked.as_bytes()));
    left.map(|left| String::from_utf8(left.to_vec()).unwrap())
}

/// Every name under which HTTP or TLS was ever asked for, and some that only look like one.
const NEVER: [&str; 22] = [
    "h2c", "H2C", "h2", "h3", "h2c-14", "h2-16", "h2c/1", "HTTP/2.0", "http/1.1", "HTTP/2", "HTTP", "HTTP2", "https",
    "TLS/1.0", "tls/1.3", "TLS", "TLS1.2", "SSL/3", "SPDY/3.1", "spdy", "h3c", "h1c",
];

#[test]
fn websocket_alone_is_allowed_by_default() {
    let policy = UpgradePolicy::default();
    for (asked, expected) in [
        ("websocket", Some("websocket")),
        ("WebSocket", Some("WebSocket")),
        ("websocket, h2c", Some("websocket")),
        ("h2c,websocket", Some("websocket")),
        (" , h2c ,, websocket ,", Some("websocket")),
        ("websocket, WEBSOCKET", Some("websocket, WEBSOCKET")),
        ("websocket/13", None),
        ("websockets", None),
        ("connect-udp", None),
        ("", None),
        (",", None),
    ] {
        assert_eq!(left(&policy, asked).as_deref(), expected, "{asked:?}");
    }
    for asked in NEVER {
        assert_eq!(left(&policy, asked), None, "{asked}");
    }
}

#[test]
fn what_is_named_is_allowed_and_nothing_else() {
    let policy = UpgradePolicy::to(["connect-udp", "irc/6.9"]).unwrap();
    for (asked, expected) in [
        ("connect-udp", Some("connect-udp")),
        ("IRC/6.9, websocket, Connect-UDP", Some("IRC/6.9, Connect-UDP")),
        ("irc", None),
        ("irc/6.9.1", None),
        ("websocket", None),
    ] {
        assert_eq!(left(&policy, asked).as_deref(), expected, "{asked:?}");
    }
    assert_eq!(left(&UpgradePolicy::none(), "websocket"), None);
}

#[test]
fn http_and_tls_cannot_be_allowed() {
    for name in NEVER {
        assert_eq!(UpgradePolicy::to([name]).err(), Some(UpgradeError::Never(name.to_owned())), "{name}");
        assert_eq!(without_http(&Bytes::from_static(name.as_bytes())), None, "{name}");
    }
    for name in ["websocket", "h", "hc", "http-like"] {
        let is_never = UpgradePolicy::to([name]).is_err();
        assert_eq!(is_never, name != "websocket", "{name}");
    }
    for name in ["h2x", "hello", "tlsx", "connect-udp", "masque", "webtransport", "c", "2"] {
        assert!(UpgradePolicy::to([name]).is_ok(), "{name}");
    }
    assert_eq!(without_http(&Bytes::from_static(b"a, h2c, b")).unwrap(), "a, b");
    assert_eq!(without_http(&Bytes::from_static(b"a,b")).unwrap(), "a,b");
}

#[test]
fn what_is_no_name_is_refused() {
    for name in ["", "/", "a/", "/1", "a/b/c", "a b", "a,b", "a\r\n", "é"] {
        assert_eq!(UpgradePolicy::to([name]).err(), Some(UpgradeError::Name(name.to_owned())), "{name:?}");
    }
}
