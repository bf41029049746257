//! User code that panics: one exchange ends, everything else goes on.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

#[path = "common/common.rs"]
mod common;

use std::sync::Arc;

use common::client::Client;
use common::origin::Origin;
use common::{Proxy, Records, millis, patient, soon};
use simplon::core::http::{Origins, Timeouts};
use simplon::core::net::ConnInfo;
use simplon::core::runtime::Flavour;
use simplon::prelude::*;

/// Where user code panics when the path says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    Request,
    RequestPart,
    UpstreamRequest,
    UpstreamResponse,
    Response,
    ResponsePart,
}

const HOOKS: [At; 6] =
    [At::Request, At::RequestPart, At::UpstreamRequest, At::UpstreamResponse, At::Response, At::ResponsePart];

struct Panics(At);

impl Panics {
    /// The context of an exchange says whether it is to panic.
    async fn at(&self, at: At, armed: bool) -> Result<()> {
        if self.0 == at && armed {
            // Not at the first poll.
            tokio::task::yield_now().await;
            panic!("a filter panics at {at:?}, as the test wants it");
        }
        Ok(())
    }
}

impl Filter<bool> for Panics {
    async fn request(&self, request: &mut Request<'_>, cx: &mut bool) -> Result<Verdict> {
        *cx = request.target.path() == b"/panic";
        self.at(At::Request, *cx).await?;
        Ok(Verdict::Continue)
    }

    async fn request_part(&self, chunk: Chunk, out: &mut Chunks, cx: &mut bool) -> Result<()> {
        out.push(chunk);
        self.at(At::RequestPart, *cx).await
    }

    async fn upstream_request(&self, _head: &mut RequestHead, _attempt: &Attempt<'_>, cx: &mut bool) -> Result<()> {
        self.at(At::UpstreamRequest, *cx).await
    }

    async fn upstream_response(&self, _head: &mut ResponseHead, _attempt: &Attempt<'_>, cx: &mut bool) -> Result<()> {
        self.at(At::UpstreamResponse, *cx).await
    }

    async fn response(&self, _response: &mut ResponseView<'_>, cx: &mut bool) -> Result<()> {
        self.at(At::Response, *cx).await
    }

    async fn response_part(&self, chunk: Chunk, out: &mut Chunks, cx: &mut bool) -> Result<()> {
        out.push(chunk);
        self.at(At::ResponsePart, *cx).await
    }
}

/// To one origin, with a flag for each exchange.
struct Flagged(Peer);

impl Route for Flagged {
    type Ctx = bool;

    fn begin(&self, _from: &ConnInfo) -> bool {
        false
    }

    async fn route(&self, request: &mut Request<'_>, _cx: &mut bool) -> Result<Target> {
        assert!(request.target.path() != b"/route", "a route panics, as the test wants it");
        Ok(Target::Forward(self.0.clone()))
    }
}

#[tokio::test]
async fn panic_in_any_hook_ends_one_exchange() {
    for hook in HOOKS {
        let origin = Origin::saying("fine").await;
        let (origins, records) = (Arc::new(Origins::default()), Records::default());
        let app = App::new(Flagged(patient(origin.addr))).filter(Panics(hook)).origins(Arc::clone(&origins));
        let app = Http::new(app.observe(records.clone()));
        // One thread: a worker that died would be missed.
        let running =
            Server::new().runtime(Flavour::Stealing, 1).listen(tcp("127.0.0.1:0").unwrap(), app).start().await.unwrap();
        let addr = running.local_addrs()[0];
        let mut bystander = Client::connect(addr).await;
        assert_eq!(bystander.post("/", b"body").await.unwrap().text(), "fine");
        for _ in 0..3 {
            let mut client = Client::connect(addr).await;
            let outcome = soon("some end", client.post("/panic", b"body")).await;
            if hook == At::ResponsePart {
                assert!(outcome.is_err(), "{hook:?}: the head may have gone: {outcome:?}");
            } else {
                assert_eq!(outcome.unwrap().status, 500, "{hook:?}");
            }
            client.until_closed().await;
            assert_eq!(soon("the bystander", bystander.post("/", b"body")).await.unwrap().text(), "fine", "{hook:?}");
        }
        assert!(common::holds_within(millis(2_000), || records.len() == 7).await, "{hook:?}: one record each");
        drop(bystander);
        assert!(running.drain().await.unwrap().is_clean());
        assert!(origins.at_rest() <= 1, "{hook:?}: a connection in the middle of an exchange is not kept");
    }
}

#[tokio::test]
async fn panic_in_a_route_is_500() {
    let origin = Origin::saying("fine").await;
    let running = Server::new()
        .listen(tcp("127.0.0.1:0").unwrap(), Http::new(App::new(Flagged(patient(origin.addr)))))
        .start()
        .await
        .unwrap();
    let addr = running.local_addrs()[0];
    for _ in 0..3 {
        let mut client = Client::connect(addr).await;
        assert_eq!(soon("500", client.get("/route")).await.unwrap().status, 500);
        let mut client = Client::connect(addr).await;
        assert_eq!(soon("200", client.get("/")).await.unwrap().text(), "fine");
    }
    assert_eq!(origin.log.requests(), 3);
}

struct BadObserver;

impl<Ctx> Observe<Ctx> for BadObserver {
    fn on(&self, event: &Event<'_>, _cx: &mut Ctx) {
        if let Event::Done(record) = event {
            assert!(record.target.as_deref() != Some(b"/panic"), "an observer panics, as the test wants it");
        }
    }
}

struct BadRescue;

impl<Ctx> Rescue<Ctx> for BadRescue {
    fn respond(&self, _error: &Error, _cx: &mut Ctx) -> Response {
        panic!("a rescue panics, as the test wants it")
    }
}

#[tokio::test]
async fn panic_of_an_observer_or_a_rescue_spares_the_others() {
    let origin = Origin::saying("fine").await;
    let proxy =
        Proxy::of(|app| app.observe(BadObserver).rescue(BadRescue), patient(origin.addr), Timeouts::default()).await;
    for _ in 0..3 {
        let mut client = Client::connect(proxy.addr).await;
        client.send("GET /panic HTTP/1.1\r\nHost: a\r\n\r\n").await;
        soon("the end of the exchange whose observer panics", client.until_closed_or_quiet()).await;
        let mut client = Client::connect(proxy.addr).await;
        client.send("broken\r\n\r\n").await;
        assert_eq!(soon("the answer", client.reply()).await.unwrap().status, 500);
        let mut client = Client::connect(proxy.addr).await;
        assert_eq!(soon("200", client.get("/")).await.unwrap().text(), "fine");
    }
    proxy.empties().await;
}
