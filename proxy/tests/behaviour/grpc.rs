//! gRPC: what a proxy says by itself, and gRPC-Web. 6-108

use std::time::Duration;

use http::StatusCode;
use simplon_core::Result;
use simplon_core::connect::Peer;
use simplon_core::http::Serve;
use simplon_core::net::ConnInfo;
use simplon_proxy::grpc::{GrpcDeadline, GrpcErrors, WebBridge, WebCall};
use simplon_proxy::{App, Request, Response, Route, Target, To, answer};
use simplon_testkit as testkit;
use simplon_testkit::matrix::{Cell, Stage, Version};
use simplon_testkit::time::took;
use simplon_testkit::{Reply, get, matrix, post, status};

/// Everything to one origin, with the state of a call of gRPC-Web.
struct Calls(Peer);

impl Route for Calls {
    type Ctx = WebCall;

    fn begin(&self, _from: &ConnInfo) -> WebCall {
        WebCall::default()
    }

    async fn route(&self, _request: &mut Request<'_>, _cx: &mut WebCall) -> Result<Target> {
        Ok(Target::Forward(self.0.clone()))
    }
}

fn bridged(cell: &Cell) -> Stage<impl Serve + use<>> {
    cell.with(|origin| App::new(Calls(origin)).filter(WebBridge).rescue(GrpcErrors::new()).retry(()))
}

/// A call of this kind.
fn call(kind: &str) -> testkit::Request {
    post("/a.B/C").field("Content-Type", kind)
}

/// What an origin answers to one.
fn answer_of_grpc() -> Reply {
    let reply = status(200).field("Content-Type", "application/grpc+proto").field("Trailer", "Grpc-Status");
    reply.chunked("\0\0\0\0\x02ok").trailer("Grpc-Status", "0")
}

