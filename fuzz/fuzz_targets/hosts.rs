//! Authorities: Host fields, targets and addresses to connect to are read in one way, which is RFC 3986's, and no name is one that the system
//! takes for an address.
#![no_main]

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use libfuzzer_sys::fuzz_target;
use simplon_core::net::Address;
use simplon_fuzz::{Said, read};
use simplon_proto_http::Target;
use simplon_proto_http::h1::{Config, Machine, NextHop, Server};

fuzz_target!(|data: &[u8]| {
    host_field(data);
    targets(data);
    if let Ok(text) = std::str::from_utf8(data) {
        address(text);
        contradiction(text);
    }
});

/// A request with this Host is accepted if it is a host and perhaps a port.
fn host_field(data: &[u8]) {
    if data.iter().any(|octet| b"\r\n\0".contains(octet)) {
        return;
    }
    let request = [b"GET / HTTP/1.1\r\nHost: ", data, b"\r\n\r\n"].concat();
    let expected = parts(trimmed(data)).is_some();
    assert_eq!(accepted(&request), expected, "{}", data.escape_ascii());
}

/// The same rule for both forms of a target that name an authority; CONNECT needs a port besides.
fn targets(data: &[u8]) {
    let named = parts(data);
    let connect = Target::parse(&Method::CONNECT, Bytes::copy_from_slice(data));
    let has_port = named.is_some_and(|(_, port)| port.flatten().is_some_and(|port| port > 0));
    assert_eq!(connect.is_ok(), has_port, "{}: {connect:?}", data.escape_ascii());
    if data.iter().any(|octet| b"/?#".contains(octet)) {
        return;
    }
    let absolute = Target::parse(&Method::GET, Bytes::from([b"http://", data, b"/a"].concat()));
    assert_eq!(absolute.is_ok(), named.is_some(), "{}: {absolute:?}", data.escape_ascii());
    if let Ok(target) = absolute {
        assert_eq!(target.authority(), Some(data));
    }
}

/// Where a target names another place than Host, the request is refused.
fn contradiction(text: &str) {
    let (Some((first, second)), true) = (text.split_once(' '), text.bytes().all(|octet| octet > 0x1f)) else { return };
    let (Some(target), Some(host)) = (parts(first.as_bytes()), parts(trimmed(second.as_bytes()))) else { return };
    if first.contains(['/', '?', '#']) {
        return;
    }
    let port = |port: Option<Option<u16>>| port.flatten().unwrap_or(80);
    let is_same = target.0.eq_ignore_ascii_case(host.0) && port(target.1) == port(host.1);
    let request = format!("GET http://{first}/ HTTP/1.1\r\nHost: {second}\r\n\r\n");
    assert_eq!(accepted(request.as_bytes()), is_same, "{request:?}");
}

fn accepted(request: &[u8]) -> bool {
    let mut config = Config::default();
    config.next_hop = NextHop::Proxy;
    let mut machine = Machine::<Server>::new(Arc::new(config));
    let story = read(&mut machine, &[request], |_, _| false);
    matches!(story.said.last(), Some(Said::Done))
}

/// What can be connected to is a host and a port, comes out as it went in, and a name is no number.
fn address(text: &str) {
    let Ok(address) = Address::parse(text) else { return };
    let again = Address::parse(&address.to_string());
    assert_eq!(again.as_ref(), Ok(&address), "{text}");
    match &address {
        Address::Inet(addr) => {
            assert!(addr.is_ipv4() == !text.starts_with('['), "{text}");
            assert!(
                text.ends_with(&format!(":{}", addr.port()))
                    || text.rsplit(':').next().is_some_and(|p| p.starts_with('0')),
                "{text}"
            );
        }
        Address::Name { host, port } => {
            assert!(aton(host).is_none(), "{text} leads to {:?}", aton(host));
            assert_eq!(parts(text.as_bytes()), Some((host.as_bytes(), Some(Some(*port)))));
        }
        Address::Unix(path) => assert_eq!(format!("unix:{}", path.display()), text),
    }
}

/// Without the blanks that may stand around a value (RFC 9110 §5.6.3).
fn trimmed(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

/// A host, and what stands behind a colon: nothing, or a port. As RFC 3986 has it, with a comma in no name.
fn parts(octets: &[u8]) -> Option<(&[u8], Option<Option<u16>>)> {
    let bracket = octets.starts_with(b"[");
    let end = if bracket {
        octets.iter().position(|octet| *octet == b']')? + 1
    } else {
        octets.iter().position(|octet| *octet == b':').unwrap_or(octets.len())
    };
    let (host, rest) = octets.split_at(end);
    let port = match rest {
        [] => None,
        [b':'] => Some(None),
        [b':', digits @ ..] if digits.iter().all(u8::is_ascii_digit) => {
            Some(Some(std::str::from_utf8(digits).ok()?.parse().ok()?))
        }
        _ => return None,
    };
    let sound = if bracket { is_literal(std::str::from_utf8(&host[1..host.len() - 1]).ok()?) } else { is_name(host) };
    sound.then_some((host, port))
}

fn is_name(host: &[u8]) -> bool {
    !host.is_empty() && host.iter().all(|octet| octet.is_ascii_alphanumeric() || b"-._~!$&'()*+;=%".contains(octet))
}

fn is_literal(text: &str) -> bool {
    let Some(future) = text.strip_prefix(['v', 'V']) else { return text.parse::<Ipv6Addr>().is_ok() };
    let Some((version, rest)) = future.split_once('.') else { return false };
    let is_digits = !version.is_empty() && version.bytes().all(|octet| octet.is_ascii_hexdigit());
    let colons_out = rest.replace(':', "a");
    is_digits && is_name(colons_out.as_bytes()) && !rest.contains('%')
}

/// One to four numbers, each decimal, octal or hexadecimal, the last of which fills what is left.
fn aton(host: &str) -> Option<Ipv4Addr> {
    let labels: Vec<&str> = host.strip_suffix('.').unwrap_or(host).split('.').collect();
    let number = |label: &&str| match label.as_bytes() {
        [] => None,
        [b'0', b'x' | b'X', ..] => u32::from_str_radix(&label[2..], 16).ok(),
        [b'0', _, ..] => u32::from_str_radix(label, 8).ok(),
        _ => label.parse().ok(),
    };
    let numbers: Vec<u32> = labels.iter().map(number).collect::<Option<_>>()?;
    let (last, before) = numbers.split_last()?;
    if before.len() > 3 || before.iter().any(|number| *number > 255) {
        return None;
    }
    let left = 32 - 8 * before.len() as u32;
    if u64::from(*last) >= 1 << left {
        return None;
    }
    let high = before.iter().fold(0_u32, |sum, number| sum << 8 | number);
    Some(Ipv4Addr::from_bits(if before.is_empty() { *last } else { high << left | last }))
}
