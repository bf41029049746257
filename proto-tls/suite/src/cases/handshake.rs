//! Versions, keys, transports, and what is known afterwards.

use simplon_proto_tls_seam::{Capability, ClientConfig, Reason, ServerConfig, Version};

use crate::Lab;
use crate::lab::{meet, meet_on};
use crate::pki::{Authority, Key, Leaf};
use crate::wire::{loopback, memory, shredded};

pub(super) async fn versions_are_agreed_upon(lab: Lab) {
    let authority = Authority::new("root");
    let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])));
    let client = lab.client(ClientConfig::new().trust(authority.trust()));
    let (server, client) = meet(&server, &*client, "a.test").await.facts().await;
    assert_eq!((server.version, client.version), (Version::Tls13, Version::Tls13));
}

pub(super) async fn a_version_can_be_pinned(lab: Lab) {
    let authority = Authority::new("root");
    for version in [Version::Tls12, Version::Tls13] {
        let client = ClientConfig::new().trust(authority.trust()).versions(version, version);
        if version == Version::Tls12 && !lab.client_can(Capability::Only12, &client) {
            continue;
        }
        let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])));
        let (server, client) = meet(&server, &*lab.client(client), "a.test").await.facts().await;
        assert_eq!((server.version, client.version), (version, version));
    }
    let mut config = ServerConfig::of(authority.identity(&["a.test"]));
    (config.oldest, config.newest) = (Version::Tls13, Version::Tls13);
    let client = lab.client(ClientConfig::new().trust(authority.trust()));
    let (server, _) = meet(&lab.server(config), &*client, "a.test").await.facts().await;
    assert_eq!(server.version, Version::Tls13);
}

pub(super) async fn tls_1_2_alone(lab: Lab) {
    let authority = Authority::new("root");
    let mut config = ServerConfig::of(authority.identity(&["a.test"]));
    (config.oldest, config.newest) = (Version::Tls12, Version::Tls12);
    if lab.server_can(Capability::Only12, &config) {
        let client = lab.client(ClientConfig::new().trust(authority.trust()));
        let (server, client) = meet(&lab.server(config), &*client, "a.test").await.facts().await;
        assert_eq!((server.version, client.version), (Version::Tls12, Version::Tls12));
    }
}

pub(super) async fn no_version_in_common_is_refused(lab: Lab) {
    let authority = Authority::new("root");
    let mut config = ServerConfig::of(authority.identity(&["a.test"]));
    (config.oldest, config.newest) = (Version::Tls13, Version::Tls13);
    let client = ClientConfig::new().trust(authority.trust()).versions(Version::Tls12, Version::Tls12);
    if lab.client_can(Capability::Only12, &client) {
        let met = meet(&lab.server(config), &*lab.client(client), "a.test").await;
        let told = met.client.as_ref().err().map(simplon_proto_tls_seam::Error::reason);
        assert!(matches!(told, Some(Reason::Alert(70) | Reason::NoSharedVersion)), "{told:?}");
        assert_eq!(met.refused_by_server().await, Reason::NoSharedVersion);
    }
}

pub(super) async fn rsa_and_ecdsa_certificates(lab: Lab) {
    let authority = Authority::new("root");
    for key in [Key::Ecdsa, Key::Rsa] {
        let identity = authority.issue(&Leaf::of(&["a.test"]).key(key));
        let server = lab.server(ServerConfig::of(identity.clone()));
        for (version, client) in lab.pinned(&ClientConfig::new().trust(authority.trust())) {
            let (_, client) = meet(&server, &*client, "a.test").await.facts().await;
            assert_eq!((client.version, &*client.peer), (version, identity.chain()));
        }
    }
}

pub(super) async fn over_loopback(lab: Lab) {
    let authority = Authority::new("root");
    let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])));
    let client = lab.client(ClientConfig::new().trust(authority.trust()));
    let _ = meet_on(&server, &*client, "a.test", loopback().await).await.facts().await;
}

/// D45: in as many segments as there are octets.
pub(super) async fn octet_by_octet(lab: Lab) {
    let authority = Authority::new("root");
    let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])));
    let client = lab.client(ClientConfig::new().trust(authority.trust()));
    let (one, other) = memory();
    let _ = meet_on(&server, &*client, "a.test", (one.gulp(1), other.gulp(1))).await.facts().await;
}

/// D45, tldr.fail #10
pub(super) async fn hello_in_records_of_one_octet(lab: Lab) {
    let authority = Authority::new("root");
    let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])));
    let client = lab.client(ClientConfig::new().trust(authority.trust()));
    let _ = meet_on(&server, &*client, "a.test", shredded()).await.facts().await;
}

pub(super) async fn facts_of_both_ends(lab: Lab) {
    let authority = Authority::new("root").intermediate("middle");
    let root = Authority::new("another");
    let identity = root.intermediate("between").identity(&["a.test"]);
    drop(authority);
    let server = lab.server(ServerConfig::of(identity.clone()).alpn(["h2", "http/1.1"]));
    let client = lab.client(ClientConfig::new().trust(root.trust()).alpn(["h2"]));
    let (server, client) = meet(&server, &*client, "a.test").await.facts().await;
    assert_eq!((server.backend, client.backend), (lab.server_backend().name(), lab.client_backend().name()));
    for facts in [&server, &client] {
        assert!(facts.cipher.starts_with("TLS_") && facts.cipher.contains("_SHA"), "{}", facts.cipher);
        assert!(!facts.cipher.contains("TLS13"), "{}", facts.cipher);
        assert_eq!(facts.server_name.as_deref(), Some("a.test"));
        assert_eq!(facts.alpn.as_deref(), Some(&b"h2"[..]));
        assert!(!facts.resumed);
    }
    assert_eq!(server.cipher, client.cipher);
    if let (Some(one), Some(other)) = (&server.group, &client.group) {
        assert!(one.eq_ignore_ascii_case(other), "{one} {other}");
    }
    assert_eq!(server.own, Some(identity.certificate().fingerprint()));
    assert_eq!(client.own, None);
    assert!(server.peer.is_empty());
    assert_eq!(client.peer, identity.chain(), "the server's own first, then the one between");
}

/// D45: a ClientHello that needs more than one segment.
pub(super) async fn post_quantum_by_default(lab: Lab) {
    if lab.both_can(Capability::PostQuantum) {
        let authority = Authority::new("root");
        let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])));
        let client = lab.client(ClientConfig::new().trust(authority.trust()));
        let (server, client) = meet(&server, &*client, "a.test").await.facts().await;
        for group in [&server.group, &client.group] {
            assert!(group.as_deref().is_none_or(|group| group.eq_ignore_ascii_case("X25519MLKEM768")), "{group:?}");
        }
        assert!(server.group.is_some() || client.group.is_some());
    }
}
