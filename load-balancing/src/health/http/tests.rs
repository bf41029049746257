use std::sync::Mutex;

use simplon_core::connect::Connected;
use simplon_core::error::{Kind, Result};
use simplon_core::net::Stream;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use super::*;
use crate::testing::backend;

/// An origin in memory: answers each request with what it is told, and writes down what it was asked and how often it was connected to.
#[derive(Clone)]
struct Origin(Arc<Mutex<Told>>);

struct Told {
    answer: &'static str,
    asked: Vec<String>,
    connections: usize,
}

impl Origin {
    fn saying(answer: &'static str) -> Self {
        Self(Arc::new(Mutex::new(Told { answer, asked: Vec::new(), connections: 0 })))
    }

    fn say(&self, answer: &'static str) {
        self.0.lock().unwrap().answer = answer;
    }

    fn asked(&self) -> Vec<String> {
        self.0.lock().unwrap().asked.clone()
    }

    fn connections(&self) -> usize {
        self.0.lock().unwrap().connections
    }

    /// One request after the other; an answer of nothing closes, one of `…` says nothing.
    async fn serve(self, mut stream: DuplexStream) {
        let mut octets = vec![0; 4096];
        while let Ok(1..) = read_some(&mut stream, &mut octets, &self).await {
            let answer = self.0.lock().unwrap().answer;
            match answer {
                "" => return,
                "…" => std::future::pending().await,
                answer => stream.write_all(answer.as_bytes()).await.unwrap(),
            }
        }
    }
}

/// One read is one request here: heads are written at once, and are short.
async fn read_some(stream: &mut DuplexStream, octets: &mut [u8], origin: &Origin) -> std::io::Result<usize> {
    let read = stream.read(octets).await?;
    if read > 0 {
        origin.0.lock().unwrap().asked.push(String::from_utf8_lossy(&octets[..read]).into_owned());
    }
    Ok(read)
}

impl Connect for Origin {
    async fn connect(&self, _peer: &Peer) -> Result<Connected> {
        self.0.lock().unwrap().connections += 1;
        let (near, far) = duplex(64 << 10);
        tokio::spawn(self.clone().serve(far));
        Ok(Connected::new(Stream::other(near)))
    }
}

const FINE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

async fn look(check: &HttpCheck<Origin>) -> std::result::Result<(), String> {
    check.check(&backend(0)).await.map_err(|error| error.to_string())
}

#[tokio::test(start_paused = true)]
async fn it_asks_for_the_root_under_the_address_and_wants_200() {
    let origin = Origin::saying(FINE);
    let check = HttpCheck::over(origin.clone());
    assert_eq!(look(&check).await, Ok(()));
    let asked = origin.asked().remove(0).to_ascii_lowercase();
    assert!(asked.starts_with("get / http/1.1\r\n"), "{asked}");
    assert!(asked.contains("host: 192.0.2.1:1\r\n"), "{asked}");
    for (answer, expected) in [
        ("HTTP/1.1 204 No Content\r\n\r\n", "unexpected status 204"),
        ("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n", "unexpected status 503"),
    ] {
        origin.say(answer);
        assert_eq!(look(&check).await, Err(expected.to_owned()));
    }
    assert_eq!(origin.connections(), 3, "a new connection each time");
}

#[tokio::test(start_paused = true)]
async fn target_host_method_and_statuses_are_as_asked() {
    let origin = Origin::saying("HTTP/1.1 204 No Content\r\n\r\n");
    let check = HttpCheck::over(origin.clone())
        .with_target("/up?x=1")
        .unwrap()
        .with_host("shop.example")
        .unwrap()
        .with_method(Method::HEAD)
        .expect_status([StatusCode::OK, StatusCode::NO_CONTENT]);
    assert_eq!(look(&check).await, Ok(()));
    let asked = origin.asked().remove(0).to_ascii_lowercase();
    assert!(asked.starts_with("head /up?x=1 http/1.1\r\n"), "{asked}");
    assert!(asked.contains("host: shop.example\r\n"), "{asked}");
    assert!(HttpCheck::new().with_target("up").is_err());
    assert!(HttpCheck::new().with_host("a\r\nb: c").is_err());
}

/// Its own fields are sent, in place of ours where there are some.
#[tokio::test(start_paused = true)]
async fn fields_are_as_asked() {
    let origin = Origin::saying(FINE);
    let check = HttpCheck::over(origin.clone());
    let fields =
        [("Host", "shop.example:81"), ("user-agent", "lb/7"), ("X-Probe", "1"), ("X-Probe", "2"), ("Cookie", "a=b")];
    let check = fields.into_iter().fold(check, |check, (name, value)| check.with_field(name, value).unwrap());
    assert_eq!(look(&check).await, Ok(()));
    let asked = origin.asked().remove(0).to_ascii_lowercase();
    let mut fields: Vec<_> = asked.trim_end().lines().skip(1).collect();
    fields.sort_unstable();
    let expected =
        ["accept: */*", "cookie: a=b", "host: shop.example:81", "user-agent: lb/7", "x-probe: 1", "x-probe: 2"];
    assert_eq!(fields, expected);
}

