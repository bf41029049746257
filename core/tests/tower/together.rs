//! A client behind a server, and programs within this one.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use simplon_core::connect::Peer;
use simplon_core::error::BoxError;
use simplon_core::http::{InProcess, Origins, OriginsConfig};
use simplon_core::net::Address;
use simplon_core::tower::{Client, FromService, RequestBody};
use simplon_testkit::message::chunk;
use simplon_testkit::time::settle;
use simplon_testkit::{Network, Rig, get, ok};
use tower::{ServiceBuilder, ServiceExt, service_fn};

use crate::bodies::{Watch, all, data, next, saying, told};

/// A proxy put together from both: what comes in goes out, in both directions at once, and back.
#[tokio::test(start_paused = true)]
async fn a_client_that_serves_is_a_proxy() {
    let network = Network::new();
    let mut origin = network.origin();
    let service = ServiceBuilder::new()
        .map_response(|mut response: Response<_>| {
            response.headers_mut().insert("x-via", "tower".parse().unwrap());
            response
        })
        .timeout(Duration::from_secs(30))
        .service(Client::new(network.origins(), origin.peer()));
    let rig = Rig::new(FromService::new(service));
    let mut client = rig.client();
    client.send("POST /up?x HTTP/1.1\r\nHost: shop.example\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    let mut wire = origin.accept().await;
    let head = wire.head().await.unwrap();
    assert_eq!((head.path(), head.field("Host"), head.field("Via")), ("/up?x", Some("shop.example"), None));
    wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").await;
    assert_eq!(client.head().await.unwrap().field("X-Via"), Some("tower"));
    for piece in [chunk(b"one"), chunk(b"two"), b"0\r\nx-end: 1\r\n\r\n".to_vec()] {
        client.send(piece.clone()).await;
        assert_eq!(wire.exactly(piece.len()).await.unwrap(), piece);
        wire.send(piece.clone()).await;
        assert_eq!(client.exactly(piece.len()).await.unwrap(), piece);
    }
    // Both connections go on.
    client.send(get("/2")).await;
    assert_eq!(wire.request().await.path(), "/2");
    wire.send(ok("again")).await;
    assert_eq!(client.response().await.text(), "again");
    // What the origin does wrong has its status.
    client.send(get("/3")).await;
    wire.request().await;
    drop(wire);
    let mut wire = origin.accept().await;
    wire.request().await;
    wire.send("nonsense\r\n\r\n").await;
    assert_eq!(client.response().await.status, 502);
    // A client that leaves is gone for the origin too.
    client.send(get("/4")).await;
    let mut wire = origin.accept().await;
    wire.request().await;
    drop(client);
    wire.closed().await;
}

fn at(name: &str) -> Address {
    Address::parse(name).unwrap()
}

/// What answers exchanges, as a service: by a pipe instead of a socket.
fn service_of(
    connector: InProcess<Network>,
    name: &str,
) -> (Client<InProcess<Network>>, Arc<Origins<InProcess<Network>>>) {
    let origins = Arc::new(Origins::new(connector, OriginsConfig::default()));
    (Client::new(Arc::clone(&origins), Peer::new(at(name))), origins)
}

#[tokio::test(start_paused = true)]
async fn what_is_served_in_this_program_is_reached_by_name() {
    let network = Network::new();
    let outside = network.origin();
    let elsewhere = outside.peer();
    let _outside = outside.answer(|request| ok(format!("outside {}", request.path())));
    let echo = service_fn(async |request: Request<RequestBody>| Ok::<_, BoxError>(Response::new(request.into_body())));
    let hello = service_fn(async |_: Request<RequestBody>| Ok::<_, BoxError>(Response::new("hello".to_owned())));
    let connector = InProcess::beside(network.clone())
        .serve(at("echo.internal:80"), FromService::new(echo))
        .serve(at("hello.internal:80"), FromService::new(hello));
    let (client, origins) = service_of(connector, "echo.internal:80");
    let request = Request::post("/").body(saying([data("x")])).unwrap();
    let mut response = client.clone().oneshot(request).await.unwrap();
    assert_eq!(all(response.body_mut()).await.unwrap().0, "x");
    assert_eq!(origins.at_rest(), 1);
    for (peer, told) in [(Peer::new(at("hello.internal:80")), "hello"), (elsewhere, "outside /a")] {
        let client = Client::new(Arc::clone(&origins), peer);
        let request = Request::get("/a").body(String::new()).unwrap();
        let mut response = client.oneshot(request).await.unwrap();
        assert_eq!(all(response.body_mut()).await.unwrap().0, told);
    }
    let nobody = Client::new(origins, Peer::new(at("nobody.internal:80")));
    assert!(nobody.oneshot(Request::new(String::new())).await.is_err());
}

/// Both directions, backpressure, and the end of one for the other.
#[tokio::test(start_paused = true)]
async fn a_pipe_within_this_program_is_a_connection() {
    let network = Network::new();
    let (watch, alive) = Watch::new();
    let echo = service_fn(move |request: Request<RequestBody>| {
        let alive = Arc::clone(&alive);
        async move {
            let (teller, body, _) = told();
            let mut content = request.into_body();
            tokio::spawn(async move {
                let _alive = alive;
                while let Some(Ok(frame)) = next(&mut content).await {
                    if teller.send(Ok(frame)).is_err() {
                        break;
                    }
                }
            });
            Ok::<_, BoxError>(Response::new(body))
        }
    });
    let connector = InProcess::beside(network).serve(at("echo.internal:80"), FromService::new(echo));
    let (client, origins) = service_of(connector, "echo.internal:80");
    let (teller, body, _) = told();
    let mut response = client.oneshot(Request::post("/").body(body).unwrap()).await.unwrap();
    for piece in ["one", "two"] {
        teller.send(Ok(data(piece))).unwrap();
        let frame = next(response.body_mut()).await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), Bytes::from_static(piece.as_bytes()));
    }
    drop(response);
    drop(origins);
    settle().await;
    assert!(teller.is_closed() && watch.is_dropped());
}

/// It has waits of its own no more than needed: its client has them.
#[tokio::test(start_paused = true)]
async fn a_pipe_waits_as_long_as_its_client() {
    let network = Network::new();
    let slow = service_fn(async |mut request: Request<RequestBody>| {
        let (content, _) = all(request.body_mut()).await?;
        Ok::<_, BoxError>(Response::new(content))
    });
    let connector = InProcess::beside(network).serve(at("slow.internal:80"), FromService::new(slow));
    let (client, _origins) = service_of(connector, "slow.internal:80");
    let (teller, body, _) = told();
    let asked = tokio::spawn(client.oneshot(Request::post("/").body(body).unwrap()));
    teller.send(Ok(data("x"))).unwrap();
    tokio::time::sleep(Duration::from_secs(3600)).await;
    teller.send(Ok(data("y"))).unwrap();
    drop(teller);
    let mut response = asked.await.unwrap().unwrap();
    assert_eq!(all(response.body_mut()).await.unwrap().0, "xy");
}
