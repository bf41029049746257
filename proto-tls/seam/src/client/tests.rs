use super::*;

#[test]
fn server_names_by_the_table() {
    let long_label = "a".repeat(64);
    let long_name = ["a".repeat(63).as_str(); 4].join(".");
    let dns = |name: &str| Some(ServerName::Dns(name.into()));
    let ip = |text: &str| Some(ServerName::Ip(text.parse().unwrap()));
    let table = [
        ("a.test", dns("a.test")),
        ("A.Test", dns("a.test")),
        ("a.test.", dns("a.test")),
        ("localhost", dns("localhost")),
        ("under_score.test", dns("under_score.test")),
        ("xn--bcher-kva.test", dns("xn--bcher-kva.test")),
        ("1a.test", dns("1a.test")),
        ("192.0.2.1", ip("192.0.2.1")),
        ("2001:db8::1", ip("2001:db8::1")),
        ("[2001:db8::1]", ip("2001:db8::1")),
        ("", None),
        (".", None),
        ("..", None),
        ("a.test..", None),
        ("a..test", None),
        (".a.test", None),
        ("*.a.test", None),
        ("-a.test", None),
        ("a-.test", None),
        ("a b.test", None),
        ("a\0.test", None),
        ("a.test/", None),
        ("a.test:443", None),
        ("\u{e4}.test", None),
        ("192.0.2.1.", None),
        ("192.0.2.256", None),
        ("1", None),
        ("[a.test]", None),
        ("[", None),
        ("[]", None),
        ("fe80::1%eth0", None),
        (&long_label, None),
        (&long_name, None),
    ];
    for (text, expected) in table {
        assert_eq!(ServerName::parse(text).ok(), expected, "{text:?}");
    }
}

#[test]
fn equal_configurations_are_interchangeable() {
    use std::collections::hash_map::DefaultHasher;
    let hash = |config: &ClientConfig| {
        let mut hasher = DefaultHasher::new();
        config.hash(&mut hasher);
        hasher.finish()
    };
    let trust = || Trust::new(vec![Certificate::of_der(vec![1])]).unwrap();
    let one = || ClientConfig::new().trust(trust()).alpn(["h2"]);
    assert_eq!(one(), one());
    assert_eq!(hash(&one()), hash(&one()));
    let name = ServerName::parse("a.test").unwrap();
    let others = [
        ClientConfig::new().alpn(["h2"]),
        one().trust(trust().crl([1])),
        one().alpn(["http/1.1"]),
        one().alternative_names([name]),
        one().versions(Version::Tls13, Version::Tls13),
        one().ciphers(["x"]),
        one().groups(["x"]),
        one().resume(false),
        one().require_fips(),
        one().danger_accept_any_name(),
        one().danger_accept_anyone(),
    ];
    for other in others {
        assert_ne!(one(), other);
    }
}

#[test]
fn parts_can_be_printed() {
    assert!(format!("{:?}", ClientConfig::new().parts()).starts_with("ClientParts"));
}

#[test]
fn names_that_are_none_say_so_without_control_characters() {
    let error = ServerName::parse("a\nb").unwrap_err().to_string();
    assert_eq!(error, "`a\\nb` is neither a host name nor an IP address");
}
