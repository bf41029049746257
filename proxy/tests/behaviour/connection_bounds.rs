//! As many connections to an origin as may be, and no more: who needs another waits its turn, for a while.

use std::num::NonZeroU32;
use std::time::Duration;

use simplon_core::http::{OriginsConfig, Serve};
use simplon_testkit::matrix::{Cell, Stage};
use simplon_testkit::time::{pass, settle, took};
use simplon_testkit::{get, matrix, ok};

/// One connection to one origin, which carries one exchange at a time.
fn narrow(cell: &Cell, change: fn(&mut OriginsConfig)) -> Stage<impl Serve + use<>> {
    let mut config = OriginsConfig::default();
    config.connections.max_connections_per_key = std::num::NonZeroUsize::new(1);
    config.sessions.streams = NonZeroU32::new(1);
    change(&mut config);
    cell.origins(config).plain()
}

matrix! {
    /// The connection goes from hand to hand, and nobody makes another.
    async fn who_waits_for_a_connection_gets_it(cell: Cell) {
        let mut stage = narrow(&cell, |_| {});
        let (mut first, mut asked) = stage.pass(get("/1")).await;
        let mut second = stage.client().await;
        second.send(get("/2")).await;
        let mut third = stage.client().await;
        pass(Duration::from_millis(100)).await;
        third.send(get("/3")).await;
        stage.nobody_else_came().await;
        asked.respond(ok("one")).await;
        assert_eq!(first.response().await.status, 200);
        for (client, path) in [(&mut second, "/2"), (&mut third, "/3")] {
            let mut asked = stage.request().await;
            assert_eq!(asked.path(), path);
            asked.respond(ok("later")).await;
            assert_eq!(client.response().await.status, 200);
        }
        assert_eq!(stage.up().tries(), 1);
        assert!(stage.records.all().iter().all(|record| record.error.is_none()));
    }

    /// 503 at the deadline, with a reason of its own; the connection of the client goes on.
    async fn who_waits_too_long_is_told(cell: Cell) {
        let mut stage = narrow(&cell, |config| config.connections.queue_timeout = Duration::from_millis(300));
        let (mut first, mut asked) = stage.pass(get("/1")).await;
        let mut second = stage.client().await;
        second.send(get("/2")).await;
        let (response, time) = took(second.response()).await;
        assert_eq!(response.status, 503);
        assert!((Duration::from_millis(290)..Duration::from_millis(400)).contains(&time), "{time:?}");
        settle().await;
        assert_eq!(stage.records.only().error, Some("no-connection"));
        asked.respond(ok("one")).await;
        assert_eq!(first.response().await.status, 200);
        second.send(get("/2")).await;
        stage.request().await.respond(ok("two")).await;
        assert_eq!(second.response().await.status, 200);
        assert_eq!(stage.up().tries(), 1);
    }

    /// A client that leaves the queue is in nobody's way.
    async fn who_leaves_the_queue_is_not_waited_for(cell: Cell) {
        let mut stage = narrow(&cell, |_| {});
        let (mut first, mut asked) = stage.pass(get("/1")).await;
        let mut second = stage.client().await;
        second.send(get("/2")).await;
        settle().await;
        let mut third = stage.client().await;
        third.send(get("/3")).await;
        settle().await;
        second.close();
        settle().await;
        asked.respond(ok("one")).await;
        assert_eq!(first.response().await.status, 200);
        let mut asked = stage.request().await;
        assert_eq!(asked.path(), "/3");
        asked.respond(ok("three")).await;
        assert_eq!(third.response().await.status, 200);
    }
}
