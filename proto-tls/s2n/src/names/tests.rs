use super::*;

#[test]
fn names_match_as_a_whole_and_wildcards_for_one_label() {
    for (name, pattern, expected) in [
        ("a.example", "a.example", true),
        ("a.example", "A.Example.", true),
        ("a.example", "b.example", false),
        ("a.b.example", "*.b.example", true),
        ("b.example", "*.b.example", false),
        ("x.a.b.example", "*.b.example", false),
        ("a.example", "*.example", false),
        ("a.b.example", "a.*.example", false),
        ("a.b.example", "a*.b.example", false),
        ("a.example", "*", false),
        ("a.example", "", false),
    ] {
        assert_eq!(is_match(name, pattern), expected, "{name} {pattern}");
    }
}

#[test]
fn an_address_is_not_proved_by_a_dns_name() {
    let address = ServerName::parse("192.0.2.1").unwrap();
    assert!(is_same(&address, &AltName::Ip("192.0.2.1".parse().unwrap())));
    assert!(!is_same(&address, &AltName::Dns("192.0.2.1".into())));
    let name = ServerName::parse("a.example").unwrap();
    assert!(!is_same(&name, &AltName::Uri("a.example".into())));
}

#[test]
fn the_library_is_told_whether_a_name_is_expected() {
    let expected = Expected::new(ServerName::parse("a.example").unwrap(), &[ServerName::parse("2001:db8::1").unwrap()]);
    assert!(!expected.verify_host_name(""));
    assert!(!expected.verify_host_name("b.example"));
    assert!(!expected.were_seen());
    assert!(expected.verify_host_name("2001:db8::1"));
    assert!(expected.verify_host_name("A.example"));
    assert!(expected.were_seen());
    assert!(!expected.are_proved_by(None));
}
