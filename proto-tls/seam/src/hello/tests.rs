use std::sync::Arc;

use tokio::io::duplex;

use super::*;

const MOST: usize = HELLO_OCTETS;

/// What rustls sends, records and all.
fn recorded(versions: &[&'static rustls::SupportedProtocolVersion], name: &'static str, alpn: &[&str]) -> Vec<u8> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_protocol_versions(versions).unwrap();
    let mut config = builder.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let mut connection = rustls::ClientConnection::new(Arc::new(config), name.try_into().unwrap()).unwrap();
    let mut octets = Vec::new();
    while connection.wants_write() {
        connection.write_tls(&mut octets).unwrap();
    }
    octets
}

fn post_quantum() -> Vec<u8> {
    recorded(rustls::ALL_VERSIONS, "www.a.test", &["h2", "http/1.1"])
}

fn small() -> Vec<u8> {
    recorded(&[&rustls::version::TLS12], "www.a.test", &["h2", "http/1.1"])
}

/// The handshake message of one record.
fn message(records: &[u8]) -> Vec<u8> {
    records[5..].to_vec()
}

/// A message in records of so many octets.
fn records(message: &[u8], octets: usize) -> Vec<u8> {
    let record = |part: &[u8]| [&[22, 3, 1][..], &(part.len() as u16).to_be_bytes(), part].concat();
    message.chunks(octets).flat_map(record).collect()
}

/// A ClientHello with these extensions and little else.
fn with_extensions(extensions: &[(u16, &[u8])]) -> Vec<u8> {
    let mut list = Vec::new();
    for (number, content) in extensions {
        list.extend(number.to_be_bytes());
        list.extend((content.len() as u16).to_be_bytes());
        list.extend(*content);
    }
    let mut body = [&[3, 3][..], &[7; 32], &[0], &[0, 2, 0x13, 0x01], &[1, 0]].concat();
    body.extend((list.len() as u16).to_be_bytes());
    body.extend(list);
    [&[1, 0][..], &(body.len() as u16).to_be_bytes(), &body].concat()
}

