//! What reaches the origin, and what reaches the client, byte for byte.

use simplon_proxy::{App, Forwarding, Tell, To};
use simplon_testkit::{get, ok, request, status};

use crate::stage::{self, Stage};

/// A proxy that adds nothing of its own, so that octets can be compared.
fn bare() -> Stage<impl simplon_core::http::Serve> {
    stage::with(|origin| App::new(To(origin)).forwarding(Forwarding::default().x_forwarded(Tell::Drop).via(None)))
}

/// What the origin receives when a client sends these octets.
async fn reaches_the_origin(octets: &str) -> String {
    let mut stage = bare();
    let (mut client, mut origin) = stage.pass(octets).await;
    let method = origin.request().await.method().to_owned();
    let reply = ok("");
    origin.send(if method == "HEAD" { reply.encode_head() } else { reply.encode() }).await;
    client.response().await;
    String::from_utf8(origin.received().octets()).unwrap()
}

/// What the client receives when the origin sends these octets in answer to GET.
async fn reaches_the_client(octets: &str) -> String {
    let mut stage = bare();
    let (mut client, mut origin) = stage.pass(get("/")).await;
    origin.request().await;
    origin.send(octets).await;
    drop(origin);
    let response = client.response().await;
    let received = String::from_utf8(client.received().octets()).unwrap();
    // RFC 9110 §6.6.1: none of these origins says it.
    let date = format!("Date: {}\r\n", response.field("Date").expect("a date"));
    assert_eq!(received.matches(&date).count(), 1, "{received}");
    received.replace(&date, "")
}

