//! What answers within this program stands behind the same filters as any origin.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use simplon_core::Result;
use simplon_core::connect::Peer;
use simplon_core::http::{Exchange, InProcess, Origins, OriginsConfig, Serve};
use simplon_core::net::{Address, ConnInfo};
use simplon_proto_http::fields::Known;
use simplon_proto_http::transfer::{Last, Part, Sink, Source};
use simplon_proto_http::{RequestHead, ResponseHead};
use simplon_proxy::observe::End;
use simplon_proxy::{App, Chunk, Chunks, Filter, Request, Response, ResponseView, Route, Target, answer};
use simplon_testkit::message::chunk;
use simplon_testkit::time::{pass, settle, took};
use simplon_testkit::{Network, Records, Rig, get, ok, post};

/// Below /here to what this program serves, else to the origin.
struct Here(Peer);

fn here() -> Address {
    Address::parse("here.internal:80").unwrap()
}

impl Route for Here {
    type Ctx = ();

    fn begin(&self, _from: &ConnInfo) {}

    async fn route(&self, request: &mut Request<'_>, _cx: &mut ()) -> Result<Target> {
        let is_here = request.target.path().starts_with(b"/here");
        Ok(Target::Forward(if is_here { Peer::new(here()) } else { self.0.clone() }))
    }
}

/// Writes content in capitals, both ways.
struct Shout;

fn shout(chunk: Chunk, out: &mut Chunks) {
    out.push(match chunk {
        Chunk::Data(octets, last) => Chunk::Data(octets.to_ascii_uppercase().into(), last),
        trailers @ Chunk::Trailers(_) => trailers,
    });
}

impl Filter<()> for Shout {
    async fn request_part(&self, chunk: Chunk, out: &mut Chunks, _cx: &mut ()) -> Result<()> {
        shout(chunk, out);
        Ok(())
    }

    async fn response(&self, response: &mut ResponseView<'_>, _cx: &mut ()) -> Result<()> {
        response.fields.set("X-Filtered", "yes").unwrap();
        Ok(())
    }

    async fn response_part(&self, chunk: Chunk, out: &mut Chunks, _cx: &mut ()) -> Result<()> {
        shout(chunk, out);
        Ok(())
    }
}

/// Says what it hears, after a word of its own.
struct Echo;

impl Serve for Echo {
    async fn serve(&self, exchange: &mut Exchange) {
        let (_, last) = exchange.head().await.unwrap();
        exchange.push(Part::Head(ResponseHead::new(StatusCode::OK), Last::No)).unwrap();
        exchange.push(Part::Data(Bytes::from_static(b"echo: "), last)).unwrap();
        std::future::poll_fn(|cx| exchange.poll_flush(cx)).await.unwrap();
        let mut last = last;
        while last == Last::No {
            let Ok(Some(part)) = std::future::poll_fn(|cx| exchange.poll_part(cx)).await else { return };
            last = part.last();
            let Part::Data(octets, _) = part else { return };
            exchange.push(Part::<ResponseHead>::Data(octets, last)).unwrap();
            std::future::poll_fn(|cx| exchange.poll_flush(cx)).await.unwrap();
        }
    }
}

fn rig(served: impl Serve) -> (Rig<impl Serve>, Records, simplon_testkit::Origin) {
    let network = Network::new();
    let origin = network.origin();
    let records = Records::new();
    let connector = InProcess::beside(network).serve(here(), served);
    let origins = Arc::new(Origins::new(connector, OriginsConfig::default()));
    let app = App::new(Here(origin.peer())).filter(Shout).origins(origins).observe(records.clone());
    (Rig::new(app), records, origin)
}

#[tokio::test(start_paused = true)]
async fn an_application_may_stand_behind_another() {
    let inner = App::new(answer(|request| {
        let via = request.fields.text(Known::Via).map(str::to_owned);
        Response::text(StatusCode::CREATED, format!("{} {via:?}", String::from_utf8_lossy(request.target.path())))
    }));
    let (rig, records, origin) = rig(inner);
    let _origin = origin.answer(|_| ok("from outside"));
    let mut client = rig.client();
    for (path, status, text) in [
        ("/here/a", 201, "/HERE/A SOME(\"1.1 SIMPLON\")"),
        ("/there", 200, "FROM OUTSIDE"),
        ("/here", 201, "/HERE SOME(\"1.1 SIMPLON\")"),
    ] {
        client.send(get(path)).await;
        let response = client.response().await;
        assert_eq!((response.status, response.text().as_str()), (status, text));
        assert_eq!(response.field("X-Filtered"), Some("yes"));
    }
    assert_eq!(records.events().iter().filter(|event| *event == "Connected").count(), 2, "{:?}", records.events());
    assert!(records.all()[2].reused);
}

#[tokio::test(start_paused = true)]
async fn content_streams_both_ways_through_the_filters() {
    let (rig, records, _origin) = rig(Echo);
    let mut client = rig.client();
    client.send("POST /here HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    client.head().await.unwrap();
    let mut expected = chunk(b"ECHO: ");
    for piece in ["one", "two", "three"] {
        assert_eq!(client.exactly(expected.len()).await.unwrap(), expected);
        client.send(chunk(piece.as_bytes())).await;
        expected = chunk(piece.to_uppercase().as_bytes());
    }
    assert_eq!(client.exactly(expected.len()).await.unwrap(), expected);
    client.send("0\r\n\r\n").await;
    assert_eq!(client.exactly(5).await.unwrap(), b"0\r\n\r\n");
    let record = records.only();
    assert_eq!((record.end, record.request_octets, record.response_octets), (End::Complete, 11, 17));
}

/// It is waited for like any origin, and given up like one.
#[tokio::test(start_paused = true)]
async fn what_does_not_answer_is_504_and_dropped() {
    struct Hangs(Arc<()>);
    impl Serve for Hangs {
        async fn serve(&self, exchange: &mut Exchange) {
            let _alive = Arc::clone(&self.0);
            let head: std::result::Result<(RequestHead, Last), _> = exchange.head().await;
            head.unwrap();
            std::future::poll_fn(|cx| exchange.poll_gone(cx)).await;
        }
    }
    let alive = Arc::new(());
    let (rig, records, _origin) = rig(Hangs(Arc::clone(&alive)));
    let mut client = rig.client();
    client.send(post("/here")).await;
    pass(Duration::from_secs(1)).await;
    assert_eq!(Arc::strong_count(&alive), 3);
    let (response, _) = took(client.response()).await;
    assert_eq!(response.status, 504);
    settle().await;
    assert_eq!(Arc::strong_count(&alive), 2);
    assert_eq!(records.only().attempts, 1);
}
