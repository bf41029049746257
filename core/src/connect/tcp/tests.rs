use std::collections::HashSet;
use std::num::NonZeroU16;

use simplon_proto_http::transfer::Wait;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, UnixListener};

use super::super::{Guard, PeerTimeouts, PortRange, StaticResolver};
use super::*;
use crate::error::{Origin, Replay};

async fn listener() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

/// An address where nobody listens.
async fn dead() -> SocketAddr {
    listener().await.1
}

fn named(port: u16) -> Peer {
    Peer::new(Address::Name { host: "origin".into(), port })
}

#[tokio::test]
async fn connection_is_made_with_its_addresses_and_options() {
    let (listener, addr) = listener().await;
    let connected = TcpConnector::new().connect(&Peer::new(addr)).await.unwrap();
    let (_, seen) = listener.accept().await.unwrap();
    assert_eq!((connected.remote, connected.local), (Some(addr), Some(seen)));
    assert!(connected.stream.as_tcp().unwrap().nodelay().unwrap());
}

#[tokio::test]
async fn refusal_is_named_and_safe_to_replay() {
    let peer = Peer::builder(dead().await).label("shop").build().unwrap();
    let error = TcpConnector::new().connect(&peer).await.unwrap_err();
    assert_eq!((error.kind(), error.origin(), error.may_replay()), (Kind::Refused, Origin::Upstream, Replay::Safe));
    assert!(error.to_string().starts_with("shop (127.0.0.1:"), "{error}");
}

#[tokio::test]
async fn first_address_dead_second_answers() {
    let (_listener, alive) = listener().await;
    let resolver = StaticResolver::new().with("origin", [dead().await, alive]);
    let connected = TcpConnector::with_resolver(resolver).connect(&named(1)).await.unwrap();
    assert_eq!(connected.remote, Some(alive));
    assert!(connected.took < Duration::from_millis(250));
}

#[tokio::test]
async fn lookup_without_an_answer_and_lookup_that_fails_are_one_kind() {
    let resolver = StaticResolver::new().with("origin", []);
    for peer in [named(1), Peer::new(Address::parse("other:1").unwrap())] {
        let error = TcpConnector::with_resolver(resolver.clone()).connect(&peer).await.unwrap_err();
        assert_eq!((error.kind(), error.origin()), (Kind::Resolve, Origin::Upstream));
    }
}

struct Never;

