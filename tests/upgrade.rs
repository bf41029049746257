//! WebSocket and CONNECT through the proxy, over real sockets, with clients and origins of another make.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

#[path = "common/common.rs"]
mod common;

use std::net::SocketAddr;
use std::time::Duration;

use common::client::Client;
use common::origin::Origin;
use common::{Proxy, holds_within, millis, patient, soon};
use futures_util::{SinkExt, StreamExt};
use simplon::core::http::Timeouts;
use simplon::core::net::ConnInfo;
use simplon::prelude::*;
use simplon::proxy::{ConnectPolicy, UpgradePolicy};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{WebSocketStream, accept_async, client_async};

/// Repeats every message; says how the conversation ended.
async fn repeater() -> (SocketAddr, tokio::sync::mpsc::UnboundedReceiver<&'static str>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (ends, told) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let ends = ends.clone();
            tokio::spawn(async move {
                let mut socket = accept_async(socket).await.unwrap();
                let end = loop {
                    match socket.next().await {
                        Some(Ok(message)) if message.is_text() || message.is_binary() => {
                            socket.send(message).await.unwrap()
                        }
                        Some(Ok(_)) => {}
                        Some(Err(_)) => break "cut",
                        None => break "closed",
                    }
                };
                let _ = ends.send(end);
            });
        }
    });
    (addr, told)
}

async fn websocket(proxy: SocketAddr) -> WebSocketStream<TcpStream> {
    let stream = TcpStream::connect(proxy).await.unwrap();
    soon("the handshake", client_async("ws://chat.example/room", stream)).await.unwrap().0
}

async fn message(socket: &mut WebSocketStream<TcpStream>) -> Message {
    soon("a message", socket.next()).await.unwrap().unwrap()
}

#[tokio::test]
async fn messages_of_all_sizes_come_back() {
    let (origin, mut ends) = repeater().await;
    let proxy = Proxy::to(origin, Timeouts::default()).await;
    let mut socket = websocket(proxy.addr).await;
    for size in [0, 1, 125, 126, 65_535, 65_536, 1 << 20] {
        let text = "t".repeat(size);
        socket.send(Message::text(text.clone())).await.unwrap();
        assert_eq!(message(&mut socket).await, Message::text(text));
        let octets: Vec<u8> = (0..size).map(|n| (n % 251) as u8).collect();
        let (mut sink, mut stream) = (&mut socket).split();
        let expected = Message::binary(octets.clone());
        let (sent, got) = tokio::join!(sink.send(Message::binary(octets)), soon("a message", stream.next()));
        sent.unwrap();
        assert!(got.unwrap().unwrap() == expected, "{size} octets");
    }
    socket.send(Message::Ping(b"are you there".as_slice().into())).await.unwrap();
    assert_eq!(message(&mut socket).await, Message::Pong(b"are you there".as_slice().into()));
    let bye = CloseFrame { code: CloseCode::Normal, reason: "bye".into() };
    socket.close(Some(bye.clone())).await.unwrap();
    assert_eq!(message(&mut socket).await, Message::Close(Some(bye)));
    assert!(soon("the end", socket.next()).await.is_none());
    assert_eq!(soon("the origin's end", ends.recv()).await, Some("closed"));
    drop(socket);
    proxy.empties().await;
    assert_eq!(proxy.origins.at_rest(), 0, "a tunnel is not kept");
    assert_eq!(proxy.records.len(), 1);
}

#[tokio::test]
async fn client_that_is_cut_in_a_tunnel_cuts_the_origin() {
    let (origin, mut ends) = repeater().await;
    let proxy = Proxy::to(origin, Timeouts::default()).await;
    let mut socket = websocket(proxy.addr).await;
    socket.send(Message::text("hello")).await.unwrap();
    message(&mut socket).await;
    socket.get_ref().set_zero_linger().unwrap();
    drop(socket);
    assert_eq!(soon("the origin's end", ends.recv()).await, Some("cut"));
    proxy.empties().await;
}

