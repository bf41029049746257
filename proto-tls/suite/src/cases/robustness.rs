//! Peers that stall, break off, or send what is not TLS; reloads under load.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use simplon_proto_tls_seam::site::{Exchangeable, Names};
use simplon_proto_tls_seam::{Capability, ClientConfig, Reason, ServerConfig, Session, Site, Terminator};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::lab::{meet, meet_on, soon, whom};
use crate::pki::Authority;
use crate::wire::{loopback, memory};
use crate::{Lab, Wire};

/// D45: nothing comes, or nothing more.
pub(super) async fn a_peer_that_stalls_runs_into_the_deadline(lab: Lab) {
    let authority = Authority::new("root");
    let mut config = ServerConfig::of(authority.identity(&["a.test"]));
    config.deadline = Duration::from_millis(50);
    let server = lab.server(config);
    let client = lab.client(ClientConfig::new().trust(authority.trust()));
    // Says nothing at all.
    let (_silent, wire) = memory();
    assert_eq!(reason(soon(server.handshake(wire, None)).await), Reason::TimedOut);
    // Says nothing after its ClientHello: reads no answer.
    let (one, other) = memory();
    let (mut relay, behind) = memory();
    let connecting = client.connect(one, whom("a.test"));
    let stalling = async move {
        let (mut other, mut hello) = (other, [0; 4096]);
        let n = other.read(&mut hello).await.unwrap();
        relay.write_all(&hello[..n]).await.unwrap();
        std::future::pending::<()>().await;
    };
    let begin = Instant::now();
    tokio::select! {
        outcome = server.handshake(behind, None) => assert_eq!(reason(outcome), Reason::TimedOut),
        _ = connecting => panic!("nobody answered"),
        () = stalling => {}
    }
    assert!(begin.elapsed() < Duration::from_secs(5));
}

fn reason<T>(outcome: Result<T, simplon_proto_tls_seam::Error>) -> Reason {
    outcome.err().expect("it fails").reason()
}

/// D45: whoever closes in the middle of a handshake, at whichever octet, leaves nothing that spins or panics.
pub(super) async fn the_client_breaks_off_anywhere(lab: Lab) {
    break_off(lab, async |server, client| {
        let (one, other) = memory();
        let written = one.written();
        let _ = meet_on(server, client, "a.test", (one, other)).await.both();
        let whole = written.load(Ordering::Relaxed);
        for octets in 0..whole {
            let (one, other) = memory();
            let met = soon(meet_on(server, client, "a.test", (one.cut_after(octets), other))).await;
            let failed = met.server.err().unwrap_or_else(|| panic!("{octets} of {whole} octets were enough"));
            assert!(matches!(failed.reason(), Reason::Closed | Reason::Io(_) | Reason::Malformed), "{failed:?}");
        }
    })
    .await;
}

pub(super) async fn the_server_breaks_off_anywhere(lab: Lab) {
    break_off(lab, async |server, client| {
        // What the client needs of it: it is done before the server's tickets come.
        let (one, other) = memory();
        let written = other.written();
        let _ = meet_on(server, client, "a.test", (one, other)).await.both();
        let whole = written.load(Ordering::Relaxed);
        let mut failures = 0;
        for octets in (0..whole).step_by(3) {
            let (one, other) = memory();
            let met = soon(meet_on(server, client, "a.test", (one, other.cut_after(octets)))).await;
            if let Err(failed) = met.client {
                assert!(matches!(failed.reason(), Reason::Closed | Reason::Io(_) | Reason::Malformed), "{failed:?}");
                failures += 1;
            }
        }
        assert!(failures > whole / 12, "{failures} of {whole}");
    })
    .await;
}

async fn break_off(lab: Lab, test: impl AsyncFn(&Terminator<Wire>, &dyn simplon_proto_tls_seam::Connect<Wire>)) {
    let authority = Authority::new("root");
    let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])));
    // Without resumption, so that each time is like the first; with a small key share where there is a choice, so that there are fewer places.
    let config = ClientConfig::new().trust(authority.trust()).resume(false);
    let small = config.clone().groups(["secp256r1"]);
    let config = if lab.client_can(Capability::GroupChoice, &small) { small } else { config };
    for (_, client) in lab.pinned(&config) {
        test(&server, &*client).await;
    }
}

