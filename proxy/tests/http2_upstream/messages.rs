//! What becomes of heads, trailers and informational responses.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::origin::{Call, Listening, origin};
use crate::stage::{Stage, soon};

type Seen = Arc<Mutex<Vec<Request<()>>>>;

/// An origin that keeps what it is asked, and answers all with the same.
async fn listening() -> (Listening, Seen) {
    let seen = Seen::default();
    let keep = Arc::clone(&seen);
    let at = origin(move |mut call: Call| {
        let (parts, ()) = call.request.map_body();
        keep.lock().unwrap().push(Request::from_parts(parts, ()));
        async move {
            call.read().await;
            call.answer("hello");
        }
    });
    (at.await, seen)
}

trait MapBody {
    fn map_body(&self) -> (http::request::Parts, ());
}

impl<T> MapBody for Request<T> {
    fn map_body(&self) -> (http::request::Parts, ()) {
        let mut copy = Request::new(());
        *copy.method_mut() = self.method().clone();
        *copy.uri_mut() = self.uri().clone();
        *copy.headers_mut() = self.headers().clone();
        copy.into_parts()
    }
}

#[tokio::test]
async fn a_request_goes_through_and_its_answer_comes_back() {
    let (listening, seen) = listening().await;
    let stage = Stage::before(listening.at).await;
    let heard = stage.get("/a/b?c=d").await;
    assert!(heard.starts_with("HTTP/1.1 200 OK\r\n"), "{heard}");
    assert!(heard.contains("hello"), "{heard}");
    let seen = seen.lock().unwrap();
    assert_eq!(seen[0].uri().to_string(), "http://a.example/a/b?c=d");
    assert!(!seen[0].headers().contains_key("host"));
}

#[tokio::test]
async fn what_belongs_to_the_clients_connection_stays_there() {
    let (listening, seen) = listening().await;
    let stage = Stage::before(listening.at).await;
    let request = "POST / HTTP/1.1\r\nHost: a.example\r\nConnection: close, X-Mine, TE\r\nX-Mine: 1\r\nKeep-Alive: 5\r\n\
        TE: trailers, gzip\r\nProxy-Connection: close\r\nTransfer-Encoding: chunked\r\nCookie: a=b; c=d\r\n\r\n\
        5\r\nabcde\r\n0\r\n\r\n";
    let heard = stage.ask(request).await;
    assert!(heard.starts_with("HTTP/1.1 200 OK\r\n"), "{heard}");
    let seen = seen.lock().unwrap();
    let headers = seen[0].headers();
    for name in ["connection", "x-mine", "keep-alive", "proxy-connection", "transfer-encoding", "host"] {
        assert!(!headers.contains_key(name), "{name}");
    }
    assert_eq!(headers["te"], "trailers");
    assert_eq!(headers["cookie"], "a=b; c=d");
    assert!(!headers.contains_key("content-length"));
}

/// C29, gRPC: a length-prefixed message both ways, the status in trailers.
#[tokio::test]
async fn trailers_pass_in_both_directions() {
    let asked = Arc::new(Mutex::new(None));
    let keep = Arc::clone(&asked);
    let listening = origin(move |mut call: Call| {
        let keep = Arc::clone(&keep);
        async move {
            *keep.lock().unwrap() = Some(call.read().await);
            let mut send = call.begin(Response::builder().header("content-type", "application/grpc").body(()).unwrap());
            send.send_data(Bytes::from_static(b"\0\0\0\0\x02ok"), false).unwrap();
            let mut trailers = HeaderMap::new();
            trailers.insert("grpc-status", HeaderValue::from_static("0"));
            send.send_trailers(trailers).unwrap();
        }
    })
    .await;
    let stage = Stage::before(listening.at).await;
    let heard = stage
        .ask(
            "POST /s/m HTTP/1.1\r\nHost: a.example\r\nConnection: close, TE\r\nTE: trailers\r\n\
            Transfer-Encoding: chunked\r\n\r\n7\r\n\0\0\0\0\x02hi\r\n0\r\nX-Sum: 7\r\n\r\n",
        )
        .await;
    let (content, trailers) = asked.lock().unwrap().take().unwrap();
    assert_eq!(content, b"\0\0\0\0\x02hi");
    assert_eq!(trailers.unwrap()["x-sum"], "7");
    assert!(heard.ends_with("\r\n0\r\ngrpc-status: 0\r\n\r\n"), "{heard:?}");
}

