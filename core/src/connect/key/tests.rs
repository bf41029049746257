use std::num::NonZeroU16;
use std::time::Duration;

use super::super::{FastOpen, Peer, PeerBuilder, PeerTimeouts, Versions};
use super::*;

fn base() -> PeerBuilder {
    Peer::builder(Address::parse("192.0.2.1:80").unwrap())
}

#[test]
fn each_part_that_matters_sets_keys_apart() {
    let same = base().build().unwrap();
    let port = |n| NonZeroU16::new(n).unwrap();
    let options = SocketOptions { dscp: Some(10), ..SocketOptions::default() };
    let others = [
        Peer::new(Address::parse("192.0.2.1:81").unwrap()),
        Peer::new(Address::parse("unix:/192.0.2.1:80").unwrap()),
        base().bind("127.0.0.1".parse().unwrap()).build().unwrap(),
        base().ports(PortRange::new(port(1), port(9)).unwrap()).build().unwrap(),
        base().group(1).build().unwrap(),
        base().tcp(options).build().unwrap(),
        base().versions(Versions::Http2).build().unwrap(),
        base().versions(Versions::Http2Only).build().unwrap(),
        base().versions(Versions::Auto).build().unwrap(),
        base().guard(Guard::new(|_| Ok(()))).build().unwrap(),
        base().guard(Guard::new(|_| Ok(()))).build().unwrap(),
    ];
    for (i, other) in others.iter().enumerate() {
        assert_ne!(same.key(), other.key(), "{i}");
        assert!(others[..i].iter().all(|before| before.key() != other.key()), "{i}");
    }
}

#[test]
fn what_does_not_matter_does_not() {
    let timeouts = PeerTimeouts { connect: Duration::from_secs(1), ..PeerTimeouts::default() };
    let (one, two) =
        (base().build().unwrap(), base().label("other").timeouts(timeouts).fast_open(FastOpen::Yes).build().unwrap());
    assert_eq!(one.key(), two.key());
    assert_eq!(one.key().spread(), two.key().spread());
}

#[test]
fn equal_hashes_do_not_make_equal_keys() {
    let (one, two) = (base().build().unwrap(), base().group(1).build().unwrap());
    let forged = ReuseKey(Arc::new(Inner {
        hash: one.key().0.hash,
        parts: Parts {
            address: two.address().clone(),
            bind: None,
            ports: None,
            group: 1,
            tcp: SocketOptions::default(),
            tls: None,
            versions: Versions::default(),
            guard: None,
        },
    }));
    assert_ne!(one.key(), &forged);
}
