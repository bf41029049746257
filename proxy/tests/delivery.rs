//! What was written arrives, however the connection ends, or its loss is recorded: over real sockets, whose buffers are the matter. RFC 9112 §9.6
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use simplon_core::connect::Peer;
use simplon_core::http::{Http, Http2Config, HttpConfig};
use simplon_core::net::{SocketOptions, tcp};
use simplon_core::server::{DrainTiming, Running, Server};
use simplon_proxy::observe::{End, Record};
use simplon_proxy::{App, To};
use simplon_testkit::Records;
use simplon_testkit::h2::{Block, Code, Frame, Kind, Setting};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};

const ANSWER: usize = 3 << 20;
/// An answer that the kernel takes at once, although nobody reads it.
const IN_KERNEL: usize = 128 << 10;
const PATIENCE: Duration = Duration::from_secs(30);

/// What ends the connection while the answer is on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ends {
    Drain,
    LastExchange,
    Age,
    GoAway,
}

/// An origin that answers with as many octets as the path says, the first of them at once and the others a little later.
async fn origin() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut heard = Vec::new();
                while stream.read_buf(&mut heard).await.is_ok_and(|n| n > 0) {
                    if heard.ends_with(b"\r\n\r\n") {
                        let asked = String::from_utf8(std::mem::take(&mut heard)).unwrap();
                        let octets: usize = asked[5..asked.find(" HTTP").unwrap()].parse().unwrap();
                        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {octets}\r\n\r\nx");
                        stream.write_all(head.as_bytes()).await.unwrap();
                        sleep(Duration::from_millis(200)).await;
                        let _ = stream.write_all(&vec![b'x'; octets - 1]).await;
                    }
                }
            });
        }
    });
    at
}

/// A proxy whose sockets take a whole answer at once.
async fn proxy(deadline: Duration, change: impl FnOnce(&mut HttpConfig)) -> (Running, SocketAddr, Records) {
    let records = Records::new();
    let app = App::new(To(Peer::new(origin().await))).observe(records.clone());
    let mut config = HttpConfig::default();
    change(&mut config);
    let (mut options, mut timing) = (SocketOptions::default(), DrainTiming::default());
    options.send_buffer = Some(8 << 20);
    timing.deadline = deadline;
    let listen = tcp("127.0.0.1:0").unwrap().options(options);
    let server = Server::new().listen(listen, Http::with_config(app, config)).timing(timing);
    let running = server.start().await.unwrap();
    let at = running.local_addrs()[0];
    (running, at, records)
}

/// A connection that takes in little that nobody has read.
async fn narrow(at: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(16 << 10).unwrap();
    socket.connect(at).await.unwrap()
}

/// The whole answer, read slowly, while the client says something now and then that nobody reads once the connection is closed. Octets of content
/// that came, and whether that was all.
async fn read_slowly(mut stream: TcpStream, chatter: &[u8]) -> (usize, bool) {
    let (mut heard, mut content, mut reads) = (Vec::new(), 0, 0);
    loop {
        while let Some((frame, taken)) = Frame::decode(&heard) {
            heard.drain(..taken);
            if frame.kind == Kind::DATA {
                content += frame.payload.len();
                if frame.has(1) {
                    return (content, true);
                }
            }
        }
        reads += 1;
        if reads % 8 == 0 {
            sleep(Duration::from_millis(10)).await;
            let _ = stream.write_all(chatter).await;
        }
        let mut piece = vec![0; 16 << 10];
        match timeout(PATIENCE, stream.read(&mut piece)).await.expect("octets or the end") {
            Ok(n @ 1..) => heard.extend_from_slice(&piece[..n]),
            Ok(0) | Err(_) => return (content, false),
        }
    }
}

/// Asks for the answer in HTTP/2, with windows that let all of it be sent at once.
async fn ask(at: SocketAddr, octets: usize) -> TcpStream {
    let mut stream = narrow(at).await;
    let wide = 16 << 20;
    let mut wire = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    wire.extend(Frame::settings(&[(Setting::INITIAL_WINDOW_SIZE, wide)]).encode());
    wire.extend(Frame::window_update(0, wide).encode());
    wire.extend(Frame::settings_ack().encode());
    wire.extend(Frame::headers(1, Block::request("GET", &format!("/{octets}"))).end_stream().encode());
    stream.write_all(&wire).await.unwrap();
    stream
}

