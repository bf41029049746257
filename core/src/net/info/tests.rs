use super::*;

#[test]
fn info_is_small() {
    assert!(size_of::<ConnInfo>() <= 168, "{}", size_of::<ConnInfo>());
}

#[test]
fn mapped_addresses_are_seen_as_what_they_are() {
    let info = ConnInfo::new("test".into(), Transport::Tcp).with_peer("[::ffff:192.0.2.1]:9".parse().unwrap());
    assert_eq!(info.peer_ip(), Some("192.0.2.1".parse().unwrap()));
    assert_eq!(info.local(), None);
}
