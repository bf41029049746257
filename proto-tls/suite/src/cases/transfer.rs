//! Octets, and how they end.

use std::future::poll_fn;
use std::io::ErrorKind;
use std::task::Poll;

use simplon_proto_tls_seam::{ClientConfig, ServerConfig, Session};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::Lab;
use crate::lab::{converse, meet, meet_on};
use crate::pki::Authority;
use crate::wire::{Wire, loopback, memory, narrow};

/// A session for each version.
async fn sessions(lab: &Lab, pair: impl AsyncFn() -> (Wire, Wire)) -> Vec<(Box<dyn Session>, Box<dyn Session>)> {
    let authority = Authority::new("root");
    let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])));
    let mut all = Vec::new();
    for (_, client) in lab.pinned(&ClientConfig::new().trust(authority.trust())) {
        all.push(meet_on(&server, &*client, "a.test", pair().await).await.both());
    }
    all
}

pub(super) async fn a_lot_both_ways_at_once(lab: Lab) {
    const OCTETS: usize = 3 << 20;
    let mut all = sessions(&lab, async || narrow(1000)).await;
    all.extend(sessions(&lab, loopback).await);
    for (server, client) in all {
        let ends = [server, client].map(|end| {
            let (mut read, mut write) = tokio::io::split(end);
            let writing = tokio::spawn(async move {
                let octets: Vec<u8> = (0..OCTETS).map(pattern).collect();
                write.write_all(&octets).await.unwrap();
                write.shutdown().await.unwrap();
            });
            let reading = tokio::spawn(async move {
                let mut octets = Vec::new();
                read.read_to_end(&mut octets).await.unwrap();
                assert_eq!(octets.len(), OCTETS);
                assert!(octets.into_iter().enumerate().all(|(at, octet)| octet == pattern(at)));
            });
            (reading, writing)
        });
        for (reading, writing) in ends {
            reading.await.unwrap();
            writing.await.unwrap();
        }
    }
}

fn pattern(at: usize) -> u8 {
    (at ^ at >> 8 ^ at >> 16) as u8
}

pub(super) async fn half_closed_goes_on(lab: Lab) {
    for (mut server, mut client) in sessions(&lab, async || memory()).await {
        client.write_all(b"all").await.unwrap();
        client.shutdown().await.unwrap();
        let mut heard = Vec::new();
        server.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, b"all");
        server.write_all(b"answer").await.unwrap();
        server.shutdown().await.unwrap();
        let mut heard = Vec::new();
        client.read_to_end(&mut heard).await.unwrap();
        assert_eq!(heard, b"answer");
        assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0, "and stays ended");
    }
}

pub(super) async fn a_cut_is_no_end(lab: Lab) {
    let mut all = sessions(&lab, async || memory()).await;
    all.extend(sessions(&lab, loopback).await);
    for (mut server, mut client) in all {
        converse(&mut server, &mut client).await;
        server.write_all(b"half of").await.unwrap();
        server.flush().await.unwrap();
        // Dropped without close_notify.
        drop(server);
        let mut heard = Vec::new();
        let error = client.read_to_end(&mut heard).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        assert_eq!(heard, b"half of");
        assert!(client.read(&mut [0; 1]).await.is_err(), "and stays cut");
    }
}

pub(super) async fn leave_without_a_word_is_clean(lab: Lab) {
    for (mut server, mut client) in sessions(&lab, async || memory()).await {
        server.shutdown().await.unwrap();
        assert_eq!(client.read(&mut [0; 1]).await.unwrap(), 0);
        client.shutdown().await.unwrap();
        assert_eq!(server.read(&mut [0; 1]).await.unwrap(), 0);
    }
}

pub(super) async fn readable_when_there_is_something(lab: Lab) {
    let authority = Authority::new("root");
    let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])));
    let client = lab.client(ClientConfig::new().trust(authority.trust()));
    let _ = meet(&server, &*client, "a.test").await.facts().await;
    let (mut server, mut client) = meet_on(&server, &*client, "a.test", loopback().await).await.both();
    converse(&mut server, &mut client).await;
    let is_readable = |session: &dyn Session| {
        let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
        session.poll_readable(&mut cx).is_ready()
    };
    assert!(!is_readable(&*server), "all was read");
    client.write_all(b"two words").await.unwrap();
    client.flush().await.unwrap();
    poll_fn(|cx| server.poll_readable(cx)).await;
    let mut heard = [0; 3];
    server.read_exact(&mut heard).await.unwrap();
    assert!(is_readable(&*server), "the rest is at hand");
    let mut heard = [0; 6];
    server.read_exact(&mut heard).await.unwrap();
    assert!(!is_readable(&*server), "all was read");
    client.shutdown().await.unwrap();
    poll_fn(|cx| server.poll_readable(cx)).await;
    assert_eq!(server.read(&mut heard).await.unwrap(), 0);
    poll_fn(|cx| match server.poll_readable(cx) {
        Poll::Ready(()) => Poll::Ready(()),
        Poll::Pending => panic!("an end stays readable"),
    })
    .await;
}
