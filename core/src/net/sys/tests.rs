use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Socket, Type};

use super::*;

#[test]
fn listener_takes_fast_open() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    set_fast_open(&listener, 16).unwrap();
}

#[test]
fn connecting_socket_takes_fast_open() {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    assert!(!has_fast_open_connect(&socket));
    match set_fast_open_connect(&socket) {
        Ok(()) => assert!(has_fast_open_connect(&socket)),
        Err(error) => assert_eq!(error.raw_os_error(), Some(libc::EOPNOTSUPP), "{error}"),
    }
}

#[test]
fn source_port_range_is_kept_or_refused_by_name() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    set_bind_address_no_port(&socket).unwrap();
    match set_local_port_range(&socket, 40_000, 40_100) {
        Ok(()) => {
            socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
            socket.connect(&listener.local_addr().unwrap().into()).unwrap();
            let port = socket.local_addr().unwrap().as_socket().unwrap().port();
            assert!((40_000..=40_100).contains(&port), "{port}");
        }
        Err(error) => assert_eq!(error.raw_os_error(), Some(libc::ENOPROTOOPT), "{error}"),
    }
}

#[test]
fn nonsense_is_refused() {
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).unwrap();
    assert!(set_fast_open(&socket, 1).is_err());
    assert!(set_fast_open_connect(&socket).is_err());
    assert!(!has_fast_open_connect(&socket));
}
