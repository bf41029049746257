//! Upgrades and CONNECT: when octets become raw, and when they do not.

use super::*;

const UPGRADE: &[u8] =
    b"GET /chat HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n";

fn server(octets: &[u8]) -> (Machine<Server>, Vec<String>) {
    let mut machine = Machine::<Server>::new(Arc::default());
    feed(&mut machine, octets);
    let mut story = Story::default();
    take(&mut machine, &mut story);
    (machine, story.told())
}

fn switching(protocol: &'static str) -> Part<ResponseHead> {
    let mut head = ResponseHead::new(StatusCode::SWITCHING_PROTOCOLS);
    head.upgrade = Some(Bytes::from_static(protocol.as_bytes()));
    Part::Head(head, Last::No)
}

fn misuse(outcome: Result<(), StreamError>) -> Misuse {
    match outcome {
        Err(StreamError::Misuse(misuse)) => misuse,
        other => panic!("{other:?}"),
    }
}

/// H65, 12-044
#[test]
fn an_agreed_upgrade_turns_both_directions_raw() {
    let (mut machine, story) = server(&[UPGRADE, b"early"].concat());
    assert_eq!(
        story,
        ["GET /chat HTTP/1.1 ^WebSocket | Host: x | Connection: keep-alive, Upgrade | Upgrade: WebSocket ."]
    );
    assert!(machine.is_read() && !machine.is_tunnel());
    machine.send(switching("websocket")).unwrap();
    machine.send(Part::Data("frame".into(), Last::No)).unwrap();
    assert_eq!(
        wire(&mut machine),
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nframe"
    );
    assert!(machine.is_tunnel() && !machine.is_read() && !machine.may_reuse());
    feed(&mut machine, b" late");
    let mut story = Story::default();
    assert!(take(&mut machine, &mut story));
    machine.received(0);
    assert!(!take(&mut machine, &mut story));
    assert_eq!(story.told(), ["data early late", "end"]);
    assert!(machine.is_read() && !machine.wants_shutdown(), "the other half is open");
    machine.send(Part::Data("bye".into(), Last::Yes)).unwrap();
    assert!(!machine.wants_shutdown(), "not before it is written");
    assert_eq!(wire(&mut machine), "bye");
    assert!(machine.wants_shutdown());
    assert_eq!(misuse(machine.send(Part::Data("x".into(), Last::No))), Misuse::OutOfOrder);
}