/// Entries of a server name extension: kind and name.
type Entries<'a> = &'a [(u8, &'a [u8])];

/// A server name extension of these entries.
fn server_names(entries: Entries<'_>) -> Vec<u8> {
    let mut list = Vec::new();
    for (kind, name) in entries {
        list.push(*kind);
        list.extend((name.len() as u16).to_be_bytes());
        list.extend(*name);
    }
    [&(list.len() as u16).to_be_bytes()[..], &list].concat()
}

/// Asks everything; what it says does not matter.
fn ask(hello: &ClientHello) -> usize {
    let asked = (hello.legacy_version(), hello.random().len(), hello.session_id().len(), format!("{hello:?}").len());
    let names: usize = hello.alpn().map(<[u8]>::len).sum();
    let numbers = hello.cipher_suites().chain(hello.versions()).chain(hello.groups());
    let numbers = numbers.chain(hello.signature_algorithms()).count();
    let extensions: usize = hello.extensions().map(|(_, content)| content.len()).sum();
    asked.1 + asked.2 + asked.3 + names + numbers + extensions + hello.server_name().map_or(0, str::len)
}

#[test]
fn what_rustls_sends_is_understood() {
    for (octets, versions) in [(post_quantum(), vec![0x0304, 0x0303]), (small(), vec![0x0303])] {
        let hello = ClientHello::parse(message(&octets).into()).unwrap();
        assert_eq!(hello.server_name(), Some("www.a.test"));
        assert_eq!(hello.alpn().collect::<Vec<_>>(), [&b"h2"[..], b"http/1.1"]);
        assert_eq!(hello.versions().collect::<Vec<_>>(), versions);
        assert_eq!(hello.legacy_version(), 0x0303);
        assert_eq!(hello.random().len(), 32);
        assert!(hello.cipher_suites().any(|suite| suite == 0xc02b), "ECDHE-ECDSA-AES128-GCM");
        assert!(hello.groups().any(|group| group == 29), "x25519");
        assert!(hello.signature_algorithms().any(|algorithm| algorithm == 0x0403), "ECDSA on P-256");
        assert_eq!(&hello.raw()[..], message(&octets));
    }
    assert!(post_quantum().len() > 1200, "a key share of ML-KEM is large");
    let unnamed = recorded(rustls::ALL_VERSIONS, "192.0.2.1", &[]);
    let hello = ClientHello::parse(message(&unnamed).into()).unwrap();
    assert_eq!((hello.server_name(), hello.alpn().count()), (None, 0));
}

/// D45
#[tokio::test]
async fn cut_anywhere_it_is_the_same() {
    for octets in [small(), post_quantum()] {
        for cut in 1..octets.len() {
            let (mut client, server) = duplex(1 << 16);
            let sending = async {
                client.write_all(&octets[..cut]).await.unwrap();
                tokio::task::yield_now().await;
                client.write_all(&octets[cut..]).await.unwrap();
            };
            let (read, ()) = tokio::join!(read(server, MOST), sending);
            let (hello, rewound) = read.unwrap();
            assert_eq!(&hello.raw()[..], &octets[5..]);
            assert_eq!(&rewound.into_parts().0[..], &octets);
        }
    }
}

/// D45
#[test]
fn fragments_of_any_size_are_joined() {
    let message = message(&small());
    for size in 1..=message.len() {
        let octets = records(&message, size);
        let mut scan = records::Scan::default();
        for n in 0..octets.len() {
            assert_eq!(scan.message(&octets[..n], MOST), Ok(None), "{n} of {}", octets.len());
        }
        assert_eq!(scan.message(&octets, MOST).unwrap().as_deref(), Some(&message[..]));
    }
}

#[test]
fn every_truncation_and_every_addition_is_malformed() {
    let message = message(&small());
    for n in 0..message.len() {
        assert_eq!(ClientHello::parse(message[..n].to_vec().into()), Err(Reason::Malformed), "{n} octets");
    }
    assert_eq!(ClientHello::parse([message, vec![0]].concat().into()), Err(Reason::Malformed));
}

#[test]
fn every_octet_may_lie() {
    for message in [message(&small()), message(&post_quantum())] {
        for at in 0..message.len() {
            for lie in [0, 1, 0x7f, 0xff, message[at].wrapping_add(1), message[at].wrapping_sub(1)] {
                let mut message = message.clone();
                message[at] = lie;
                if let Ok(hello) = ClientHello::parse(message.into()) {
                    ask(&hello);
                }
            }
        }
    }
}

#[test]
fn random_octets_do_not_panic() {
    let original = records(&message(&small()), 100);
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for _ in 0..20_000 {
        let mut octets = original.clone();
        for _ in 0..=next(4) {
            let at = next(octets.len());
            match next(3) {
                0 => octets[at] = next(256) as u8,
                1 => drop(octets.remove(at)),
                _ => octets.insert(at, next(256) as u8),
            }
        }
        let message = records::Scan::default().message(&octets, MOST).ok().flatten();
        if let Some(Ok(hello)) = message.map(ClientHello::parse) {
            ask(&hello);
        }
        let message: Vec<u8> = (0..next(200)).map(|_| next(256) as u8).collect();
        assert!(ClientHello::parse(message.into()).is_err());
    }
}

#[test]
fn an_extension_twice_is_malformed() {
    let once = with_extensions(&[(35, b""), (23, b"")]);
    assert!(ClientHello::parse(once.into()).is_ok());
    let twice = with_extensions(&[(35, b""), (23, b""), (35, b"")]);
    assert_eq!(ClientHello::parse(twice.into()), Err(Reason::Malformed));
    let many: Vec<(u16, &[u8])> = (0..200).map(|number| (1000 + number, &b""[..])).collect();
    assert_eq!(ClientHello::parse(with_extensions(&many).into()), Err(Reason::Malformed));
}

#[test]
fn server_names_by_the_table() {
    let long = [b'a'; 256];
    let table: [(Entries<'_>, Result<Option<&str>, Reason>); 10] = [
        (&[(0, b"a.test")], Ok(Some("a.test"))),
        (&[(0, b"under_score.test")], Ok(Some("under_score.test"))),
        (&[(7, b"\0\0"), (0, b"a.test")], Ok(Some("a.test"))),
        (&[(7, b"other")], Ok(None)),
        (&[(0, b"a.test"), (0, b"b.test")], Err(Reason::Malformed)),
        (&[(0, b"")], Err(Reason::Malformed)),
        (&[(0, b"a\0.test")], Err(Reason::Malformed)),
        (&[(0, b"a b")], Err(Reason::Malformed)),
        (&[(0, "\u{e4}.test".as_bytes())], Err(Reason::Malformed)),
        (&[(0, &long)], Err(Reason::Malformed)),
    ];
    for (entries, expected) in table {
        let hello = ClientHello::parse(with_extensions(&[(0, &server_names(entries))]).into());
        assert_eq!(hello.as_ref().map(ClientHello::server_name).map_err(|reason| *reason), expected, "{entries:?}");
    }
    for content in [&b""[..], b"\0", b"\0\x05\0", b"\0\x01\0\0"] {
        assert_eq!(ClientHello::parse(with_extensions(&[(0, content)]).into()), Err(Reason::Malformed), "{content:?}");
    }
}

#[test]
fn without_extensions_it_is_a_hello_of_old() {
    let mut message = with_extensions(&[]);
    message.truncate(message.len() - 2);
    message[3] -= 2;
    let hello = ClientHello::parse(message.into()).unwrap();
    assert_eq!(hello.versions().collect::<Vec<_>>(), [0x0303]);
    assert_eq!((hello.extensions().count(), hello.alpn().count(), hello.groups().count()), (0, 0, 0));
}

#[test]
fn records_that_are_none_by_the_table() {
    let hello = message(&small());
    let big = [&[1, 0, 0x50, 0][..], &[0; 0x5000]].concat();
    type Outcome = Result<Option<Bytes>, Reason>;
    let table: [(Vec<u8>, Outcome); 10] = [
        (vec![], Ok(None)),
        (vec![22], Ok(None)),
        (b"GET / HTTP/1.1\r\n".to_vec(), Err(Reason::Malformed)),
        (vec![22, 2], Err(Reason::Malformed)),
        (vec![21, 3, 1, 0, 2, 2, 40], Err(Reason::Malformed)),
        (vec![22, 3, 1, 0, 0], Err(Reason::Malformed)),
        (vec![22, 3, 1, 0x40, 1], Err(Reason::Malformed)),
        (records(&[2, 0, 0, 1, 0], 100), Err(Reason::Malformed)),
        (records(&[&hello[..], &[0]].concat(), 1 << 14), Err(Reason::Malformed)),
        (records(&big, 1 << 14), Err(Reason::HelloTooLarge)),
    ];
    for (octets, expected) in table {
        assert_eq!(records::Scan::default().message(&octets, MOST), expected, "{:?}", octets.get(..8));
    }
}

#[tokio::test]
async fn a_hello_that_is_too_large_is_refused_before_it_is_there() {
    // The header alone says it.
    let (mut client, server) = duplex(1 << 16);
    client.write_all(&[22, 3, 1, 0, 4, 1, 0xff, 0xff, 0xff]).await.unwrap();
    assert_eq!(read(server, MOST).await.unwrap_err().reason(), Reason::HelloTooLarge);
    // Or octets that come to nothing.
    let (mut client, server) = duplex(1 << 16);
    client.write_all(&records(&[&[1, 0, 0x30, 0][..], &[0; 100]].concat(), 1)).await.unwrap();
    assert_eq!(read(server, 500).await.unwrap_err().reason(), Reason::HelloTooLarge);
    let mut alert = Vec::new();
    client.read_to_end(&mut alert).await.unwrap();
    assert_eq!(alert, [21, 3, 1, 0, 2, 2, 50]);
}

#[test]
fn records_count_with_what_is_in_them_however_they_come() {
    let wire = records(&message(&small()), 1);
    for (most, expected) in [(wire.len() - 1, Err(Reason::HelloTooLarge)), (wire.len(), Ok(Some(())))] {
        let whole = records::Scan::default().message(&wire, most);
        let mut scan = records::Scan::default();
        let cut = (1..=wire.len()).map(|n| scan.message(&wire[..n], most)).find(|it| *it != Ok(None)).unwrap();
        for found in [whole, cut] {
            assert_eq!(found.map(|message| message.map(drop)), expected, "{most}");
        }
    }
}

#[tokio::test]
async fn whoever_closes_gets_no_alert() {
    let octets = small();
    for n in [0, 1, 5, 6, octets.len() - 1] {
        let (mut client, server) = duplex(1 << 16);
        client.write_all(&octets[..n]).await.unwrap();
        client.shutdown().await.unwrap();
        assert_eq!(read(server, MOST).await.unwrap_err().reason(), Reason::Closed);
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).await.unwrap();
        assert!(answer.is_empty());
    }
}

#[tokio::test]
async fn rewound_gives_everything_once_more() {
    let (mut client, server) = duplex(1 << 16);
    client.write_all(b" and more").await.unwrap();
    let mut rewound = Rewound::new(Bytes::from_static(b"what came"), server);
    poll_fn(|cx| rewound.poll_readable(cx)).await;
    let mut part = [0; 4];
    rewound.read_exact(&mut part).await.unwrap();
    assert_eq!(&part, b"what");
    let mut rest = [0; 14];
    rewound.read_exact(&mut rest).await.unwrap();
    assert_eq!(&rest, b" came and more");
    rewound.write_all(b"back").await.unwrap();
    rewound.flush().await.unwrap();
    rewound.shutdown().await.unwrap();
    let mut back = Vec::new();
    client.read_to_end(&mut back).await.unwrap();
    assert_eq!(back, b"back");
}