/// Data right behind the heads, in the same segment, both ways.
#[tokio::test]
async fn octets_behind_both_heads_of_a_switch_arrive() {
    let origin = Origin::start(|mut link| async move {
        link.head().await;
        let _ = link
            .send(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nfrom the origin")
            .await;
        link.until_closed().await;
    })
    .await;
    let echo = UpgradePolicy::to(["echo"]).unwrap();
    let proxy = Proxy::of(|app| app.upgrades(echo), patient(origin.addr), Timeouts::default()).await;
    let mut client = Client::connect(proxy.addr).await;
    client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nfrom the client").await;
    assert_eq!(soon("101", client.any_reply()).await.unwrap().status, 101);
    assert_eq!(soon("octets", client.exactly(15)).await.unwrap(), b"from the origin");
    assert!(holds_within(millis(2_000), || origin.log.has("from the client")).await);
    assert!(origin.log.text().ends_with("\r\n\r\nfrom the client"), "raw: {}", origin.log.text());
}

/// A name that is allowed leads to where nothing may go: it is seen when it is connected to, and nothing arrives there.
#[tokio::test]
async fn a_tunnel_to_a_name_that_leads_to_a_denied_range_is_refused() {
    use simplon::core::connect::{StaticResolver, TcpConnector};
    use simplon::core::http::{Origins, OriginsConfig};
    struct ToTarget;
    impl Route for ToTarget {
        type Ctx = ();
        fn begin(&self, _from: &ConnInfo) {}
        async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
            let target = String::from_utf8_lossy(request.target.authority().unwrap()).into_owned();
            Ok(Target::Tunnel(Peer::new(target.parse::<Address>().unwrap())))
        }
    }
    let inside = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = inside.local_addr().unwrap().port();
    let resolver = StaticResolver::new().with("inside.example", [SocketAddr::from(([127, 0, 0, 1], port))]);
    let origins =
        || std::sync::Arc::new(Origins::new(TcpConnector::with_resolver(resolver.clone()), OriginsConfig::default()));
    for (denied, host, status) in [
        ("127.0.0.0/8", "inside.example", 405),
        ("::ffff:127.0.0.0/104", "inside.example", 405),
        ("127.0.0.0/8", "127.0.0.1", 405),
        ("127.0.0.0/8", "0x7f000001", 405),
        ("192.0.2.0/24", "0x7f.1", 405),
        ("192.0.2.0/24", "2130706433", 405),
        ("192.0.2.0/24", "inside.example", 200),
    ] {
        let policy = ConnectPolicy::to_ports([port]).deny([denied.parse().unwrap()]);
        let make = |_| App::new(ToTarget).origins(origins()).connect(policy);
        let proxy = Proxy::of(make, patient(inside.local_addr().unwrap()), Timeouts::default()).await;
        let mut client = Client::connect(proxy.addr).await;
        client.send(format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n").as_bytes()).await;
        let line = soon("an answer", client.exactly(12)).await.unwrap();
        let got = String::from_utf8_lossy(&line[9..]).parse::<u16>().unwrap();
        // What is no host at all is refused as malformed before any policy.
        assert!(got == status || (status == 405 && got == 400), "{denied} {host}: {got}");
        let arrived = tokio::time::timeout(millis(50), inside.accept()).await.is_ok();
        assert_eq!(arrived, status == 200, "{denied} {host}");
    }
}

#[tokio::test]
async fn origin_that_refuses_the_upgrade_is_heard_and_the_connection_goes_on() {
    for (status, body) in [("200 OK", "plain"), ("403 Forbidden", "no"), ("426 Upgrade Required", "other")] {
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        let origin = Origin::start(move |mut link| {
            let answer = answer.clone();
            async move { while link.head().await.is_some() && link.send(answer.as_bytes()).await.is_ok() {} }
        })
        .await;
        let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
        let stream = TcpStream::connect(proxy.addr).await.unwrap();
        let refused = soon("the handshake", client_async("ws://chat.example/", stream)).await.unwrap_err();
        assert!(refused.to_string().contains(&status[..3]), "{refused}");
        let mut client = Client::connect(proxy.addr).await;
        for _ in 0..2 {
            client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n").await;
            assert_eq!(soon(status, client.reply()).await.unwrap().text(), body);
        }
    }
}

#[tokio::test]
async fn switch_to_what_was_not_offered_is_502() {
    let origin =
        Origin::sending(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\nraw").await;
    let proxy = Proxy::to(origin.addr, Timeouts::default()).await;
    let mut client = Client::connect(proxy.addr).await;
    client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n").await;
    assert_eq!(soon("502", client.reply()).await.unwrap().status, 502);
}

#[tokio::test]
async fn tunnel_outlives_other_timeouts_and_ends_by_its_own() {
    let (origin, mut ends) = repeater().await;
    let mut timeouts = Timeouts::default();
    timeouts.head = millis(100);
    timeouts.body = millis(100);
    timeouts.keep_alive = millis(100);
    timeouts.first_octet = millis(100);
    timeouts.tunnel_idle = millis(900);
    let proxy = Proxy::of(|app| app, common::impatient(origin, millis(100)), timeouts).await;
    let mut socket = websocket(proxy.addr).await;
    tokio::time::sleep(millis(500)).await;
    socket.send(Message::text("still there")).await.unwrap();
    assert_eq!(message(&mut socket).await, Message::text("still there"));
    let begun = tokio::time::Instant::now();
    assert!(!matches!(soon("the end", socket.next()).await, Some(Ok(_))));
    assert!(begun.elapsed() >= millis(600) && begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert!(soon("the origin's end", ends.recv()).await.is_some());
    proxy.empties().await;
}

#[tokio::test]
async fn a_hundred_tunnels_at_once_carry_each_its_own() {
    let (origin, _ends) = repeater().await;
    let proxy = Proxy::to(origin, Timeouts::default()).await;
    let mut all = tokio::task::JoinSet::new();
    for number in 0..100 {
        let addr = proxy.addr;
        all.spawn(async move {
            let mut socket = websocket(addr).await;
            for turn in 0..10 {
                let text = format!("{number}.{turn}");
                socket.send(Message::text(text.clone())).await.unwrap();
                assert_eq!(message(&mut socket).await, Message::text(text));
            }
        });
    }
    while let Some(one) = all.join_next().await {
        one.unwrap();
    }
    proxy.empties().await;
}

// ---- CONNECT

/// Tunnels end here: each goes to the address that its request names.
struct Tunnels;

impl Route for Tunnels {
    type Ctx = ();

    fn begin(&self, _from: &ConnInfo) {}

    async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
        let authority = request.target.authority().unwrap_or_default();
        let address = Address::parse(std::str::from_utf8(authority).unwrap());
        let address = address.map_err(|_| reject(http::StatusCode::BAD_REQUEST))?;
        Ok(Target::Tunnel(Peer::new(address)))
    }
}

async fn tunnels(policy: ConnectPolicy) -> (simplon::core::server::Running, SocketAddr) {
    let app = App::new(Tunnels).connect(policy);
    let running = Server::new().listen(tcp("127.0.0.1:0").unwrap(), Http::new(app)).start().await.unwrap();
    let addr = running.local_addrs()[0];
    (running, addr)
}

/// Sends each octet back, then the end.
async fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut read, mut write) = stream.split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
                let _ = write.shutdown().await;
            });
        }
    });
    addr
}