/// C29, F59: an answer that is trailers alone: the head ends the stream.
#[tokio::test]
async fn a_head_that_is_all_is_the_end() {
    let listening = origin(|mut call: Call| async move {
        let response = Response::builder().header("grpc-status", "12").body(()).unwrap();
        call.respond.send_response(response, true).unwrap();
    })
    .await;
    let stage = Stage::before(listening.at).await;
    for _ in 0..3 {
        let heard = stage.get("/").await;
        assert!(heard.contains("grpc-status: 12\r\n") && heard.contains("Content-Length: 0\r\n"), "{heard}");
    }
    assert_eq!(listening.connections(), 1);
}

/// C29
#[tokio::test]
async fn informational_responses_come_before_the_final_one() {
    let listening = origin(|mut call: Call| async move {
        for link in ["<a>", "<b>"] {
            let hints = Response::builder().status(StatusCode::EARLY_HINTS).header("link", link).body(()).unwrap();
            call.respond.send_informational(hints).unwrap();
        }
        call.answer("done");
    })
    .await;
    let heard = Stage::before(listening.at).await.get("/").await;
    let statuses: Vec<_> = heard.lines().filter(|line| line.starts_with("HTTP/1.1")).collect();
    assert_eq!(statuses, ["HTTP/1.1 103 Early Hints", "HTTP/1.1 103 Early Hints", "HTTP/1.1 200 OK"], "{heard}");
    assert!(heard.find("<a>") < heard.find("<b>"), "{heard}");
}

/// C30: the origin decides whether the content comes.
#[tokio::test]
async fn a_client_that_waits_for_100_is_told_by_the_origin() {
    let listening = origin(|mut call: Call| async move {
        assert_eq!(call.request.headers()["expect"], "100-continue");
        let go_on = Response::builder().status(StatusCode::CONTINUE).body(()).unwrap();
        call.respond.send_informational(go_on).unwrap();
        let (content, _) = call.read().await;
        call.answer(content);
    })
    .await;
    let stage = Stage::before(listening.at).await;
    let mut client = stage.client().await;
    let head = "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    let mut interim = [0; 25];
    soon("100", client.read_exact(&mut interim)).await.unwrap();
    assert_eq!(&interim, b"HTTP/1.1 100 Continue\r\n\r\n");
    client.write_all(b"well").await.unwrap();
    let mut heard = String::new();
    soon("the answer", client.read_to_string(&mut heard)).await.unwrap();
    assert!(heard.starts_with("HTTP/1.1 200 OK\r\n") && heard.contains("well"), "{heard}");
}

/// A11
#[tokio::test]
async fn head_and_no_content_have_no_content() {
    let listening = origin(|mut call: Call| async move {
        let builder = Response::builder();
        let response = match call.request.uri().path() {
            "/head" => builder.header("content-length", "5"),
            "/304" => builder.status(304).header("content-length", "5"),
            _ => builder.status(204),
        };
        call.respond.send_response(response.body(()).unwrap(), true).unwrap();
    })
    .await;
    let stage = Stage::before(listening.at).await;
    let head = stage.ask("HEAD /head HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    assert!(head.to_ascii_lowercase().contains("content-length: 5\r\n") && head.ends_with("\r\n\r\n"), "{head}");
    let unchanged = stage.get("/304").await;
    assert!(unchanged.starts_with("HTTP/1.1 304") && unchanged.ends_with("\r\n\r\n"), "{unchanged}");
    let empty = stage.get("/204").await;
    assert!(empty.starts_with("HTTP/1.1 204") && empty.ends_with("\r\n\r\n"), "{empty}");
}

/// The answer to OPTIONS *, to an absolute target, and to octets that a URI cannot hold.
#[tokio::test]
async fn targets_arrive_as_they_were_meant() {
    let (listening, seen) = listening().await;
    let stage = Stage::before(listening.at).await;
    let rest = "HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n";
    for line in ["OPTIONS *", "GET http://a.example?q", "GET /a<b>\"c", "OPTIONS http://a.example"] {
        let heard = stage.ask(format!("{line} {rest}")).await;
        assert!(heard.starts_with("HTTP/1.1 200"), "{line}: {heard}");
    }
    let seen = seen.lock().unwrap();
    let paths: Vec<_> = seen.iter().map(|request| request.uri().path_and_query().unwrap().as_str()).collect();
    assert_eq!(paths, ["*", "/?q", "/a%3Cb%3E%22c", "*"]);
}
