//! A server that ends loses no request. N99, N100

use std::time::Duration;

use simplon_testkit::time::{pass, settle, took};
use simplon_testkit::{get, matrix, ok, post, status};

use crate::stage;

matrix! {
    async fn an_exchange_under_way_is_completed_and_then_the_connection_ends(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut asked) = stage.pass(get("/")).await;
        stage.rig.drain();
        pass(Duration::from_secs(20)).await;
        asked.respond(ok("in time")).await;
        assert_eq!(client.response().await.text(), "in time");
        let (_, time) = took(client.closed()).await;
        assert!(time <= Duration::from_secs(2), "{time:?}");
    }

    async fn a_response_that_has_begun_is_completed_and_then_the_connection_ends(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut asked) = stage.pass(get("/")).await;
        asked.begin(status(200).field("Content-Length", "6")).await;
        asked.data(b"one").await.unwrap();
        settle().await;
        stage.rig.drain();
        settle().await;
        asked.data(b"two").await.unwrap();
        asked.end().await;
        assert_eq!(client.response().await.text(), "onetwo");
        let (_, time) = took(client.closed()).await;
        assert!(time <= Duration::from_secs(2), "{time:?}");
    }

    /// An upload that has begun, too.
    async fn an_upload_that_has_begun_is_completed(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut asked) = stage.begin(post("/").field("Content-Length", "6")).await;
        client.data(b"one").await.unwrap();
        settle().await;
        stage.rig.drain();
        pass(Duration::from_secs(20)).await;
        client.data(b"two").await.unwrap();
        client.end().await;
        asked.content().await.unwrap();
        assert_eq!(asked.text(), "onetwo");
        asked.respond(ok("taken")).await;
        assert_eq!(client.response().await.text(), "taken");
    }

    /// N99
    async fn connections_at_rest_end_soon(cell: Cell) {
        let mut stage = cell.plain();
        let (mut used, mut asked) = stage.pass(get("/1")).await;
        asked.respond(ok("one")).await;
        used.response().await;
        pass(Duration::from_secs(10)).await;
        let mut fresh = stage.client().await;
        settle().await;
        stage.rig.drain();
        let (_, time) = took(async { (used.closed().await, fresh.closed().await) }).await;
        assert!(time <= Duration::from_millis(2500), "{time:?}");
    }
}

/// A client of HTTP/1 is told with its response.
#[tokio::test(start_paused = true)]
async fn an_exchange_under_way_says_that_the_connection_ends() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass(get("/")).await;
    origin.request().await;
    stage.rig.drain();
    pass(Duration::from_secs(20)).await;
    origin.send(ok("in time")).await;
    let response = client.response().await;
    assert!(response.lists("Connection", "close"), "{response:?}");
    client.closed().await;
}

/// N100: a request that was on its way when the drain began is answered.
#[tokio::test(start_paused = true)]
async fn a_request_sent_at_the_same_moment_is_answered() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass(get("/1")).await;
    origin.request().await;
    origin.send(ok("one")).await;
    client.response().await;
    stage.rig.drain();
    settle().await;
    pass(Duration::from_millis(500)).await;
    client.send(get("/2")).await;
    assert_eq!(origin.request().await.path(), "/2");
    origin.send(ok("two")).await;
    let response = client.response().await;
    assert_eq!(response.text(), "two");
    assert!(response.lists("Connection", "close"));
    client.closed().await;
}

#[tokio::test(start_paused = true)]
async fn every_pipelined_request_that_was_received_is_answered_or_left_untouched() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass([get("/1").encode(), get("/2").encode()].concat()).await;
    origin.request().await;
    stage.rig.drain();
    origin.send(ok("one")).await;
    let response = client.response().await;
    assert!(response.lists("Connection", "close"), "{response:?}");
    client.closed().await;
    let seen = String::from_utf8(origin.received().octets()).unwrap();
    assert!(!seen.contains("/2"), "what the client was told is not served was not served: {seen}");
}
