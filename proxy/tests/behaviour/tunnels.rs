//! Upgrades and CONNECT: raw octets flow only after both sides agreed upon it. H65 to H70

use std::time::Duration;

use simplon_core::connect::Peer;
use simplon_core::http::{HttpConfig, OriginsConfig, Timeouts};
use simplon_core::net::ConnInfo;
use simplon_core::{Result, http::Serve};
use simplon_proxy::observe::End;
use simplon_proxy::{App, ConnectPolicy, Request, Route, Target, To};
use simplon_testkit::wire::Closing;
use simplon_testkit::{Network, Wire, get, ok, time};

use crate::stage::{self, Stage};

const UPGRADE: &str = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
const SWITCHING: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// A client and an origin that have agreed.
async fn upgraded(stage: &mut Stage<impl Serve>) -> (Wire, Wire) {
    let (mut client, mut origin) = stage.pass(UPGRADE).await;
    let request = origin.request().await;
    assert!(request.lists("Connection", "upgrade") && request.lists("Upgrade", "websocket"), "{request:?}");
    origin.send(SWITCHING).await;
    let response = client.head().await.unwrap();
    assert_eq!(response.status, 101);
    assert!(response.lists("Connection", "upgrade") && response.lists("Upgrade", "websocket"), "{response:?}");
    (client, origin)
}

async fn heard(wire: &mut Wire, octets: &[u8]) {
    assert_eq!(wire.exactly(octets.len()).await.unwrap(), octets);
}

#[tokio::test(start_paused = true)]
async fn octets_pass_both_ways_once_both_agreed() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = upgraded(&mut stage).await;
    client.send(b"\x81\x05hello".to_vec()).await;
    heard(&mut origin, b"\x81\x05hello").await;
    origin.send(b"GET / HTTP/1.1\r\n\r\n\0\xff".to_vec()).await;
    heard(&mut client, b"GET / HTTP/1.1\r\n\r\n\0\xff").await;
    drop(origin);
    client.closed().await;
    drop(client);
    time::settle().await;
    let record = stage.records.only();
    assert_eq!((record.end, record.status.unwrap().as_u16()), (End::Tunnel, 101));
}

/// H65, 12-044: data in the same segment as the head, both ways.
#[tokio::test(start_paused = true)]
async fn octets_right_behind_the_heads_are_not_lost() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass(format!("{UPGRADE}from the client")).await;
    origin.head().await.unwrap();
    time::settle().await;
    let before = origin.received().octets();
    assert!(before.ends_with(b"\r\n\r\n"), "nothing raw before both agreed: {}", before.escape_ascii());
    origin.send(format!("{SWITCHING}from the origin")).await;
    assert_eq!(client.head().await.unwrap().status, 101);
    heard(&mut client, b"from the origin").await;
    heard(&mut origin, b"from the client").await;
}

/// H66, A8, CVE-2026-2833, 12-044: a refused upgrade goes on as HTTP, and nothing behind the request reaches the origin raw.
#[tokio::test(start_paused = true)]
async fn a_refused_upgrade_goes_on_as_http() {
    for reply in [
        ok("no"),
        simplon_testkit::status(403).body("no"),
        simplon_testkit::status(426).field("Upgrade", "other").field("Connection", "Upgrade").body("no"),
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

/// 12-044: informational heads before the agreement.
#[tokio::test(start_paused = true)]
async fn informational_heads_may_come_before_101() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass(UPGRADE).await;
    origin.request().await;
    origin.send(format!("HTTP/1.1 103 Early Hints\r\n\r\n{SWITCHING}raw")).await;
    assert_eq!(client.head().await.unwrap().status, 103);
    assert_eq!(client.head().await.unwrap().status, 101);
    heard(&mut client, b"raw").await;
}

/// H68, 12-044: one side ends, the other goes on.
#[tokio::test(start_paused = true)]
async fn half_close_passes_through_a_tunnel() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = upgraded(&mut stage).await;
    client.send("last").await;
    client.half_close().await;
    assert_eq!(origin.rest().await.unwrap(), b"last");
    origin.send("answer").await;
    heard(&mut client, b"answer").await;
    origin.half_close().await;
    assert_eq!(client.closed().await, Closing::Clean);
    time::settle().await;
    assert_eq!(stage.records.only().end, End::Tunnel);

    let mut stage = stage::plain();
    let (mut client, mut origin) = upgraded(&mut stage).await;
    origin.send("last").await;
    origin.half_close().await;
    assert_eq!(client.rest().await.unwrap(), b"last");
    client.send("still here").await;
    heard(&mut origin, b"still here").await;
    drop(client);
    assert_eq!(origin.closed().await, Closing::Clean);
}

#[tokio::test(start_paused = true)]
async fn a_reset_of_one_side_ends_the_other() {
    let mut stage = stage::plain();
    let (client, mut origin) = upgraded(&mut stage).await;
    client.reset();
    origin.closed().await;
    let mut stage = stage::plain();
    let (mut client, origin) = upgraded(&mut stage).await;
    origin.reset();
    client.closed().await;
}

/// H65: idle longer than every other timeout; then the tunnel's own cuts both sides.
#[tokio::test(start_paused = true)]
async fn an_idle_tunnel_outlives_every_other_timeout() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = upgraded(&mut stage).await;
    for _ in 0..3 {
        client.quiet(Duration::from_secs(59 * 60)).await;
        client.send("ping").await;
        heard(&mut origin, b"ping").await;
    }
    let (_, time) = time::took(client.closed()).await;
    assert!((3600..3700).contains(&time.as_secs()), "{time:?}");
    origin.closed().await;
}

