//! Filters that fail, and filters that panic, at each phase. C37, P113

use http::StatusCode;
use simplon_core::connect::Peer;
use simplon_core::net::ConnInfo;
use simplon_core::{Error, Result};
use simplon_proto_http::{RequestHead, ResponseHead};
use simplon_proxy::observe::End;
use simplon_proxy::{
    App, Attempt, Chunk, Chunks, Filter, Request, Rescue, Response, ResponseView, Route, Target, To, Verdict, reject,
};
use simplon_testkit::matrix::Cell;
use simplon_testkit::time::settle;
use simplon_testkit::{get, matrix, ok, post, request};

use crate::stage;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Request,
    RequestPart,
    UpstreamRequest,
    UpstreamResponse,
    Response,
    ResponsePart,
}

const PHASES: [Phase; 6] = [
    Phase::Request,
    Phase::RequestPart,
    Phase::UpstreamRequest,
    Phase::UpstreamResponse,
    Phase::Response,
    Phase::ResponsePart,
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    Fails,
    Panics,
}

/// Goes wrong at one phase, for requests to /wrong.
struct Wrong(Phase, How);

impl Wrong {
    fn at(&self, phase: Phase, is_wrong: bool) -> Result<()> {
        match self.1 {
            How::Fails if is_wrong && self.0 == phase => Err(reject(StatusCode::IM_A_TEAPOT)),
            How::Panics if is_wrong && self.0 == phase => panic!("on purpose, at {phase:?}"),
            _ => Ok(()),
        }
    }
}

impl Filter<bool> for Wrong {
    async fn request(&self, request: &mut Request<'_>, is_wrong: &mut bool) -> Result<Verdict> {
        *is_wrong = request.target.path() == b"/wrong";
        self.at(Phase::Request, *is_wrong)?;
        Ok(Verdict::Continue)
    }

    async fn request_part(&self, chunk: Chunk, out: &mut Chunks, is_wrong: &mut bool) -> Result<()> {
        self.at(Phase::RequestPart, *is_wrong)?;
        out.push(chunk);
        Ok(())
    }

    async fn upstream_request(
        &self,
        _head: &mut RequestHead,
        _attempt: &Attempt<'_>,
        is_wrong: &mut bool,
    ) -> Result<()> {
        self.at(Phase::UpstreamRequest, *is_wrong)
    }

    async fn upstream_response(
        &self,
        _head: &mut ResponseHead,
        _attempt: &Attempt<'_>,
        is_wrong: &mut bool,
    ) -> Result<()> {
        self.at(Phase::UpstreamResponse, *is_wrong)
    }

    async fn response(&self, _response: &mut ResponseView<'_>, is_wrong: &mut bool) -> Result<()> {
        self.at(Phase::Response, *is_wrong)
    }

    async fn response_part(&self, chunk: Chunk, out: &mut Chunks, is_wrong: &mut bool) -> Result<()> {
        self.at(Phase::ResponsePart, *is_wrong)?;
        out.push(chunk);
        Ok(())
    }
}

struct Flagged(Peer);

impl Route for Flagged {
    type Ctx = bool;

    fn begin(&self, _from: &ConnInfo) -> bool {
        false
    }

    async fn route(&self, _request: &mut Request<'_>, _is_wrong: &mut bool) -> Result<Target> {
        Ok(Target::Forward(self.0.clone()))
    }
}

/// What a phase that goes wrong gives: a response of this status or a cut, and whether a connection to the origin was lost to it.
async fn goes_wrong(cell: &Cell, phase: Phase, how: How) {
    let shown = format!("{how:?} at {phase:?}");
    let status = if how == How::Panics { 500 } else { 418 };
    let mut stage = cell.with(|origin| App::new(Flagged(origin)).filter(Wrong(phase, how)));
    // A first exchange, so that a connection is at rest.
    let (mut client, mut asked) = stage.pass(get("/fine")).await;
    asked.respond(ok("fine")).await;
    assert_eq!(client.response().await.text(), "fine", "{shown}");
    // An upload that goes on while things go wrong.
    client.begin(post("/wrong").field("Content-Length", "5")).await;
    settle().await;
    let _ = client.data(b"hello").await;
    if matches!(phase, Phase::UpstreamResponse | Phase::Response | Phase::ResponsePart) {
        client.end().await;
        let mut asked = stage.request().await;
        assert_eq!(asked.text(), "hello", "{shown}");
        // Of what is not wanted not all may be taken.
        let _ = asked.try_respond(ok("answer")).await;
    } else if let Some(mut asked) = stage.arrived().await {
        // No half-request is left at the origin as if it were complete.
        assert!(asked.content().await.is_err(), "{shown}");
    }
    if phase == Phase::ResponsePart {
        assert!(client.try_response().await.is_err(), "{shown}");
    } else {
        assert_eq!(client.response().await.status, status, "{shown}");
    }
    settle().await;
    let records = stage.records.all();
    assert_eq!(records.len(), 2, "{shown}: exactly one record for each exchange");
    let expected = if phase == Phase::ResponsePart { End::Cut } else { End::Rescued };
    let label = if how == How::Panics { "panicked" } else { "rejected" };
    assert_eq!((records[1].end, records[1].error), (expected, Some(label)), "{shown}");
    // The worker is alive, and what was in use is not used again.
    let mut other = stage.client().await;
    other.send(get("/after")).await;
    let mut next = stage.request().await;
    assert_eq!(next.path(), "/after", "{shown}");
    next.respond(ok("after")).await;
    assert_eq!(other.response().await.text(), "after", "{shown}");
}