/// A8: octets after an upgrade request that was refused are a request or nothing.
#[test]
fn a_refused_upgrade_leaves_the_rest_to_http() {
    let next = b"GET /next HTTP/1.1\r\nHost: x\r\n\r\n";
    let (mut machine, _) = server(&[UPGRADE, next].concat());
    assert!(matches!(machine.next(), Ok(Next::Done)), "held");
    machine.send(Part::Head(ok(), Last::Yes)).unwrap();
    assert_eq!(wire(&mut machine), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    assert!(!machine.is_tunnel() && machine.may_reuse());
    machine.advance();
    let mut story = Story::default();
    take(&mut machine, &mut story);
    assert_eq!(story.told(), ["GET /next HTTP/1.1 | Host: x ."]);
}

/// 4-073, 12-044
#[test]
fn content_of_an_upgrade_request_is_framed_until_the_switch() {
    let script = b"POST / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: a/1, b\r\nContent-Length: 4\r\n\r\nbo";
    let (mut machine, _) = server(script);
    assert_eq!(misuse(machine.send(switching("b"))), Misuse::OutOfOrder, "the request is not read yet");
    let (mut machine, _) = server(script);
    feed(&mut machine, b"dyraw");
    let mut story = Story::default();
    assert!(!take(&mut machine, &mut story));
    assert_eq!(story.told(), ["data dy", "end"]);
    machine.send(switching("A/1")).unwrap();
    let mut story = Story::default();
    take(&mut machine, &mut story);
    assert_eq!(story.told(), ["data raw"]);
}

/// 4-074
#[test]
fn an_upgrade_that_was_not_asked_for_cannot_be_agreed_to() {
    for (script, protocol) in [
        (&b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..], "websocket"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n", "websocket"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\n\r\n", "websocket"),
        (b"GET / HTTP/1.0\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", "websocket"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", "h2c"),
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", "web"),
    ] {
        let (mut machine, _) = server(script);
        assert_eq!(misuse(machine.send(switching(protocol))), Misuse::UpgradeNotAsked, "{}", text(script));
        assert!(!machine.wants_transmit() && !machine.has_begun_writing());
    }
    let (mut machine, _) = server(UPGRADE);
    let bare = ResponseHead::new(StatusCode::SWITCHING_PROTOCOLS);
    assert_eq!(misuse(machine.send(Part::Head(bare, Last::No))), Misuse::UpgradeNotAsked);
}

#[test]
fn connect_becomes_a_tunnel_with_any_2xx() {
    let script = b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\nhello";
    let (mut machine, story) = server(script);
    assert_eq!(story, ["CONNECT a.example:443 HTTP/1.1 | Host: a.example:443 ."]);
    let mut head = ok();
    head.fields.append("Content-Length", "5").unwrap();
    head.fields.append("X", "y").unwrap();
    machine.send(Part::Head(head, Last::No)).unwrap();
    assert_eq!(wire(&mut machine), "HTTP/1.1 200 OK\r\nX: y\r\n\r\n");
    let mut story = Story::default();
    take(&mut machine, &mut story);
    assert_eq!(story.told(), ["data hello"]);
    assert!(machine.is_tunnel());
}

#[test]
fn after_a_refused_connect_early_octets_are_not_taken_for_a_request_whenever_they_come() {
    for early in ["", "GET / HTTP/1.1\r\nHost: x\r\n\r\n"] {
        let asked = format!("CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n{early}");
        let (mut machine, _) = server(asked.as_bytes());
        machine.send(Part::Head(ResponseHead::new(StatusCode::FORBIDDEN), Last::Yes)).unwrap();
        assert!(!machine.may_reuse(), "{early:?}");
        assert_eq!(wire(&mut machine), "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    }
}

#[test]
fn connect_asks_for_no_other_tunnel() {
    let asked =
        b"CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    let mut machine = Machine::<Server>::new(Arc::default());
    feed(&mut machine, asked);
    let Ok(Next::Part(Part::Head(head, Last::Yes))) = machine.next() else { panic!() };
    assert_eq!(head.upgrade, None);
}

fn client(offer: Option<&'static str>, script: &str) -> Vec<String> {
    cuts(script.as_bytes(), |pieces| {
        let mut machine = Machine::<Client>::new(Arc::default());
        let mut head = get("/");
        head.upgrade = offer.map(|offer| Bytes::from_static(offer.as_bytes()));
        machine.send(Part::Head(head, Last::Yes)).unwrap();
        sent(&mut machine);
        let mut story = Story::default();
        for piece in pieces {
            feed(&mut machine, piece);
            take(&mut machine, &mut story);
        }
        story.told()
    })
}

/// 4-071, H65
#[test]
fn a_client_switches_only_to_what_it_offered() {
    let answer = |fields: &str| format!("HTTP/1.1 101 Switching Protocols\r\n{fields}\r\nraw");
    let upgrade = "Connection: upgrade\r\nUpgrade: WebSocket\r\n";
    let agreed = "101 HTTP/1.1 ^WebSocket | Connection: upgrade | Upgrade: WebSocket";
    assert_eq!(client(Some("websocket, b"), &answer(upgrade)), [agreed, "data raw"]);
    assert_eq!(client(None, &answer(upgrade)), ["!UpgradeNotAsked"]);
    assert_eq!(client(Some("b"), &answer(upgrade)), ["!UpgradeProtocol"]);
    assert_eq!(client(Some("websocket"), &answer("Connection: upgrade\r\n")), ["!UpgradeProtocol"]);
    assert_eq!(client(Some("websocket"), &answer("Upgrade: \r\n")), ["!UpgradeProtocol"]);
    let early = format!("HTTP/1.1 100 Continue\r\n\r\n{}", answer(upgrade));
    assert_eq!(client(Some("websocket"), &early), ["100 HTTP/1.1", agreed, "data raw"]);
    let refused = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno";
    assert_eq!(client(Some("websocket"), refused), ["200 HTTP/1.1 | Content-Length: 2", "data no", "end"]);
}

/// RFC 6455 §4.1: whoever sent a key wants it answered.
#[test]
fn a_client_takes_no_websocket_without_proof() {
    let right = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
    let other = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOO=\r\n";
    let twice = right.repeat(2);
    for (key, proof, is_taken) in [
        (Some("dGhlIHNhbXBsZSBub25jZQ=="), right, true),
        (Some("dGhlIHNhbXBsZSBub25jZQ=="), other, false),
        (Some("dGhlIHNhbXBsZSBub25jZQ=="), "", false),
        (Some("dGhlIHNhbXBsZSBub25jZQ=="), &twice, false),
        (None, "", true),
    ] {
        let mut machine = Machine::<Client>::new(Arc::default());
        let mut head = get("/");
        head.upgrade = Some("websocket".into());
        if let Some(key) = key {
            head.fields.append("Sec-WebSocket-Key", key).unwrap();
        }
        machine.send(Part::Head(head, Last::Yes)).unwrap();
        let answer = format!("HTTP/1.1 101 Switching Protocols\r\nUpgrade: WebSocket\r\n{proof}\r\n");
        feed(&mut machine, answer.as_bytes());
        let expected = (!is_taken).then_some(StreamError::Malformed(Rule::UpgradeProof));
        assert_eq!(machine.next().err(), expected, "{proof}");
    }
}

/// 12-045
#[test]
fn a_switch_before_the_request_is_written_is_refused() {
    let mut machine = Machine::<Client>::new(Arc::default());
    let mut head = request(Method::POST, "/");
    head.upgrade = Some("a".into());
    machine.send(Part::Head(head, Last::No)).unwrap();
    feed(&mut machine, b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: a\r\n\r\n");
    assert_eq!(machine.next().err(), Some(StreamError::Malformed(Rule::UpgradeEarly)));
}

#[test]
fn a_client_tunnels_through_connect() {
    let mut machine = Machine::<Client>::new(Arc::default());
    machine
        .send(Part::Head(
            RequestHead::new(Method::CONNECT, Target::parse(&Method::CONNECT, "b:443".into()).unwrap()),
            Last::No,
        ))
        .unwrap();
    assert_eq!(wire(&mut machine), "CONNECT b:443 HTTP/1.1\r\nHost: b:443\r\n\r\n");
    assert_eq!(
        misuse(Machine::<Client>::new(Arc::default()).send(Part::Data("x".into(), Last::No))),
        Misuse::OutOfOrder
    );
    feed(&mut machine, b"HTTP/1.1 200 Connection established\r\nTransfer-Encoding: chunked\r\n\r\nraw");
    let mut story = Story::default();
    take(&mut machine, &mut story);
    assert_eq!(story.told(), ["200 (Connection established) HTTP/1.1", "data raw"]);
    machine.send(Part::Data("up".into(), Last::Yes)).unwrap();
    assert_eq!(wire(&mut machine), "up");
    assert!(machine.wants_shutdown());
}

#[test]
fn an_upgrade_request_says_so_in_connection() {
    let mut machine = Machine::<Client>::new(Arc::default());
    let mut head = get("/");
    head.upgrade = Some("websocket".into());
    head.fields.append("TE", "trailers").unwrap();
    machine.send(Part::Head(head, Last::Yes)).unwrap();
    assert_eq!(
        wire(&mut machine),
        "GET / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nConnection: Upgrade, TE\r\nUpgrade: websocket\r\n\r\n"
    );
}

#[test]
fn status_426_names_the_protocol_it_wants() {
    let (mut machine, _) = server(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    let mut head = ResponseHead::new(StatusCode::UPGRADE_REQUIRED);
    head.fields.append("Upgrade", "TLS/1.2").unwrap();
    machine.send(Part::Head(head, Last::Yes)).unwrap();
    assert_eq!(
        wire(&mut machine),
        "HTTP/1.1 426 Upgrade Required\r\nUpgrade: TLS/1.2\r\nContent-Length: 0\r\nConnection: Upgrade\r\n\r\n"
    );
}
