//! Upgrades and CONNECT: raw octets flow only after both sides agreed upon it. H65 to H70

use std::time::Duration;

use simplon_core::Result;
use simplon_core::connect::Peer;
use simplon_core::http::{HttpConfig, Serve, Timeouts};
use simplon_core::net::ConnInfo;
use simplon_proxy::observe::End;
use simplon_proxy::{App, ConnectPolicy, Request, Route, Target, To, UpgradePolicy};
use simplon_testkit::matrix::{Asked, Down};
use simplon_testkit::{Wire, get, matrix, ok, status, time};

use crate::stage;

const UPGRADE: &str = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const SWITCHING: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

async fn heard(wire: &mut Wire, octets: &[u8]) {
    assert_eq!(wire.exactly(octets.len()).await.unwrap(), octets);
}

/// A client and an origin that have agreed upon WebSocket.
async fn agreed(stage: &mut matrix::Stage<impl Serve>) -> (Down, Asked) {
    let mut client = stage.client().await;
    client.upgrade("/chat", "websocket").await;
    let mut origin = stage.head().await;
    assert_eq!((origin.switches_to(), origin.path()), (Some("websocket"), "/chat"), "{origin:?}");
    origin.open().await;
    client.opened().await;
    (client, origin)
}

/// Sends each attempt to the first, and then to the second.
struct Either(Peer, Peer);

impl Route for Either {
    type Ctx = ();

    fn begin(&self, _from: &ConnInfo) {}

    async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
        Ok(Target::Forward(if request.tried().is_empty() { self.0.clone() } else { self.1.clone() }))
    }
}

const THERE: &str = "origin.example:443";

