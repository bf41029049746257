use super::*;

#[test]
fn every_number_is_written_as_the_standard_library_does() {
    for n in 0..=255u8 {
        let ip = IpAddr::from([n, 255 - n, n / 2, 0]);
        assert_eq!(AddressText::of(ip).as_bytes(), ip.to_string().as_bytes());
    }
}

#[test]
fn the_longest_addresses_fit() {
    for text in ["::", "2001:db8::1", "::ffff:255.255.255.255", "1111:2222:3333:4444:5555:6666:7777:8888"] {
        assert_eq!(AddressText::of(text.parse().unwrap()).as_bytes(), text.as_bytes());
    }
}
