use http::Method;
use simplon_core::net::Transport;
use simplon_core::proto_tls::{Facts, Version as TlsVersion};
use simplon_proto_http::Target;

use super::*;

fn from(peer: &str) -> ConnInfo {
    ConnInfo::new("test".into(), Transport::Tcp).with_peer(peer.parse().unwrap())
}

fn head(fields: &[(&str, &str)]) -> RequestHead {
    let mut head = RequestHead::new(Method::GET, Target::origin("/").unwrap());
    head.fields = Fields::from_pairs(fields.iter().copied()).unwrap();
    head
}

fn trusting(range: &str) -> Forwarding {
    Forwarding::default().trust([range.parse().unwrap()])
}

fn values(head: &RequestHead, name: &str) -> Vec<String> {
    head.fields.all(name).map(|value| String::from_utf8_lossy(value).into_owned()).collect()
}

/// B23: forged fields of an untrusted peer are removed.
#[test]
fn what_an_untrusted_peer_says_about_its_client_is_dropped() {
    let forged = [
        ("Host", "a"),
        ("X-Forwarded-For", "127.0.0.1"),
        ("X-Forwarded-For", "10.0.0.1"),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "evil"),
        ("X-Forwarded-Port", "443"),
        ("x-forwarded-server", "evil"),
        ("X-Real-IP", "127.0.0.1"),
        ("Forwarded", "for=127.0.0.1"),
    ];
    let mut head = head(&forged);
    let info = from("192.0.2.7:99");
    Forwarding::default().apply(&mut head, &info);
    assert_eq!(values(&head, "X-Forwarded-For"), ["192.0.2.7"]);
    assert_eq!(values(&head, "X-Forwarded-Proto"), ["http"]);
    assert_eq!(values(&head, "X-Forwarded-Host"), ["a"]);
    for gone in ["X-Forwarded-Port", "X-Forwarded-Server", "X-Real-IP", "Forwarded"] {
        assert!(!head.fields.contains(gone), "{gone}");
    }
}

/// B23: from a trusted peer they are added to.
#[test]
fn what_a_trusted_peer_says_is_added_to() {
    let mut head = head(&[
        ("Host", "a"),
        ("X-Forwarded-For", "198.51.100.1"),
        ("X-Forwarded-For", "198.51.100.2"),
        ("X-Forwarded-Proto", "https"),
    ]);
    trusting("192.0.2.0/24").apply(&mut head, &from("192.0.2.7:99"));
    assert_eq!(values(&head, "X-Forwarded-For"), ["198.51.100.1, 198.51.100.2, 192.0.2.7"]);
    assert_eq!(values(&head, "X-Forwarded-Proto"), ["https"]);
}

#[test]
fn nothing_is_told_if_so_chosen() {
    let mut head = head(&[("Host", "a"), ("X-Forwarded-For", "127.0.0.1")]);
    Forwarding::default().x_forwarded(Tell::Drop).via(None).apply(&mut head, &from("192.0.2.7:99"));
    assert_eq!(head.fields.len(), 1);
}

#[test]
fn forwarded_is_written_as_rfc_7239_has_it() {
    for (peer, expected) in [
        ("192.0.2.7:99", "for=192.0.2.7;host=\"a:80\";proto=http"),
        ("[2001:db8::7]:99", "for=\"[2001:db8::7]\";host=\"a:80\";proto=http"),
        ("[::ffff:192.0.2.7]:99", "for=192.0.2.7;host=\"a:80\";proto=http"),
    ] {
        let mut head = head(&[("Host", "a:80")]);
        Forwarding::default().forwarded(Tell::Yes).apply(&mut head, &from(peer));
        assert_eq!(values(&head, "Forwarded"), [expected]);
    }
}

#[test]
fn forwarded_of_a_trusted_peer_is_added_to() {
    let mut head = head(&[("Forwarded", "for=198.51.100.1")]);
    trusting("192.0.2.0/24").forwarded(Tell::Yes).apply(&mut head, &from("192.0.2.7:99"));
    assert_eq!(values(&head, "Forwarded"), ["for=198.51.100.1, for=192.0.2.7;proto=http"]);
}