impl Resolve for Never {
    async fn resolve(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn lookup_counts_towards_the_connect_timeout() {
    let begun = Instant::now();
    let error = TcpConnector::with_resolver(Never).connect(&named(1)).await.unwrap_err();
    assert_eq!((error.kind(), error.status().as_u16()), (Kind::Timeout(Wait::Connect), 504));
    assert!((5..6).contains(&begun.elapsed().as_secs()));
}

#[tokio::test]
async fn silent_address_runs_into_the_timeout_or_is_unreachable() {
    // A listener with a full queue does not answer further SYNs.
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.listen(0).unwrap();
    let addr = socket.local_addr().unwrap().as_socket().unwrap();
    let timeouts = PeerTimeouts { connect: Duration::from_millis(50), ..PeerTimeouts::default() };
    let peer = Peer::builder(addr).timeouts(timeouts).build().unwrap();
    let mut kept = Vec::new();
    for _ in 0..8 {
        match TcpConnector::new().connect(&peer).await {
            Ok(connected) => kept.push(connected),
            Err(error) => {
                assert_eq!(error.kind(), Kind::Timeout(Wait::Connect));
                return;
            }
        }
    }
    unreachable!("the queue never filled");
}

#[test]
fn failures_of_the_system_are_mapped() {
    let addr = SocketAddr::from(([192, 0, 2, 1], 80));
    for (from, kind, origin) in [
        (libc::ECONNREFUSED, Kind::Refused, Origin::Upstream),
        (libc::ETIMEDOUT, Kind::Timeout(Wait::Connect), Origin::Upstream),
        (libc::EHOSTUNREACH, Kind::Unreachable, Origin::Upstream),
        (libc::ENETUNREACH, Kind::Unreachable, Origin::Upstream),
        (libc::ECONNRESET, Kind::Reset, Origin::Upstream),
        (libc::EADDRNOTAVAIL, Kind::Io(io::ErrorKind::AddrNotAvailable), Origin::Internal),
        (libc::EADDRINUSE, Kind::Io(io::ErrorKind::AddrInUse), Origin::Internal),
        (libc::EACCES, Kind::Io(io::ErrorKind::PermissionDenied), Origin::Internal),
    ] {
        let error = failure(io::Error::from_raw_os_error(from), addr);
        assert_eq!((error.kind(), error.origin()), (kind, origin), "{error}");
        assert_ne!(error.may_replay(), Replay::IfIdempotent, "nothing was sent: {error}");
    }
}

#[tokio::test]
async fn source_address_is_kept() {
    let (listener, addr) = listener().await;
    let peer = Peer::builder(addr).bind("127.0.0.9".parse().unwrap()).build().unwrap();
    let connected = TcpConnector::new().connect(&peer).await.unwrap();
    let (_, seen) = listener.accept().await.unwrap();
    assert_eq!(seen.ip(), "127.0.0.9".parse::<IpAddr>().unwrap());
    assert_eq!(connected.local, Some(seen));
}

#[tokio::test]
async fn source_address_that_is_not_ours_is_our_fault() {
    let (_listener, addr) = listener().await;
    let peer = Peer::builder(addr).bind("192.0.2.77".parse().unwrap()).build().unwrap();
    let error = TcpConnector::new().connect(&peer).await.unwrap_err();
    assert_eq!((error.kind(), error.origin()), (Kind::Io(io::ErrorKind::AddrNotAvailable), Origin::Internal));
}

#[tokio::test]
async fn addresses_of_the_other_family_are_not_tried_from_a_source_address() {
    let resolver = StaticResolver::new().with("origin", ["[::1]:9".parse().unwrap()]);
    let peer = named(1).to_builder().bind("127.0.0.1".parse().unwrap()).build().unwrap();
    let error = TcpConnector::with_resolver(resolver).connect(&peer).await.unwrap_err();
    assert_eq!(error.kind(), Kind::Resolve);
}

/// Whether a connection of this peer was allowed fast open; none where the system refuses it to all.
#[cfg(target_os = "linux")]
async fn asked_for_fast_open(connector: &TcpConnector<StaticResolver>, peer: &Peer) -> bool {
    let connected = connector.connect(peer).await.unwrap();
    sys::has_fast_open_connect(connected.stream.as_tcp().unwrap())
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn fast_open_is_for_peers_that_ask_and_have_one_address() {
    let (_one, addr) = listener().await;
    let (_two, other) = listener().await;
    let resolver = StaticResolver::new().with("origin", [addr]).with("two", [addr, other]);
    let connector = TcpConnector::with_resolver(resolver);
    let two = Peer::new(Address::parse("two:1").unwrap());
    let granted = sys::set_fast_open_connect(&Socket::new(Domain::IPV4, Type::STREAM, None).unwrap()).is_ok();
    for (peer, fast_open, expected) in [
        (Peer::new(addr), FastOpen::No, false),
        (Peer::new(addr), FastOpen::Yes, granted),
        (named(1), FastOpen::Yes, granted),
        (two, FastOpen::Yes, false),
    ] {
        let peer = peer.to_builder().fast_open(fast_open).build().unwrap();
        assert_eq!(asked_for_fast_open(&connector, &peer).await, expected, "{peer} {fast_open:?}");
    }
}

fn ports(first: u16, last: u16) -> PortRange {
    let port = |n| NonZeroU16::new(n).unwrap();
    PortRange::new(port(first), port(last)).unwrap()
}

#[tokio::test]
async fn connections_come_from_one_of_the_sources_and_from_the_peers_own_first() {
    let (listener, addr) = listener().await;
    let plain = Peer::builder(addr);
    let bound = plain.clone().bind([127, 0, 0, 9].into());
    let ranged = plain.clone().ports(ports(41_000, 41_900));
    for (list, peer, expected) in [
        (&[][..], &plain, &["127.0.0.1"][..]),
        (&["127.0.0.2"], &plain, &["127.0.0.2"]),
        (&["127.0.0.2", "127.0.0.3", "2001:db8::1"], &plain, &["127.0.0.2", "127.0.0.3"]),
        (&["127.0.0.2", "127.0.0.3"], &bound, &["127.0.0.9"]),
        (&["127.0.0.4"], &ranged, &["127.0.0.4"]),
        (&["2001:db8::1"], &plain, &["127.0.0.1"]),
        (&["2001:db8::1"], &ranged, &["127.0.0.1"]),
    ] {
        let connector = TcpConnector::new().sources(list.iter().map(|ip| ip.parse().unwrap()));
        let peer = peer.clone().build().unwrap();
        let mut seen = HashSet::new();
        // Two are both seen but for one case in 2⁴⁷.
        for _ in 0..48 {
            let connected = connector.connect(&peer).await.unwrap();
            let from = listener.accept().await.unwrap().1;
            assert_eq!(connected.local, Some(from));
            seen.insert(from.ip());
        }
        assert_eq!(seen, expected.iter().map(|ip| ip.parse().unwrap()).collect(), "{list:?}");
    }
}

#[tokio::test]
async fn source_that_is_not_ours_is_our_fault() {
    let (_listener, addr) = listener().await;
    let connector = TcpConnector::new().sources(["192.0.2.77".parse().unwrap()]);
    for peer in [Peer::new(addr), Peer::builder(addr).ports(ports(41_000, 41_900)).build().unwrap()] {
        let error = connector.connect(&peer).await.unwrap_err();
        assert_eq!((error.kind(), error.origin()), (Kind::Io(io::ErrorKind::AddrNotAvailable), Origin::Internal));
    }
}

#[cfg(target_os = "linux")]
#[test]
fn source_port_is_chosen_late_whoever_named_the_source() {
    let addrs = ["127.0.0.1:9", "[::1]:9"].map(|addr| addr.parse::<SocketAddr>().unwrap());
    for addr in addrs {
        let own = addr.ip();
        for (source, range, late) in [
            (None, None, false),
            (Some(own), None, true),
            (None, Some(ports(41_000, 41_900)), true),
            (Some(own), Some(ports(41_000, 41_900)), true),
        ] {
            let socket =
                prepare(&Peer::new(addr), addr, Way { source, ports: range, fast_open: FastOpen::No }).unwrap();
            assert_eq!(sys::has_bind_address_no_port(&socket).unwrap(), late, "{addr} {source:?} {range:?}");
            // Of a port range alone the address stays open as well.
            assert_eq!(socket.local_addr().unwrap().port(), 0);
            assert_eq!(socket.local_addr().unwrap().ip(), source.unwrap_or_else(|| unspecified(&addr)));
        }
    }
}

#[tokio::test]
async fn used_up_port_range_falls_back_to_any_port() {
    let (listener, addr) = listener().await;
    let peer = Peer::builder(addr).ports(ports(40_321, 40_321)).build().unwrap();
    let (one, two) =
        (TcpConnector::new().connect(&peer).await.unwrap(), TcpConnector::new().connect(&peer).await.unwrap());
    assert_ne!(one.local, two.local);
    drop(listener);
}

#[tokio::test]
async fn unix_sockets_are_connected_to_and_missing_ones_refuse() {
    let path = std::env::temp_dir().join(format!("simplon-connect-{}.sock", std::process::id()));
    let _ = std::fs::remove_file(&path);
    let peer = Peer::new(Address::Unix(path.as_path().into()));
    assert_eq!(TcpConnector::new().connect(&peer).await.unwrap_err().kind(), Kind::Refused);
    let listener = UnixListener::bind(&path).unwrap();
    let mut connected = TcpConnector::new().connect(&peer).await.unwrap();
    let (mut far, _) = listener.accept().await.unwrap();
    far.write_all(b"hello").await.unwrap();
    let mut got = [0; 5];
    connected.stream.read_exact(&mut got).await.unwrap();
    assert_eq!((&got, connected.remote), (b"hello", None));
    std::fs::remove_file(&path).unwrap();
}

#[tokio::test]
async fn boxed_connectors_connect() {
    let (_listener, addr) = listener().await;
    let boxed: Box<dyn super::super::DynConnect> = Box::new(TcpConnector::new());
    assert!(boxed.connect(&Peer::new(addr)).await.is_ok());
}

/// Of each address that is tried, just before: also of those that a name leads to only now.
#[tokio::test]
async fn an_address_that_the_peer_does_not_admit_is_not_connected_to() {
    let (listener, addr) = listener().await;
    let guard = |denied: &'static [&'static str]| {
        Guard::new(move |ip| match denied.iter().any(|text| text.parse() == Ok(ip)) {
            true => Err(Error::internal(Kind::Rejected(http::StatusCode::FORBIDDEN))),
            false => Ok(()),
        })
    };
    let elsewhere = SocketAddr::from(([127, 0, 0, 77], addr.port()));
    let resolver = StaticResolver::new().with("origin", [elsewhere, addr]);
    let connector = TcpConnector::with_resolver(resolver);
    for (peer, denied, is_made) in [
        (Peer::new(addr), &["127.0.0.1"][..], false),
        (Peer::new(addr), &["127.0.0.77"], true),
        (named(addr.port()), &["127.0.0.1", "127.0.0.77"], false),
        (named(addr.port()), &["127.0.0.77"], true),
    ] {
        let peer = peer.to_builder().guard(guard(denied)).build().unwrap();
        match connector.connect(&peer).await {
            Ok(connected) => assert!(is_made && connected.remote == Some(addr), "{peer} {denied:?}"),
            Err(error) => {
                assert_eq!(error.kind(), Kind::Rejected(http::StatusCode::FORBIDDEN), "{peer} {denied:?}");
                assert!(!is_made && error.may_replay() == Replay::No, "{peer} {denied:?}");
            }
        }
        let arrived = tokio::time::timeout(Duration::from_millis(20), listener.accept()).await.is_ok();
        assert_eq!(arrived, is_made, "{peer} {denied:?}");
    }
    // Both of two guards have to agree.
    let peer = Peer::builder(addr).guard(guard(&["127.0.0.1"])).guard(guard(&[])).build().unwrap();
    connector.connect(&peer).await.unwrap_err();
}
