//! No ambiguous request reaches an origin: checked octet by octet against an origin that records all it is sent, over real sockets.
//!
//! Each row is sent on a connection of its own, followed in the same segment by a second request that must not be seen.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests may fail loudly")]

#[path = "common/common.rs"]
mod common;

use std::time::Duration;

use common::client::Client;
use common::origin::Origin;
use common::{Proxy, millis, soon};
use simplon::core::http::Timeouts;
use simplon::prelude::*;
use tokio::time::sleep;

const SECOND: &[u8] = b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

/// Timeouts short enough for messages that never end.
fn short() -> Timeouts {
    let mut timeouts = Timeouts::default();
    timeouts.head = millis(400);
    timeouts.body = millis(400);
    timeouts.linger = millis(200);
    timeouts
}

/// Request heads that are refused before anything of them reaches an origin.
const REFUSED: &[(&str, &[u8])] = &[
    // Content-Length with Transfer-Encoding, and odd codings (users A1).
    (
        "A1 CL before TE",
        b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "A1 TE before CL",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    ),
    ("A1 TE with a leading comma", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n"),
    (
        "A1 chunked twice in a list",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "A1 chunked twice in lines",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    (
        "A1 TE lines that differ",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    ),
    ("A1 unknown coding", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
    ("A1 identity", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n"),
    ("A1 gzip before chunked", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
    ("A1 chunked not last", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n"),
    ("A1 empty TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n\r\n0\r\n\r\n"),
    ("A1 quoted TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
    ("A1 TE with a vertical tab", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n"),
    (
        "A1 TE with a form feed after it",
        b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\x0c\r\n\r\n0\r\n\r\n",
    ),
    ("A1 TE with a parameter", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n"),
    ("A1 TE on HTTP/1.0", b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    (
        "A1 CL and TE on HTTP/1.0",
        b"POST / HTTP/1.0\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    ("A1 blank before the colon of TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n"),
    ("A1 tab before the colon of TE", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding\t: chunked\r\n\r\n0\r\n\r\n"),
    ("A1 TE folded", b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
    ("A1 TE after CR alone", b"POST / HTTP/1.1\r\nHost: a\r\nX: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("A1 TE after LF alone", b"POST / HTTP/1.1\r\nHost: a\r\nX: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    // Lengths (users A2).
    ("A2 empty CL", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n\r\n"),
    ("A2 signed CL", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n\r\nhello"),
    ("A2 negative CL", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\nhello"),
    ("A2 hex CL", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0x5\r\n\r\nhello"),
    ("A2 underscored CL", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5_0\r\n\r\nhello"),
    ("A2 CL in a list", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5,5\r\n\r\nhello"),
    ("A2 CL in a list that differs", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5, 6\r\n\r\nhello"),
    ("A2 CL twice, differing", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
    ("A2 CL twice, the same", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello"),
    ("A2 CL above u64", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 18446744073709551616\r\n\r\nhello"),
    ("A2 CL with a blank inside", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1 0\r\n\r\nhello"),
    ("A2 CL with a fraction", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5.0\r\n\r\nhello"),
    ("A2 CL with an exponent", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1e1\r\n\r\nhello"),
    ("A2 CL of other digits", "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \u{665}\r\n\r\nhello".as_bytes()),
    ("A2 CL with NUL", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\0\r\n\r\nhello"),
    ("A2 blank before the colon of CL", b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length : 5\r\n\r\nhello"),
    // Names, values, lines (users B18).
    ("B18 NUL in a name", b"GET / HTTP/1.1\r\nHost: a\r\nX\0Y: z\r\n\r\n"),
    ("B18 NUL in a value", b"GET / HTTP/1.1\r\nHost: a\r\nX: y\0z\r\n\r\n"),
    ("B18 DEL in a name", b"GET / HTTP/1.1\r\nHost: a\r\nX\x7f: z\r\n\r\n"),
    ("B18 octet above ASCII in a name", b"GET / HTTP/1.1\r\nHost: a\r\nX\xe9: z\r\n\r\n"),
    ("B18 CR in a value", b"GET / HTTP/1.1\r\nHost: a\r\nX: y\rz\r\n\r\n"),
    ("B18 empty name", b"GET / HTTP/1.1\r\nHost: a\r\n: z\r\n\r\n"),
    ("B18 blank before the colon", b"GET / HTTP/1.1\r\nHost: a\r\nX : z\r\n\r\n"),
    ("B18 blank before the first field", b"GET / HTTP/1.1\r\n Host: a\r\n\r\n"),
    ("B18 tab before the first field", b"GET / HTTP/1.1\r\n\tX: y\r\nHost: a\r\n\r\n"),
    ("B18 folded line", b"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n"),
    ("B18 line without colon", b"GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n"),
    ("B18 LF alone", b"GET / HTTP/1.1\nHost: a\n\n"),
    ("B18 LF alone at the end of the head", b"GET / HTTP/1.1\r\nHost: a\r\n\n"),
    ("B18 CR alone at the end of a line", b"GET / HTTP/1.1\rHost: a\r\r"),
    ("B18 NUL in the target", b"GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("B18 blank in the target", b"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("B18 tab in the request line", b"GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("B18 two blanks in the request line", b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("B18 blank after the version", b"GET / HTTP/1.1 \r\nHost: a\r\n\r\n"),
    ("B18 blank before the method", b" GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("B18 no version", b"GET /\r\n\r\n"),
    ("B18 no target", b"GET HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("B18 octets above ASCII in the method", b"G\xc9T / HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("B18 HTTP/0.9", b"GET /\r\n"),
    ("B18 HTTP/2.1", b"GET / HTTP/2.1\r\nHost: a\r\n\r\n"),
    ("B18 HTTP/2.0", b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
    ("B18 HTTP/1.10", b"GET / HTTP/1.10\r\nHost: a\r\n\r\n"),
    ("B18 lower-case version", b"GET / http/1.1\r\nHost: a\r\n\r\n"),
    ("B18 nearly the preface of HTTP/2", b"PRI * HTTP/2.0\r\nHost: a\r\n\r\nSM\r\n\r\n"),
    ("B18 TLS", b"\x16\x03\x01\x00\x05hello\r\n\r\n"),
    // Host (users B20).
    ("B20 no Host", b"GET / HTTP/1.1\r\n\r\n"),
    ("B20 two Hosts", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
    ("B20 two equal Hosts", b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
    ("B20 Hosts in a list", b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
    ("B20 blank in Host", b"GET / HTTP/1.1\r\nHost: a b\r\n\r\n"),
    ("B20 userinfo in Host", b"GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"),
    ("B20 path in Host", b"GET / HTTP/1.1\r\nHost: a/x\r\n\r\n"),
    ("B20 Host that is no port", b"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n"),
    ("B20 userinfo in the target", b"GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("B20 Host that contradicts the target", b"GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n"),
    ("B20 empty authority in the target", b"GET http:/// HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("fragment in the target", b"GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("asterisk but for OPTIONS", b"GET * HTTP/1.1\r\nHost: a\r\n\r\n"),
    ("authority-form but for CONNECT", b"GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n"),
    // Fields that end up in the framing by the back door (users B21, A5).
    (
        "CL named as an option of the connection",
        b"POST / HTTP/1.1\r\nHost: a\r\nConnection: content-length\r\nContent-Length: +5\r\n\r\nhello",
    ),
];

/// Bodies that go wrong after a good head: an origin may have seen the head and what was good, never the end and never what follows.
const CUT: &[(&str, &[u8])] = &[
    ("A3 empty size", b"\r\nhello\r\n0\r\n\r\n"),
    ("A3 0x", b"0x5\r\nhello\r\n0\r\n\r\n"),
    ("A3 plus", b"+5\r\nhello\r\n0\r\n\r\n"),
    ("A3 minus", b"-5\r\nhello\r\n0\r\n\r\n"),
    ("A3 underscore", b"0_5\r\nhello\r\n0\r\n\r\n"),
    ("A3 leading blank", b" 5\r\nhello\r\n0\r\n\r\n"),
    ("A3 trailing blank", b"5 \r\nhello\r\n0\r\n\r\n"),
    ("A3 17 digits", b"00000000000000005\r\nhello\r\n0\r\n\r\n"),
    ("A3 above u64", b"10000000000000005\r\nhello\r\n0\r\n\r\n"),
    ("A3 LF alone after the size", b"5\nhello\r\n0\r\n\r\n"),
    ("A3 CR alone after the size", b"5\rXhello\r\n0\r\n\r\n"),
    ("A3 CR in the extension", b"5;a\rb\r\nhello\r\n0\r\n\r\n"),
    ("A3 LF in the extension", b"5;a\nb\r\nhello\r\n0\r\n\r\n"),
    ("A3 NUL in the extension", b"5;a\0b\r\nhello\r\n0\r\n\r\n"),
    ("A3 LF alone after the data", b"5\r\nhello\n0\r\n\r\n"),
    ("A3 CR and another after the data", b"5\r\nhello\rX0\r\n\r\n"),
    ("A3 nothing after the data", b"5\r\nhello0\r\n\r\n"),
    ("A3 two octets too many", b"3\r\nhello\r\n0\r\n\r\n"),
    ("A4 LF alone after the last chunk", b"5\r\nhello\r\n0\n\r\n"),
    ("A4 LF alone at the end", b"5\r\nhello\r\n0\r\n\n"),
    ("A4 CR and another at the end", b"5\r\nhello\r\n0\r\n\rX"),
    ("A5 trailer without colon", b"5\r\nhello\r\n0\r\nnothing\r\n\r\n"),
    ("A5 blank before the colon of a trailer", b"5\r\nhello\r\n0\r\nX : y\r\n\r\n"),
    ("A5 folded trailer", b"5\r\nhello\r\n0\r\nX: y\r\n z\r\n\r\n"),
    ("A5 NUL in a trailer", b"5\r\nhello\r\n0\r\nX: \0\r\n\r\n"),
];

#[tokio::test]
async fn ambiguous_heads_are_refused_and_nothing_reaches_the_origin() {
    let origin = Origin::saying("reached").await;
    let proxy = Proxy::to(origin.addr, short()).await;
    for (what, octets) in REFUSED {
        let mut client = Client::connect(proxy.addr).await;
        client.send([octets, SECOND].concat()).await;
        let said = soon(what, client.until_closed()).await;
        let said = String::from_utf8_lossy(&said);
        assert!(said.starts_with("HTTP/1.1 4") || said.starts_with("HTTP/1.1 50"), "{what}: {said:?}");
        assert_eq!(said.matches("HTTP/1.1 ").count(), 1, "{what}: one answer, then the end: {said:?}");
        assert!(said.to_ascii_lowercase().contains("connection: close"), "{what}: {said:?}");
    }
    proxy.empties().await;
    assert_eq!(origin.log.text(), "", "nothing reached the origin");
    assert_eq!(origin.log.opened(), 0, "not even a connection");
    assert_eq!(proxy.records.len(), REFUSED.len(), "each has its record");
}

/// The same octets, cut into single ones by the network.
#[tokio::test]
async fn ambiguous_heads_are_refused_also_octet_by_octet() {
    let origin = Origin::saying("reached").await;
    let mut timeouts = short();
    timeouts.head = millis(3_000);
    let proxy = Proxy::to(origin.addr, timeouts).await;
    let mut sending = tokio::task::JoinSet::new();
    for (what, octets) in REFUSED {
        let addr = proxy.addr;
        sending.spawn(async move {
            let client = Client::connect(addr).await;
            let (mut read, mut write) = client.stream.into_split();
            let writing = async {
                for octet in [octets, SECOND].concat() {
                    if tokio::io::AsyncWriteExt::write_all(&mut write, &[octet]).await.is_err() {
                        break;
                    }
                    sleep(Duration::from_micros(100)).await;
                }
            };
            let mut said = Vec::new();
            let reading = async {
                let _ = tokio::io::AsyncReadExt::read_to_end(&mut read, &mut said).await;
            };
            soon(what, async { tokio::join!(writing, reading) }).await;
            let said = String::from_utf8_lossy(&said);
            assert!(said.starts_with("HTTP/1.1 4") || said.starts_with("HTTP/1.1 50"), "{what}: {said:?}");
            assert_eq!(said.matches("HTTP/1.1 ").count(), 1, "{what}: {said:?}");
        });
    }
    while let Some(sent) = sending.join_next().await {
        sent.unwrap();
    }
    assert_eq!(origin.log.text(), "", "nothing reached the origin");
}

#[tokio::test]
async fn broken_bodies_never_end_well_and_nothing_after_them_is_a_request() {
    for (what, body) in CUT {
        let origin = Origin::saying("reached").await;
        let proxy = Proxy::to(origin.addr, short()).await;
        let mut client = Client::connect(proxy.addr).await;
        let head = b"POST /upload HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        client.send([&head[..], body, SECOND].concat()).await;
        let said = soon(what, client.until_closed()).await;
        let said = String::from_utf8_lossy(&said);
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 400"), "{what}: {said:?}");
        assert!(said.matches("HTTP/1.1 ").count() <= 1, "{what}: {said:?}");
        proxy.empties().await;
        assert!(common::holds_within(millis(2_000), || origin.log.open() == 0).await, "{what}: the origin is told");
        let seen = origin.log.text();
        assert!(!seen.contains("smuggled"), "{what}: {seen:?}");
        assert!(!seen.contains("0\r\n\r\n"), "{what}: it looks complete: {seen:?}");
    }
}

/// Messages that are odd but not ambiguous: how many requests the origin sees, and what of the second.
#[tokio::test]
async fn odd_but_clear_messages_arrive_as_what_they_are() {
    let rows: &[(&str, &[u8], &str)] = &[
        (
            "A1 TE in capitals",
            b"POST /x HTTP/1.1\r\nHost: a\r\nTRANSFER-ENCODING: Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            "hello",
        ),
        (
            "A3 zeros before the size",
            b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0005\r\nhello\r\n0\r\n\r\n",
            "hello",
        ),
        (
            "A3 extension",
            b"POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5;a=b\r\nhello\r\n0\r\n\r\n",
            "hello",
        ),
        ("A10 GET with content", b"GET /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello", "hello"),
        (
            "A10 DELETE with content",
            b"DELETE /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
            "hello",
        ),
        ("A15 POST with nothing", b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", ""),
        ("A15 POST without length", b"POST /x HTTP/1.1\r\nHost: a\r\n\r\n", ""),
        (
            "A7 request inside content",
            b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 37\r\n\r\nGET /inside HTTP/1.1\r\nHost: a\r\n\r\n1234",
            "GET /inside",
        ),
        ("empty line before a request", b"\r\nGET /x HTTP/1.1\r\nHost: a\r\n\r\n", ""),
        ("absolute-form", b"GET http://a/x HTTP/1.1\r\nHost: a\r\n\r\n", "GET /x HTTP/1.1\r\n"),
    ];
    for (what, octets, inside) in rows {
        let origin = Origin::saying("reached").await;
        let proxy = Proxy::to(origin.addr, short()).await;
        let mut client = Client::connect(proxy.addr).await;
        client.send([octets, &b"GET /second HTTP/1.1\r\nHost: a\r\n\r\n"[..]].concat()).await;
        for _ in 0..2 {
            assert_eq!(soon(what, client.reply()).await.unwrap().text(), "reached", "{what}");
        }
        assert_eq!(origin.log.requests(), 2, "{what}: {}", origin.log.text());
        assert!(origin.log.has(inside), "{what}: {}", origin.log.text());
    }
}

#[tokio::test]
async fn content_of_a_request_that_was_answered_early_is_no_request() {
    struct Forbidden;
    impl<Ctx: Send> Filter<Ctx> for Forbidden {
        async fn request(&self, request: &mut Request<'_>, _cx: &mut Ctx) -> Result<Verdict> {
            match request.target.path() {
                b"/forbidden" => Ok(Response::text(http::StatusCode::FORBIDDEN, "no").into()),
                _ => Ok(Verdict::Continue),
            }
        }
    }
    let origin = Origin::saying("reached").await;
    let proxy = Proxy::of(|app| app.filter(Forbidden), Peer::new(origin.addr), short()).await;
    for framing in [
        format!("Content-Length: {}\r\n\r\n", SECOND.len()),
        format!("Transfer-Encoding: chunked\r\n\r\n{:x}\r\n", SECOND.len()),
    ] {
        let mut client = Client::connect(proxy.addr).await;
        client.send(format!("POST /forbidden HTTP/1.1\r\nHost: a\r\n{framing}")).await;
        assert_eq!(soon("403", client.reply()).await.unwrap().status, 403);
        let _ = tokio::io::AsyncWriteExt::write_all(&mut client.stream, SECOND).await;
        let said = client.until_closed_or_quiet().await;
        assert_eq!(String::from_utf8_lossy(&said), "", "{framing:?}");
    }
    assert_eq!(origin.log.text(), "");
}

#[tokio::test]
async fn octets_after_an_upgrade_that_was_refused_are_no_raw_stream() {
    let origin = Origin::saying("no upgrade").await;
    let proxy = Proxy::to(origin.addr, short()).await;
    let mut client = Client::connect(proxy.addr).await;
    let upgrade = b"GET /chat HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    client.send([&upgrade[..], b"\x81\x05raw stream \r\n\r\n"].concat()).await;
    let said = soon("the end", client.until_closed()).await;
    let said = String::from_utf8_lossy(&said);
    assert!(said.starts_with("HTTP/1.1 200 "), "{said:?}");
    assert!(!origin.log.has("raw stream"), "{:?}", origin.log.text());
    assert_eq!(origin.log.requests(), 1);
}

#[tokio::test]
async fn request_of_http_1_0_has_no_content_until_close() {
    let origin = Origin::saying("reached").await;
    let proxy = Proxy::to(origin.addr, short()).await;
    let mut client = Client::connect(proxy.addr).await;
    client.send([b"POST / HTTP/1.0\r\n\r\n", SECOND].concat()).await;
    let said = soon("the end", client.until_closed()).await;
    let said = String::from_utf8_lossy(&said);
    assert_eq!(said.matches("HTTP/1.").count(), 1, "{said:?}");
    assert!(!origin.log.has("smuggled"));
}

/// Options of Connection cannot take away what the proxy says, nor what frames the message (users B21).
#[tokio::test]
async fn options_of_the_connection_take_away_no_framing() {
    let origin = Origin::saying("reached").await;
    let proxy = Proxy::to(origin.addr, short()).await;
    let ask = async |option: &str| {
        let mut client = Client::connect(proxy.addr).await;
        let request = format!(
            "POST /{option} HTTP/1.1\r\nHost: a.example\r\nAuthorization: me\r\nCookie: c=d\r\nAccept: x/y\r\nMine: me\r\nConnection: {option}\r\nContent-Length: {}\r\n\r\n",
            SECOND.len()
        );
        client.send([request.as_bytes(), SECOND].concat()).await;
        soon(option, client.reply()).await.unwrap().status
    };
    // What a request is read, routed or admitted by cannot be taken from it.
    for option in ["content-length", "transfer-encoding", "host", "x-forwarded-for", "authorization", "cookie"] {
        assert_eq!(ask(option).await, 400, "{option}");
        assert_eq!(origin.log.requests(), 0, "{option}: {}", origin.log.text());
    }
    // Whatever else is named goes, and nothing beside it.
    let sent = [("Accept", "accept: x/y"), ("Mine", "mine: me")];
    for (before, option) in ["accept", "mine", "keep-alive", "close"].into_iter().enumerate() {
        assert_eq!(ask(option).await, 200, "{option}");
        assert_eq!(origin.log.requests(), before + 1, "the content of none became a request: {}", origin.log.text());
        let seen = origin.log.text();
        let head = seen.rsplit("POST ").next().and_then(|rest| rest.split("\r\n\r\n").next()).unwrap();
        let head = head.to_ascii_lowercase();
        assert!(head.starts_with(&format!("/{option} ")), "{head}");
        for kept in ["content-length: ", "host: a.example", "authorization: me", "cookie: c=d", "x-forwarded-for: "] {
            assert!(head.contains(kept), "{option}: {kept}: {head}");
        }
        for (name, line) in sent {
            assert_eq!(head.contains(line), !name.eq_ignore_ascii_case(option), "{option}: {line}: {head}");
        }
    }
}
