//! Requests that come before the answer to the one before. A7, A17, 12-053

use simplon_testkit::{get, ok, post};

use crate::stage;

#[tokio::test(start_paused = true)]
async fn pipelined_requests_are_answered_in_order() {
    let mut stage = stage::plain();
    let all = [
        get("/1").encode(),
        post("/2").body("two").encode(),
        post("/3").chunked("three").trailer("T", "3").encode(),
        simplon_testkit::request("HEAD", "/4").encode(),
        get("/5").encode(),
    ];
    let (mut client, mut origin) = stage.pass(all.concat()).await;
    for method in ["POST", "POST", "HEAD", "GET"] {
        client.asked(method);
    }
    for (path, content) in [("/1", ""), ("/2", "two"), ("/3", "three"), ("/4", ""), ("/5", "")] {
        let request = origin.request().await;
        assert_eq!((request.path(), request.text().as_str()), (path, content));
        let reply = ok(format!("answer to {path}"));
        origin.send(if path == "/4" { reply.encode_head() } else { reply.encode() }).await;
        let response = client.response().await;
        assert_eq!(response.text(), if path == "/4" { String::new() } else { format!("answer to {path}") });
    }
    stage.origin.nobody_came().await;
    assert_eq!(stage.records.all().len(), 5);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_comes_during_a_response_waits_for_its_end() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass(get("/1")).await;
    origin.request().await;
    origin.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\none").await;
    client.send(get("/2")).await;
    simplon_testkit::time::settle().await;
    assert_eq!(origin.received().octets().iter().filter(|octet| **octet == b'/').count(), 2, "only /1 and HTTP/1.1");
    origin.send("one").await;
    assert_eq!(client.response().await.text(), "oneone");
    assert_eq!(origin.request().await.path(), "/2");
    origin.send(ok("two")).await;
    assert_eq!(client.response().await.text(), "two");
}

#[tokio::test(start_paused = true)]
async fn a_long_chain_cut_anywhere_is_answered_in_order() {
    let mut stage = stage::plain();
    let chain: Vec<u8> = (0..50).flat_map(|number| get(&format!("/{number}")).encode()).collect();
    let mut client = stage.rig.client();
    let sending = async {
        for piece in chain.chunks(7) {
            client.send(piece).await;
        }
        client
    };
    let answering = async {
        let mut origin = stage.origin.accept().await;
        for number in 0..50 {
            assert_eq!(origin.request().await.path(), format!("/{number}"));
            origin.send(ok(number.to_string())).await;
        }
    };
    let (mut client, ()) = tokio::join!(sending, answering);
    for number in 0..50 {
        assert_eq!(client.response().await.text(), number.to_string());
    }
}

/// A client that sends and sends and never reads an answer is not read on for ever.
#[tokio::test(start_paused = true)]
async fn pipelined_requests_are_not_taken_in_without_bound() {
    let mut stage = stage::plain();
    let (mut client, _origin) = stage.pass(get("/0")).await;
    let flood = get("/flood").encode().repeat(10_000);
    let mut taken = 0;
    while taken < flood.len() {
        let sending = client.try_send(&flood[taken..taken + 4000]);
        if tokio::time::timeout(std::time::Duration::from_secs(1), sending).await.is_err() {
            break;
        }
        taken += 4000;
    }
    assert!(taken < 256 << 10, "{taken} octets were taken");
}

/// A17
#[tokio::test(start_paused = true)]
async fn a_partial_second_request_does_not_disturb_the_first() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass([get("/1").encode(), b"GET /2 HTT".to_vec()].concat()).await;
    origin.request().await;
    origin.send(ok("one")).await;
    assert_eq!(client.response().await.text(), "one");
    client.send("P/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(origin.request().await.path(), "/2");
    origin.send(ok("two")).await;
    assert_eq!(client.response().await.text(), "two");
}

#[tokio::test(start_paused = true)]
async fn what_follows_a_request_that_closes_is_not_served() {
    let mut stage = stage::plain();
    let first = get("/1").field("Connection", "close").encode();
    let (mut client, mut origin) = stage.pass([first, get("/2").encode()].concat()).await;
    origin.request().await;
    origin.send(ok("one")).await;
    let response = client.response().await;
    assert!(response.lists("Connection", "close"));
    client.half_close().await;
    client.closed().await;
    assert_eq!(stage.records.all().len(), 1);
}

/// 12-051
#[tokio::test(start_paused = true)]
async fn the_last_exchange_that_a_connection_may_carry_says_so() {
    use simplon_core::http::{HttpConfig, OriginsConfig};
    let mut config = HttpConfig::default();
    config.max_exchanges = Some(2);
    let mut stage = stage::on(simplon_testkit::Network::new(), config, OriginsConfig::default(), |origin| {
        simplon_proxy::App::new(simplon_proxy::To(origin))
    });
    let (mut client, mut origin) = stage.pass(get("/1")).await;
    origin.request().await;
    origin.send(ok("")).await;
    assert!(!client.response().await.lists("Connection", "close"));
    client.send(get("/2")).await;
    origin.request().await;
    origin.send(ok("")).await;
    assert!(client.response().await.lists("Connection", "close"));
    client.closed().await;
}
