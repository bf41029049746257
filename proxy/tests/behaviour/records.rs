//! Exactly one record for each exchange, however it ends. P109

use http::Version;
use simplon_proxy::observe::End;
use simplon_testkit::time::{pass, settle};
use simplon_testkit::{get, matrix, ok, post, status};
use std::time::Duration;

use crate::stage;

matrix! {
    async fn a_record_says_what_the_exchange_was(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut asked) = stage.pass(post("/path?query").host("shop.example").body("content")).await;
        pass(Duration::from_millis(100)).await;
        asked.begin(status(201).field("Content-Length", "6")).await;
        pass(Duration::from_millis(200)).await;
        asked.data(b"answer").await.unwrap();
        asked.end().await;
        client.response().await;
        let record = stage.record().await;
        assert_eq!(record.client, Some([192, 0, 2, 1].into()));
        assert_eq!(record.from, Some(([192, 0, 2, 1], 4711).into()));
        assert_eq!(record.method.unwrap(), "POST");
        assert_eq!(record.target.unwrap(), "/path?query");
        assert_eq!(record.authority.unwrap(), "shop.example");
        let spoken = match cell.down() {
            matrix::Version::H1 => Version::HTTP_11,
            _ => Version::HTTP_2,
        };
        assert_eq!(record.version, Some(spoken));
        assert_eq!(record.tls.is_some(), cell.scheme() == "https");
        assert_eq!(record.status.unwrap(), 201);
        assert_eq!((record.end, record.error, record.attempts, record.reused), (End::Complete, None, 1, false));
        assert_eq!(record.peer.unwrap().address(), stage.up().peer().address());
        assert_eq!((record.request_octets, record.response_octets), (7, 6));
        assert_eq!((record.first_octet.unwrap().as_millis(), record.took.as_millis()), (100, 300));
    }

    /// P110: informational heads are not final.
    async fn an_informational_head_is_not_the_status(cell: Cell) {
        let mut stage = cell.plain();
        let (mut client, mut asked) = stage.pass(get("/")).await;
        asked.respond(status(103)).await;
        asked.respond(ok("")).await;
        client.response().await;
        assert_eq!(stage.record().await.status.unwrap(), 200);
    }

    /// P109: many clients that do all kinds of things, one record for each thing they did.
    async fn each_exchange_leaves_one_record(cell: Cell) {
        let mut stage = cell.plain();
        let records = stage.records.clone();
        stage.origins.remove(0).answer(|request| ok(&request.body));
        let mut exchanges = 0;
        for number in 0..20 {
            let mut client = stage.client().await;
            match number % 4 {
                0 => {
                    for asked in [get("/"), post("/").body("x")] {
                        client.send(asked).await;
                        client.response().await;
                    }
                    exchanges += 2;
                }
                1 => {
                    client.begin(post("/").field("Content-Length", "9")).await;
                    client.data(b"half").await.unwrap();
                    settle().await;
                    client.cancel().await;
                    exchanges += 1;
                }
                2 => client.close(),
                _ => {
                    client.begin(post("/")).await;
                    client.data(b"half").await.unwrap();
                    settle().await;
                    client.close();
                    exchanges += 1;
                }
            }
        }
        pass(Duration::from_secs(600)).await;
        assert_eq!(records.all().len(), exchanges);
        assert_eq!(records.events().iter().filter(|event| *event == "Done").count(), exchanges);
    }
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
