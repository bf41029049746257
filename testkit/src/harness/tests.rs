use simplon_core::Result;
use simplon_proxy::{Request as Asked, Response, ResponseView, Verdict};

use super::*;
use crate::message::{post, status};

struct Gate;

impl<Ctx: Send> Filter<Ctx> for Gate {
    async fn request(&self, request: &mut Asked<'_>, _cx: &mut Ctx) -> Result<Verdict> {
        match request.fields.contains("Authorization") {
            true => Ok(Verdict::Continue),
            false => Ok(Response::text(http::StatusCode::UNAUTHORIZED, "who?").into()),
        }
    }

    async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut Ctx) -> Result<()> {
        response.fields.set("X-Gate", "1").unwrap();
        Ok(())
    }
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_answers_keeps_the_request_from_the_origin() {
    let outcome = filter(Gate).request(get("/")).await;
    assert_eq!(outcome.response.status, 401);
    assert_eq!(outcome.response.text(), "who?");
    assert!(outcome.origin_saw().is_empty());
    assert_eq!(outcome.record.attempts, 0);
}

#[tokio::test(start_paused = true)]
async fn a_filter_that_passes_on_is_seen_on_both_sides() {
    let asked = post("/x").field("Authorization", "me").body("content");
    let outcome = filter(Gate).request(asked).origin(|request| status(201).body(&request.body)).await;
    assert_eq!(outcome.response.status, 201);
    assert_eq!(outcome.response.field("x-gate"), Some("1"));
    assert_eq!(outcome.response.text(), "content");
    assert_eq!(outcome.origin_saw().len(), 1);
    assert_eq!(outcome.record.status.unwrap(), 201);
}