pub(super) async fn what_is_not_tls_is_refused(lab: Lab) {
    let authority = Authority::new("root");
    let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])));
    for octets in
        [&b"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"[..], &[0; 64], &[22, 3, 1, 0xff, 0xff, 1], &[0x80, 0x2e, 1]]
    {
        let (mut raw, wire) = memory();
        raw.write_all(octets).await.unwrap();
        assert_eq!(reason(soon(server.handshake(wire, None)).await), Reason::Malformed);
        let mut answer = Vec::new();
        raw.read_to_end(&mut answer).await.unwrap();
        assert_eq!(answer.first(), Some(&21), "an alert");
    }
    let client = lab.client(ClientConfig::new().trust(authority.trust()));
    let (wire, mut raw) = memory();
    raw.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    let outcome = soon(client.connect(wire, whom("a.test"))).await;
    let reason = reason(outcome);
    assert!(matches!(reason, Reason::Malformed | Reason::NoSharedVersion), "{reason:?}");
}

pub(super) async fn garbage_after_the_handshake_is_an_error(lab: Lab) {
    let authority = Authority::new("root");
    let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])));
    let client = lab.client(ClientConfig::new().trust(authority.trust()));
    // A relay that adds a record of its own once both are done.
    let ((one, mut near), (mut far, other)) = (memory(), memory());
    let relay = tokio::spawn(async move {
        let relayed =
            tokio::time::timeout(Duration::from_millis(200), tokio::io::copy_bidirectional(&mut near, &mut far));
        let _ = relayed.await;
        far.write_all(&[23, 3, 3, 0, 32]).await.unwrap();
        far.write_all(&[7; 32]).await.unwrap();
        (near, far)
    });
    let (mut server, _client) = meet_on(&server, &*client, "a.test", (one, other)).await.both();
    let read = soon(server.read(&mut [0; 8])).await;
    assert!(read.is_err(), "{read:?}");
    let again = soon(server.read(&mut [0; 8])).await;
    assert!(again.is_err(), "and stays broken");
    let _ = relay.await.unwrap();
}

/// L88
pub(super) async fn sites_reloaded_during_handshakes(lab: Lab) {
    let authority = Authority::new("root");
    let identity = authority.identity(&["a.test"]);
    let kept = Arc::new(Site::new(identity.clone()));
    let names = |site: Arc<Site>| Names::new().site("a.test", site).site("kept.test", kept.clone());
    let sites = Arc::new(Exchangeable::new(names(Arc::new(Site::new(identity.clone())))));
    let server = lab.server(ServerConfig::new(sites.clone()));
    let client = lab.client(ClientConfig::new().trust(authority.trust()).resume(false).danger_accept_any_name());
    let mut gone = Vec::new();
    for round in 0..1000 {
        let site = Arc::new(Site::new(identity.clone()));
        gone.push(Arc::downgrade(&site));
        sites.replace(names(site));
        if round % 20 == 0 {
            // The listener's configuration, too: a site that stays is prepared for each, and must not remember them all.
            server.reload(ServerConfig::new(sites.clone())).unwrap();
            let (one, other) = tokio::join!(meet(&server, &*client, "a.test"), meet(&server, &*client, "kept.test"));
            let _ = (one.both(), other.both());
        }
    }
    let alive = gone.iter().filter(|site| site.strong_count() > 0).count();
    assert_eq!(alive, 1, "what is not in force any more is let go");
    assert!(kept.kept() <= 8, "{} kept", kept.kept());
    // A name that is gone.
    sites.replace(Names::new().site("kept.test", kept));
    let met = meet(&server, &*client, "a.test").await;
    assert_eq!(reason(met.server), Reason::UnknownName);
    assert!(met.client.is_err());
    let _ = meet(&server, &*client, "kept.test").await.both();
}

pub(super) async fn handshakes_can_run_elsewhere(lab: Lab) {
    let authority = Authority::new("root");
    let elsewhere = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let mut config = ServerConfig::of(authority.identity(&["a.test"]));
    config.offload = Some(elsewhere.handle().clone());
    let server = lab.server(config);
    let client = lab.client(ClientConfig::new().trust(authority.trust()));
    for pair in [memory(), loopback().await] {
        let _ = meet_on(&server, &*client, "a.test", pair).await.facts().await;
    }
    // An error comes back, too.
    let (one, other) = memory();
    let met = soon(meet_on(&server, &*client, "a.test", (one.cut_after(20), other))).await;
    assert!(met.server.is_err());
    elsewhere.shutdown_background();
}

pub(super) async fn many_at_once(lab: Lab) {
    let authority = Authority::new("root");
    let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])));
    let client = lab.client(ClientConfig::new().trust(authority.trust()));
    let (server, mut all) = (Arc::new(server), Vec::new());
    for _ in 0..50 {
        let (server, client) = (server.clone(), client.clone());
        all.push(tokio::spawn(async move {
            let (server, client) = meet(&server, &*client, "a.test").await.both();
            let ends: [Box<dyn Session>; 2] = [server, client];
            ends.len()
        }));
    }
    for one in all {
        assert_eq!(one.await.unwrap(), 2);
    }
}
