//! A behaviour in every pair of versions, as the guide shows it.
#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::time::Duration;

use simplon_core::Result;
use simplon_proxy::{Filter, Request, Response, Verdict};
use simplon_testkit::time::within;
use simplon_testkit::{get, matrix, ok, post};

/// Lets nobody write.
struct ReadOnly;

impl Filter<()> for ReadOnly {
    async fn request(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
        let is_write = request.method == http::Method::POST;
        Ok(if is_write { Response::new(http::StatusCode::FORBIDDEN).into() } else { Verdict::Continue })
    }
}

matrix! {
    /// Both legs of a proxy that passes everything to one origin.
    async fn what_a_client_uploads_the_origin_reads(down: Down, up: Up) {
        down.begin(post("/upload")).await;
        down.data(b"first").await.unwrap();
        let mut asked = up.head().await;
        assert_eq!(asked.read(5).await.unwrap(), b"first");
        down.data(b", second").await.unwrap();
        down.end().await;
        asked.content().await.unwrap();
        asked.respond(ok(&asked.body)).await;
        assert_eq!(down.response().await.text(), ", second");
    }

    /// A proxy of one's own in each cell.
    async fn uploads_are_refused_before_they_end(cell: Cell) {
        let mut stage = cell.filtered(ReadOnly);
        let mut client = stage.client().await;
        client.begin(post("/upload")).await;
        assert_eq!(client.response().await.status, 403);
        // The connection ends, or the stream is reset: the leg knows what that means in its version. What little may be left of an upload is awaited
        // for two seconds.
        within(Duration::from_secs(3), client.stopped()).await;
        stage.nobody_else_came().await;

        let (mut client, mut asked) = stage.pass(get("/")).await;
        asked.respond(ok("read")).await;
        assert_eq!(client.response().await.text(), "read");
        assert_eq!(stage.records.all().len(), 2);
    }
}
