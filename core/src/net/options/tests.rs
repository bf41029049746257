use socket2::{Domain, Socket, Type};

use super::*;

fn socket(domain: Domain) -> Socket {
    Socket::new(domain, Type::STREAM, None).unwrap()
}

#[test]
fn nodelay_is_on_by_default() {
    let socket = socket(Domain::IPV4);
    SocketOptions::default().apply(SockRef::from(&socket), Family::V4).unwrap();
    assert!(socket.tcp_nodelay().unwrap());
}

#[test]
fn all_options_reach_the_socket() {
    let socket = socket(Domain::IPV4);
    let options = SocketOptions {
        keep_alive: Some(KeepAlive::default()),
        user_timeout: Some(Duration::from_secs(20)),
        dscp: Some(10),
        send_buffer: Some(32 << 10),
        receive_buffer: Some(32 << 10),
        nodelay: Nodelay::Yes,
    };
    options.apply(SockRef::from(&socket), Family::V4).unwrap();
    assert!(socket.keepalive().unwrap());
    assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(60));
    assert_eq!(socket.tcp_keepalive_interval().unwrap(), Duration::from_secs(10));
    assert_eq!(socket.tcp_keepalive_retries().unwrap(), 5);
    assert_eq!(socket.tos_v4().unwrap(), 40);
    assert!(socket.send_buffer_size().unwrap() >= 32 << 10);
    #[cfg(target_os = "linux")]
    assert_eq!(socket.tcp_user_timeout().unwrap(), Some(Duration::from_secs(20)));
}

#[test]
fn code_point_of_ipv6_goes_into_the_traffic_class() {
    let socket = socket(Domain::IPV6);
    let options = SocketOptions { dscp: Some(46), ..SocketOptions::default() };
    options.apply(SockRef::from(&socket), Family::V6).unwrap();
    assert_eq!(socket.tclass_v6().unwrap(), 184);
}

#[test]
fn code_point_of_seven_bits_is_refused_and_the_rest_is_set() {
    let socket = socket(Domain::IPV4);
    let options = SocketOptions { dscp: Some(64), send_buffer: Some(64 << 10), ..SocketOptions::default() };
    let error = options.apply(SockRef::from(&socket), Family::V4).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(socket.tcp_nodelay().unwrap());
    assert!(socket.send_buffer_size().unwrap() >= 64 << 10);
}
