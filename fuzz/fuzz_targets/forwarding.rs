//! The fields by which proxies tell of their clients: who is not trusted tells nothing, what is added is well-formed, and the next hop, which
//! trusts this one, finds the same client.
#![no_main]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use simplon_core::net::{ConnInfo, Transport};
use simplon_fuzz::{Said, read};
use simplon_proto_http::h1::{Config, Machine, Server};
use simplon_proto_http::{Fields, RequestHead};
use simplon_proxy::{Cidr, Forwarding, Tell};

const HERE: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);

fuzz_target!(|data: &[u8]| {
    let [mode, peer, lines @ ..] = data else { return };
    let Some(mut head) = request(lines) else { return };
    let peer = match peer >> 6 {
        0 => IpAddr::from([10, 0, 0, *peer]),
        1 => IpAddr::from([203, 0, 113, *peer]),
        2 => Ipv4Addr::new(10, 1, 0, *peer).to_ipv6_mapped().into(),
        _ => IpAddr::from([0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(*peer)]),
    };
    let trusted: Vec<Cidr> = ["10.0.0.0/8", "2001:db8::/32"][..usize::from(mode & 3).min(2)]
        .iter()
        .map(|range| range.parse().expect("a range"))
        .collect();
    let is_trusted = trusted.iter().any(|range| range.contains(peer));
    let tell = |bit: u8| if mode & bit == 0 { Tell::Yes } else { Tell::Drop };
    let forwarding = Forwarding::default().trust(trusted.clone()).x_forwarded(tell(4)).forwarded(tell(8));
    let info = ConnInfo::new("fuzz".into(), Transport::Tcp).with_peer(SocketAddr::new(peer, 1));
    let (before, client) = (head.clone(), forwarding.client_ip(&info, &head.fields));
    assert_eq!(client, Some(nearest(&before.fields, peer.to_canonical(), &trusted)));
    forwarding.apply(&mut head, &info);
    told(&before, &head, peer.to_canonical(), is_trusted, tell(4), tell(8));
    if tell(4) == Tell::Yes {
        let next = Forwarding::default().trust(trusted).trust([Cidr::from(IpAddr::from(HERE))]);
        let info = ConnInfo::new("next".into(), Transport::Tcp).with_peer(SocketAddr::new(HERE.into(), 1));
        assert_eq!(next.client_ip(&info, &head.fields), client, "{before:?}");
    }
});

fn request(lines: &[u8]) -> Option<RequestHead> {
    let octets = [b"GET / HTTP/1.1\r\nHost: a.example\r\n", lines, b"\r\n\r\n"].concat();
    let mut machine = Machine::<Server>::new(Arc::new(Config::default()));
    let story = read(&mut machine, &[&octets], |_, _| false);
    match story.said.into_iter().next()? {
        Said::Head(head, _) => Some(head),
        _ => None,
    }
}

/// From the nearest, as far as each is believed and says an address.
fn nearest(fields: &Fields, peer: IpAddr, trusted: &[Cidr]) -> IpAddr {
    let trusts = |address: &IpAddr| trusted.iter().any(|range| range.contains(*address));
    let all: Vec<&[u8]> = fields.all("X-Forwarded-For").collect();
    let all = all.join(&b","[..]);
    let mut nodes: Vec<&[u8]> =
        if fields.contains("X-Forwarded-For") { all.split(|octet| *octet == b',').collect() } else { Vec::new() };
    let mut nearest = peer;
    while trusts(&nearest) {
        let Some(text) = nodes.pop().and_then(|node| std::str::from_utf8(node).ok()) else { break };
        let text = text.trim();
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']'));
        let socket = || text.parse::<SocketAddr>().map(|addr| addr.ip()).ok();
        let Some(address) = text.parse().ok().or_else(socket).or_else(|| bare?.parse().ok()) else { break };
        nearest = address.to_canonical();
    }
    nearest
}

fn lines(fields: &Fields, name: &str) -> Vec<Vec<u8>> {
    fields.all(name).map(<[u8]>::to_vec).collect()
}

fn told(before: &RequestHead, after: &RequestHead, peer: IpAddr, is_trusted: bool, x: Tell, forwarded: Tell) {
    let from = peer.to_string();
    if !is_trusted {
        let said = after.fields.iter().map(|(name, _)| {
            name.to_ascii_lowercase()
                .iter()
                .map(|octet| if *octet == b'_' { b'-' } else { *octet })
                .collect::<Vec<u8>>()
        });
        let said: Vec<_> = said
            .filter(|name| {
                name.starts_with(b"x-forwarded-")
                    || [&b"x-real-ip"[..], b"client-cert", b"client-cert-chain"].contains(&&name[..])
            })
            .collect();
        assert_eq!(said.len(), if x == Tell::Yes { 3 } else { 0 }, "{after:?}");
    }
    if x == Tell::Yes {
        let own = if is_trusted { lines(&before.fields, "X-Forwarded-For") } else { Vec::new() };
        let expected = own.into_iter().chain([from.clone().into_bytes()]).collect::<Vec<_>>().join(&b", "[..]);
        assert_eq!(lines(&after.fields, "X-Forwarded-For"), [expected]);
    }
    let sent = lines(&after.fields, "Forwarded");
    if forwarded == Tell::Drop {
        assert_eq!(sent, if is_trusted { lines(&before.fields, "Forwarded") } else { Vec::new() });
        return;
    }
    let [list] = &sent[..] else { panic!("one line: {sent:?}") };
    let node = if peer.is_ipv6() { format!("\"[{peer}]\"") } else { from };
    let ours = format!("for={node};host=\"a.example\";proto=http");
    let theirs = list.strip_suffix(ours.as_bytes()).expect("ours comes last");
    let own = if is_trusted { lines(&before.fields, "Forwarded") } else { Vec::new() };
    assert_eq!(theirs, own.iter().flat_map(|line| [line, &b", "[..]].concat()).collect::<Vec<u8>>());
}
