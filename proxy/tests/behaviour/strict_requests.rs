//! No ambiguous request reaches an origin: it is refused, and the connection is closed.

use simplon_testkit::wire::Closing;
use simplon_testkit::{cuts::ways, get, ok};

use crate::stage;

const H: &str = "Host: a\r\n";

/// A request with these lines after its Host.
fn with_fields(method: &str, fields: &str) -> Vec<u8> {
    format!("{method} / HTTP/1.1\r\n{H}{fields}\r\n").into_bytes()
}

fn chunked(body: &str) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\n{H}Transfer-Encoding: chunked\r\n\r\n{body}").into_bytes()
}

/// Refused before anything was sent to the origin.
async fn refused(octets: &[u8], status: u16) {
    let ways = std::iter::once(("whole".to_owned(), vec![octets])).chain(ways(octets).take(1));
    for (how, pieces) in ways {
        let shown = format!("{how}: {}", octets.escape_ascii());
        let mut stage = stage::plain();
        let mut client = stage.rig.client();
        for piece in pieces {
            // A proxy may stop listening once it has seen enough.
            let _ = client.try_send(piece).await;
            simplon_testkit::time::settle().await;
        }
        let response = client.try_response().await.unwrap_or_else(|cut| panic!("{shown}: {cut}"));
        assert_eq!(response.status, status, "{shown}");
        assert!(response.lists("Connection", "close"), "{shown}: {response:?}");
        client.half_close().await;
        assert_eq!(client.closed().await, Closing::Clean, "{shown}");
        stage.origin.nobody_came().await;
        let record = stage.records.only();
        assert_eq!((record.status.unwrap().as_u16(), record.error), (status, Some("malformed")), "{shown}");
    }
}

async fn all_refused(rows: &[(&str, u16)]) {
    for (octets, status) in rows {
        refused(octets.as_bytes(), *status).await;
    }
}