matrix! {
    async fn octets_pass_both_ways_once_both_agreed(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut origin) = agreed(&mut stage).await;
        client.data(b"\x81\x05hello").await.unwrap();
        assert_eq!(origin.read(7).await.unwrap(), b"\x81\x05hello");
        origin.data(b"GET / HTTP/1.1\r\n\r\n\0\xff").await.unwrap();
        assert_eq!(client.read(20).await.unwrap(), b"GET / HTTP/1.1\r\n\r\n\0\xff");
        origin.end().await;
        client.end().await;
        let record = stage.record().await;
        assert_eq!((record.end, record.status.unwrap().as_u16()), (End::Tunnel, 101));
    }

    /// H65, 12-044: data in the same segment as the head, both ways.
    async fn octets_right_behind_the_heads_are_not_lost(cell: Cell) {
        let mut stage = cell.plain();
        let mut client = stage.client().await;
        client.upgrade("/chat", "websocket").await;
        client.data(b"from the client").await.unwrap();
        let mut origin = stage.head().await;
        time::settle().await;
        origin.open().await;
        origin.data(b"from the origin").await.unwrap();
        client.opened().await;
        assert_eq!(client.read(15).await.unwrap(), b"from the origin");
        assert_eq!(origin.read(15).await.unwrap(), b"from the client");
    }

    /// H66: an answer that does not agree is an ordinary one, and nothing behind the request reaches the origin raw.
    async fn a_refusal_is_an_ordinary_answer(cell: Cell) {
        for code in [403, 404, 503] {
            let mut stage = cell.with(|origin| App::new(To(origin)).retry(()));
            let mut client = stage.client().await;
            client.upgrade("/chat", "websocket").await;
            let mut origin = stage.head().await;
            origin.respond(status(code).body("no")).await;
            let response = client.response().await;
            assert_eq!((response.status, response.text().as_str()), (code, "no"));
            assert_eq!(stage.record().await.end, End::Complete);
        }
    }

    /// 12-044: informational heads before the agreement.
    async fn informational_heads_may_come_before_the_agreement(cell: Cell) {
        let mut stage = cell.plain();
        let mut client = stage.client().await;
        client.upgrade("/chat", "websocket").await;
        let mut origin = stage.head().await;
        origin.respond(status(103)).await;
        assert_eq!(client.head().await.status, 103);
        origin.open().await;
        origin.data(b"raw").await.unwrap();
        client.opened().await;
        assert_eq!(client.read(3).await.unwrap(), b"raw");
    }

    /// H68, 12-044: one side ends, the other goes on.
    async fn half_close_passes_through_a_tunnel(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut origin) = agreed(&mut stage).await;
        client.data(b"last").await.unwrap();
        client.end().await;
        origin.content().await.unwrap();
        assert_eq!(origin.text(), "last");
        origin.data(b"answer").await.unwrap();
        assert_eq!(client.read(6).await.unwrap(), b"answer");
        origin.end().await;
        assert_eq!(client.response().await.text(), "");
        assert_eq!(stage.record().await.end, End::Tunnel);

        let mut stage = cell.plain();
        let (mut client, mut origin) = agreed(&mut stage).await;
        origin.data(b"last").await.unwrap();
        origin.end().await;
        assert_eq!(client.response().await.text(), "last");
        client.data(b"still here").await.unwrap();
        assert_eq!(origin.read(10).await.unwrap(), b"still here");
        client.end().await;
        origin.content().await.unwrap();
    }

    async fn a_reset_of_one_side_ends_the_other(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut origin) = agreed(&mut stage).await;
        client.cancel().await;
        let (_, time) = time::took(origin.ended()).await;
        assert!(time < Duration::from_millis(5), "{time:?}");
        let mut stage = cell.plain();
        let (mut client, mut origin) = agreed(&mut stage).await;
        origin.cut().await;
        let (_, time) = time::took(client.try_response()).await;
        assert!(time < Duration::from_millis(5), "{time:?}");
    }

    /// H65: idle longer than every other timeout; then the tunnel's own cuts both sides.
    async fn an_idle_tunnel_outlives_every_other_timeout(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut origin) = agreed(&mut stage).await;
        for _ in 0..3 {
            time::pass(Duration::from_secs(59 * 60)).await;
            client.data(b"ping").await.unwrap();
            assert_eq!(origin.read(4).await.unwrap(), b"ping");
        }
        let (_, time) = time::took(client.try_response()).await;
        assert!((3600..3700).contains(&time.as_secs()), "{time:?}");
        origin.ended().await;
    }

    async fn octets_in_one_direction_alone_keep_a_tunnel_up(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut origin) = agreed(&mut stage).await;
        for _ in 0..8 {
            time::pass(Duration::from_secs(30 * 60)).await;
            origin.data(b"tick").await.unwrap();
            assert_eq!(client.read(4).await.unwrap(), b"tick");
        }
    }

    async fn a_tunnel_may_be_given_an_end(cell: Cell) {
        let mut timeouts = Timeouts::default();
        timeouts.tunnel = Duration::from_secs(100);
        let mut config = HttpConfig::default();
        config.timeouts = std::sync::Arc::new(timeouts);
        let mut stage = cell.http(config).plain();
        let (mut client, mut origin) = agreed(&mut stage).await;
        for _ in 0..9 {
            time::pass(Duration::from_secs(10)).await;
            client.data(b"x").await.unwrap();
        }
        let (_, time) = time::took(client.try_response()).await;
        assert!((5..15).contains(&time.as_secs()), "{time:?}");
        origin.ended().await;
    }

    /// A reader slower than its writer holds the writer back.
    async fn a_tunnel_keeps_little_in_between(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut origin) = agreed(&mut stage).await;
        let mut taken = 0;
        while taken < 4 << 20 {
            let sending = tokio::time::timeout(Duration::from_secs(1), origin.data(&[0; 16 << 10]));
            if sending.await.is_err() {
                break;
            }
            taken += 16 << 10;
        }
        assert!(taken < 1 << 20, "{taken} octets were taken");
        client.read(taken).await.unwrap();
    }

    /// H70, 12-075
    async fn connect_is_refused_unless_it_is_allowed(cell: Cell) {
        let mut stage = cell.plain();
        let mut client = stage.client().await;
        client.connect(THERE).await;
        assert_eq!(client.response().await.status, 405);
        stage.nobody_else_came().await;
        let mut stage = cell.with(|origin| App::new(Raw(origin)).connect(ConnectPolicy::to_ports([443])));
        let mut client = stage.client().await;
        client.connect("origin.example:25").await;
        assert_eq!(client.response().await.status, 405);
        stage.nobody_else_came().await;
    }

    async fn connect_to_what_cannot_be_reached_is_an_error(cell: Cell) {
        let stage = cell.with(|origin| App::new(Raw(origin)).connect(ConnectPolicy::to_ports([443])).retry(()));
        stage.up().refuse();
        let mut client = stage.client().await;
        client.connect(THERE).await;
        assert_eq!(client.response().await.status, 502);
    }

    /// CONNECT through another proxy: it decides.
    async fn connect_may_be_passed_on_to_another_proxy(cell: Cell) {
        let mut stage = cell.with(|origin| App::new(To(origin)).connect(ConnectPolicy::to_ports([443])));
        let mut client = stage.client().await;
        client.connect(THERE).await;
        let mut next = stage.head().await;
        assert_eq!((next.method(), next.path()), ("CONNECT", THERE));
        next.open().await;
        next.data(b"first").await.unwrap();
        client.opened().await;
        assert_eq!(client.read(5).await.unwrap(), b"first");
        client.data(b"second").await.unwrap();
        assert_eq!(next.read(6).await.unwrap(), b"second");

        let mut stage = cell.with(|origin| App::new(To(origin)).connect(ConnectPolicy::to_ports([443])));
        let mut client = stage.client().await;
        client.connect(THERE).await;
        stage.head().await.respond(status(407).body("who")).await;
        let response = client.response().await;
        assert_eq!((response.status, response.text().as_str()), (407, "who"));
    }

    /// A tunnel to where only CONNECT may go.
    async fn a_raw_tunnel_is_for_connect_alone(cell: Cell) {
        let mut stage = cell.with(|origin| App::new(Raw(origin)));
        let mut client = stage.client().await;
        client.send(get("/")).await;
        assert_eq!(client.response().await.status, 500);
        stage.nobody_else_came().await;
    }

    /// A refused connection is followed by another attempt, also on the way to a tunnel.
    async fn a_tunnel_is_opened_elsewhere_if_the_first_origin_refuses(cell: Cell) {
        let mut stage = cell.among(2, |peers| App::new(Either(peers[0].clone(), peers[1].clone())));
        stage.origins[0].refuse();
        let mut client = stage.client().await;
        client.upgrade("/chat", "websocket").await;
        client.data(b"early").await.unwrap();
        let mut origin = stage.origins[1].head().await;
        origin.open().await;
        client.opened().await;
        assert_eq!(origin.read(5).await.unwrap(), b"early");
    }
}

