//! What the origin is told about the client. B21, B23

use simplon_proxy::{App, Forwarding, Tell, To};
use simplon_testkit::{get, ok};

use crate::stage;

/// B23: forged fields of an untrusted client do not reach the origin.
#[tokio::test(start_paused = true)]
async fn forged_fields_do_not_reach_the_origin() {
    let mut stage = stage::plain();
    let forged = get("/")
        .field("X-Forwarded-For", "127.0.0.1")
        .field("Forwarded", "for=127.0.0.1")
        .field("X-Real-IP", "127.0.0.1")
        .field("X-Forwarded-Proto", "https");
    let (mut client, mut origin) = stage.pass(forged).await;
    let request = origin.request().await;
    assert_eq!(request.all("X-Forwarded-For"), ["192.0.2.1"]);
    assert_eq!(request.all("X-Forwarded-Proto"), ["http"]);
    assert_eq!(request.all("X-Forwarded-Host"), ["test"]);
    assert_eq!(request.all("Via"), ["1.1 simplon"]);
    assert!(!String::from_utf8_lossy(&origin.received().octets()).contains("127.0.0.1"));
    origin.send(ok("")).await;
    client.response().await;
    assert_eq!(stage.records.only().client, Some([192, 0, 2, 1].into()));
}

#[tokio::test(start_paused = true)]
async fn fields_of_a_trusted_proxy_are_added_to() {
    let trusting = Forwarding::default().trust(["192.0.2.0/24".parse().unwrap()]).forwarded(Tell::Yes);
    let mut stage = stage::with(|origin| App::new(To(origin)).forwarding(trusting));
    let told = get("/")
        .field("X-Forwarded-For", "198.51.100.7")
        .field("X-Forwarded-Proto", "https")
        .field("Forwarded", "for=198.51.100.7")
        .field("Via", "2 edge");
    let (mut client, mut origin) = stage.pass(told).await;
    let request = origin.request().await;
    assert_eq!(request.all("X-Forwarded-For"), ["198.51.100.7, 192.0.2.1"]);
    assert_eq!(request.all("X-Forwarded-Proto"), ["https"]);
    assert_eq!(request.all("Forwarded").len(), 1);
    assert!(request.field("Forwarded").unwrap().starts_with("for=198.51.100.7, for=192.0.2.1;"), "{request:?}");
    assert_eq!(request.all("Via"), ["2 edge, 1.1 simplon"]);
    origin.send(ok("")).await;
    client.response().await;
    assert_eq!(stage.records.only().client, Some([198, 51, 100, 7].into()));
}

/// B21: a client cannot delete what the proxy tells, by naming it in Connection.
#[tokio::test(start_paused = true)]
async fn a_client_cannot_hide_itself() {
    let mut stage = stage::plain();
    let mut client = stage.rig.client();
    client.send(get("/").field("Connection", "X-Forwarded-For")).await;
    assert_eq!(client.response().await.status, 400);
    stage.origin.nobody_came().await;
}
