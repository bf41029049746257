use tokio::io::duplex;

use super::*;
use crate::h2::conformance::tests::{ask, builder, serve};

/// What the h2 crate ends by itself as a server, and what is left to those who use it.
#[tokio::test(start_paused = true)]
async fn the_h2_crate_as_a_server() {
    for flood in Flood::BY_CLIENTS {
        let mut peer = Peer::client(serve(builder(), duplex(64 << 10)));
        let flooded = flood.run(&mut peer, effort(*flood)).await.unwrap();
        let end = match flood {
            Flood::RapidReset
            | Flood::MadeYouReset(Offence::WindowOverflow | Offence::Malformed | Offence::ContentLength)
            | Flood::Continuation
            | Flood::EmptyContinuation
            | Flood::EmptyData => End::GoAway(Code::ENHANCE_YOUR_CALM),
            // The offence alone ends the connection.
            Flood::MadeYouReset(_) => End::GoAway(Code::PROTOCOL_ERROR),
            _ => End::Survived,
        };
        assert_eq!(flooded.end, end, "{flood}: {flooded:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_h2_crate_as_a_client() {
    for flood in Flood::BY_SERVERS {
        let mut peer = Peer::server(ask().await);
        let flooded = flood.run(&mut peer, effort(*flood)).await.unwrap();
        let end = match flood {
            Flood::Continuation | Flood::EmptyContinuation | Flood::EmptyData => End::GoAway(Code::ENHANCE_YOUR_CALM),
            Flood::Push => End::GoAway(Code::PROTOCOL_ERROR),
            _ => End::Survived,
        };
        assert_eq!(flooded.end, end, "{flood}: {flooded:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_for_one_role() {
    let (near, _far) = duplex(1024);
    let miss = Flood::RapidReset.run(&mut Peer::server(near), Effort::default()).await.unwrap_err();
    assert_eq!(miss.to_string(), "expected a flood for this role; instead: RapidReset");
}

#[tokio::test(start_paused = true)]
async fn an_end_that_is_there_and_says_nothing_is_silent() {
    let (near, far) = duplex(1 << 10);
    let other = tokio::spawn(async move {
        let mut server = Peer::server(far);
        server.start().await.unwrap();
        std::future::pending::<()>().await;
    });
    let flooded = Flood::Ping.run(&mut Peer::client(near), Effort::default()).await.unwrap();
    assert_eq!(flooded.end, End::Silent, "{flooded:?}");
    other.abort();
}

fn effort(flood: Flood) -> Effort {
    match flood {
        // Each is worth thousands.
        Flood::HpackBomb | Flood::CookieCrumbs => Effort::frames(50),
        Flood::Stall | Flood::Drip(_) | Flood::SlowFields(_) => Effort::lasting(Duration::from_secs(300)),
        _ => Effort::frames(5000),
    }
}
