//! What the suite does not look at: sessions of connections that were cut, and what is shown to whom.

use std::sync::Arc;

use simplon_proto_tls_boringssl::BoringSsl;
use simplon_proto_tls_seam::{ClientAuth, ClientConfig, ServerConfig, Version};
use simplon_proto_tls_suite::Lab;
use simplon_proto_tls_suite::lab::{converse, meet};
use simplon_proto_tls_suite::pki::Authority;

fn lab() -> Lab {
    Lab::new(Arc::new(BoringSsl::new()), Arc::new(BoringSsl::new()))
}

#[tokio::test]
async fn a_cut_connection_spoils_no_session() {
    let (lab, authority) = (lab(), Authority::new("root"));
    let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])));
    for version in [Version::Tls12, Version::Tls13] {
        let client = lab.client(ClientConfig::new().trust(authority.trust()).versions(version, version));
        for round in 0..4 {
            let (mut server, mut client) = meet(&server, &*client, "a.test").await.both();
            converse(&mut server, &mut client).await;
            assert_eq!(client.facts().resumed, round > 0, "{version}, round {round}");
            // Both are dropped without a word.
        }
    }
}

#[tokio::test]
async fn what_was_shown_is_what_was_asked_for() {
    let (lab, authority, clients) = (lab(), Authority::new("root"), Authority::new("clients"));
    let identity = clients.identity(&["me.test"]);
    let own = identity.certificate().fingerprint();
    for (auth, shown) in [(ClientAuth::None, None), (ClientAuth::Optional(Arc::new(clients.trust())), Some(own))] {
        let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])).client_auth(auth));
        for version in [Version::Tls12, Version::Tls13] {
            let config = ClientConfig::new().trust(authority.trust()).identity(identity.clone());
            let client = lab.client(config.versions(version, version));
            let (server, client) = meet(&server, &*client, "a.test").await.facts().await;
            assert_eq!(client.own, shown, "{version}");
            assert_eq!(server.peer_certificate().map(|peer| peer.fingerprint()), shown, "{version}");
        }
    }
}