#[tokio::test(start_paused = true)]
async fn octets_in_one_direction_alone_keep_a_tunnel_up() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = upgraded(&mut stage).await;
    for _ in 0..8 {
        time::pass(Duration::from_secs(30 * 60)).await;
        origin.send("tick").await;
        heard(&mut client, b"tick").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_tunnel_may_be_given_an_end() {
    let mut timeouts = Timeouts::default();
    timeouts.tunnel = Duration::from_secs(100);
    let mut config = HttpConfig::default();
    config.timeouts = std::sync::Arc::new(timeouts);
    let mut stage = stage::on(Network::new(), config, OriginsConfig::default(), |origin| App::new(To(origin)));
    let (mut client, mut origin) = upgraded(&mut stage).await;
    for _ in 0..9 {
        time::pass(Duration::from_secs(10)).await;
        client.send("x").await;
    }
    let (_, time) = time::took(client.closed()).await;
    assert!((5..15).contains(&time.as_secs()), "{time:?}");
    origin.rest().await.ok();
}

/// A reader slower than its writer holds the writer back.
#[tokio::test(start_paused = true)]
async fn a_tunnel_keeps_little_in_between() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = upgraded(&mut stage).await;
    let mut taken = 0;
    while taken < 4 << 20 {
        if tokio::time::timeout(Duration::from_secs(1), origin.try_send(vec![0; 16 << 10])).await.is_err() {
            break;
        }
        taken += 16 << 10;
    }
    assert!(taken < 1 << 20, "{taken} octets were taken");
    client.exactly(taken).await.unwrap();
}

/// H70, 12-075
#[tokio::test(start_paused = true)]
async fn connect_is_refused_unless_it_is_allowed() {
    let mut stage = stage::plain();
    let mut client = stage.rig.client();
    client.send("CONNECT origin.example:443 HTTP/1.1\r\nHost: origin.example:443\r\n\r\n").await;
    assert_eq!(client.response().await.status, 405);
    stage.origin.nobody_came().await;
    let mut stage = stage::with(|origin| App::new(Raw(origin)).connect(ConnectPolicy::to_ports([443])));
    let mut client = stage.rig.client();
    client.send("CONNECT origin.example:25 HTTP/1.1\r\nHost: origin.example:25\r\n\r\n").await;
    assert_eq!(client.response().await.status, 405);
    stage.origin.nobody_came().await;
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

#[tokio::test(start_paused = true)]
async fn connect_to_what_cannot_be_reached_is_an_error() {
    let stage = stage::with(|origin| App::new(Raw(origin)).connect(ConnectPolicy::to_ports([443])).retry(()));
    stage.origin.refuse();
    let mut client = stage.rig.client();
    client.send(CONNECT).await;
    assert_eq!(client.response().await.status, 502);
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

/// CONNECT through another proxy: it decides.
#[tokio::test(start_paused = true)]
async fn connect_may_be_passed_on_to_another_proxy() {
    let mut stage = stage::with(|origin| App::new(To(origin)).connect(ConnectPolicy::to_ports([443])));
    let (mut client, mut next) = stage.pass(CONNECT).await;
    let request = next.head().await.unwrap();
    assert_eq!(request.start, "CONNECT origin.example:443 HTTP/1.1");
    next.send("HTTP/1.1 200 Connected\r\n\r\nfirst").await;
    assert_eq!(client.head().await.unwrap().status, 200);
    heard(&mut client, b"first").await;
    client.send("second").await;
    heard(&mut next, b"second").await;

    let mut stage = stage::with(|origin| App::new(To(origin)).connect(ConnectPolicy::to_ports([443])));
    let (mut client, mut next) = stage.pass(CONNECT).await;
    next.head().await.unwrap();
    next.send("HTTP/1.1 407 Who\r\nContent-Length: 3\r\n\r\nwho").await;
    let response = client.response().await;
    assert_eq!((response.status, response.text().as_str()), (407, "who"));
}

/// A tunnel to where only CONNECT may go.
#[tokio::test(start_paused = true)]
async fn a_raw_tunnel_is_for_connect_alone() {
    let mut stage = stage::with(|origin| App::new(Raw(origin)));
    let mut client = stage.rig.client();
    client.send(get("/")).await;
    assert_eq!(client.response().await.status, 500);
    stage.origin.nobody_came().await;
}

/// 12-044: a request for an upgrade may have content; it ends before the tunnel begins.
#[tokio::test(start_paused = true)]
async fn content_of_an_upgrade_request_comes_before_the_tunnel() {
    let mut stage = stage::plain();
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
    let mut stage = stage::with(|origin| App::new(To(origin)).retry(()));
    let asked =
        "POST /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: other\r\nContent-Length: 50\r\n\r\nhello";
    let (mut client, mut origin) = stage.pass(asked).await;
    origin.head().await.unwrap();
    origin.send("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n").await;
    assert_eq!(client.response().await.status, 502);
}

/// A refused connection is followed by another attempt, also on the way to a tunnel.
#[tokio::test(start_paused = true)]
async fn a_tunnel_is_opened_elsewhere_if_the_first_origin_refuses() {
    let network = Network::new();
    let (first, mut second) = (network.origin(), network.origin());
    first.refuse();
    struct Either(Peer, Peer);
    impl Route for Either {
        type Ctx = ();
        fn begin(&self, _from: &ConnInfo) {}
        async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
            Ok(Target::Forward(if request.tried().is_empty() { self.0.clone() } else { self.1.clone() }))
        }
    }
    let rig = simplon_testkit::Rig::new(App::new(Either(first.peer(), second.peer())).origins(network.origins()));
    let mut client = rig.client();
    client.send(format!("{UPGRADE}early")).await;
    let mut origin = second.accept().await;
    origin.request().await;
    origin.send(SWITCHING).await;
    assert_eq!(client.head().await.unwrap().status, 101);
    heard(&mut origin, b"early").await;
}
