use super::*;

#[test]
fn good_addresses_are_read_and_written_back() {
    for text in [
        "192.0.2.1:80",
        "[2001:db8::1]:8080",
        "[fe80::1%2]:80",
        "origin.example:80",
        "localhost:0",
        "a_b-c:65535",
        "unix:/run/app.sock",
        "origin.example.:80",
    ] {
        assert_eq!(Address::parse(text).map(|address| address.to_string()), Ok(text.to_owned()));
    }
}

#[test]
fn kinds_are_told_apart() {
    assert!(Address::parse("192.0.2.1:80").unwrap().as_inet().is_some());
    assert!(matches!(Address::parse("example:80"), Ok(Address::Name { port: 80, .. })));
    assert!(matches!(Address::parse("unix:relative.sock"), Ok(Address::Unix(_))));
}

#[test]
fn faults_are_named() {
    let long = format!("{}:80", "a.".repeat(130));
    for (text, fault) in [
        ("", AddressError::Empty),
        ("example", AddressError::NoPort),
        ("[::1]", AddressError::NoPort),
        ("[::1]80", AddressError::NoPort),
        ("example:", AddressError::Port),
        ("example:+80", AddressError::Port),
        ("example:65536", AddressError::Port),
        ("example:http", AddressError::Port),
        (":80", AddressError::Host),
        ("exa mple:80", AddressError::Host),
        ("a..b:80", AddressError::Host),
        ("300.1.1.1:80", AddressError::Host),
        (long.as_str(), AddressError::Host),
        ("[::1:80", AddressError::Bracket),
        ("[example]:80", AddressError::Ipv6),
        ("::1:80", AddressError::Unbracketed),
        ("unix:", AddressError::EmptyPath),
    ] {
        assert_eq!(Address::parse(text), Err(fault), "{text:?}");
    }
}
