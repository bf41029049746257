use super::*;

fn at(text: &str) -> Backend {
    Backend::parse(text).unwrap()
}

#[test]
fn backends_are_equal_by_address_and_group_alone() {
    let plain = at("192.0.2.1:80");
    assert_eq!(plain, at("192.0.2.1:80").with_weight(9).with_label("shop").with_enabled(Enabled::No));
    assert_ne!(plain, at("192.0.2.1:81"));
    let grouped = Backend::new(plain.peer().to_builder().group(7).build().unwrap());
    assert_ne!(plain, grouped);
    assert_eq!(grouped.id().to_string(), "192.0.2.1:80#7");
}

#[test]
fn a_peer_is_recognised_by_the_backend_it_leads_to() {
    let backend = at("origin.example:80").with_label("shop");
    assert!(backend.is_reached_by(&Peer::new(Address::parse("origin.example:80").unwrap())));
    assert!(!backend.is_reached_by(&Peer::new(Address::parse("origin.example:81").unwrap())));
    assert!(!backend.is_reached_by(&backend.peer().to_builder().group(1).build().unwrap()));
    assert_eq!(backend.to_string(), "shop (origin.example:80)");
}

#[test]
fn bad_addresses_are_an_error_and_no_panic() {
    for text in ["", "origin.example", "origin.example:99999", "2001:db8::1:80", ":80"] {
        assert!(Backend::parse(text).is_err(), "{text}");
    }
}
