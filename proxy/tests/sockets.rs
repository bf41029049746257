//! The same proxy over real sockets of the loopback: what memory cannot show.
#![allow(clippy::unwrap_used, clippy::panic, clippy::expect_used, reason = "a test may fail loudly")]

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use simplon_core::connect::Peer;
use simplon_core::http::Http;
use simplon_core::net::tcp;
use simplon_core::server::{Running, Server};
use simplon_proxy::{App, To};
use simplon_testkit::{Records, get};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// How long a test waits for what should happen at once.
const PATIENCE: Duration = Duration::from_secs(20);

async fn soon<F: Future>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("waited in vain: {what}"))
}

/// A proxy in front of this address, on a port of its own.
async fn proxy(origin: SocketAddr) -> (Running, SocketAddr, Records) {
    let records = Records::new();
    let app = App::new(To(Peer::new(origin))).observe(records.clone());
    let running = Server::new().listen(tcp("127.0.0.1:0").unwrap(), Http::new(app)).start().await.unwrap();
    let at = running.local_addrs()[0];
    (running, at, records)
}

/// An origin that answers each request without content with this, and says how many connections it took.
async fn origin(answer: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move { answer_all(stream, &answer).await });
        }
    });
    at
}

async fn answer_all(mut stream: TcpStream, answer: &[u8]) {
    let mut heard = Vec::new();
    while stream.read_buf(&mut heard).await.is_ok_and(|n| n > 0) {
        while let Some(end) = heard.windows(4).position(|four| four == b"\r\n\r\n") {
            heard.drain(..end + 4);
            if stream.write_all(answer).await.is_err() {
                return;
            }
        }
    }
}

fn response(content: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", content.len()).as_bytes(), content].concat()
}

/// Reads one response with Content-Length.
async fn read_response(stream: &mut TcpStream) -> Vec<u8> {
    let mut heard = Vec::new();
    loop {
        let n = soon("a response", stream.read_buf(&mut heard)).await.unwrap();
        assert!(n > 0, "closed after {}", heard.escape_ascii());
        let Some(end) = heard.windows(4).position(|four| four == b"\r\n\r\n").map(|at| at + 4) else { continue };
        let head = String::from_utf8_lossy(&heard[..end]).to_ascii_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()).unwrap();
        if heard.len() == end + length.parse::<usize>().unwrap() {
            return heard;
        }
    }
}

/// A record is made when its exchange is over, which a client may know a moment earlier.
async fn recorded(records: &Records, count: usize) {
    let all = async {
        while records.all().len() < count {
            tokio::task::yield_now().await;
        }
    };
    soon("all records", all).await;
    assert_eq!(records.all().len(), count);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_response_passes_whole() {
    let content: Vec<u8> = (0..8_000_000_u32).map(|number| number.to_be_bytes()[1] ^ number.to_be_bytes()[3]).collect();
    let (_running, at, _) = proxy(origin(response(&content)).await).await;
    let mut client = TcpStream::connect(at).await.unwrap();
    for _ in 0..2 {
        client.write_all(&get("/").encode()).await.unwrap();
        assert!(read_response(&mut client).await.ends_with(&content));
    }
}

/// A6, C30: the answer to an upload that is not wanted is read before the connection is gone, however much is still on its way.
#[tokio::test]
async fn an_early_answer_survives_an_upload_that_goes_on() {
    let (_running, at, _) = proxy(origin(b"HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno".to_vec()).await).await;
    for _ in 0..5 {
        let mut client = TcpStream::connect(at).await.unwrap();
        client.write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50000000\r\n\r\n").await.unwrap();
        let (mut reading, mut writing) = client.split();
        let upload = async {
            for _ in 0..200 {
                if writing.write_all(&[b'x'; 10_000]).await.is_err() {
                    break;
                }
            }
        };
        let answer = async {
            let mut heard = vec![0; 1000];
            let n = soon("the answer", reading.read(&mut heard)).await.expect("no reset before the answer");
            heard.truncate(n);
            heard
        };
        let (heard, ()) = tokio::join!(answer, upload);
        assert!(heard.starts_with(b"HTTP/1.1 413 "), "{}", heard.escape_ascii());
    }
}

/// A12: to an old client, whose response ends with the connection, a cut is a reset.
#[tokio::test]
async fn a_truncated_response_to_an_old_client_is_a_reset() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (_running, at, _) = proxy(listener.local_addr().unwrap()).await;
    let mut client = TcpStream::connect(at).await.unwrap();
    client.write_all(b"GET / HTTP/1.0\r\nHost: a\r\n\r\n").await.unwrap();
    let (mut origin, _) = soon("a connection", listener.accept()).await.unwrap();
    let mut heard = [0; 1000];
    assert!(origin.read(&mut heard).await.unwrap() > 0);
    origin.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n").await.unwrap();
    let n = soon("the beginning", client.read(&mut heard)).await.unwrap();
    assert!(heard[..n].starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", heard[..n].escape_ascii());
    drop(origin);
    let error = soon("the end", client.read_to_end(&mut Vec::new())).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}

/// F52: an origin that closes its idle connections at any moment costs no request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_origin_that_closes_idle_connections_costs_no_request() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let origin = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                // One answer, and gone, without a word in the answer.
                let mut heard = [0; 1000];
                let _ = stream.read(&mut heard).await;
                let _ = stream.write_all(&response(b"once")).await;
            });
        }
    });
    let (_running, at, records) = proxy(origin).await;
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..8 {
        clients.spawn(async move {
            let mut client = TcpStream::connect(at).await.unwrap();
            for _ in 0..50 {
                client.write_all(&get("/").encode()).await.unwrap();
                let heard = read_response(&mut client).await;
                assert!(heard.starts_with(b"HTTP/1.1 200 "), "{}", heard.escape_ascii());
            }
        });
    }
    while let Some(outcome) = soon("all clients", clients.join_next()).await {
        outcome.unwrap();
    }
    recorded(&records, 400).await;
}