/// H65: what a client sends behind its request waits until both agreed.
#[tokio::test(start_paused = true)]
async fn nothing_is_raw_before_both_agreed() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass(format!("{UPGRADE}from the client")).await;
    let request = origin.head().await.unwrap();
    assert!(request.lists("Connection", "upgrade") && request.lists("Upgrade", "websocket"), "{request:?}");
    time::settle().await;
    let before = origin.received().octets();
    assert!(before.ends_with(b"\r\n\r\n"), "{}", before.escape_ascii());
    origin.send(format!("{SWITCHING}from the origin")).await;
    let response = client.head().await.unwrap();
    assert_eq!(response.status, 101);
    assert!(response.lists("Connection", "upgrade") && response.lists("Upgrade", "websocket"), "{response:?}");
    heard(&mut client, b"from the origin").await;
    heard(&mut origin, b"from the client").await;
}

/// H66, A8, CVE-2026-2833, 12-044: a refused upgrade goes on as HTTP, and nothing behind the request reaches the origin raw.
#[tokio::test(start_paused = true)]
async fn a_refused_upgrade_goes_on_as_http() {
    for reply in [
        ok("no"),
        status(403).body("no"),
        status(426).field("Upgrade", "other").field("Connection", "Upgrade").body("no"),
    ] {
        let mut stage = stage::plain();
        let (mut client, mut origin) = stage.pass(format!("{UPGRADE}GET /next HTTP/1.1\r\nHost: a\r\n\r\n")).await;
        origin.request().await;
        origin.send(reply).await;
        assert_eq!(client.response().await.text(), "no");
        let request = match tokio::time::timeout(Duration::from_secs(1), origin.try_request()).await {
            Ok(Ok(request)) => request,
            _ => stage.origin.accept().await.request().await,
        };
        assert_eq!(request.path(), "/next");
        assert!(request.field("Via").is_some(), "written anew, not passed raw: {request:?}");
    }
}

