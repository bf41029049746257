use super::*;

fn ip(text: &str) -> Option<IpAddr> {
    Some(text.parse().unwrap())
}

fn per_ip(cap: u32) -> Census {
    Census::new(ConnectionLimits { per_ip: NonZeroU32::new(cap), ..ConnectionLimits::default() })
}

#[test]
fn total_is_kept_and_places_are_freed() {
    let census = Census::new(ConnectionLimits { total: 2, per_ip: None });
    assert_eq!([census.enter(None), census.enter(None), census.enter(None)], [Ok(()), Ok(()), Err(Full::Total)]);
    assert_eq!((census.open(), census.leave(None)), (2, 1));
    assert_eq!(census.enter(None), Ok(()));
}

#[test]
fn each_address_has_its_own_count() {
    let census = per_ip(1);
    let (one, two) = (ip("192.0.2.1"), ip("192.0.2.2"));
    assert_eq!([census.enter(one), census.enter(two), census.enter(one)], [Ok(()), Ok(()), Err(Full::PerIp)]);
    assert_eq!(census.open(), 2);
    census.leave(one);
    assert_eq!(census.enter(one), Ok(()));
}

#[test]
fn one_that_left_makes_room_for_one() {
    let census = per_ip(2);
    let one = ip("192.0.2.1");
    assert_eq!([census.enter(one), census.enter(one), census.enter(one)], [Ok(()), Ok(()), Err(Full::PerIp)]);
    for _ in 0..3 {
        census.leave(one);
        assert_eq!([census.enter(one), census.enter(one)], [Ok(()), Err(Full::PerIp)]);
    }
    assert_eq!(census.open(), 2);
}

#[test]
fn mapped_addresses_are_the_same_host_and_so_is_a_network_of_ipv6() {
    for (one, other) in [("192.0.2.1", "::ffff:192.0.2.1"), ("2001:db8::1", "2001:db8::ffff:1")] {
        let census = per_ip(1);
        assert_eq!((census.enter(ip(one)), census.enter(ip(other))), (Ok(()), Err(Full::PerIp)));
    }
    let census = per_ip(1);
    assert_eq!((census.enter(ip("2001:db8::1")), census.enter(ip("2001:db8:0:1::1"))), (Ok(()), Ok(())));
}

#[test]
fn hosts_that_left_are_forgotten() {
    let census = per_ip(2);
    for _ in 0..2 {
        census.enter(ip("192.0.2.1")).unwrap();
    }
    assert_eq!(census.hosts(), 1);
    census.leave(ip("192.0.2.1"));
    census.leave(ip("192.0.2.1"));
    assert_eq!((census.hosts(), census.open()), (0, 0));
}

#[test]
fn connections_without_an_address_are_not_counted_per_address() {
    let census = per_ip(1);
    assert_eq!((census.enter(None), census.enter(None)), (Ok(()), Ok(())));
}
