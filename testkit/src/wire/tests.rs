use super::*;
use crate::message::{get, ok, post, status};
use crate::pipe::{PipeConfig, pipe};

fn pair() -> (Wire, Wire) {
    let (near, far) = pipe(PipeConfig::default());
    (Wire::new(near), Wire::new(far))
}

#[tokio::test(start_paused = true)]
async fn what_one_says_the_other_hears() {
    let (mut client, mut origin) = pair();
    client.send(post("/a").chunked("hello").trailer("Sum", "5")).await;
    let request = origin.request().await;
    assert_eq!((request.method(), request.path(), request.text().as_str()), ("POST", "/a", "hello"));
    assert_eq!(request.trailer("sum"), Some("5"));
    origin.send(status(103).field("Link", "</x>")).await;
    origin.send(ok("world")).await;
    let response = client.response().await;
    assert_eq!((response.status, response.text().as_str()), (200, "world"));
    assert_eq!(response.interim[0].status, 103);
}

#[tokio::test(start_paused = true)]
async fn an_answer_to_head_has_no_content() {
    let (mut client, mut origin) = pair();
    client.send(crate::message::request("HEAD", "/")).await;
    origin.request().await;
    origin.send(ok("abc").encode_head()).await;
    assert_eq!(client.response().await.body, b"");
}

#[tokio::test(start_paused = true)]
async fn a_response_cut_short_is_an_error() {
    for (wire, cut) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", Cut::Truncated),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", Cut::Truncated),
        ("HTTP/1.1 200", Cut::Truncated),
        ("", Cut::Closed),
    ] {
        let (mut client, mut origin) = pair();
        client.send(get("/")).await;
        origin.request().await;
        origin.send(wire).await;
        drop(origin);
        assert_eq!(client.try_response().await, Err(cut), "{wire}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_lenient_reader_would_forgive_is_malformed() {
    for wire in [
        "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0;a\r\n\r\n",
        "HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let (mut client, mut origin) = pair();
        client.send(get("/")).await;
        origin.send(wire).await;
        drop(origin.request().await);
        assert!(matches!(client.try_response().await, Err(Cut::Malformed(_))), "{wire:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_end_is_clean_or_a_reset() {
    let (mut client, origin) = pair();
    drop(origin);
    assert_eq!(client.closed().await, Closing::Clean);
    let (mut client, origin) = pair();
    origin.reset();
    assert_eq!(client.closed().await, Closing::Reset);
}
