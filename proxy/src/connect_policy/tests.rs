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
    for refused in [
        "[::127.0.0.1]:443",
        "[64:ff9b::10.0.0.7]:443",
        "[64:ff9b:1::127.0.0.1]:443",
        "[64:ff9b:1:a00:0:700::]:443",
        "[::ffff:0:127.0.0.1]:443",
        "[2002:a00:7::]:443",
        "[2001:0:a00:1::]:443",
        "[2001::f5ff:fff8]:443",
        "[0:0:0:0:0:0:0:1]:443",
        "0.0.0.0:443",
        "[::]:443",
        "[::ffff:0.0.0.0]:443",
    ] {
        assert!(!allows(&policy, refused), "{refused}");
    }
    for allowed in ["[2001:db8::a00:7]:443", "[64:ff9b::192.0.2.1]:443", "[2002:c000:201::]:443", "[fe80::1]:443"] {
        assert!(allows(&policy, allowed), "{allowed}");
    }
    assert!(allows(&policy, "192.0.2.1:443"));
    assert!(allows(&policy, "origin.example:443"));
}

/// Whatever the policy denies, and also if it denies nothing: such a name leads elsewhere than it says.
#[test]
fn names_that_are_read_as_addresses_are_refused() {
    let policies =
        [ConnectPolicy::to_ports([443]), ConnectPolicy::to_ports([443]).deny(["127.0.0.0/8".parse().unwrap()])];
    for host in [
        "0x7f000001",
        "0X7F000001",
        "0x7f.1",
        "2130706433",
        "017700000001",
        "127.1",
        "127.0.1",
        "0177.0.0.1",
        "0x7f.0.0.0x1",
        "127.0.0.1.",
        "0x7f.1.",
        "1",
        "0x",
        "00000177.1",
        "0",
        "4294967295",
        "127.0.0.1.1",
        "256.0.0.1",
        "08",
    ] {
        for policy in &policies {
            let head = Target::parse(&Method::CONNECT, format!("{host}:443").into())
                .map(|target| RequestHead::new(Method::CONNECT, target));
            assert!(!head.is_ok_and(|head| policy.allows(&head)), "{host}");
        }
    }
    for host in
        ["x7f.1a", "web.1.abc", "0x7g.example", "1.example", "a-1", "xn--nxasmq6b", "0xcafe.example", "example.1"]
    {
        assert!(allows(&policies[1], Box::leak(format!("{host}:443").into_boxed_str())), "{host}");
    }
}

/// Who builds an address from the target would connect to a socket of that name.
#[test]
fn a_host_that_reads_like_a_path_is_refused() {
    assert!(!allows(&ConnectPolicy::to_ports([443]), "unix:443"));
}

#[test]
fn a_tunnel_is_held_to_what_its_name_leads_to() {
    let policy = ConnectPolicy::to_ports([443]).deny(["10.0.0.0/8".parse().unwrap()]);
    let peer = policy.guarded(Peer::new(Address::parse("inside.example:443").unwrap()));
    for (ip, is_let_in) in
        [("10.1.2.3", false), ("::ffff:10.1.2.3", false), ("64:ff9b::a01:203", false), ("192.0.2.1", true)]
    {
        let outcome = peer.admits(ip.parse().unwrap());
        assert_eq!(outcome.map_err(|error| error.status().as_u16()), if is_let_in { Ok(()) } else { Err(405) }, "{ip}");
    }
    assert!(
        ConnectPolicy::to_ports([443]).guarded(peer).admits("10.1.2.3".parse().unwrap()).is_err(),
        "a guard is not lost"
    );
}

#[test]
fn a_target_without_authority_is_refused() {
    let head = RequestHead::new(Method::CONNECT, Target::origin("/").unwrap());
    assert!(!ConnectPolicy::to_ports([80, 443]).allows(&head));
}
