//! Exactly one record for each exchange, however it ends. P109

use http::Version;
use simplon_proxy::observe::End;
use simplon_testkit::time::{pass, settle};
use simplon_testkit::{get, ok, post, status};
use std::time::Duration;

use crate::stage;

#[tokio::test(start_paused = true)]
async fn a_record_says_what_the_exchange_was() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass(post("/path?query").host("shop.example").body("content")).await;
    origin.request().await;
    pass(Duration::from_millis(100)).await;
    origin.send("HTTP/1.1 201 Created\r\nContent-Length: 6\r\n\r\n").await;
    pass(Duration::from_millis(200)).await;
    origin.send("answer").await;
    client.response().await;
    let record = stage.records.only();
    assert_eq!(record.client, Some([192, 0, 2, 1].into()));
    assert_eq!(record.from, Some(([192, 0, 2, 1], 4711).into()));
    assert_eq!(record.method.unwrap(), "POST");
    assert_eq!(record.target.unwrap(), "/path?query");
    assert_eq!(record.authority.unwrap(), "shop.example");
    assert_eq!(record.version, Some(Version::HTTP_11));
    assert_eq!(record.status.unwrap(), 201);
    assert_eq!((record.end, record.error, record.attempts, record.reused), (End::Complete, None, 1, false));
    assert_eq!(record.peer.unwrap().key(), stage.origin.peer().key());
    assert_eq!((record.request_octets, record.response_octets), (7, 6));
    assert_eq!((record.first_octet.unwrap().as_millis(), record.took.as_millis()), (100, 300));
}

/// P109: malformed requests too.
#[tokio::test(start_paused = true)]
async fn a_malformed_request_leaves_one_record() {
    let stage = stage::plain();
    let mut client = stage.rig.client();
    client.send("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n").await;
    client.response().await;
    settle().await;
    let record = stage.records.only();
    assert_eq!((record.method, record.target, record.attempts, record.end), (None, None, 0, End::Rescued));
    assert_eq!((record.status.unwrap().as_u16(), record.error), (400, Some("malformed")));
}

/// P110: informational heads are not final.
#[tokio::test(start_paused = true)]
async fn an_informational_head_is_not_the_status() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass(get("/")).await;
    origin.request().await;
    origin.send(status(103)).await;
    origin.send(ok("")).await;
    client.response().await;
    assert_eq!(stage.records.only().status.unwrap(), 200);
}

/// P109: a hard stop.
#[tokio::test(start_paused = true)]
async fn an_exchange_that_is_dropped_leaves_its_record() {
    let mut stage = stage::plain();
    let (end, served) = stage.rig.connect(([192, 0, 2, 9], 1).into());
    let mut client = simplon_testkit::Wire::new(end);
    client.send(get("/")).await;
    let mut origin = stage.origin.accept().await;
    origin.request().await;
    served.abort();
    settle().await;
    origin.closed().await;
    assert_eq!(stage.records.only().end, End::Dropped);
}

/// P109: many clients that do all kinds of things, one record for each thing they did.
#[tokio::test(start_paused = true)]
async fn records_are_as_many_as_exchanges() {
    let stage = stage::plain();
    let records = stage.records.clone();
    let rig = stage.rig;
    let _origin = stage.origin.answer(|request| ok(&request.body));
    let mut exchanges = 0;
    for number in 0..60 {
        let mut client = rig.client();
        match number % 6 {
            0 => {
                client.send(get("/")).await;
                client.response().await;
                client.send(post("/").body("x")).await;
                client.response().await;
                exchanges += 2;
            }
            1 => {
                client.send("garbage\r\n\r\n").await;
                client.response().await;
                exchanges += 1;
            }
            2 => {
                client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhalf").await;
                settle().await;
                client.reset();
                exchanges += 1;
            }
            3 => drop(client),
            4 => {
                client.send("GET / HT").await;
                settle().await;
                exchanges += 1;
            }
            _ => {
                client
                    .send([get("/1").encode(), get("/2").encode(), b"GET / HTTP/1.1\r\n\r\n".to_vec()].concat())
                    .await;
                for _ in 0..3 {
                    client.response().await;
                }
                exchanges += 3;
            }
        }
    }
    pass(Duration::from_secs(600)).await;
    assert_eq!(records.all().len(), exchanges);
    assert_eq!(records.events().iter().filter(|event| *event == "Done").count(), exchanges);
}
