//! A client that leaves before its answer is complete. E48, E50, E51, 12-046

use std::time::Duration;

use simplon_core::Result;
use simplon_proxy::observe::End;
use simplon_proxy::{App, Filter, Gone, Request, To, Verdict};
use simplon_testkit::matrix::Down;
use simplon_testkit::time::{pass, settle, took};
use simplon_testkit::{get, matrix, ok, post, status};

use crate::stage;

/// The ways to leave that all versions have.
#[derive(Clone, Copy, Debug)]
enum Leaves {
    /// The request is given up.
    Cancels,
    /// The connection ends without a word.
    Closes,
}

const WAYS: [Leaves; 2] = [Leaves::Cancels, Leaves::Closes];

async fn leaves(mut client: Down, how: Leaves) {
    match how {
        Leaves::Cancels => client.cancel().await,
        Leaves::Closes => client.close(),
    }
}

matrix! {
    /// E48
    async fn by_default_the_origin_is_let_go_when_the_client_leaves(cell: Cell) {
        for how in WAYS {
            let mut stage = cell.plain();
            let (client, mut asked) = stage.pass(get("/")).await;
            leaves(client, how).await;
            let (_, time) = took(asked.cancelled()).await;
            assert!(time < Duration::from_millis(5), "{time:?}");
            let record = stage.record().await;
            assert_eq!((record.end, record.status.unwrap().as_u16()), (End::ClientGone, 499), "{how:?}");
        }
    }

    /// E48
    async fn a_client_that_leaves_during_the_response_ends_the_exchange(cell: Cell) {
        for how in WAYS {
            let mut stage = cell.plain();
            let (mut client, mut asked) = stage.pass(get("/")).await;
            asked.begin(status(200).field("Content-Length", "1000000")).await;
            asked.data(b"hello").await.unwrap();
            client.head().await;
            leaves(client, how).await;
            let (_, time) = took(asked.cancelled()).await;
            assert!(time < Duration::from_millis(5), "{time:?}");
            let record = stage.record().await;
            assert_eq!((record.end, record.status.unwrap().as_u16()), (End::ClientGone, 200), "{how:?}");
        }
    }

    async fn a_client_that_leaves_during_its_upload_never_completes_the_request(cell: Cell) {
        for how in WAYS {
            for asked in [post("/").field("Content-Length", "100"), post("/")] {
                let mut stage = cell.plain();
                let (mut client, mut origin) = stage.begin(asked.clone()).await;
                client.data(b"half").await.unwrap();
                assert_eq!(origin.read(4).await.unwrap(), b"half");
                leaves(client, how).await;
                assert!(origin.content().await.is_err(), "{how:?} {asked:?}");
                let record = stage.record().await;
                // Whoever only ended his side of a connection may still read that his request is incomplete.
                let expected = [(End::ClientGone, 499), (End::Rescued, 400)];
                assert!(expected.contains(&(record.end, record.status.unwrap().as_u16())), "{how:?} {record:?}");
            }
        }
    }

    /// P111: coming and going without a word is no exchange.
    async fn a_client_that_says_nothing_leaves_no_record(cell: Cell) {
        let mut stage = cell.plain();
        let client = stage.client().await;
        settle().await;
        client.close();
        stage.nobody_else_came().await;
        assert!(stage.records.all().is_empty());
    }

    /// E48: while there is no connection to an origin yet, or no answer to a retry.
    async fn a_client_that_leaves_while_the_origin_is_connected_to_ends_the_exchange(cell: Cell) {
        let mut stage = cell.plain();
        stage.up().hang();
        let mut client = stage.client().await;
        client.send(get("/")).await;
        settle().await;
        client.cancel().await;
        settle().await;
        stage.up().open();
        pass(Duration::from_secs(30)).await;
        stage.nobody_else_came().await;
        assert_eq!(stage.record().await.end, End::ClientGone);
    }

    /// E48: while a filter looks at the content.
    async fn a_client_that_leaves_while_its_content_is_collected_ends_the_exchange(cell: Cell) {
        struct Collect;
        impl Filter<()> for Collect {
            async fn request(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Verdict> {
                request.collect(1000).await?;
                Ok(Verdict::Continue)
            }
        }
        let mut stage = cell.filtered(Collect);
        let mut client = stage.client().await;
        client.begin(post("/").field("Content-Length", "100")).await;
        client.data(b"half").await.unwrap();
        settle().await;
        client.cancel().await;
        stage.nobody_else_came().await;
        assert_eq!(stage.record().await.end, End::ClientGone);
    }
}

/// The same when only this side of a connection ended: it may still hear that its request is incomplete.
#[tokio::test(start_paused = true)]
async fn a_client_that_half_closes_is_gone_too() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass(get("/")).await;
    origin.request().await;
    client.half_close().await;
    origin.closed().await;
    settle().await;
    let record = stage.records.only();
    assert_eq!((record.end, record.status.unwrap().as_u16()), (End::ClientGone, 499));

    for asked in [
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf",
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let mut stage = stage::plain();
        let (mut client, mut origin) = stage.pass(asked).await;
        let mut head = origin.head().await.unwrap();
        settle().await;
        client.half_close().await;
        assert!(origin.content(&mut head, None).await.is_err(), "{asked}");
        settle().await;
        let record = stage.records.only();
        assert_eq!((record.end, record.status.unwrap().as_u16()), (End::Rescued, 400), "{asked}");
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
