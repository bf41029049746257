use http::Method;
use simplon_proto_http::Target;

use super::*;

/// H70: CONNECT is off; on, there are rules by port and range.
fn allows(policy: &ConnectPolicy, authority: &'static str) -> bool {
    let target = Target::parse(&Method::CONNECT, authority.into()).unwrap();
    policy.allows(&RequestHead::new(Method::CONNECT, target))
}

#[test]
fn nothing_is_allowed_unless_it_is_named() {
    assert!(!allows(&ConnectPolicy::default(), "origin.example:443"));
    assert!(!allows(&ConnectPolicy::to_ports([]), "origin.example:443"));
}

#[test]
fn only_the_named_ports_are_allowed() {
    let policy = ConnectPolicy::to_ports([443, 8443]);
    assert!(allows(&policy, "origin.example:443"));
    assert!(allows(&policy, "[2001:db8::1]:8443"));
    assert!(!allows(&policy, "origin.example:25"));
}

#[test]
fn addresses_in_a_denied_range_are_refused_however_they_are_written() {
    let denied = ["127.0.0.0/8", "::1", "10.0.0.0/8"].map(|range| range.parse().unwrap());
    let policy = ConnectPolicy::to_ports([443]).deny(denied);
    for refused in ["127.0.0.1:443", "[::1]:443", "[::ffff:10.0.0.7]:443", "10.9.9.9:443"] {
        assert!(!allows(&policy, refused), "{refused}");
    }
    assert!(allows(&policy, "192.0.2.1:443"));
    assert!(allows(&policy, "origin.example:443"));
}

#[test]
fn a_target_without_authority_is_refused() {
    let head = RequestHead::new(Method::CONNECT, Target::origin("/").unwrap());
    assert!(!ConnectPolicy::to_ports([80, 443]).allows(&head));
}
