use super::*;

fn range(text: &str) -> Cidr {
    text.parse().unwrap()
}

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

#[test]
fn a_range_contains_what_shares_its_prefix() {
    for (range_text, inside, outside) in [
        ("10.0.0.0/8", "10.255.255.255", "11.0.0.0"),
        ("192.0.2.128/25", "192.0.2.200", "192.0.2.127"),
        ("192.0.2.1", "192.0.2.1", "192.0.2.2"),
        ("192.0.2.1/32", "192.0.2.1", "192.0.2.0"),
        ("2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"),
        ("2001:db8::1", "2001:db8::1", "2001:db8::2"),
    ] {
        assert!(range(range_text).contains(ip(inside)), "{range_text} {inside}");
        assert!(!range(range_text).contains(ip(outside)), "{range_text} {outside}");
    }
}

#[test]
fn no_bits_at_all_is_every_address_of_the_family() {
    assert!(range("0.0.0.0/0").contains(ip("203.0.113.9")));
    assert!(!range("0.0.0.0/0").contains(ip("2001:db8::1")));
    assert!(range("::/0").contains(ip("2001:db8::1")));
}

#[test]
fn an_address_mapped_into_ipv6_counts_as_ipv4() {
    assert!(range("10.0.0.0/8").contains(ip("::ffff:10.1.2.3")));
    assert!(!range("::/0").contains(ip("::ffff:10.1.2.3")));
}

#[test]
fn a_range_mapped_into_ipv6_counts_as_ipv4() {
    assert!(range("::ffff:10.0.0.0/104").contains(ip("10.1.2.3")));
    assert!(!range("::ffff:10.0.0.0/104").contains(ip("11.1.2.3")));
    assert_eq!(range("::ffff:10.0.0.1"), range("10.0.0.1"));
}

/// Shorter than what all mapped addresses share, it has others in it: it stays one of IPv6, and mapped addresses count as IPv4.
#[test]
fn a_range_of_more_than_the_mapped_addresses_stays_ipv6() {
    for bits in [1, 80, 95] {
        let wide = range(&format!("::ffff:0:0/{bits}"));
        assert_eq!(wide.to_string(), format!("::ffff:0.0.0.0/{bits}"));
        assert!(wide.contains(ip("::fffe:0:1")) && !wide.contains(ip("::ffff:10.1.2.3")), "{bits}");
        assert!(!wide.contains(ip("10.1.2.3")) && !wide.contains(ip("ffff::1")), "{bits}");
    }
    let all = range("::ffff:0:0/96");
    assert_eq!(all.to_string(), "0.0.0.0/0");
    assert!(all.contains(ip("10.1.2.3")) && all.contains(ip("::ffff:10.1.2.3")) && !all.contains(ip("::fffe:0:1")));
}

#[test]
fn what_is_no_range_is_refused() {
    for text in [
        "",
        "/",
        "10.0.0.0/",
        "10.0.0.0/33",
        "10.0.0.0/-1",
        "10.0.0.0/+8",
        "10.0.0.0/8/8",
        "10.0.0/8",
        "::/129",
        "host/8",
        "10.0.0.0 /8",
    ] {
        let error = text.parse::<Cidr>().unwrap_err();
        assert!(error.to_string().contains(&format!("{text:?}")), "{error}");
    }
}

#[test]
fn a_range_is_written_as_it_is_read() {
    for text in ["10.0.0.0/8", "2001:db8::/32"] {
        assert_eq!(range(text).to_string(), text);
    }
    assert_eq!(Cidr::from(ip("192.0.2.1")).to_string(), "192.0.2.1/32");
}