/// The only record. It is made when its exchange is over, which others may know a moment earlier.
async fn only(records: &Records) -> Record {
    let came = async {
        while records.all().is_empty() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, came).await.expect("a record");
    records.only()
}

async fn ends(how: Ends) {
    let (running, at, records) = proxy(PATIENCE, |config| {
        let mut http2 = Http2Config::default();
        match how {
            Ends::LastExchange => config.max_exchanges = Some(1),
            Ends::Age => http2.max_age = Duration::from_millis(200),
            Ends::Drain | Ends::GoAway => {}
        }
        config.http2 = Some(Arc::new(http2));
    })
    .await;
    let mut stream = ask(at, ANSWER).await;
    sleep(Duration::from_millis(100)).await;
    let handle = running.handle();
    match how {
        Ends::Drain => handle.drain(),
        Ends::GoAway => stream.write_all(&Frame::go_away(0, Code::NO_ERROR).encode()).await.unwrap(),
        Ends::LastExchange | Ends::Age => {}
    }
    let pong = Frame::window_update(0, 1).encode();
    assert_eq!(read_slowly(stream, &pong).await, (ANSWER, true), "{how:?}");
    let report = timeout(PATIENCE, running.drain()).await.expect("the end").unwrap();
    assert!(report.is_clean(), "{how:?}: {report}");
    assert_eq!(only(&records).await.end, End::Complete, "{how:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drain_delivers_what_is_on_its_way() {
    ends(Ends::Drain).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_exchange_of_a_connection_is_delivered() {
    ends(Ends::LastExchange).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_is_too_old_delivers_what_is_on_its_way() {
    ends(Ends::Age).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_says_goaway_gets_what_is_on_its_way() {
    ends(Ends::GoAway).await;
}

/// The deadline of a drain cuts a client that does not read, and the record says so, in both versions.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_drain_cuts_is_recorded() {
    for version in [1, 2] {
        let (running, at, records) = proxy(Duration::from_millis(700), |_| {}).await;
        let stream = if version == 2 {
            ask(at, IN_KERNEL).await
        } else {
            let mut stream = narrow(at).await;
            let request = format!("GET /{IN_KERNEL} HTTP/1.1\r\nHost: a\r\n\r\n");
            stream.write_all(request.as_bytes()).await.unwrap();
            stream
        };
        stream.readable().await.unwrap();
        sleep(Duration::from_millis(50)).await;
        running.handle().drain();
        let report = timeout(PATIENCE, running.wait()).await.expect("the end").unwrap();
        assert_eq!(report.stats.cut, 1, "HTTP/{version}");
        let record = only(&records).await;
        assert_ne!(record.end, End::Complete, "HTTP/{version}: {record:?}");
        drop(stream);
    }
}

/// A client that asks once more, on a connection that its answer has ended, is not reset before it has read that answer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_ends_its_connection_survives_a_request_that_comes_too_late() {
    let (running, at, records) = proxy(PATIENCE, |config| config.max_exchanges = Some(1)).await;
    let mut stream = narrow(at).await;
    let request = format!("GET /{ANSWER} HTTP/1.1\r\nHost: a\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let (mut content, mut reads) = (0, 0);
    let mut piece = vec![0; 16 << 10];
    loop {
        reads += 1;
        if reads % 8 == 0 {
            sleep(Duration::from_millis(10)).await;
            let _ = stream.write_all(b"GET /late HTTP/1.1\r\nHost: a\r\n\r\n").await;
        }
        match timeout(PATIENCE, stream.read(&mut piece)).await.expect("octets or the end") {
            Ok(n @ 1..) => content += n,
            Ok(0) => break,
            Err(error) => panic!("{error} after {content} octets"),
        }
    }
    assert!(content > ANSWER, "{content} octets");
    drop(stream);
    timeout(PATIENCE, running.drain()).await.expect("the end").unwrap();
    assert_eq!(only(&records).await.end, End::Complete);
}