#[test]
fn via_names_the_version_that_was_received() {
    for (version, hop) in [
        (Version::HTTP_10, "1.0 simplon"),
        (Version::HTTP_11, "1.1 simplon"),
        (Version::HTTP_2, "2 simplon"),
        (Version::HTTP_3, "3 simplon"),
    ] {
        let mut head = head(&[]);
        head.version = version;
        Forwarding::default().apply(&mut head, &from("192.0.2.7:99"));
        assert_eq!(values(&head, "Via"), [hop]);
    }
    let mut head = head(&[("Via", "1.0 other")]);
    Forwarding::default().via(Some("edge")).apply(&mut head, &from("192.0.2.7:99"));
    assert_eq!(values(&head, "Via"), ["1.0 other, 1.1 edge"]);
}

/// B23: obfuscated nodes and ports are parsed, and the nearest untrusted address is the client.
#[test]
fn the_client_is_the_nearest_address_that_is_not_trusted() {
    let forwarding = trusting("10.0.0.0/8");
    for (peer, said, client) in [
        ("192.0.2.7:99", "127.0.0.1", "192.0.2.7"),
        ("10.0.0.1:99", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1:99", "203.0.113.5, 198.51.100.1, 10.0.0.9", "198.51.100.1"),
        ("10.0.0.1:99", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1:99", "[2001:db8::1]:4711", "2001:db8::1"),
        ("10.0.0.1:99", "[2001:db8::1]", "2001:db8::1"),
        ("10.0.0.1:99", "2001:db8::1", "2001:db8::1"),
        ("10.0.0.1:99", "::ffff:198.51.100.1", "198.51.100.1"),
        ("10.0.0.1:99", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1:99", "198.51.100.1, unknown", "10.0.0.1"),
        ("10.0.0.1:99", "198.51.100.1, _hidden, 10.0.0.2", "10.0.0.2"),
        ("10.0.0.1:99", "", "10.0.0.1"),
    ] {
        let fields = Fields::from_pairs([("X-Forwarded-For", said)]).unwrap();
        assert_eq!(forwarding.client_ip(&from(peer), &fields), Some(client.parse().unwrap()), "{said}");
    }
}

#[test]
fn several_lines_are_one_list() {
    let fields =
        Fields::from_pairs([("X-Forwarded-For", "203.0.113.5, 198.51.100.1"), ("X-Forwarded-For", "10.0.0.9")])
            .unwrap();
    assert_eq!(trusting("10.0.0.0/8").client_ip(&from("10.0.0.1:99"), &fields), Some([198, 51, 100, 1].into()));
}

#[test]
fn a_connection_without_address_has_no_client_and_trusts_nobody() {
    let info = ConnInfo::new("test".into(), Transport::Unix);
    let forwarding = trusting("0.0.0.0/0");
    let mut head = head(&[("X-Forwarded-For", "127.0.0.1")]);
    assert_eq!(forwarding.client_ip(&info, &head.fields), None);
    forwarding.forwarded(Tell::Yes).apply(&mut head, &info);
    assert!(!head.fields.contains("X-Forwarded-For"));
    assert_eq!(values(&head, "Forwarded"), ["for=unknown;proto=http"]);
}

/// RFC 9440: only if that was chosen, and only of a connection on which one was shown.
#[test]
fn the_certificate_of_a_client_is_told_if_so_chosen() {
    let shown = |certificates: &[&[u8]]| {
        let mut facts = Facts::new("test", TlsVersion::Tls13, "TLS_AES_128_GCM_SHA256");
        facts.peer = certificates.iter().map(|der| Certificate::of_der(der.to_vec())).collect();
        from("192.0.2.7:99").with_tls(facts.into())
    };
    for (tell, info, own, chain) in [
        (Tell::Yes, shown(&[b"own", b"one", b"two"]), Some(":b3du:"), Some(":b25l:, :dHdv:")),
        (Tell::Yes, shown(&[b"own"]), Some(":b3du:"), None),
        (Tell::Yes, shown(&[]), None, None),
        (Tell::Yes, from("192.0.2.7:99"), None, None),
        (Tell::Drop, shown(&[b"own", b"one"]), None, None),
    ] {
        let mut head = head(&[("Host", "a"), ("Client-Cert", ":Zm9yZ2Vk:"), ("client-cert-chain", ":Zm9yZ2Vk:")]);
        Forwarding::default().client_cert(tell).apply(&mut head, &info);
        assert_eq!(values(&head, "Client-Cert"), Vec::from_iter(own), "{tell:?}");
        assert_eq!(values(&head, "Client-Cert-Chain"), Vec::from_iter(chain), "{tell:?}");
    }
}
