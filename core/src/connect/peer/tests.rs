use super::*;

fn port(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).unwrap()
}

#[test]
fn peer_is_one_pointer() {
    assert_eq!(size_of::<Peer>(), size_of::<usize>());
}

#[test]
fn timeouts_are_finite_by_default() {
    let timeouts = *Peer::new(Address::parse("127.0.0.1:80").unwrap()).timeouts();
    let PeerTimeouts { connect, handshake, read, read_min_rate, write, write_min_rate, idle, ping, pong } = timeouts;
    assert_eq!((read_min_rate, write_min_rate), (None, NonZeroU32::new(128)));
    assert_eq!(handshake, Duration::from_secs(10));
    assert_eq!(connect, Duration::from_secs(5));
    assert_eq!([ping, pong], [30, 5].map(Duration::from_secs));
    for timeout in [read, write, idle] {
        assert_eq!(timeout, Duration::from_secs(60));
    }
}

#[test]
fn port_range_that_ends_before_it_begins_is_refused() {
    assert!(PortRange::new(port(2), port(1)).is_err());
    assert_eq!(PortRange::new(port(1), port(1)).map(PortRange::last), Ok(1));
}

#[test]
fn label_stands_before_the_address() {
    let peer = Peer::builder(Address::parse("127.0.0.1:80").unwrap()).label("shop").build().unwrap();
    assert_eq!(peer.to_string(), "shop (127.0.0.1:80)");
    assert_eq!(peer.to_builder().build().unwrap().label(), "shop");
}