#[test]
fn fields_that_are_not_for_a_check_to_say_are_refused() {
    for (name, value, expected) in [
        ("a b", "1", CheckFieldError::Malformed(FieldError::Name)),
        ("", "1", CheckFieldError::Malformed(FieldError::Name)),
        (":path", "/", CheckFieldError::Malformed(FieldError::Name)),
        ("x", "1\r\ny: 2", CheckFieldError::Malformed(FieldError::Value)),
        ("x", "1\0", CheckFieldError::Malformed(FieldError::Value)),
        ("Content-Length", "5", CheckFieldError::Connection),
        ("content_length", "5", CheckFieldError::Connection),
        ("Transfer-Encoding", "chunked", CheckFieldError::Connection),
        ("Connection", "close", CheckFieldError::Connection),
        ("Upgrade", "h2c", CheckFieldError::Connection),
        ("TE", "trailers", CheckFieldError::Connection),
        ("Expect", "100-continue", CheckFieldError::Connection),
        ("HTTP2-Settings", "x", CheckFieldError::Connection),
    ] {
        assert_eq!(HttpCheck::new().with_field(name, value).unwrap_err(), expected, "{name}: {value}");
    }
    for host in ["", "a b", "a/b", "user@a", "a:b:c", "a:99999", "a\r\nx: y", "a?b", "a#b"] {
        let refused = HttpCheck::new().with_field("host", host);
        assert!(matches!(refused, Err(CheckFieldError::Host(_))), "{host:?}");
    }
    for host in ["a", "a.example:8080", "[::1]:80", "192.0.2.1"] {
        assert!(HttpCheck::new().with_host(host).is_ok(), "{host}");
    }
}

/// What a fuzz target calls.
#[tokio::test(start_paused = true)]
async fn answers_are_read_without_a_network() {
    for (answer, is_fine) in [
        (&b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"[..], true),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\n", true),
        (b"HTTP/1.1 500 No\r\n\r\n", false),
        (b"", false),
        (b"\0\xff", false),
    ] {
        match read_answer(answer).await {
            Ok(()) => assert!(is_fine, "{answer:?}"),
            Err(error) => assert!(!is_fine && error.is_conclusive(), "{answer:?}: {error}"),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn heads_before_the_final_one_are_passed_over() {
    let origin = Origin::saying("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(look(&HttpCheck::over(origin)).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_validator_sees_the_head_and_gives_the_reason() {
    let origin = Origin::saying("HTTP/1.1 503 Busy\r\nx-load: 97\r\ncontent-length: 0\r\n\r\n");
    let check = HttpCheck::over(origin.clone()).expect(|head| match head.fields.text("x-load") {
        Some("97") => Err(format!("busy, {}", head.status.as_u16()).into()),
        _ => Ok(()),
    });
    assert_eq!(look(&check).await, Err("busy, 503".to_owned()));
    origin.say("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n");
    assert_eq!(look(&check).await, Ok(()));
}

#[tokio::test(start_paused = true)]
async fn silence_a_close_and_nonsense_are_failures() {
    let origin = Origin::saying("…");
    let check = HttpCheck::over(origin.clone()).within(Duration::from_secs(1), Duration::from_millis(700));
    let begun = tokio::time::Instant::now();
    assert_eq!(look(&check).await, Err("no answer within 700ms".to_owned()));
    assert_eq!(begun.elapsed(), Duration::from_millis(700));
    for answer in ["", "HTTP/1.1 200", "SSH-2.0-x\r\n\r\n", "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n"] {
        origin.say(answer);
        let error = check.check(&backend(0)).await.unwrap_err();
        assert!(error.is_conclusive(), "{answer:?}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_is_kept_when_asked_for_and_its_death_is_not_held_against_the_backend() {
    let origin = Origin::saying(FINE);
    let check = HttpCheck::over(origin.clone()).reusing();
    for _ in 0..3 {
        assert_eq!(look(&check).await, Ok(()));
    }
    assert_eq!((origin.connections(), origin.asked().len()), (1, 3));
    origin.say("");
    assert!(look(&check).await.is_err(), "it closes new connections too");
    assert_eq!(origin.connections(), 2);
    origin.say(FINE);
    assert_eq!(look(&check).await, Ok(()));
    assert_eq!(origin.connections(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_content_without_end_is_not_read_for_the_sake_of_the_connection() {
    let origin = Origin::saying("HTTP/1.1 200 OK\r\ncontent-length: 100000000\r\n\r\nbegin");
    assert_eq!(look(&HttpCheck::over(origin.clone())).await, Ok(()), "the head is enough");
    let check = HttpCheck::over(origin.clone()).reusing();
    assert!(look(&check).await.is_err(), "with reuse, an answer that does not end in time is none");
}

#[tokio::test]
async fn a_refusal_counts_and_a_fault_of_our_own_does_not() {
    struct Fails(fn() -> Error);
    impl Connect for Fails {
        async fn connect(&self, _peer: &Peer) -> Result<Connected> {
            Err((self.0)())
        }
    }
    let refused = HttpCheck::over(Fails(|| Error::upstream(Kind::Refused))).check(&backend(0)).await.unwrap_err();
    assert!(refused.is_conclusive());
    let ours = Fails(|| Error::internal(Kind::Io(std::io::ErrorKind::AddrNotAvailable)));
    assert!(!HttpCheck::over(ours).check(&backend(0)).await.unwrap_err().is_conclusive());
}
