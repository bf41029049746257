//! Servers and clients that are wrong in one way: the suite must see it.

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

use crate::h2::conformance::{Report, client, server};
use crate::h2::frame::{ACK, END_STREAM, Frame, Kind};
use crate::h2::hpack::Block;
use crate::h2::peer::PREFACE;

#[tokio::test(start_paused = true)]
async fn a_server_that_forgives_everything_meets_nothing_that_demands_an_error() {
    let report = server(async || fake_server(any_answer)).await;
    assert_eq!(met(&report, true), NOTHING);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_every_connection_meets_nothing_else() {
    let report = server(async || fake_server(|_| None)).await;
    assert_eq!(met(&report, false), ["SETTINGS are acknowledged, each"]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_forgives_everything_meets_nothing_that_demands_an_error() {
    let report = client(async || {
        let mut stream = 1;
        fake_client(move |frame| Some(next_request(frame, &mut stream)))
    })
    .await;
    assert_eq!(met(&report, true), NOTHING);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_ends_every_connection_meets_nothing_else() {
    let report = client(async || fake_client(|_| None)).await;
    let first = ["SETTINGS are acknowledged, each"];
    let said = [
        "no request is begun after GOAWAY",
        "a request has lowercase names and nothing connection-specific",
        "a request has its pseudo-header fields first and once",
    ];
    assert_eq!(met(&report, false), [&first[..], &said].concat());
}

const NOTHING: [&str; 0] = [];

/// The cases that are met, of those that demand an error or of the others.
fn met(report: &Report, is_error: bool) -> Vec<&'static str> {
    let demands = ["error", "malformed", "refused", "are gone"];
    let lenient = ["to who knows it", "no error", "are decoded", "of a reset stream"];
    let met = report.verdicts.iter().filter(|verdict| verdict.outcome.is_met()).map(|verdict| verdict.case.name);
    let holds = |name: &str, words: &[&str]| words.iter().any(|word| name.contains(word));
    met.filter(|name| (holds(name, &demands) && !holds(name, &lenient)) == is_error).collect()
}

fn fake_server(answer: impl FnMut(&Frame) -> Option<Vec<Frame>> + Send + 'static) -> DuplexStream {
    fake(PREFACE.len(), Frame::settings(&[(crate::h2::Setting::MAX_CONCURRENT_STREAMS, 8)]).encode(), answer)
}

fn fake_client(answer: impl FnMut(&Frame) -> Option<Vec<Frame>> + Send + 'static) -> DuplexStream {
    let disabled = Frame::settings(&[(crate::h2::Setting::ENABLE_PUSH, 0)]);
    let frames = [&[disabled][..], &request(1, "/")].concat();
    let first = frames.iter().flat_map(Frame::encode);
    fake(0, PREFACE.iter().copied().chain(first).collect(), answer)
}

/// What a server without any rules says to a frame.
fn any_answer(frame: &Frame) -> Option<Vec<Frame>> {
    let stream = frame.stream;
    Some(match frame.kind {
        Kind::HEADERS | Kind::DATA if frame.has(END_STREAM) => {
            vec![Frame::headers(stream, [0x88]), Frame::data(stream, "sixteen octets!!").end_stream()]
        }
        _ => pong(frame),
    })
}

/// What a client without any rules says to a frame.
fn next_request(frame: &Frame, stream: &mut u32) -> Vec<Frame> {
    let path = match frame.kind {
        Kind::HEADERS | Kind::DATA if frame.has(END_STREAM) => "/ok",
        Kind::RST_STREAM => "/failed",
        _ => return pong(frame),
    };
    *stream += 2;
    request(*stream, path)
}

fn request(stream: u32, path: &str) -> Vec<Frame> {
    vec![Frame::headers(stream, Block::request("POST", path)), Frame::data(stream, [b'x'; 100]).end_stream()]
}

fn pong(frame: &Frame) -> Vec<Frame> {
    let is_asked = frame.kind == Kind::PING && !frame.has(ACK);
    is_asked.then(|| Frame::new(Kind::PING, 0, &frame.payload).with(ACK)).into_iter().collect()
}

/// Says its beginning, and to each frame what it is told to; that nothing is told ends the connection. SETTINGS are acknowledged by itself.
fn fake(
    preface: usize,
    begin: Vec<u8>,
    mut answer: impl FnMut(&Frame) -> Option<Vec<Frame>> + Send + 'static,
) -> DuplexStream {
    let (near, mut far) = duplex(64 << 10);
    tokio::spawn(async move {
        far.read_exact(&mut vec![0; preface]).await?;
        far.write_all(&begin).await?;
        let mut heard = Vec::new();
        while far.read_buf(&mut heard).await? > 0 {
            while let Some((frame, octets)) = Frame::decode(&heard) {
                heard.drain(..octets);
                let answers = match frame.kind {
                    Kind::SETTINGS if frame.has(ACK) => Vec::new(),
                    Kind::SETTINGS => vec![Frame::settings_ack()],
                    Kind::WINDOW_UPDATE => Vec::new(),
                    _ => match answer(&frame) {
                        Some(answers) => answers,
                        None => return Ok(()),
                    },
                };
                for answer in answers {
                    far.write_all(&answer.encode()).await?;
                }
            }
        }
        Ok::<_, std::io::Error>(())
    });
    near
}