/// Fails in the middle of an upload.
struct Late;

impl Filter<()> for Late {
    async fn request_part(&self, chunk: Chunk, out: &mut Chunks, _cx: &mut ()) -> Result<()> {
        match &chunk {
            Chunk::Data(octets, _) if octets.starts_with(b"bad") => Err(reject(StatusCode::UNPROCESSABLE_ENTITY)),
            _ => {
                out.push(chunk);
                Ok(())
            }
        }
    }
}

/// A route and a rescue that panic.
struct Panics;

impl Route for Panics {
    type Ctx = ();

    fn begin(&self, _from: &ConnInfo) {}

    async fn route(&self, _request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
        panic!("on purpose, in the route")
    }
}

impl Rescue<()> for Panics {
    fn respond(&self, _error: &Error, _cx: &mut ()) -> Response {
        panic!("on purpose, in the rescue")
    }
}

/// Answers errors in JSON.
struct Json;

impl Rescue<()> for Json {
    fn respond(&self, error: &Error, _cx: &mut ()) -> Response {
        Response::new(error.status()).body(format!("{{\"error\":\"{}\"}}", error.label()))
    }
}

matrix! {
    /// C37
    async fn a_filter_that_fails_ends_its_exchange_alone(cell: Cell) {
        for phase in PHASES {
            goes_wrong(&cell, phase, How::Fails).await;
        }
    }

    /// P113
    async fn a_filter_that_panics_ends_its_exchange_alone(cell: Cell) {
        for phase in PHASES {
            goes_wrong(&cell, phase, How::Panics).await;
        }
    }

    /// C37: in the middle of an upload.
    async fn a_filter_that_fails_mid_upload_leaves_no_complete_request(cell: Cell) {
        let mut stage = cell.filtered(Late);
        let (mut client, mut asked) = stage.begin(post("/")).await;
        client.data(b"good").await.unwrap();
        assert_eq!(asked.read(4).await.unwrap(), b"good");
        client.data(b"bad").await.unwrap();
        client.end().await;
        assert_eq!(client.response().await.status, 422);
        assert!(asked.content().await.is_err());
    }

    /// A route or a rescue that panics is no worse than a filter that does.
    async fn a_route_or_a_rescue_that_panics_gives_500(cell: Cell) {
        let stage = cell.with(|_| App::new(Panics).rescue(Panics));
        for number in 1..=3 {
            let mut client = stage.client().await;
            client.send(post("/").body("x")).await;
            assert_eq!(client.response().await.status, 500);
            settle().await;
            assert_eq!(stage.records.all().len(), number);
        }
    }

    /// Error pages for every error (design: Rescue).
    async fn every_error_is_answered_by_rescue(cell: Cell) {
        let stage = cell.with(|origin| App::new(To(origin)).rescue(Json).retry(()));
        stage.up().refuse();
        let mut client = stage.client().await;
        client.send(get("/")).await;
        let response = client.response().await;
        assert_eq!((response.status, response.text().as_str()), (502, r#"{"error":"refused"}"#));
    }

    /// An error page says how long it is and is not stored.
    async fn an_error_page_is_framed_and_not_to_be_stored(cell: Cell) {
        let stage = cell.with(|origin| App::new(To(origin)).retry(()));
        stage.up().refuse();
        let mut client = stage.client().await;
        for method in ["GET", "HEAD"] {
            client.send(request(method, "/")).await;
            let response = client.response().await;
            assert_eq!((response.status, response.field("Cache-Control")), (502, Some("private, no-store")));
            assert_eq!(response.field("Content-Length"), Some("16"));
            assert_eq!(response.body.is_empty(), method == "HEAD");
        }
    }
}

/// A connection on which a route panicked is closed.
#[tokio::test(start_paused = true)]
async fn a_panic_closes_the_connection() {
    let stage = stage::with(|_| App::new(Panics).rescue(Panics));
    let mut client = stage.rig.client();
    client.send(post("/").body("x")).await;
    let response = client.response().await;
    assert_eq!(response.status, 500);
    assert!(response.lists("Connection", "close"), "{response:?}");
}

/// Malformed requests are answered by it, too.
#[tokio::test(start_paused = true)]
async fn a_malformed_request_is_answered_by_rescue() {
    let stage = stage::with(|origin| App::new(To(origin)).rescue(Json));
    let mut client = stage.rig.client();
    client.send("GET / HTTP/1.1\r\n\r\n").await;
    let response = client.response().await;
    assert_eq!((response.status, response.text().as_str()), (400, r#"{"error":"malformed"}"#));
}