/// H66, 12-110: 101 for another protocol than was asked for, or without one.
#[tokio::test(start_paused = true)]
async fn an_agreement_that_was_not_asked_for_becomes_502() {
    for said in [
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n",
    ] {
        let mut stage = stage::with(|origin| App::new(To(origin)).retry(()));
        let (mut client, mut origin) = stage.pass(UPGRADE).await;
        origin.request().await;
        origin.send(format!("{said}raw")).await;
        assert_eq!(client.response().await.status, 502, "{said}");
        assert_eq!(stage.records.only().error, Some("malformed"), "{said}");
    }
}

/// Ends CONNECT here: the origin gets raw octets.
struct Raw(Peer);

impl Route for Raw {
    type Ctx = ();

    fn begin(&self, _from: &ConnInfo) {}

    async fn route(&self, _request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
        Ok(Target::Tunnel(self.0.clone()))
    }
}

const CONNECT: &str = "CONNECT origin.example:443 HTTP/1.1\r\nHost: origin.example:443\r\n\r\n";

/// H70: a tunnel that ends here; what follows the head in one segment is not lost, and a server may speak first.
#[tokio::test(start_paused = true)]
async fn connect_opens_a_raw_tunnel() {
    let mut stage = stage::with(|origin| App::new(Raw(origin)).connect(ConnectPolicy::to_ports([443])));
    let (mut client, mut origin) = stage.pass(format!("{CONNECT}hello")).await;
    let head = client.head().await.unwrap();
    assert_eq!(head.status, 200);
    assert!(head.field("Content-Length").is_none() && head.field("Transfer-Encoding").is_none(), "{head:?}");
    heard(&mut origin, b"hello").await;
    origin.send("220 welcome\r\n").await;
    heard(&mut client, b"220 welcome\r\n").await;
    client.half_close().await;
    assert_eq!(origin.rest().await.unwrap(), b"");
    origin.send("bye").await;
    drop(origin);
    assert_eq!(client.rest().await.unwrap(), b"bye");
    time::settle().await;
    assert_eq!(stage.records.only().end, End::Tunnel);
    assert_eq!(stage.origin.received()[0], b"hello");
}

/// H70: content on CONNECT is refused.
#[tokio::test(start_paused = true)]
async fn connect_with_content_is_refused() {
    for fields in ["Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n"] {
        let mut stage = stage::with(|origin| App::new(Raw(origin)).connect(ConnectPolicy::to_ports([443])));
        let mut client = stage.rig.client();
        client
            .send(format!("CONNECT origin.example:443 HTTP/1.1\r\nHost: origin.example:443\r\n{fields}\r\nhello"))
            .await;
        assert_eq!(client.response().await.status, 400);
        stage.origin.nobody_came().await;
    }
}

/// 12-044: a request for an upgrade may have content; it ends before the tunnel begins.
#[tokio::test(start_paused = true)]
async fn content_of_an_upgrade_request_comes_before_the_tunnel() {
    let mut stage = stage::with(|origin| App::new(To(origin)).upgrades(UpgradePolicy::to(["other"]).unwrap()));
    let asked =
        "POST /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: other\r\nContent-Length: 5\r\n\r\nhelloraw";
    let (mut client, mut origin) = stage.pass(asked).await;
    assert_eq!(origin.request().await.text(), "hello");
    origin.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n").await;
    assert_eq!(client.head().await.unwrap().status, 101);
    heard(&mut origin, b"raw").await;
    origin.send("back").await;
    heard(&mut client, b"back").await;
}

/// An agreement before the request has ended is none (CVE-2026-2833).
#[tokio::test(start_paused = true)]
async fn an_agreement_before_the_request_has_ended_becomes_502() {
    let other = UpgradePolicy::to(["other"]).unwrap();
    let mut stage = stage::with(|origin| App::new(To(origin)).retry(()).upgrades(other));
    let asked =
        "POST /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: other\r\nContent-Length: 50\r\n\r\nhello";
    let (mut client, mut origin) = stage.pass(asked).await;
    origin.head().await.unwrap();
    origin.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n").await;
    assert_eq!(client.response().await.status, 502);
}
