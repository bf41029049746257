use std::collections::HashSet;

use super::*;

#[test]
fn family_of_the_destination_is_kept_to() {
    let (four, six) = ("192.0.2.9:80", "[2001:db8::9]:80");
    for (list, destination, expected) in [
        (&[][..], four, &[][..]),
        (&["192.0.2.1"], four, &["192.0.2.1"]),
        (&["192.0.2.1"], six, &[]),
        (&["2001:db8::1"], four, &[]),
        (&["192.0.2.1", "2001:db8::1", "192.0.2.2"], four, &["192.0.2.1", "192.0.2.2"]),
        (&["192.0.2.1", "2001:db8::1", "2001:db8::2"], six, &["2001:db8::1", "2001:db8::2"]),
    ] {
        let sources: Sources = list.iter().map(|ip| ip.parse().unwrap()).collect();
        let destination = destination.parse().unwrap();
        // All of two are drawn in 200 but for one case in 2¹⁹⁹.
        let drawn: HashSet<IpAddr> = (0..200).filter_map(|_| sources.towards(&destination)).collect();
        assert_eq!(drawn, expected.iter().map(|ip| ip.parse().unwrap()).collect(), "{list:?} to {destination}");
    }
}
