//! A client that leaves before its answer is complete. E48, E50, E51, 12-046

use std::time::Duration;

use simplon_proxy::observe::End;
use simplon_proxy::{App, Gone, To};
use simplon_testkit::time::{pass, settle};
use simplon_testkit::{Wire, get, ok, post};

use crate::stage;

#[derive(Clone, Copy, Debug)]
enum Leaves {
    Closes,
    Resets,
    HalfCloses,
}

/// The client, if it is still there.
async fn leaves(mut client: Wire, how: Leaves) -> Option<Wire> {
    match how {
        Leaves::Closes => return None,
        Leaves::Resets => client.reset(),
        Leaves::HalfCloses => {
            client.half_close().await;
            return Some(client);
        }
    }
    None
}

#[tokio::test(start_paused = true)]
async fn by_default_the_origin_is_let_go_when_the_client_leaves() {
    for how in [Leaves::Closes, Leaves::Resets, Leaves::HalfCloses] {
        let mut stage = stage::plain();
        let (client, mut origin) = stage.pass(get("/")).await;
        origin.request().await;
        let _client = leaves(client, how).await;
        origin.closed().await;
        settle().await;
        let record = stage.records.only();
        assert_eq!((record.end, record.status.unwrap().as_u16()), (End::ClientGone, 499), "{how:?}");
    }
}

/// E51, P#836
#[tokio::test(start_paused = true)]
async fn a_client_that_half_closed_gets_its_answer_if_so_chosen() {
    let mut stage = stage::with(|origin| App::new(To(origin)).client_gone(Gone::Finish));
    let (mut client, mut origin) = stage.pass(get("/")).await;
    origin.request().await;
    client.half_close().await;
    pass(Duration::from_secs(10)).await;
    origin.send(ok("patience")).await;
    assert_eq!(client.response().await.text(), "patience");
    client.closed().await;
    assert_eq!(stage.records.only().end, End::Complete);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_during_the_response_ends_the_exchange() {
    let mut stage = stage::plain();
    let (client, mut origin) = stage.pass(get("/")).await;
    origin.request().await;
    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nhello").await;
    settle().await;
    client.reset();
    origin.closed().await;
    settle().await;
    let record = stage.records.only();
    assert_eq!((record.end, record.status.unwrap().as_u16()), (End::ClientGone, 200));
}

#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_during_its_upload_never_completes_the_request() {
    for how in [Leaves::Closes, Leaves::Resets, Leaves::HalfCloses] {
        for asked in [
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
        ] {
            let mut stage = stage::plain();
            let (client, mut origin) = stage.pass(asked).await;
            let mut head = origin.head().await.unwrap();
            settle().await;
            let _client = leaves(client, how).await;
            assert!(origin.content(&mut head, None).await.is_err(), "{how:?} {asked}");
            settle().await;
            // Whoever only ended his side may still read that his request is incomplete.
            let expected = if matches!(how, Leaves::Resets) { (End::ClientGone, 499) } else { (End::Rescued, 400) };
            let record = stage.records.only();
            assert_eq!((record.end, record.status.unwrap().as_u16()), expected, "{how:?} {asked}");
        }
    }
}

/// A client that leaves within its head is nobody's request.
#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_within_its_head_reaches_nobody() {
    let mut stage = stage::plain();
    let mut client = stage.rig.client();
    client.send("GET / HTTP/1.1\r\nHo").await;
    settle().await;
    drop(client);
    stage.origin.nobody_came().await;
    let record = stage.records.only();
    assert_eq!((record.error, record.attempts), (Some("truncated"), 0));
}

/// P111: coming and going without a word is no exchange.
#[tokio::test(start_paused = true)]
async fn a_client_that_says_nothing_leaves_no_record() {
    let mut stage = stage::plain();
    let client = stage.rig.client();
    settle().await;
    drop(client);
    stage.origin.nobody_came().await;
    assert!(stage.records.all().is_empty());
}

/// E50
#[tokio::test(start_paused = true)]
async fn a_half_closed_client_does_not_make_the_proxy_spin() {
    let mut stage = stage::with(|origin| App::new(To(origin)).client_gone(Gone::Finish));
    let (mut client, mut origin) = stage.pass(post("/").body("x")).await;
    origin.request().await;
    client.half_close().await;
    settle().await;
    // A paused clock moves on only when no task can run: with one that spins, this would not end.
    pass(Duration::from_secs(50)).await;
    origin.send(ok("")).await;
    assert_eq!(client.response().await.status, 200);
}

/// E48: while there is no connection to an origin yet, or no answer to a retry.
#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_while_the_origin_is_connected_to_ends_the_exchange() {
    let mut stage = stage::plain();
    stage.origin.hang();
    let mut client = stage.rig.client();
    client.send(get("/")).await;
    settle().await;
    client.reset();
    settle().await;
    stage.origin.open();
    pass(Duration::from_secs(30)).await;
    assert_eq!(stage.records.all().len(), 1);
    stage.origin.nobody_came().await;
    assert_eq!(stage.records.only().end, End::ClientGone);
}

/// E48: while a filter looks at the content.
#[tokio::test(start_paused = true)]
async fn a_client_that_leaves_while_its_content_is_collected_ends_the_exchange() {
    struct Collect;
    impl simplon_proxy::Filter<()> for Collect {
        async fn request(
            &self,
            request: &mut simplon_proxy::Request<'_>,
            _cx: &mut (),
        ) -> simplon_core::Result<simplon_proxy::Verdict> {
            request.collect(1000).await?;
            Ok(simplon_proxy::Verdict::Continue)
        }
    }
    let mut stage = stage::filtered(Collect);
    let mut client = stage.rig.client();
    client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf").await;
    settle().await;
    client.reset();
    stage.origin.nobody_came().await;
    assert_eq!(stage.records.only().end, End::ClientGone);
}
