use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use tokio::io::{DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};

use super::*;

mod fakes;

#[tokio::test(start_paused = true)]
async fn the_h2_crate_as_a_server() {
    let report = server(async || serve(builder(), duplex(64 << 10))).await;
    check(&report, NOT_MET_BY_SERVERS);
}

#[tokio::test(start_paused = true)]
async fn the_h2_crate_as_a_client() {
    let report = client(ask).await;
    check(&report, NOT_MET_BY_CLIENTS);
}

/// With extended CONNECT and a smaller table, which some cases are about.
#[tokio::test(start_paused = true)]
async fn the_h2_crate_as_a_server_with_extended_connect() {
    let report = server(async || {
        let mut builder = builder();
        builder.enable_connect_protocol().header_table_size(1024);
        serve(builder, duplex(64 << 10))
    })
    .await;
    assert_eq!(report.skipped().count(), 1);
    let known = [
        NOT_MET_BY_SERVERS,
        &[("a field block that does not confirm a smaller table is a decoding error", "its decoder does not insist")],
    ];
    check(&report, &known.concat());
}

/// Over TCP and by the clock of the wall, if only what does not have to wait for what does not come.
#[tokio::test]
async fn streams_of_the_h2_crate_over_tcp() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = listener.local_addr().unwrap();
    for case in server_cases().into_iter().filter(|case| case.section.starts_with("9113 §5.1.")) {
        let near = TcpStream::connect(at).await.unwrap();
        let (far, _) = listener.accept().await.unwrap();
        let verdict = case.run(Peer::client(serve(builder(), (near, far)))).await;
        assert!(verdict.outcome.is_met(), "{verdict:?}");
    }
}

#[test]
fn every_case_has_a_name_of_its_own() {
    for cases in [server_cases(), client_cases()] {
        let mut names: Vec<_> = cases.iter().map(|case| case.name).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}

/// Prints what is not met, and fails if that is not what is known.
fn check(report: &Report, known: &[(&str, &str)]) {
    println!("{report}");
    if let Err(difference) = report.compare(&[NOT_MET_BY_H2, SIZES_NOT_MET_BY_H2, known].concat()) {
        panic!("{difference}");
    }
}

pub(in crate::h2) fn builder() -> ::h2::server::Builder {
    let mut builder = ::h2::server::Builder::new();
    builder.max_concurrent_streams(16);
    builder
}

pub(in crate::h2) fn serve<T: Transport + 'static>(builder: ::h2::server::Builder, (near, far): (T, T)) -> T {
    tokio::spawn(async move {
        let Ok(mut connection) = builder.handshake(far).await else { return };
        while let Some(Ok((request, respond))) = connection.accept().await {
            tokio::spawn(answer(request, respond));
        }
    });
    near
}

async fn answer(
    request: Request<::h2::RecvStream>,
    mut respond: ::h2::server::SendResponse<Bytes>,
) -> Result<(), ::h2::Error> {
    let path = request.uri().path().to_owned();
    let (head, body) = request.into_parts();
    if path == "/hold" {
        std::future::poll_fn(|cx| respond.poll_reset(cx)).await?;
        return Ok(());
    }
    if head.method != Method::CONNECT {
        read(body).await?;
    }
    let octets = if path == "/big" { 200_000 } else { 20 };
    let is_empty = head.method == Method::HEAD;
    let mut sender = respond.send_response(Response::new(()), is_empty)?;
    if !is_empty {
        sender.send_data(Bytes::from(vec![b'x'; octets]), true)?;
    }
    Ok(())
}

pub(in crate::h2) async fn ask() -> DuplexStream {
    let (near, far) = duplex(64 << 10);
    tokio::spawn(async move {
        let (mut sender, connection) = ::h2::client::Builder::new().enable_push(false).handshake(far).await?;
        tokio::spawn(connection);
        let mut path = "/";
        loop {
            std::future::poll_fn(|cx| sender.poll_ready(cx)).await?;
            path = if exchange(&mut sender, path).await.is_ok() { "/ok" } else { "/failed" };
        }
        #[expect(unreachable_code, reason = "names the type of error")]
        Ok::<_, ::h2::Error>(())
    });
    near
}

async fn exchange(sender: &mut ::h2::client::SendRequest<Bytes>, path: &str) -> Result<(), ::h2::Error> {
    let uri = format!("http://conformance.test{path}");
    let request = Request::post(uri).body(()).unwrap();
    let (response, mut content) = sender.send_request(request, false)?;
    content.send_data(Bytes::from_static(&[b'x'; 100]), true)?;
    let response = response.await?;
    let status = response.status();
    read(response.into_body()).await?;
    if status == StatusCode::OK { Ok(()) } else { Err(::h2::Reason::INTERNAL_ERROR.into()) }
}

async fn read(mut body: ::h2::RecvStream) -> Result<(), ::h2::Error> {
    while let Some(octets) = body.data().await {
        body.flow_control().release_capacity(octets?.len())?;
    }
    body.trailers().await?;
    Ok(())
}

/// What it does not meet as a server, and why.
const NOT_MET_BY_SERVERS: &[(&str, &str)] = &[
    (
        "a preface that is followed by another frame than SETTINGS is a connection error",
        "the handshake takes any frame as the first",
    ),
    ("a preface that is followed by a request is a connection error", "the handshake takes any frame as the first"),
    ("DATA after the end of the stream is an error", CODE),
    ("content after trailers is an error", CODE),
    ("a pseudo-header field in trailers is malformed", "it is left out of the trailers, and the message passes"),
    ("a blank before a value is malformed", "values are held to RFC 9110 alone"),
    ("a tab after a value is malformed", "values are held to RFC 9110 alone"),
    ("an empty :scheme is malformed", "an empty scheme is taken for none given"),
    (":authority with userinfo is malformed", "an authority with userinfo parses"),
    ("Host that contradicts :authority is malformed", "Host is a field like any other"),
    ("CONNECT without :authority is malformed", "it becomes a request for no authority"),
];

/// What it does not meet as a client, and why.
const NOT_MET_BY_CLIENTS: &[(&str, &str)] = &[
    ("a first frame that is not SETTINGS is a connection error", "the handshake takes any frame as the first"),
    ("ENABLE_PUSH 1 by a server is a connection error", "it is taken as if a client had sent it"),
    ("a pseudo-header field in trailers is malformed", "it is left out of the trailers, and the message passes"),
    ("a blank before a value is malformed", "values are held to RFC 9110 alone"),
    ("a tab after a value is malformed", "values are held to RFC 9110 alone"),
    ("a pseudo-header field of requests is malformed", "it is left out of the head, and the response passes"),
    ("101 is malformed", "it is one more informational response"),
];

/// The connection ends as it must, but of all that is wrong with frames and field blocks the peer hears PROTOCOL_ERROR.
const CODE: &str = "the code is PROTOCOL_ERROR";
