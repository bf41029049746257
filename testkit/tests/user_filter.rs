//! How a user tests a filter: no port, no sleep.

use std::time::Duration;

use http::StatusCode;
use simplon_core::Result;
use simplon_proxy::{App, Filter, Request, Response, To, Verdict};
use simplon_testkit::{Network, Rig, app, filter, get, ok, post, time};

/// Lets nobody in without a token.
struct Token;

impl<Ctx: Send> Filter<Ctx> for Token {
    async fn request(&self, request: &mut Request<'_>, _cx: &mut Ctx) -> Result<Verdict> {
        match request.fields.text("Authorization") {
            Some("Bearer good") => {
                request.fields.remove("Authorization");
                Ok(Verdict::Continue)
            }
            _ => Ok(Response::text(StatusCode::UNAUTHORIZED, "token?").into()),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_without_token_is_answered_and_reaches_nobody() {
    let outcome = filter(Token).request(get("/")).await;
    assert_eq!(outcome.response.status, 401);
    assert!(outcome.origin_saw().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_request_with_token_reaches_the_origin_without_it() {
    let asked = post("/orders").field("Authorization", "Bearer good").body("two");
    let outcome = filter(Token).request(asked).origin(|request| ok(&request.body)).await;
    assert_eq!(outcome.response.text(), "two");
    assert_eq!(outcome.origin_saw()[0].field("Authorization"), None);
    assert_eq!(outcome.record.attempts, 1);
}

/// The whole application, as it is put together in the program.
#[tokio::test(start_paused = true)]
async fn an_application_is_tested_the_same_way() {
    let outcome = app(|origin| App::new(To(origin)).filter(Token)).request(get("/")).await;
    assert_eq!(outcome.response.status, 401);
}

/// Step by step, when it matters who says what when. The clock jumps; nobody waits.
#[tokio::test(start_paused = true)]
async fn an_origin_that_says_nothing_is_504_after_a_minute() {
    let network = Network::new();
    let mut origin = network.origin();
    let rig = Rig::new(App::new(To(origin.peer())).origins(network.origins()).retry(()));
    let mut client = rig.client();
    client.send(get("/")).await;
    let mut connection = origin.accept().await;
    assert_eq!(connection.request().await.path(), "/");
    let (response, waited) = time::took(client.response()).await;
    assert_eq!(response.status, 504);
    assert_eq!(waited.as_secs(), Duration::from_secs(60).as_secs());
}
