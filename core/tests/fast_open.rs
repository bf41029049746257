//! Fast open towards peers that have given a cookie: the test runs itself again in a network of its own, where it is switched on.
#![expect(clippy::unwrap_used, reason = "a test may fail loudly")]
#![cfg(target_os = "linux")]

use std::io::{ErrorKind, IoSlice};
use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use simplon_core::connect::{Connect, FastOpen, Peer, TcpConnector};
use simplon_core::net::Stream;
use simplon_testkit::{apart_by, is_apart};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

/// What runs in a network of its own.
const TEST: &str = "octets_leave_with_the_first_packet";
const PATIENCE: Duration = Duration::from_secs(10);
/// For clients, for servers, and for all listeners without being asked.
const SWITCH_ON: &str = "ip link set lo up && echo 0x403 > /proc/sys/net/ipv4/tcp_fastopen";

#[test]
fn octets_leave_with_the_first_packet() {
    let unshared = || {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "--net", "sh", "-c"]);
        command
    };
    let is_given = || unshared().arg(SWITCH_ON).output().is_ok_and(|outcome| outcome.status.success());
    if !is_apart(TEST) && !is_given() {
        return simplon_testkit::skip("user namespaces with a network of their own");
    }
    if !apart_by(&mut unshared(), TEST, SWITCH_ON) {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        for case in 0..6 {
            let work = async {
                match case {
                    0 => small_first_write().await,
                    1 => first_write_that_does_not_fit().await,
                    2 => first_write_of_nothing().await,
                    3 => shutdown_without_a_write().await,
                    4 => shutdown_inside_the_handshake().await,
                    _ => refusal().await,
                }
            };
            timeout(PATIENCE, work).await.unwrap_or_else(|_| panic!("case {case} took too long"));
        }
    });
}

async fn connect(addr: SocketAddr) -> Stream {
    let peer = Peer::builder(addr).fast_open(FastOpen::Yes).build().unwrap();
    let connected = TcpConnector::new().connect(&peer).await.unwrap();
    assert_eq!(connected.remote, Some(addr));
    assert_eq!(connected.local, connected.stream.local_addr());
    connected.stream
}

/// A listener whose cookie is known.
async fn known(backlog: u32) -> (TcpListener, SocketAddr) {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(backlog).unwrap();
    let addr = listener.local_addr().unwrap();
    let mut first = connect(addr).await;
    first.write_all(b"cookie").await.unwrap();
    accept(&listener).await;
    (listener, addr)
}

/// A connection that is one in name only: no packet has left.
async fn put_off(addr: SocketAddr) -> Stream {
    let stream = connect(addr).await;
    let asked = stream.as_tcp().unwrap().peer_addr();
    assert_eq!(asked.unwrap_err().kind(), ErrorKind::NotConnected);
    stream
}

async fn accept(listener: &TcpListener) -> TcpStream {
    listener.accept().await.unwrap().0
}

async fn read_all(far: &mut TcpStream) -> Vec<u8> {
    let mut got = Vec::new();
    far.read_to_end(&mut got).await.unwrap();
    got
}

async fn small_first_write() {
    let (listener, addr) = known(16).await;
    let mut near = put_off(addr).await;
    near.write_all(b"ping").await.unwrap();
    let mut far = accept(&listener).await;
    let mut got = [0; 4];
    far.read_exact(&mut got).await.unwrap();
    far.write_all(&got).await.unwrap();
    near.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"ping");
}

async fn first_write_that_does_not_fit() {
    let (listener, addr) = known(16).await;
    let octets: Vec<u8> = (0..1 << 20).map(|n| n as u8).collect();
    let (one, two) = octets.split_at(1 << 19);
    let mut near = put_off(addr).await;
    let write = async {
        let sent = near.write_vectored(&[IoSlice::new(one), IoSlice::new(two)]).await.unwrap();
        near.write_all(&octets[sent..]).await.unwrap();
        near.shutdown().await.unwrap();
    };
    let read = async { read_all(&mut accept(&listener).await).await };
    assert_eq!(tokio::join!(write, read).1, octets);
}

async fn first_write_of_nothing() {
    let (listener, addr) = known(16).await;
    let mut near = put_off(addr).await;
    assert_eq!(near.write(b"").await.unwrap(), 0);
    let mut far = accept(&listener).await;
    near.write_all(b"later").await.unwrap();
    near.shutdown().await.unwrap();
    assert_eq!(read_all(&mut far).await, b"later");
}

async fn shutdown_without_a_write() {
    let (listener, addr) = known(16).await;
    let mut near = put_off(addr).await;
    near.shutdown().await.unwrap();
    let mut far = accept(&listener).await;
    assert_eq!(read_all(&mut far).await, b"");
    far.write_all(b"nothing").await.unwrap();
    let mut got = [0; 7];
    near.read_exact(&mut got).await.unwrap();
    assert_eq!(&got, b"nothing");
}

/// As long as its queue is full, a listener does not answer; the SYN comes again after a second.
async fn shutdown_inside_the_handshake() {
    let (listener, addr) = known(0).await;
    let filler = TcpStream::connect(addr).await.unwrap();
    let mut near = put_off(addr).await;
    near.write_all(b"hello").await.unwrap();
    let shut = async {
        near.shutdown().await.unwrap();
        near
    };
    let room = async {
        sleep(Duration::from_millis(100)).await;
        drop((filler, accept(&listener).await));
        read_all(&mut accept(&listener).await).await
    };
    assert_eq!(tokio::join!(shut, room).1, b"hello");
}

async fn refusal() {
    let (listener, addr) = known(16).await;
    drop(listener);
    let mut near = put_off(addr).await;
    let refused = match near.write_all(b"hello").await {
        Ok(()) => near.read(&mut [0]).await.unwrap_err(),
        Err(error) => error,
    };
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
}