#[tokio::test]
async fn connect_carries_octets_both_ways_and_half_closes() {
    let target = echo().await;
    let (running, addr) = tunnels(ConnectPolicy::to_ports([target.port()])).await;
    let mut client = Client::connect(addr).await;
    // With octets right behind the head.
    client.send(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\nfirst")).await;
    let head = soon("the head", client.head()).await.unwrap();
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let lower = head.to_ascii_lowercase();
    assert!(!lower.contains("content-length") && !lower.contains("transfer-encoding"), "{head}");
    assert_eq!(soon("the echo", client.exactly(5)).await.unwrap(), b"first");
    let octets: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 253) as u8).collect();
    let (mut read, mut write) = client.stream.into_split();
    let sending = async {
        write.write_all(&octets).await.unwrap();
        write.shutdown().await.unwrap();
    };
    let mut back = Vec::new();
    let (_, got) = soon("the echo", async { tokio::join!(sending, read.read_to_end(&mut back)) }).await;
    got.unwrap();
    assert!(back == octets, "{} of {} octets", back.len(), octets.len());
    let handle = running.handle();
    assert!(holds_within(millis(3_000), || handle.connections() == 0).await);
}

#[tokio::test]
async fn connect_is_refused_where_it_is_not_allowed() {
    let target = echo().await;
    let elsewhere = ConnectPolicy::to_ports([443]);
    let denied = ConnectPolicy::to_ports([target.port()]).deny(["127.0.0.0/8".parse::<Cidr>().unwrap()]);
    for policy in [ConnectPolicy::default(), elsewhere, denied] {
        let (_running, addr) = tunnels(policy.clone()).await;
        let mut client = Client::connect(addr).await;
        client.send(format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\nraw octets")).await;
        let said = soon("the refusal", client.until_closed()).await;
        assert!(said.starts_with(b"HTTP/1.1 405 "), "{policy:?}: {}", String::from_utf8_lossy(&said));
        assert!(!String::from_utf8_lossy(&said).contains("raw octets"));
    }
}

#[tokio::test]
async fn connect_to_nobody_is_502_and_framed_connect_is_refused() {
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let (_running, addr) = tunnels(ConnectPolicy::to_ports([free.port()])).await;
    let mut client = Client::connect(addr).await;
    client.send(format!("CONNECT {free} HTTP/1.1\r\nHost: {free}\r\n\r\n")).await;
    assert_eq!(soon("502", client.reply()).await.unwrap().status, 502);
    for framing in ["Content-Length: 5\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"] {
        let mut client = Client::connect(addr).await;
        client.send(format!("CONNECT {free} HTTP/1.1\r\nHost: {free}\r\n{framing}")).await;
        let said = soon("the refusal", client.until_closed()).await;
        let said = String::from_utf8_lossy(&said);
        assert!(said.starts_with("HTTP/1.1 4"), "{framing:?}: {said}");
    }
}

/// WebSocket inside of CONNECT, through two proxies in a row.
#[tokio::test]
async fn tunnel_in_a_tunnel() {
    let (origin, _ends) = repeater().await;
    let inner = Proxy::of(|app| app, patient(origin), Timeouts::default()).await;
    let (_outer, outer) = tunnels(ConnectPolicy::to_ports([inner.addr.port()])).await;
    let mut client = Client::connect(outer).await;
    client.send(format!("CONNECT {0} HTTP/1.1\r\nHost: {0}\r\n\r\n", inner.addr)).await;
    assert!(soon("200", client.head()).await.unwrap().starts_with("HTTP/1.1 200 "));
    let (mut socket, _) = soon("the handshake", client_async("ws://chat.example/", client.stream)).await.unwrap();
    socket.send(Message::text("deep")).await.unwrap();
    assert_eq!(message(&mut socket).await, Message::text("deep"));
}