/// B21, B25, 12-109: order, repetition and spelling are kept; what belongs to the hop is not passed on.
#[tokio::test(start_paused = true)]
async fn requests_are_written_anew_from_their_typed_form() {
    for (sent, received) in [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("GET /a/../b?x=%20&y HTTP/1.1\r\nHost: a:80\r\n\r\n", "GET /a/../b?x=%20&y HTTP/1.1\r\nHost: a:80\r\n\r\n"),
        (
            "GET / HTTP/1.1\r\nhOsT: a\r\nX-b: 1\r\nx-B: 2\r\nA: 3\r\n\r\n",
            "GET / HTTP/1.1\r\nhOsT: a\r\nX-b: 1\r\nx-B: 2\r\nA: 3\r\n\r\n",
        ),
        ("GET / HTTP/1.1\r\nHost:   a \t\r\nX:\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX: \r\n\r\n"),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nConnection: close, X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nProxy-Connection: close\r\nTE: gzip\r\nX: y\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n",
        ),
        (
            "GET / HTTP/1.1\r\nHost: a\r\nProxy-Authorization: Basic x\r\nUpgrade: h2c\r\nHTTP2-Settings: AAA\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: CHUNKED\r\n\r\n005;ext=\"1\"\r\nhello\r\n000\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        ),
        // A10: content on any method.
        (
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
        ),
        (
            "DELETE /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
            "DELETE /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
        ),
        (
            "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
            "HEAD / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi",
        ),
        // One empty line before a request is forgiven (RFC 9112 §2.2).
        ("\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        // A method that nobody knows is passed on.
        ("BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", "BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n"),
        ("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"),
    ] {
        assert_eq!(reaches_the_origin(sent).await, received, "{sent}");
    }
}

/// B20, 12-109: one host everywhere.
#[tokio::test(start_paused = true)]
async fn a_request_to_a_proxy_says_its_host_once() {
    let received = reaches_the_origin("GET http://a/x?y HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert_eq!(received.matches("Host: a\r\n").count(), 1, "{received}");
    assert!(
        received.starts_with("GET /x?y HTTP/1.1\r\n") || received.starts_with("GET http://a/x?y HTTP/1.1\r\n"),
        "{received}"
    );
    let old = reaches_the_origin("GET http://a/x HTTP/1.0\r\n\r\n").await;
    assert_eq!(old.matches("Host: a\r\n").count(), 1, "{old}");
}

/// B22
#[tokio::test(start_paused = true)]
async fn te_trailers_survives_and_other_values_do_not() {
    let received =
        reaches_the_origin("GET / HTTP/1.1\r\nHost: a\r\nConnection: TE\r\nTE: gzip, trailers;q=0.5, trailers\r\n\r\n")
            .await;
    assert!(received.contains("TE: trailers\r\n"), "{received}");
    assert!(!received.contains("gzip"), "{received}");
    let received = reaches_the_origin("GET / HTTP/1.1\r\nHost: a\r\nConnection: TE\r\nTE: gzip\r\n\r\n").await;
    assert!(!received.contains("TE"), "{received}");
}

/// A16
#[tokio::test(start_paused = true)]
async fn an_old_client_is_answered_in_its_way() {
    let mut stage = bare();
    let (mut client, mut origin) = stage.pass("GET / HTTP/1.0\r\nHost: a\r\n\r\n").await;
    assert_eq!(origin.request().await.start, "GET / HTTP/1.1");
    origin.send(ok("").chunked("hello")).await;
    let response = client.response().await;
    assert_eq!(response.text(), "hello");
    assert_eq!(response.field("Transfer-Encoding"), None);
    client.closed().await;
}

/// A16
#[tokio::test(start_paused = true)]
async fn an_old_client_keeps_its_connection_if_it_asks_to() {
    let mut stage = bare();
    let (mut client, mut origin) = stage.pass("GET /1 HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n").await;
    origin.request().await;
    origin.send(ok("one")).await;
    let response = client.response().await;
    assert!(response.lists("Connection", "keep-alive"), "{response:?}");
    client.send("GET /2 HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n").await;
    assert_eq!(origin.request().await.path(), "/2");
    origin.send(ok("two")).await;
    assert_eq!(client.response().await.text(), "two");
}

/// A16: without a Host the origin is asked by its own address.
#[tokio::test(start_paused = true)]
async fn an_old_client_may_leave_out_its_host() {
    let mut stage = bare();
    let (mut client, mut origin) = stage.pass("GET / HTTP/1.0\r\n\r\n").await;
    let request = origin.request().await;
    assert_eq!(request.all("Host"), ["10.0.0.1:80"]);
    origin.send(ok("")).await;
    assert_eq!(client.response().await.status, 200);
}

/// B25, 12-040
#[tokio::test(start_paused = true)]
async fn responses_are_written_anew_from_their_typed_form() {
    for (sent, received) in [
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nset-cookie: a=1\r\nSet-Cookie: b=2\r\n\r\nhi",
        ),
        (
            "HTTP/1.1 200 Fine by me\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 Fine by me\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            "HTTP/1.1 200 OK\r\nConnection: X-Mine\r\nX-Mine: 1\r\nKeep-Alive: timeout=5\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n002;x\r\nhi\r\n00\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n",
        ),
        ("HTTP/1.1 204 No Content\r\n\r\n", "HTTP/1.1 204 No Content\r\n\r\n"),
        ("HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n", "HTTP/1.1 304 Not Modified\r\nETag: \"x\"\r\n\r\n"),
    ] {
        assert_eq!(reaches_the_client(sent).await, received, "{sent}");
    }
}

/// 12-039: what is above ASCII in a value is passed on as it is.
#[tokio::test(start_paused = true)]
async fn values_above_ascii_are_kept() {
    let received = reaches_the_client("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: gr\u{fc}n\r\n\r\n").await;
    assert!(received.contains("X: gr\u{fc}n\r\n"), "{received}");
}

/// A response whose end is the end of the connection is given an end of its own.
#[tokio::test(start_paused = true)]
async fn a_response_that_ends_with_the_connection_becomes_chunked() {
    let received = reaches_the_client("HTTP/1.1 200 OK\r\n\r\nhello").await;
    assert!(received.contains("Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"), "{received}");
    let received = reaches_the_client("HTTP/1.0 200 OK\r\nConnection: keep-alive, X\r\n\r\nhello").await;
    assert!(received.starts_with("HTTP/1.1 200 OK\r\n"), "{received}");
}

/// A11, 12-043, 12-048: HEAD, 204 and 304 have no content, whatever their fields say, and the connections stay usable.
#[tokio::test(start_paused = true)]
async fn responses_without_content_leave_both_connections_usable() {
    let mut stage = bare();
    let (mut client, mut origin) = stage.pass(request("HEAD", "/1")).await;
    origin.request().await;
    origin.send(ok("hello").encode_head()).await;
    let response = client.response().await;
    assert_eq!(response.field("Content-Length"), Some("5"));
    for (path, reply) in [("/2", status(204)), ("/3", status(304).field("Content-Length", "5")), ("/4", ok("four"))] {
        client.send(get(path)).await;
        assert_eq!(origin.request().await.path(), path);
        origin.send(reply).await;
        client.response().await;
    }
    client.send(request("HEAD", "/5")).await;
    origin.request().await;
    origin.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    assert_eq!(client.response().await.status, 200);
    client.send(get("/6")).await;
    assert_eq!(origin.request().await.path(), "/6");
    stage.origin.nobody_came().await;
}

/// A15
#[tokio::test(start_paused = true)]
async fn empty_content_does_not_hang() {
    for asked in [
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\n\r\n",
        "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let mut stage = bare();
        let (mut client, mut origin) = stage.pass(asked).await;
        assert_eq!(origin.request().await.body, b"");
        origin.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n").await;
        assert_eq!(client.response().await.body, b"");
    }
}

/// A4: content that arrives cut anywhere is the same content, and the next message on the connection is read rightly.
#[tokio::test(start_paused = true)]
async fn requests_and_responses_may_be_cut_anywhere() {
    let asked = b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTrailer: S\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\nS: 5\r\n\r\n".as_slice();
    let said = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nfgh\r\n0\r\nT: 3\r\n\r\n".as_slice();
    for (how, pieces) in simplon_testkit::cuts::ways(asked) {
        let mut stage = bare();
        let mut client = stage.rig.client();
        client.send_pieces(pieces).await;
        client.asked("POST");
        let mut origin = stage.origin.accept().await;
        let request = origin.request().await;
        assert_eq!((request.text().as_str(), request.trailer("S")), ("abcde", Some("5")), "{how}");
        origin.send(said).await;
        client.response().await;
        client.send(get("/next")).await;
        assert_eq!(origin.request().await.path(), "/next", "{how}");
    }
    for (how, pieces) in simplon_testkit::cuts::ways(said) {
        let mut stage = bare();
        let (mut client, mut origin) = stage.pass(get("/")).await;
        origin.request().await;
        origin.send_pieces(pieces).await;
        let response = client.response().await;
        assert_eq!((response.text().as_str(), response.trailer("T")), ("fgh", Some("3")), "{how}");
        client.send(get("/next")).await;
        assert_eq!(origin.request().await.path(), "/next", "{how}");
    }
}
