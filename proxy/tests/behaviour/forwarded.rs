//! What the origin is told about the client. B21, B23

use simplon_proxy::{App, Forwarding, Tell, To};
use simplon_testkit::{get, matrix, ok};

use crate::stage;

matrix! {
    /// B23: forged fields of an untrusted client do not reach the origin.
    async fn forged_fields_do_not_reach_the_origin(cell: Cell) {
        let mut stage = cell.plain();
        let forged = get("/")
            .field("X-Forwarded-For", "127.0.0.1")
            .field("Forwarded", "for=127.0.0.1")
            .field("X-Real-IP", "127.0.0.1")
            .field("X-Forwarded-Proto", "gopher");
        let (mut client, mut asked) = stage.pass(forged).await;
        assert_eq!(asked.all("X-Forwarded-For"), ["192.0.2.1"]);
        assert_eq!(asked.all("X-Forwarded-Proto"), [cell.scheme()]);
        assert_eq!(asked.all("X-Forwarded-Host"), ["test"]);
        assert_eq!(asked.all("Via"), [format!("{} simplon", cell.down().via())]);
        assert!(!format!("{asked:?}").contains("127.0.0.1"), "{asked:?}");
        asked.respond(ok("")).await;
        client.response().await;
        assert_eq!(stage.record().await.client, Some([192, 0, 2, 1].into()));
    }

    async fn fields_of_a_trusted_proxy_are_added_to(cell: Cell) {
        let trusting = Forwarding::default().trust(["192.0.2.0/24".parse().unwrap()]).forwarded(Tell::Yes);
        let mut stage = cell.with(|origin| App::new(To(origin)).forwarding(trusting));
        let told = get("/")
            .field("X-Forwarded-For", "198.51.100.7")
            .field("X-Forwarded-Proto", "gopher")
            .field("Forwarded", "for=198.51.100.7")
            .field("Via", "3 edge");
        let (mut client, mut asked) = stage.pass(told).await;
        assert_eq!(asked.all("X-Forwarded-For"), ["198.51.100.7, 192.0.2.1"]);
        assert_eq!(asked.all("X-Forwarded-Proto"), ["gopher"]);
        assert_eq!(asked.all("Forwarded").len(), 1);
        assert!(asked.field("Forwarded").unwrap().starts_with("for=198.51.100.7, for=192.0.2.1;"), "{asked:?}");
        assert_eq!(asked.all("Via"), [format!("3 edge, {} simplon", cell.down().via())]);
        asked.respond(ok("")).await;
        client.response().await;
        assert_eq!(stage.record().await.client, Some([198, 51, 100, 7].into()));
    }
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
