use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, StatusCode};
use simplon_core::connect::Peer;
use simplon_core::http::Exchange;
use simplon_core::net::{ConnInfo, Stream, Transport};

use super::super::End;
use super::*;

fn record() -> Record {
    let info = ConnInfo::new("test".into(), Transport::Tcp).with_peer(([192, 0, 2, 1], 4711).into());
    let (near, _far) = tokio::io::duplex(1);
    let mut record = Record::begin(&Exchange::over(Stream::other(near), info));
    record.method = Some(Method::GET);
    record.target = Some("/a?token=secret".into());
    record.authority = Some("origin.example".into());
    record.status = Some(StatusCode::OK);
    record.end = End::Complete;
    record.attempts = 2;
    record.peer = Some(Peer::new(std::net::SocketAddr::from(([10, 0, 0, 1], 80))));
    record.response_octets = 7;
    record.took = Duration::from_micros(1500);
    record
}

fn written(record: &Record) -> String {
    line(record, SystemTime::UNIX_EPOCH + Duration::from_millis(12_003))
}

#[tokio::test]
async fn a_line_says_what_happened_and_keeps_the_query_to_itself() {
    let expected = concat!(
        r#"{"at":12.003,"client":"192.0.2.1","method":"GET","authority":"origin.example","path":"/a","status":200,"end":"Complete","#,
        r#""upstream":"10.0.0.1:80","attempts":2,"request_octets":0,"response_octets":7,"took_us":1500}"#,
        "\n"
    );
    assert_eq!(written(&record()), expected);
}

#[tokio::test]
async fn what_is_not_known_is_left_out() {
    let mut record = record();
    (record.method, record.target, record.authority, record.status, record.peer) = (None, None, None, None, None);
    record.error = Some("malformed");
    let line = written(&record);
    for absent in ["method", "path", "authority", "status", "upstream", "first_octet_us"] {
        assert!(!line.contains(&format!("\"{absent}\"")), "{line}");
    }
    assert!(line.contains(r#""error":"malformed""#), "{line}");
}

#[tokio::test]
async fn what_a_client_sends_cannot_break_the_line() {
    let mut record = record();
    record.target = Some(Bytes::from_static(b"/\"},{\"x\":\"\\\n\x01\xff"));
    let line = written(&record);
    assert_eq!(line.matches('\n').count(), 1);
    assert!(line.contains(r#""path":"/\"},{\"x\":\"\\\u000a\u0001�""#), "{line}");
}

/// Hands what is written to the test.
struct Out(Sender<Vec<u8>>);

impl Write for Out {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.0.send(octets.to_vec()).map_err(|_| io::ErrorKind::BrokenPipe)?;
        Ok(octets.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn dropping_the_last_handle_writes_what_is_left() {
    let (out, lines) = channel();
    let log = AccessLog::to(Out(out)).unwrap();
    for _ in 0..100 {
        Observe::<()>::on(&log.clone(), &Event::Done(&record()), &mut ());
    }
    Observe::<()>::on(&log, &Event::ReplayOverflowed, &mut ());
    drop(log);
    let written: Vec<u8> = lines.iter().flatten().collect();
    assert_eq!(written.split(|&octet| octet == b'\n').filter(|line| !line.is_empty()).count(), 100);
}

#[tokio::test]
async fn a_writer_that_fails_costs_lines_and_nothing_else() {
    let (out, lines) = channel();
    drop(lines);
    let log = AccessLog::to(Out(out)).unwrap();
    let mut tries = 0;
    while log.dropped() == 0 && tries < 10 * WAITING {
        Observe::<()>::on(&log, &Event::Done(&record()), &mut ());
        tries += 1;
    }
    assert!(log.dropped() > 0);
}
