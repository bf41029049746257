use simplon_core::connect::Connected;
use simplon_core::error::{Error, Kind};
use std::net::SocketAddr;
use std::num::NonZeroU16;

use simplon_core::connect::{PortRange, Versions};
use simplon_core::net::{KeepAlive, SocketOptions};
use tokio::net::TcpListener;

use super::*;
use crate::testing::backend;

/// Fails with what it is told, or never answers.
struct Told(Option<fn() -> Error>);

impl Connect for Told {
    async fn connect(&self, peer: &Peer) -> simplon_core::error::Result<Connected> {
        assert_eq!(peer.timeouts().connect, Duration::from_millis(300));
        match self.0 {
            Some(error) => Err(error()),
            None => std::future::pending().await,
        }
    }
}

fn check(connector: Told) -> TcpCheck<Told> {
    TcpCheck::over(connector).within(Duration::from_millis(300))
}

#[tokio::test(start_paused = true)]
async fn no_connection_in_time_is_a_failure() {
    let outcome = check(Told(None)).check(&backend(0)).await;
    assert!(matches!(outcome, Err(CheckError::Timeout(after)) if after == Duration::from_millis(300)));
}

#[tokio::test]
async fn a_refusal_counts_and_a_fault_of_our_own_does_not() {
    let refused = check(Told(Some(|| Error::upstream(Kind::Refused)))).check(&backend(0)).await.unwrap_err();
    assert!(refused.is_conclusive());
    let ours = || Error::internal(Kind::Io(std::io::ErrorKind::AddrNotAvailable));
    assert!(!check(Told(Some(ours))).check(&backend(0)).await.unwrap_err().is_conclusive());
}

#[tokio::test]
async fn a_listener_is_healthy_and_another_port_may_be_asked() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let open = listener.local_addr().unwrap();
    let backend = Backend::new(Peer::new(Address::Inet(open)));
    TcpCheck::new().check(&backend).await.unwrap();
    let elsewhere = Backend::parse("127.0.0.1:1").unwrap();
    TcpCheck::new().with_port(open.port()).check(&elsewhere).await.unwrap();
    drop(listener);
    assert!(matches!(TcpCheck::new().check(&backend).await, Err(CheckError::Upstream(_))));
}

#[test]
fn a_probe_goes_the_way_of_the_requests() {
    let peer = Peer::builder(Address::parse("origin.example:80").unwrap())
        .group(4)
        .bind([127, 0, 0, 2].into())
        .label("shop")
        .build()
        .unwrap();
    let probe = probe_peer(&peer, Some(8080), Duration::from_secs(1));
    assert_eq!(probe.address().to_string(), "origin.example:8080");
    assert_eq!((probe.group(), probe.bind(), probe.label()), (4, peer.bind(), "shop"));
}

/// All that makes two connections to it interchangeable, but for the address.
#[test]
fn a_probe_at_another_port_is_the_same_peer_otherwise() {
    let address = |port| Address::Inet(SocketAddr::from(([192, 0, 2, 1], port)));
    let ports = PortRange::new(NonZeroU16::MIN, NonZeroU16::MAX).unwrap();
    let mut tcp = SocketOptions::default();
    tcp.keep_alive = Some(KeepAlive::default());
    for versions in [Versions::Http1, Versions::Http2, Versions::Auto] {
        let described =
            |port| Peer::builder(address(port)).versions(versions).ports(ports).tcp(tcp).group(3).build().unwrap();
        let probe = probe_peer(&described(80), Some(8080), Duration::from_secs(1));
        assert_eq!(probe.key(), described(8080).key(), "{versions:?}");
        assert_eq!(probe.timeouts().handshake, Duration::from_secs(1));
    }
}

#[test]
fn a_probe_waits_for_the_handshake() {
    let peer = Peer::builder(Address::parse("origin.example:80").unwrap()).fast_open(FastOpen::Yes).build().unwrap();
    for port in [None, Some(8080)] {
        assert_eq!(probe_peer(&peer, port, Duration::from_secs(1)).fast_open(), FastOpen::No);
    }
}
