//! A server that ends loses no request. N99, N100

use std::time::Duration;

use simplon_testkit::time::{pass, settle, took};
use simplon_testkit::{get, ok};

use crate::stage;

#[tokio::test(start_paused = true)]
async fn an_exchange_under_way_is_completed_and_says_that_the_connection_ends() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass(get("/")).await;
    origin.request().await;
    stage.rig.drain();
    pass(Duration::from_secs(20)).await;
    origin.send(ok("in time")).await;
    let response = client.response().await;
    assert_eq!(response.text(), "in time");
    assert!(response.lists("Connection", "close"), "{response:?}");
    client.closed().await;
}

#[tokio::test(start_paused = true)]
async fn a_response_that_has_begun_is_completed_and_then_the_connection_ends() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass(get("/")).await;
    origin.request().await;
    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none").await;
    settle().await;
    stage.rig.drain();
    settle().await;
    origin.send("two").await;
    assert_eq!(client.response().await.text(), "onetwo");
    let (_, time) = took(client.closed()).await;
    assert!(time <= Duration::from_secs(2), "{time:?}");
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

/// N99
#[tokio::test(start_paused = true)]
async fn connections_at_rest_end_soon() {
    let mut stage = stage::plain();
    let (mut used, mut origin) = stage.pass(get("/1")).await;
    origin.request().await;
    origin.send(ok("one")).await;
    used.response().await;
    pass(Duration::from_secs(10)).await;
    let mut fresh = stage.rig.client();
    settle().await;
    stage.rig.drain();
    let (_, time) = took(async { (used.closed().await, fresh.closed().await) }).await;
    assert!(time <= Duration::from_millis(2500), "{time:?}");
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
