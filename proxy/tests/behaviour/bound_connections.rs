//! Authentication that belongs to a connection (RFC 4559 §6): the connection to the origin is then for one client connection alone.

use simplon_core::connect::Peer;
use simplon_core::http::Serve;
use simplon_core::net::ConnInfo;
use simplon_core::{Error, Result};
use simplon_proto_http::RequestHead;
use simplon_proxy::{App, Attempt, Filter, Request, Route, Target};
use simplon_testkit::matrix::{Asked, Cell, Down, Stage, Version};
use simplon_testkit::time::settle;
use simplon_testkit::{self as testkit, get, matrix, ok, status};

use crate::stage;

const CREDENTIALS: [&str; 4] = ["NTLM TlRMTVNTUAAB", "Negotiate YIIJvw==", "negotiate\tabc", "Kerberos x"];
const CHALLENGES: [&str; 3] = ["NTLM", "Negotiate oYG2", "Basic realm=\"a\", NTLM"];

/// Whether a connection is one client's alone on both legs.
fn is_alone(cell: &Cell) -> bool {
    (cell.down(), cell.up()) == (Version::H1, Version::H1)
}

async fn exchange(
    stage: &mut Stage<impl Serve>,
    client: &mut Down,
    request: testkit::Request,
    reply: testkit::Reply,
) -> Asked {
    client.send(request).await;
    let mut asked = stage.request().await;
    asked.respond(reply).await;
    client.response().await;
    settle().await;
    asked
}

/// What tells a client to authenticate, and what it does then.
fn bindings() -> Vec<(testkit::Request, testkit::Reply)> {
    let asks = CREDENTIALS.map(|credentials| (get("/mine").field("Authorization", credentials), ok("you")));
    let told = CHALLENGES.map(|challenge| (get("/mine"), status(401).field("WWW-Authenticate", challenge).body("who")));
    asks.into_iter().chain(told).collect()
}

matrix! {
    async fn an_authenticated_connection_is_used_by_its_client_alone(cell: Cell) {
        for (request, reply) in bindings() {
            let mut stage = cell.plain();
            // A connection that others used before.
            let mut other = stage.client().await;
            exchange(&mut stage, &mut other, get("/1"), ok("")).await;
            let mut owner = stage.client().await;
            exchange(&mut stage, &mut owner, request.clone(), reply.clone()).await;
            assert_eq!(stage.up().tries(), 1, "{request:?}");
            // The client that was there first is not let in by it, nor is a third.
            exchange(&mut stage, &mut other, get("/2"), ok("")).await;
            let mut third = stage.client().await;
            exchange(&mut stage, &mut third, get("/3"), ok("")).await;
            let expected = if is_alone(&cell) { 2 } else { stage.up().tries() };
            assert_eq!(stage.up().tries(), expected, "{request:?} {reply:?}");
            // Its own client finds it again, and goes on to.
            for _ in 0..2 {
                exchange(&mut stage, &mut owner, get("/mine"), ok("")).await;
                let records = stage.records.all();
                let record = records.last().unwrap();
                assert!(record.reused || !is_alone(&cell), "{request:?}");
                assert_eq!(stage.up().tries(), expected, "{request:?}");
                exchange(&mut stage, &mut other, get("/4"), ok("")).await;
            }
            assert_eq!(stage.up().tries(), expected, "{request:?}");
        }
    }

    /// Where requests of many share a connection, on either leg, nothing of it passes.
    async fn such_authentication_does_not_pass_where_connections_are_shared(cell: Cell) {
        for credentials in CREDENTIALS {
            let mut stage = cell.plain();
            let (_client, asked) = stage.pass(get("/").field("Authorization", credentials)).await;
            assert_eq!(asked.field("Authorization").is_some(), is_alone(&cell), "{credentials}: {asked:?}");
        }
        let mut stage = cell.plain();
        let (mut client, mut asked) = stage.pass(get("/").field("Authorization", "Basic YTpi")).await;
        assert_eq!(asked.field("Authorization"), Some("Basic YTpi"));
        let reply = status(401).field("WWW-Authenticate", "Negotiate").field("WWW-Authenticate", "NTLM, Basic realm=\"a\"");
        asked.respond(reply).await;
        let response = client.response().await;
        let passed: Vec<_> = response.fields.iter().filter(|(name, _)| name.eq_ignore_ascii_case("www-authenticate")).collect();
        let said: Vec<_> = passed.iter().map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect();
        match is_alone(&cell) {
            true => assert_eq!(said, ["Negotiate", "NTLM, Basic realm=\"a\""]),
            false => assert_eq!(said, ["Basic realm=\"a\""]),
        }
    }

    /// What a filter adds for the proxy itself is not handed to others either.
    async fn credentials_of_a_filter_are_not_shared(cell: Cell) {
        struct Adds;
        impl Filter<()> for Adds {
            async fn upstream_request(&self, head: &mut RequestHead, _: &Attempt<'_>, _: &mut ()) -> Result<()> {
                match head.target.path() == b"/mine" {
                    true => head.fields.set("Authorization", "Negotiate abc").map_err(|_| Error::internal(simplon_core::Kind::Internal)),
                    false => Ok(()),
                }
            }
        }
        let mut stage = cell.filtered(Adds);
        let mut first = stage.client().await;
        let asked = exchange(&mut stage, &mut first, get("/mine"), ok("")).await;
        assert_eq!(asked.field("Authorization").is_some(), cell.up() == Version::H1, "{asked:?}");
        let mut second = stage.client().await;
        exchange(&mut stage, &mut second, get("/2"), ok("")).await;
        assert_eq!(stage.up().tries(), if cell.up() == Version::H1 { 2 } else { 1 });
    }
}

