use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use super::check::{body, final_status, raw};
use super::origin::Origin;
use super::program::listening_on;
use super::{choose, table};

#[test]
fn the_address_is_found_with_and_without_a_scheme() {
    let address = "127.0.0.1:8080".parse().ok();
    assert_eq!(listening_on("listening on 127.0.0.1:8080"), address);
    assert_eq!(listening_on("simplon: listening on http://127.0.0.1:8080/ (try curl)"), address);
    assert_eq!(listening_on("listening on http://127.0.0.1:8080, 2 threads"), address);
    assert_eq!(listening_on("listening on unix:/run/x"), None);
    assert_eq!(listening_on("origin on 127.0.0.1:8080"), None);
}

#[test]
fn interim_answers_are_passed_over() {
    assert_eq!(final_status("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"), Some(204));
    assert_eq!(final_status("HTTP/1.1 101 Switching Protocols\r\n\r\n"), Some(101));
    assert_eq!(final_status(""), None);
    assert_eq!(body("HTTP/1.1 200 OK\r\nA: b\r\n\r\nhello"), "hello");
}

#[test]
fn an_example_outside_the_table_is_refused() {
    assert!(choose(&["no_such".to_owned()]).is_err());
    assert_eq!(choose(&[]).unwrap().len(), table::ALL.len());
}

/// Answers one connection with what it says, line by line.
fn echo() -> std::net::SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut buffer = [0; 64];
        for _ in 0..2 {
            let got = socket.read(&mut buffer).unwrap();
            socket.write_all(&buffer[..got]).unwrap();
        }
    });
    address
}

#[test]
fn raw_checks_compare_step_by_step() {
    assert!(raw(echo(), &[(b"one\n", b"one"), (b"two\n", b"two")]).is_ok());
}

#[test]
fn a_raw_check_fails_when_the_answer_never_comes() {
    let failure = raw(echo(), &[(b"one\n", b"one"), (b"two\n", b"three")]).unwrap_err();
    assert!(failure.to_string().contains("three"), "{failure}");
}

#[test]
fn a_killed_origin_refuses_until_it_is_revived() {
    let asks = |address| raw(address, &[(b"GET / HTTP/1.1\r\n\r\n", b"\r\n\r\nme")]);
    let mut origin = Origin::start("me").unwrap();
    asks(origin.address()).unwrap();
    origin.kill();
    assert!(asks(origin.address()).is_err());
    origin.revive().unwrap();
    asks(origin.address()).unwrap();
}