matrix! {
    /// The two ends of a call talk as they like: neither a least rate nor a silent client ends it, in HTTP/2, which is what calls are made in.
    async fn a_call_may_be_silent_and_slow(cell: Cell) {
        if cell.down() == Version::H1 {
            return;
        }
        let mut stage = cell.plain();
        let (mut client, mut asked) = stage.begin(call("application/grpc").field("TE", "trailers")).await;
        asked.begin(status(200).field("Content-Type", "application/grpc")).await;
        client.head().await;
        for _ in 0..40 {
            testkit::time::pass(Duration::from_secs(50)).await;
            asked.data(b"x").await.unwrap();
            assert_eq!(client.read(1).await.unwrap(), b"x");
        }
        client.data(b"last").await.unwrap();
        assert_eq!(asked.read(4).await.unwrap(), b"last");
    }

    /// C29: nothing is lost of a call that succeeds, nor of one that has nothing but trailers.
    async fn calls_pass(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut asked) =
            stage.pass(call("application/grpc").field("TE", "trailers").chunked("\0\0\0\0\x02hi")).await;
        assert_eq!((asked.text().as_str(), asked.field("Content-Length")), ("\0\0\0\0\x02hi", None));
        asked.respond(answer_of_grpc()).await;
        let response = client.response().await;
        assert_eq!((response.text().as_str(), response.trailer("grpc-status")), ("\0\0\0\0\x02ok", Some("0")));
        client.send(call("application/grpc").chunked("\0\0\0\0\x02hi")).await;
        stage.request().await.respond(status(200).field("grpc-status", "12")).await;
        let response = client.response().await;
        assert_eq!((response.field("grpc-status"), response.trailers.len()), (Some("12"), 0));
    }

    /// Messages pass as they come, both ways at once.
    async fn calls_stream(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut asked) = stage.begin(call("application/grpc")).await;
        asked.begin(status(200).field("Content-Type", "application/grpc")).await;
        client.head().await;
        for _ in 0..5 {
            client.data(b"\0\0\0\0\x01?").await.unwrap();
            assert_eq!(asked.read(6).await.unwrap(), b"\0\0\0\0\x01?");
            asked.data(b"\0\0\0\0\x01!").await.unwrap();
            assert_eq!(client.read(6).await.unwrap(), b"\0\0\0\0\x01!");
        }
        client.end().await;
        asked.content().await.unwrap();
        asked.end_with(&[("grpc-status", "0")]).await;
        assert_eq!(client.response().await.trailer("grpc-status"), Some("0"));
    }

    async fn errors_of_calls_are_trailers_alone(cell: Cell) {
        let stage = cell.with(|origin| App::new(To(origin)).rescue(GrpcErrors::new()).retry(()));
        stage.up().refuse();
        let mut client = stage.client().await;
        client.send(call("application/grpc+proto").body("x")).await;
        let response = client.response().await;
        assert_eq!((response.status, response.field("Content-Type")), (200, Some("application/grpc+proto")));
        assert_eq!((response.field("grpc-status"), response.field("grpc-message")), (Some("14"), Some("Bad Gateway")));
        assert_eq!(response.body.len(), 0);
        let mut client = stage.client().await;
        client.send(get("/")).await;
        let response = client.response().await;
        assert_eq!((response.status, response.field("grpc-status")), (502, None));
    }

    async fn a_call_ends_with_the_patience_of_its_caller(cell: Cell) {
        for (asked, most, ends) in
            [("250m", None, 250), ("250m", Some(90), 90), ("1S", Some(5000), 1000), ("x", Some(90), 90)]
        {
            let mut stage = cell.with(|origin| {
                let deadline = GrpcDeadline::new();
                let deadline = most.map_or(deadline, |most| deadline.at_most(Duration::from_millis(most)));
                App::new(To(origin)).filter(deadline).rescue(GrpcErrors::new()).retry(())
            });
            let call = call("application/grpc").field("grpc-timeout", asked).body("x");
            let (mut client, mut origin) = stage.pass(call).await;
            assert_eq!(origin.field("grpc-timeout"), Some(asked));
            let (response, time) = took(client.response()).await;
            assert_eq!((response.status, response.field("grpc-status")), (200, Some("4")), "{asked}");
            let ends = Duration::from_millis(ends);
            assert!((ends..ends + Duration::from_millis(200)).contains(&time), "{asked}: {time:?}");
            origin.cancelled().await;
        }
    }

    async fn what_a_route_answers_to_a_call_is_trailers_alone(cell: Cell) {
        let stage = cell.with(|_| {
            App::new(answer(|_| Response::text(StatusCode::FORBIDDEN, "not today, 100%\n"))).rescue(GrpcErrors::new())
        });
        let mut client = stage.client().await;
        client.send(call("application/grpc").body("x")).await;
        let response = client.response().await;
        assert_eq!((response.status, response.field("grpc-status")), (200, Some("7")));
        assert_eq!((response.field("grpc-message"), response.body.len()), (Some("not today, 100%25"), 0));
        client.send(get("/")).await;
        let response = client.response().await;
        assert_eq!((response.status, response.text().as_str()), (403, "not today, 100%\n"));
    }

    async fn trailers_are_the_last_frame_of_a_web_call(cell: Cell) {
        let mut stage = bridged(&cell);
        let (mut client, mut asked) =
            stage.pass(call("application/grpc-web+proto").body("\0\0\0\0\x02hi")).await;
        assert_eq!((asked.field("Content-Type"), asked.field("TE")), (Some("application/grpc+proto"), Some("trailers")));
        assert_eq!(asked.text(), "\0\0\0\0\x02hi");
        asked.respond(answer_of_grpc()).await;
        let response = client.response().await;
        assert_eq!((response.status, response.field("Content-Type")), (200, Some("application/grpc-web+proto")));
        assert_eq!(response.field("Trailer"), None);
        assert_eq!(&response.body[..], b"\0\0\0\0\x02ok\x80\0\0\0\x10grpc-status: 0\r\n");
    }

    async fn text_is_base64_in_both_directions(cell: Cell) {
        let mut stage = bridged(&cell);
        let (mut client, mut asked) = stage.pass(call("application/grpc-web-text").chunked("AAAAAAJoaQ==")).await;
        assert_eq!((asked.field("Content-Type"), asked.text().as_str()), (Some("application/grpc"), "\0\0\0\0\x02hi"));
        asked.respond(answer_of_grpc()).await;
        let response = client.response().await;
        assert_eq!(response.field("Content-Type"), Some("application/grpc-web-text+proto"));
        assert_eq!(response.text(), "AAAAAAJvaw==gAAAABBncnBjLXN0YXR1czogMA0K");
    }

    async fn text_that_is_not_base64_is_refused(cell: Cell) {
        for text in ["AAAAAAJoa", "not base64!!"] {
            let stage = bridged(&cell);
            let outcome = stage.outcome(call("application/grpc-web-text").body(text), |_| answer_of_grpc()).await;
            let response = outcome.response;
            assert_eq!((response.status, response.field("grpc-status")), (200, Some("13")), "{text}");
            assert_eq!(response.field("Content-Type"), Some("application/grpc-web-text"));
        }
    }

    async fn what_is_no_answer_of_grpc_passes_as_it_is(cell: Cell) {
        let mut stage = bridged(&cell);
        let (mut client, mut asked) = stage.pass(call("application/grpc-web-text").body("AAAA")).await;
        asked.respond(status(404).field("Content-Type", "text/plain").body("none")).await;
        let response = client.response().await;
        assert_eq!((response.status, response.text().as_str()), (404, "none"));
    }
}