/// N97, what a drain must not do: lose a request.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_under_load_loses_no_request() {
    let (running, at, records) = proxy(origin(response(b"fine")).await).await;
    let mut clients = tokio::task::JoinSet::new();
    for _ in 0..16 {
        clients.spawn(async move {
            let mut answered = 0;
            // Until nobody accepts any more; a connection that says that it ends is left.
            while let Ok(client) = TcpStream::connect(at).await {
                match ask_until_told(client).await {
                    Ok(more) => answered += more,
                    // It came between the last connection that was accepted and the end of the listener: nobody saw its request.
                    Err((0, _)) => break,
                    Err((asked, error)) => return Err(format!("{error} after {asked}")),
                }
            }
            Ok(answered)
        });
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let report = soon("the drain", running.drain()).await.unwrap();
    assert!(report.is_clean(), "{report:?}");
    let mut answered = 0;
    while let Some(outcome) = soon("all clients", clients.join_next()).await {
        answered += outcome.unwrap().unwrap();
    }
    assert!(answered > 100, "{answered}");
    assert_eq!(records.all().len(), answered);
}

/// Asks again and again until an answer says that the connection ends. How many answers there were, also if it failed.
async fn ask_until_told(mut client: TcpStream) -> Result<usize, (usize, std::io::Error)> {
    let mut answered = 0;
    loop {
        client.write_all(&get("/").encode()).await.map_err(|error| (answered, error))?;
        let mut heard = vec![0; 4000];
        let n = soon("an answer", client.read(&mut heard)).await.map_err(|error| (answered, error))?;
        let answer = String::from_utf8_lossy(&heard[..n]);
        if !answer.starts_with("HTTP/1.1 200 ") || !answer.ends_with("fine") {
            return Err((answered, std::io::Error::other(answer.into_owned())));
        }
        answered += 1;
        if answer.contains("Connection: close\r\n") {
            return Ok(answered);
        }
    }
}

/// 12-070: Unix sockets on both sides.
#[cfg(unix)]
#[tokio::test]
async fn unix_sockets_serve_on_both_sides() {
    use simplon_core::net::{Address, unix};
    use tokio::net::{UnixListener, UnixStream};
    let folder = std::env::temp_dir().join(format!("simplon-sockets-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let (at, behind) = (folder.join("proxy"), folder.join("origin"));
    let listener = UnixListener::bind(&behind).unwrap();
    let app = App::new(To(Peer::new(Address::Unix(behind.as_path().into()))));
    let running = Server::new().listen(unix(&at), Http::new(app)).start().await.unwrap();
    let mut client = UnixStream::connect(&at).await.unwrap();
    client.write_all(&get("/").encode()).await.unwrap();
    let (mut origin, _) = soon("a connection", listener.accept()).await.unwrap();
    let mut heard = vec![0; 1000];
    let n = soon("a request", origin.read(&mut heard)).await.unwrap();
    assert!(heard[..n].starts_with(b"GET / HTTP/1.1\r\nHost: test\r\n"), "{}", heard[..n].escape_ascii());
    origin.write_all(&response(b"hello")).await.unwrap();
    let n = soon("a response", client.read(&mut heard)).await.unwrap();
    assert!(heard[..n].ends_with(b"hello"), "{}", heard[..n].escape_ascii());
    drop(client);
    soon("the drain", running.drain()).await.unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
}

/// A client that everybody has.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn curl_is_served() {
    if Command::new("curl").arg("--version").output().is_err() {
        return simplon_testkit::skip("curl");
    }
    let (_running, at, records) = proxy(origin(response(b"hello")).await).await;
    let curl = move |arguments: Vec<String>| async move {
        let output = tokio::task::spawn_blocking(move || {
            Command::new("curl").args(["-sS", "--max-time", "10"]).args(arguments).output()
        });
        let output = output.await.unwrap().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let url = format!("http://{at}/path");
    assert_eq!(curl(vec![url.clone()]).await, "hello");
    assert_eq!(curl(vec![url.clone(), url.clone(), url.clone()]).await, "hellohellohello");
    assert_eq!(curl(vec!["-0".into(), url.clone()]).await, "hello");
    let head = curl(vec!["-I".into(), "-X".into(), "GET".into(), url.clone()]).await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    let status = curl(vec![
        "-o".into(),
        "/dev/null".into(),
        "-w".into(),
        "%{http_code}".into(),
        "-X".into(),
        "BAD METHOD".into(),
        url,
    ])
    .await;
    assert_eq!(status, "400");
    recorded(&records, 7).await;
}