/// A1
#[tokio::test(start_paused = true)]
async fn framing_that_can_be_read_in_two_ways_is_refused() {
    for (fields, status) in [
        ("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400),
        ("Transfer-Encoding: ,chunked\r\n", 400),
        ("Transfer-Encoding: chunked,\r\n", 400),
        ("Transfer-Encoding: chunked, chunked\r\n", 400),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Transfer-Encoding: identity\r\n", 501),
        ("Transfer-Encoding: gzip, chunked\r\n", 501),
        ("Transfer-Encoding: chunked, gzip\r\n", 400),
        ("Transfer-Encoding: \"chunked\"\r\n", 400),
        ("Transfer-Encoding:\r\n", 400),
        ("Transfer-Encoding : chunked\r\n", 400),
        ("Transfer-Encoding\t: chunked\r\n", 400),
        ("Transfer-Encoding: chunked\x0b\r\n", 400),
        ("Transfer-Encoding: chunked;q=1\r\n", 400),
    ] {
        refused(&with_fields("POST", fields), status).await;
    }
}

/// A1, 12-035
#[tokio::test(start_paused = true)]
async fn a_transfer_coding_in_an_old_request_is_refused() {
    refused(b"POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400).await;
}

/// A2, 12-036
#[tokio::test(start_paused = true)]
async fn a_length_that_is_no_plain_number_is_refused() {
    for value in [
        "",
        "+5",
        "-1",
        "0x5",
        "5_0",
        "5,5",
        "5, 5",
        "5 5",
        "5.0",
        "5e1",
        "٥",
        "18446744073709551616",
        "99999999999999999999999",
        "5;",
        "\"5\"",
        "5\x0b",
    ] {
        refused(&with_fields("POST", &format!("Content-Length: {value}\r\n")), 400).await;
    }
}

/// A2, 12-037
#[tokio::test(start_paused = true)]
async fn a_repeated_length_is_refused_even_if_it_is_equal() {
    refused(&with_fields("POST", "Content-Length: 5\r\nContent-Length: 6\r\n"), 400).await;
    refused(&with_fields("POST", "Content-Length: 5\r\nContent-Length: 5\r\n"), 400).await;
    refused(&with_fields("POST", "Content-Length: 5\r\ncontent-length: 5\r\n"), 400).await;
}

/// A9: HTTP/1.0 too.
#[tokio::test(start_paused = true)]
async fn a_request_is_never_read_until_the_connection_closes() {
    for version in ["1.0", "1.1"] {
        let mut stage = stage::plain();
        let mut client = stage.rig.client();
        client.send(format!("POST / HTTP/{version}\r\nHost: a\r\nConnection: close\r\n\r\nthis is no content")).await;
        let mut origin = stage.origin.accept().await;
        assert_eq!(origin.request().await.body, b"");
        origin.send(ok("")).await;
        assert_eq!(client.response().await.status, 200);
        let seen = origin.received().octets();
        assert!(!seen.windows(4).any(|four| four == b"cont"), "{}", seen.escape_ascii());
        stage.origin.nobody_came().await;
    }
}

/// B18
#[tokio::test(start_paused = true)]
async fn field_lines_that_readers_split_in_different_ways_are_refused() {
    for line in [
        ": empty",
        " X: leading blank",
        "X : blank",
        "X\t: tab",
        "no colon",
        "X: a\r\n folded",
        "X: a\r\n\tfolded",
        "X: a\0b",
        "X: a\x01b",
        "X: a\x7fb",
        "X: a\rb",
        "X: a\nY: b",
        "X@: a",
        "X\u{e9}: a",
        "X(: a",
        "X Y: a",
        "\x00X: a",
        "X\x7f: a",
    ] {
        refused(&with_fields("GET", &format!("{line}\r\n")), 400).await;
    }
    let first_is_folded = "GET / HTTP/1.1\r\n Host: a\r\n\r\n";
    refused(first_is_folded.as_bytes(), 400).await;
}

/// B18, 12-038
#[tokio::test(start_paused = true)]
async fn a_malformed_start_line_is_refused() {
    all_refused(&[
        ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
        (" GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / http/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.10\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        ("GET / HTTP/2.1\r\nHost: a\r\n\r\n", 505),
        ("GET /\r\nHost: a\r\n\r\n", 400),
        ("GET\r\nHost: a\r\n\r\n", 400),
        ("G(T / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /a\x01b HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /a#fragment HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\nHost: a\n\n", 400),
        ("GET / HTTP/1.1\rHost: a\r\n\r\n", 400),
        ("PRI * HTTP/2.0\r\nHost: a\r\n\r\n", 505),
    ])
    .await;
}

/// B20, 12-109
#[tokio::test(start_paused = true)]
async fn a_request_that_does_not_say_one_host_is_refused() {
    all_refused(&[
        ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a:port\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a?b\r\n\r\n", 400),
        ("GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", 400),
        ("GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET http://u@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET http://u:p@a/ HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET http:///x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET http://a/ HTTP/1.1\r\n\r\n", 400),
        ("CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("CONNECT /x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("CONNECT a:443 HTTP/1.1\r\nHost: b:443\r\n\r\n", 400),
        ("OPTIONS * HTTP/1.1\r\n\r\n", 400),
    ])
    .await;
}

/// B21, 12-109
#[tokio::test(start_paused = true)]
async fn a_client_may_not_have_fields_removed_that_others_rely_upon() {
    for named in [
        "Host",
        "content-length",
        "Authorization",
        "X-Forwarded-For",
        "X-Forwarded-Whatever",
        "Cookie",
        ":authority",
        "X-Real-IP",
        "a b",
        "a\"b",
    ] {
        refused(&with_fields("GET", &format!("Connection: close, {named}\r\n")), 400).await;
    }
    let many: Vec<String> = (0..40).map(|number| format!("X-{number}")).collect();
    refused(&with_fields("GET", &format!("Connection: {}\r\n", many.join(","))), 400).await;
}

/// B26
#[tokio::test(start_paused = true)]
async fn heads_over_the_limits_are_refused() {
    let many: String = (0..200).map(|number| format!("X-{number}: a\r\n")).collect();
    refused(&with_fields("GET", &many), 431).await;
    let octets = format!("GET / HTTP/1.1\r\n{H}X: {}\r\n\r\n", "a".repeat(70 << 10));
    big(octets, 431).await;
    big(format!("GET /{} HTTP/1.1\r\n{H}\r\n", "a".repeat(17 << 10)), 414).await;
}

async fn big(octets: String, status: u16) {
    let mut stage = stage::plain();
    let mut client = stage.rig.client();
    let _ = client.try_send(octets).await;
    assert_eq!(client.response().await.status, status);
    stage.origin.nobody_came().await;
}

/// B26: one below, at, and one above.
#[tokio::test(start_paused = true)]
async fn the_number_of_fields_has_a_sharp_limit() {
    for (fields, status) in [(127, 200), (128, 200), (129, 431)] {
        let mut stage = stage::plain();
        let mut client = stage.rig.client();
        let others: String = (1..fields).map(|number| format!("X-{number}: a\r\n")).collect();
        client.send(with_fields("GET", &others)).await;
        if status == 200 {
            let mut origin = stage.origin.accept().await;
            origin.request().await;
            origin.send(ok("")).await;
        }
        assert_eq!(client.response().await.status, status, "{fields}");
    }
}

/// A3, A4, 12-030 to 12-032: the origin sees a request that is never completed, and nothing of the malformed part.
#[tokio::test(start_paused = true)]
async fn malformed_chunks_end_the_request_without_completing_it() {
    for body in [
        "\r\n",
        "0x5\r\nhello\r\n0\r\n\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
        "5_\r\nhello\r\n0\r\n\r\n",
        " 5\r\nhello\r\n0\r\n\r\n",
        "5 \r\nhello\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nhello",
        "5\nhello\n0\n\n",
        "5\rXhello\r\n0\r\n\r\n",
        "5;a\rb\r\nhello\r\n0\r\n\r\n",
        "5;a=\x01\r\nhello\r\n",
        "5\r\nhello0\r\n\r\n",
        "5\r\nhelloXX0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n",
        "8000000000000000\r\nhello",
        "0\r\nno colon\r\n\r\n",
        "0\r\n: empty\r\n\r\n",
        "0\r\nX : a\r\n\r\n",
        "0\r\nX: a\0\r\n\r\n",
        "0\r\n folded: a\r\n\r\n",
    ] {
        let octets = chunked(body);
        let ways = std::iter::once(("whole".to_owned(), vec![octets.as_slice()])).chain(ways(&octets).take(1));
        for (how, pieces) in ways {
            let shown = format!("{how}: {}", body.escape_default());
            let stage = stage::plain();
            let mut client = stage.rig.client();
            for piece in pieces {
                let _ = client.try_send(piece).await;
                simplon_testkit::time::settle().await;
            }
            let response = client.try_response().await.unwrap_or_else(|cut| panic!("{shown}: {cut}"));
            assert!(matches!(response.status, 400 | 431), "{shown}: {response:?}");
            assert!(response.lists("Connection", "close"), "{shown}");
            for seen in stage.origin.received() {
                let text = String::from_utf8_lossy(&seen);
                assert!(!text.contains("0\r\n\r\n"), "{shown}: completed: {text}");
            }
            assert_eq!(stage.records.only().error, Some("malformed"), "{shown}");
        }
    }
}

/// A4, 12-031
#[tokio::test(start_paused = true)]
async fn trailers_and_extensions_are_bounded() {
    let many: String = (0..100).map(|number| format!("X-{number}: a\r\n")).collect();
    let long = format!("0\r\nX: {}\r\n\r\n", "a".repeat(20 << 10));
    let extension = format!("5;{}\r\nhello\r\n0\r\n\r\n", "a".repeat(5 << 10));
    let drip: String = (0..4000).map(|_| format!("1;{}\r\nx\r\n", "e".repeat(60))).collect();
    for (body, status) in [(format!("0\r\n{many}\r\n"), 431), (long, 431), (extension, 400), (drip, 400)] {
        let stage = stage::plain();
        let mut client = stage.rig.client();
        let _ = client.try_send(chunked(&body)).await;
        let response = client.response().await;
        assert_eq!(response.status, status, "{}", &body[..20]);
        assert!(response.lists("Connection", "close"));
    }
}

/// A17, 12-053: what is refused says nothing about the request before it.
#[tokio::test(start_paused = true)]
async fn a_malformed_request_after_a_good_one_is_refused_alone() {
    let mut stage = stage::plain();
    let (mut client, mut origin) =
        stage.pass([get("/1").encode(), b"GET /2 HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n".to_vec()].concat()).await;
    assert_eq!(origin.request().await.path(), "/1");
    origin.send(ok("one")).await;
    assert_eq!(client.response().await.text(), "one");
    let second = client.response().await;
    assert_eq!(second.status, 400);
    assert!(second.lists("Connection", "close"));
    stage.origin.nobody_came().await;
    assert_eq!(stage.records.all().len(), 2);
}

/// 12-034, 12-037: a lenient mode is a switch that somebody sets; what reaches the origin is still unambiguous, and uses are counted.
#[tokio::test(start_paused = true)]
async fn a_lenient_switch_relaxes_its_row_alone() {
    use simplon_core::http::{HttpConfig, OriginsConfig};
    use simplon_proto_http::h1::Config;
    use simplon_proto_http::rules::{Rule, Switch};
    let mut protocol = Config::default();
    protocol.leniency.length_with_encoding = Switch::Lenient;
    let protocol = std::sync::Arc::new(protocol);
    let mut config = HttpConfig::default();
    config.protocol = std::sync::Arc::clone(&protocol);
    let mut stage = stage::on(simplon_testkit::Network::new(), config, OriginsConfig::default(), |origin| {
        simplon_proxy::App::new(simplon_proxy::To(origin))
    });
    let both = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n";
    let (mut client, mut origin) = stage.pass(both).await;
    let request = origin.request().await;
    assert_eq!((request.text().as_str(), request.field("Content-Length")), ("hi", None));
    origin.send(ok("")).await;
    let response = client.response().await;
    assert!(response.lists("Connection", "close"), "{response:?}");
    client.half_close().await;
    client.closed().await;
    assert_eq!(stage.records.all().len(), 1, "what follows is not served");
    assert!(protocol.lenient_uses().any(|(rule, uses)| rule == Rule::LengthWithEncoding && uses == 1));
    let mut other = stage.rig.client();
    other.send(with_fields("POST", "Content-Length: 2\r\nContent-Length: 2\r\n")).await;
    assert_eq!(other.response().await.status, 400);
}