/// It is closed with the connection of its client, and not before.
#[tokio::test(start_paused = true)]
async fn an_authenticated_connection_ends_with_its_client() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass(get("/").field("Authorization", "NTLM abc")).await;
    origin.request().await;
    origin.send(ok("one")).await;
    client.response().await;
    client.send(get("/2")).await;
    assert_eq!(origin.request().await.path(), "/2");
    origin.send(ok("two")).await;
    client.response().await;
    drop(client);
    let (_, time) = testkit::time::took(origin.closed()).await;
    assert!(time < std::time::Duration::from_millis(5), "{time:?}");
}

/// One that died is replaced, and the request is not lost; the client authenticates anew.
#[tokio::test(start_paused = true)]
async fn an_authenticated_connection_that_died_is_replaced() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass(get("/").field("Authorization", "NTLM abc")).await;
    origin.request().await;
    origin.send(ok("one")).await;
    client.response().await;
    drop(origin);
    client.send(testkit::post("/2").body("order")).await;
    let mut fresh = stage.origin.accept().await;
    assert_eq!(fresh.request().await.text(), "order");
    fresh.send(ok("two")).await;
    assert_eq!(client.response().await.text(), "two");
}

/// Each peer has its own; a client that goes to many keeps few.
#[tokio::test(start_paused = true)]
async fn a_client_keeps_few_connections() {
    struct Groups(Peer);
    impl Route for Groups {
        type Ctx = ();
        fn begin(&self, _from: &ConnInfo) {}
        async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
            let group =
                request.target.path()[1..].iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
            Ok(Target::Forward(self.0.to_builder().group(group).build().unwrap()))
        }
    }
    let mut stage = stage::with(|origin| App::new(Groups(origin)));
    let mut client = stage.rig.client();
    let mut origins = Vec::new();
    for group in 0..6 {
        client.send(get(&format!("/{group}")).field("Authorization", "NTLM abc")).await;
        let mut origin = stage.origin.accept().await;
        origin.request().await;
        origin.send(ok("")).await;
        client.response().await;
        origins.push(origin);
    }
    // The oldest two are gone, the others are found again.
    for origin in &mut origins[..2] {
        origin.closed().await;
    }
    for (group, origin) in origins.iter_mut().enumerate().skip(2) {
        client.send(get(&format!("/{group}"))).await;
        assert_eq!(origin.request().await.path(), format!("/{group}"));
        origin.send(ok("")).await;
        client.response().await;
    }
}
