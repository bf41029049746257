//! A response that is malformed becomes 502, or is cut if it had begun; its connection is not used again.

use simplon_testkit::{Cut, get, ok, post};

use crate::stage;

/// 502, nothing of the response passed on, and the next request goes over a new connection.
async fn becomes_502(octets: &[u8]) {
    let shown = octets.escape_ascii().to_string();
    let mut stage = stage::with(|origin| simplon_proxy::App::new(simplon_proxy::To(origin)).retry(()));
    let (mut client, mut origin) = stage.pass(post("/")).await;
    origin.request().await;
    origin.send(octets).await;
    let response = client.try_response().await.unwrap_or_else(|cut| panic!("{shown}: {cut}"));
    assert_eq!(response.status, 502, "{shown}");
    client.send(get("/next")).await;
    let mut fresh = stage.origin.accept().await;
    assert_eq!(fresh.request().await.path(), "/next", "{shown}");
    fresh.send(ok("fine")).await;
    assert_eq!(client.response().await.text(), "fine", "{shown}");
    assert_eq!(stage.records.all()[0].error, Some("malformed"), "{shown}");
}

/// A2, B18, 12-036, 12-037, 12-039
#[tokio::test(start_paused = true)]
async fn malformed_heads_become_502() {
    for fields in [
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 5\r\nContent-Length: 6\r\n",
        "Content-Length: 5\r\nContent-Length: 5\r\n",
        "Content-Length: 5,5\r\n",
        "Content-Length: +5\r\n",
        "Content-Length: -1\r\n",
        "Content-Length: \r\n",
        "Content-Length: 18446744073709551616\r\n",
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: ,chunked\r\n",
        "X : a\r\n",
        "X: a\r\n folded\r\n",
        "X: a\0b\r\n",
        "X: a\rb\r\n",
        "X: a\nY: b\r\n",
        ": a\r\n",
        "no colon\r\n",
        "Connection: Content-Length\r\nContent-Length: 0\r\n",
    ] {
        becomes_502(format!("HTTP/1.1 200 OK\r\n{fields}\r\nhello").as_bytes()).await;
    }
    for head in [
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 99 OK\r\n\r\n",
        "HTTP/1.1 20 OK\r\n\r\n",
        "HTTP/1.1 2000 OK\r\n\r\n",
        "HTTP/1.1  200 OK\r\n\r\n",
        "http/1.1 200 OK\r\n\r\n",
        "200 OK\r\n\r\n",
        "garbage\r\n\r\n",
        "HTTP/1.1 200 O\x01K\r\n\r\n",
        "HTTP/1.1 200 OK\n\n",
    ] {
        becomes_502(head.as_bytes()).await;
    }
}

/// 101 that nobody asked for (H66, CVE-2026-2833, 12-110).
#[tokio::test(start_paused = true)]
async fn an_invented_101_becomes_502() {
    becomes_502(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nraw").await;
}

/// 12-042: an origin that only ever says "soon" must end somewhere.
#[tokio::test(start_paused = true)]
async fn too_many_informational_heads_end_the_exchange() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass(post("/")).await;
    origin.request().await;
    origin.send("HTTP/1.1 103 Early Hints\r\n\r\n".repeat(100)).await;
    let response = client.response().await;
    assert_eq!(response.status, 502);
    assert!(response.interim.len() <= 32, "{}", response.interim.len());
}

#[tokio::test(start_paused = true)]
async fn a_head_without_end_becomes_502() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass(post("/")).await;
    origin.request().await;
    let _ = origin.try_send(format!("HTTP/1.1 200 OK\r\nX: {}", "a".repeat(70 << 10))).await;
    assert_eq!(client.response().await.status, 502);
}

/// A12, 12-071: a response that was cut is never a clean end.
#[tokio::test(start_paused = true)]
async fn a_truncated_response_is_never_a_clean_end() {
    for said in [
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nT: x\r\n",
    ] {
        for how in ["closed", "reset"] {
            let mut stage = stage::plain();
            let (mut client, mut origin) = stage.pass(get("/")).await;
            origin.request().await;
            origin.send(said).await;
            simplon_testkit::time::settle().await;
            if how == "reset" {
                origin.reset()
            } else {
                drop(origin)
            }
            let outcome = client.try_response().await;
            let is_error = matches!(outcome, Err(Cut::Truncated | Cut::Reset));
            assert!(is_error, "{how}: {said}: {outcome:?}");
            assert_eq!(stage.records.only().end, simplon_proxy::observe::End::Cut, "{said}");
        }
    }
}

/// 12-032: malformed chunks of a response that has begun cut it.
#[tokio::test(start_paused = true)]
async fn malformed_chunks_cut_the_response() {
    for body in [
        "0x5\r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloX\r\n0\r\n\r\n",
        "fffffffffffffffff\r\n",
        "5;\x01\r\nhello\r\n0\r\n\r\n",
        "0\r\nContent-Length\r\n\r\n",
        "5\nhello\n0\n\n",
    ] {
        let mut stage = stage::plain();
        let (mut client, mut origin) = stage.pass(get("/")).await;
        origin.request().await;
        origin.send(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{body}")).await;
        let outcome = client.try_response().await;
        let is_error = outcome.as_ref().is_ok_and(|response| response.status == 502)
            || matches!(outcome, Err(Cut::Truncated | Cut::Reset | Cut::Closed));
        assert!(is_error, "{body:?}: {outcome:?}");
    }
}

/// A13, 12-033, 12-052: what is said beyond the response is not delivered, and the connection is not used again.
#[tokio::test(start_paused = true)]
async fn more_content_than_announced_is_not_delivered() {
    for said in [
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloEXCESS",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\nEXCESS",
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nPOISON",
    ] {
        let mut stage = stage::plain();
        let (mut client, mut origin) = stage.pass(get("/")).await;
        origin.request().await;
        origin.send(said).await;
        assert_eq!(client.response().await.text(), "hello");
        client.send(get("/next")).await;
        let mut fresh = stage.origin.accept().await;
        assert_eq!(fresh.request().await.path(), "/next");
        fresh.send(ok("fine")).await;
        assert_eq!(client.response().await.text(), "fine");
    }
}

/// An origin that answers twice: the second answer is nobody's.
#[tokio::test(start_paused = true)]
async fn a_second_answer_that_comes_later_is_nobodys() {
    let mut stage = stage::plain();
    let (mut client, mut origin) = stage.pass(get("/")).await;
    origin.request().await;
    origin.send(ok("one")).await;
    assert_eq!(client.response().await.text(), "one");
    origin.send(ok("POISON")).await;
    simplon_testkit::time::settle().await;
    client.send(get("/next")).await;
    let mut fresh = stage.origin.accept().await;
    fresh.request().await;
    fresh.send(ok("two")).await;
    assert_eq!(client.response().await.text(), "two");
}

/// A11: what a response that never has content announces is not believed.
#[tokio::test(start_paused = true)]
async fn content_of_a_response_that_has_none_is_not_delivered() {
    for said in [
        "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let mut stage = stage::plain();
        let (mut client, mut origin) = stage.pass(get("/")).await;
        origin.request().await;
        origin.send(said).await;
        let response = client.response().await;
        assert!(matches!(response.status, 204 | 304 | 502), "{response:?}");
        client.send(get("/next")).await;
        let mut fresh = stage.origin.accept().await;
        fresh.request().await;
        fresh.send(ok("fine")).await;
        assert_eq!(client.response().await.text(), "fine", "{said}");
    }
}
