//! Which protocols may be switched to. What passes after a switch is seen by nobody, so only what was allowed is asked for. RFC 9110 §7.8,
//! RFC 8441, RFC 9220

use simplon_core::Result;
use simplon_core::connect::Peer;
use simplon_core::http::Serve;
use simplon_core::net::ConnInfo;
use simplon_proto_http::RequestHead;
use simplon_proxy::observe::End;
use simplon_proxy::{App, Attempt, Filter, Request, Route, Target, To, UpgradePolicy, Verdict};
use simplon_testkit::matrix::{Cell, Stage, Version};
use simplon_testkit::{get, matrix, ok};

use crate::stage;

/// What is not allowed by default, one at a time.
const REFUSED: [&str; 8] = ["h2c", "H2C", "h2", "HTTP/2.0", "TLS/1.0", "connect-udp", "other", "websocket/13"];

/// What becomes of a request to switch to what is not allowed: HTTP/1.1 can do without, extended CONNECT cannot.
async fn goes_without(cell: &Cell, mut stage: Stage<impl Serve>, protocol: &str) {
    let mut client = stage.client().await;
    client.upgrade("/chat", protocol).await;
    match cell.down() {
        Version::H1 => {
            let mut origin = stage.request().await;
            assert_eq!((origin.switches_to(), origin.method()), (None, "GET"), "{protocol}: {origin:?}");
            assert!(origin.field("Upgrade").is_none() && !origin.lists("Connection", "upgrade"), "{origin:?}");
            origin.respond(ok("a page")).await;
            assert_eq!(client.response().await.text(), "a page");
        }
        _ => {
            assert_eq!(client.response().await.status, 501, "{protocol}");
            stage.nobody_else_came().await;
        }
    }
    assert_ne!(stage.record().await.end, End::Tunnel, "{protocol}");
}

/// A switch that is asked for at the origin, and agreed to.
async fn opens(mut stage: Stage<impl Serve>, asked: &str, passed_on: &str) {
    let mut client = stage.client().await;
    client.upgrade("/chat", asked).await;
    let mut origin = stage.head().await;
    assert_eq!(origin.switches_to(), Some(passed_on), "{origin:?}");
    origin.open().await;
    client.opened().await;
    client.data(b"raw").await.unwrap();
    assert_eq!(origin.read(3).await.unwrap(), b"raw");
}

/// A filter and a route that each have a word.
struct Says(Option<UpgradePolicy>);

impl Filter<()> for Says {
    async fn request(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
        if let Some(policy) = &self.0 {
            request.upgrades(policy.clone());
        }
        Ok(Verdict::Continue)
    }
}

struct Routes(Peer, UpgradePolicy);

impl Route for Routes {
    type Ctx = ();

    fn begin(&self, _from: &ConnInfo) {}

    async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
        request.upgrades(self.1.clone());
        Ok(Target::Forward(self.0.clone()))
    }
}

fn only(protocol: &str) -> UpgradePolicy {
    UpgradePolicy::to([protocol]).unwrap()
}

matrix! {
    async fn a_protocol_that_is_not_allowed_is_not_asked_for(cell: Cell) {
        for protocol in REFUSED {
            goes_without(&cell, cell.plain(), protocol).await;
        }
    }

    async fn nothing_is_asked_for_where_nothing_is_allowed(cell: Cell) {
        let stage = cell.with(|origin| App::new(To(origin)).upgrades(UpgradePolicy::none()));
        goes_without(&cell, stage, "websocket").await;
    }

    async fn what_is_allowed_is_asked_for(cell: Cell) {
        opens(cell.plain(), "WebSocket", "WebSocket").await;
        let stage = cell.with(|origin| App::new(To(origin)).upgrades(only("connect-udp")));
        opens(stage, "connect-udp", "connect-udp").await;
        let stage = cell.with(|origin| App::new(To(origin)).upgrades(only("connect-udp")));
        goes_without(&cell, stage, "websocket").await;
    }

    /// As with other settings of one request, a route may overrule a filter, and a filter the application.
    async fn the_last_word_on_protocols_counts(cell: Cell) {
        let app = |origin| App::new(To(origin)).filter(Says(Some(only("other"))));
        opens(cell.with(app), "other", "other").await;
        goes_without(&cell, cell.with(app), "websocket").await;
        let app = |origin| App::new(Routes(origin, only("mine"))).filter(Says(Some(only("other"))));
        opens(cell.with(app), "mine", "mine").await;
        goes_without(&cell, cell.with(app), "other").await;
    }

    /// A filter that asks on its own account cannot ask for HTTP or TLS either.
    async fn a_filter_cannot_switch_to_http(cell: Cell) {
        struct Asks;
        impl Filter<()> for Asks {
            async fn upstream_request(&self, head: &mut RequestHead, _: &Attempt<'_>, _: &mut ()) -> Result<()> {
                head.upgrade = Some("h2c, TLS/1.3".into());
                Ok(())
            }
        }
        let mut stage = cell.filtered(Asks);
        let (mut client, mut origin) = stage.pass(get("/")).await;
        assert_eq!(origin.switches_to(), None, "{origin:?}");
        origin.respond(ok("hi")).await;
        assert_eq!(client.response().await.text(), "hi");
    }
}

/// What is left out of a list, and what went with it: nothing of it reaches the origin.
#[tokio::test(start_paused = true)]
async fn what_is_not_allowed_is_taken_from_the_list() {
    for (upgrade, expected) in [
        ("h2c", None),
        ("websocket, h2c", Some("websocket")),
        ("h2c, websocket", Some("websocket")),
        ("HTTP/2.0, websocket, TLS/1.0", Some("websocket")),
        ("TLS/1.0, HTTP/1.1", None),
        ("h2c\r\nUpgrade: websocket", Some("websocket")),
    ] {
        let mut stage = stage::plain();
        let asked = format!(
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: {upgrade}\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n"
        );
        let (mut client, mut origin) = stage.pass(asked).await;
        let request = origin.request().await;
        assert_eq!(request.field("Upgrade"), expected, "{upgrade}: {request:?}");
        assert_eq!(request.field("Connection"), expected.map(|_| "Upgrade"), "{upgrade}: {request:?}");
        assert_eq!(request.field("HTTP2-Settings"), None, "{upgrade}: {request:?}");
        origin.send(ok("a page")).await;
        assert_eq!(client.response().await.text(), "a page", "{upgrade}");
    }
}

/// An origin that agrees to what it was not asked for, whatever the client had wanted.
#[tokio::test(start_paused = true)]
async fn an_agreement_to_what_was_left_out_becomes_502() {
    for (asked, agreed) in [("h2c", "h2c"), ("websocket, h2c", "h2c"), ("TLS/1.0", "TLS/1.0"), ("other", "other")] {
        let mut stage = stage::with(|origin| App::new(To(origin)).retry(()));
        let request = format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: {asked}\r\n\r\n");
        let (mut client, mut origin) = stage.pass(request).await;
        origin.request().await;
        let switching = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n";
        origin.send(format!("{switching}Upgrade: {agreed}\r\n\r\nraw")).await;
        assert_eq!(client.response().await.status, 502, "{asked} {agreed}");
        let record = stage.records.only();
        assert_eq!((record.error, record.end), (Some("malformed"), End::Rescued), "{asked} {agreed}");
    }
}
