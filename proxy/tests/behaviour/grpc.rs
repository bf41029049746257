//! gRPC: what a proxy says by itself, and gRPC-Web. 6-108

use http::StatusCode;
use simplon_core::Result;
use simplon_core::connect::Peer;
use simplon_core::http::Serve;
use simplon_core::net::ConnInfo;
use simplon_proxy::grpc::{GrpcDeadline, GrpcErrors, WebBridge, WebCall};
use simplon_proxy::{App, Request, Response, Route, Target, To, answer};
use simplon_testkit::time::took;
use simplon_testkit::{get, post};

use crate::stage::{self, Stage};

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

fn bridged() -> Stage<impl Serve> {
    stage::with(|origin| App::new(Calls(origin)).filter(WebBridge).rescue(GrpcErrors::new()).retry(()))
}

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Type: application/grpc+proto\r\nTransfer-Encoding: chunked\r\nTrailer: Grpc-Status\r\n\r\n\
    7\r\n\0\0\0\0\x02ok\r\n0\r\nGrpc-Status: 0\r\n\r\n";

#[tokio::test(start_paused = true)]
async fn errors_of_calls_are_trailers_alone() {
    let stage = stage::with(|origin| App::new(To(origin)).rescue(GrpcErrors::new()).retry(()));
    stage.origin.refuse();
    let mut client = stage.rig.client();
    client.send(post("/a.B/C").field("Content-Type", "application/grpc+proto").body("x")).await;
    let response = client.response().await;
    assert_eq!((response.status, response.field("Content-Type")), (200, Some("application/grpc+proto")));
    assert_eq!((response.field("grpc-status"), response.field("grpc-message")), (Some("14"), Some("Bad Gateway")));
    assert_eq!(response.body.len(), 0);
    let mut client = stage.rig.client();
    client.send(get("/")).await;
    let response = client.response().await;
    assert_eq!((response.status, response.field("grpc-status")), (502, None));
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_with_the_patience_of_its_caller() {
    use std::time::Duration;
    for (asked, most, ends) in
        [("250m", None, 250), ("250m", Some(90), 90), ("1S", Some(5000), 1000), ("x", Some(90), 90)]
    {
        let mut stage = stage::with(|origin| {
            let deadline = GrpcDeadline::new();
            let deadline = most.map_or(deadline, |most| deadline.at_most(Duration::from_millis(most)));
            App::new(To(origin)).filter(deadline).rescue(GrpcErrors::new()).retry(())
        });
        let call = post("/a.B/C").field("Content-Type", "application/grpc").field("grpc-timeout", asked).body("x");
        let (mut client, mut origin) = stage.pass(call).await;
        assert_eq!(origin.request().await.field("grpc-timeout"), Some(asked));
        let (response, time) = took(client.response()).await;
        assert_eq!((response.status, response.field("grpc-status")), (200, Some("4")), "{asked}");
        let ends = Duration::from_millis(ends);
        assert!((ends..ends + Duration::from_millis(200)).contains(&time), "{asked}: {time:?}");
        origin.closed().await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_route_answers_to_a_call_is_trailers_alone() {
    let stage = stage::with(|_| {
        App::new(answer(|_| Response::text(StatusCode::FORBIDDEN, "not today, 100%\n"))).rescue(GrpcErrors::new())
    });
    let mut client = stage.rig.client();
    client.send(post("/a.B/C").field("Content-Type", "application/grpc").body("x")).await;
    let response = client.response().await;
    assert_eq!((response.status, response.field("grpc-status")), (200, Some("7")));
    assert_eq!((response.field("grpc-message"), response.body.len()), (Some("not today, 100%25"), 0));
    client.send(get("/")).await;
    let response = client.response().await;
    assert_eq!((response.status, response.text().as_str()), (403, "not today, 100%\n"));
}

#[tokio::test(start_paused = true)]
async fn trailers_are_the_last_frame_of_a_web_call() {
    let mut stage = bridged();
    let (mut client, mut origin) =
        stage.pass(post("/a.B/C").field("Content-Type", "application/grpc-web+proto").body("\0\0\0\0\x02hi")).await;
    let request = origin.request().await;
    assert_eq!(
        (request.field("Content-Type"), request.field("TE")),
        (Some("application/grpc+proto"), Some("trailers"))
    );
    assert_eq!(request.text(), "\0\0\0\0\x02hi");
    origin.send(ANSWER).await;
    let response = client.response().await;
    assert_eq!((response.status, response.field("Content-Type")), (200, Some("application/grpc-web+proto")));
    assert_eq!(response.field("Trailer"), None);
    assert_eq!(&response.body[..], b"\0\0\0\0\x02ok\x80\0\0\0\x10grpc-status: 0\r\n");
}

#[tokio::test(start_paused = true)]
async fn text_is_base64_in_both_directions() {
    let mut stage = bridged();
    let call = post("/a.B/C").field("Content-Type", "application/grpc-web-text").chunked("AAAAAAJoaQ==");
    let (mut client, mut origin) = stage.pass(call).await;
    let request = origin.request().await;
    assert_eq!((request.field("Content-Type"), request.text().as_str()), (Some("application/grpc"), "\0\0\0\0\x02hi"));
    origin.send(ANSWER).await;
    let response = client.response().await;
    assert_eq!(response.field("Content-Type"), Some("application/grpc-web-text+proto"));
    assert_eq!(response.text(), "AAAAAAJvaw==gAAAABBncnBjLXN0YXR1czogMA0K");
}

#[tokio::test(start_paused = true)]
async fn text_that_is_not_base64_is_refused() {
    for text in ["AAAAAAJoa", "not base64!!"] {
        let stage = bridged();
        let mut client = stage.rig.client();
        client.send(post("/a.B/C").field("Content-Type", "application/grpc-web-text").body(text)).await;
        let response = client.response().await;
        assert_eq!((response.status, response.field("grpc-status")), (200, Some("13")), "{text}");
        assert_eq!(response.field("Content-Type"), Some("application/grpc-web-text"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_no_answer_of_grpc_passes_as_it_is() {
    let mut stage = bridged();
    let (mut client, mut origin) =
        stage.pass(post("/a.B/C").field("Content-Type", "application/grpc-web-text").body("AAAA")).await;
    origin.request().await;
    origin.send("HTTP/1.1 404 Not Found\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nnone").await;
    let response = client.response().await;
    assert_eq!((response.status, response.text().as_str()), (404, "none"));
}
