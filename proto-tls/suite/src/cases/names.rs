//! Application protocols, and sites by name.

use std::sync::Arc;

use simplon_proto_tls_seam::site::Names;
use simplon_proto_tls_seam::{ClientAuth, ClientConfig, Reason, ServerConfig, Site};

use crate::Lab;
use crate::lab::meet;
use crate::pki::Authority;

pub(super) async fn the_server_s_order_of_protocols_counts(lab: Lab) {
    let authority = Authority::new("root");
    for order in [["h2", "http/1.1"], ["http/1.1", "h2"]] {
        let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])).alpn(order));
        let client = lab.client(ClientConfig::new().trust(authority.trust()).alpn(["x", "http/1.1", "h2"]));
        let (server, client) = meet(&server, &*client, "a.test").await.facts().await;
        assert_eq!(server.alpn.as_deref(), Some(order[0].as_bytes()));
        assert_eq!(client.alpn.as_deref(), Some(order[0].as_bytes()));
    }
}

pub(super) async fn no_protocol_in_common_is_refused(lab: Lab) {
    let authority = Authority::new("root");
    let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])).alpn(["h2"]));
    let client = lab.client(ClientConfig::new().trust(authority.trust()).alpn(["http/1.1"]));
    let met = meet(&server, &*client, "a.test").await;
    let told = met.client.as_ref().err().map(simplon_proto_tls_seam::Error::reason);
    assert!(matches!(told, Some(Reason::Alert(120) | Reason::NoSharedProtocol)), "{told:?}");
    assert_eq!(met.refused_by_server().await, Reason::NoSharedProtocol);
}

pub(super) async fn no_protocols_offered_is_served(lab: Lab) {
    let authority = Authority::new("root");
    let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])).alpn(["h2"]));
    let client = lab.client(ClientConfig::new().trust(authority.trust()));
    let (server, client) = meet(&server, &*client, "a.test").await.facts().await;
    assert_eq!((&server.alpn, &client.alpn), (&None, &None));
}

pub(super) async fn protocols_offered_to_a_server_without_any(lab: Lab) {
    let authority = Authority::new("root");
    let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])).alpn::<&str>([]));
    let client = lab.client(ClientConfig::new().trust(authority.trust()).alpn(["h2"]));
    let (server, client) = meet(&server, &*client, "a.test").await.facts().await;
    assert_eq!((&server.alpn, &client.alpn), (&None, &None));
}

pub(super) async fn sites_by_name(lab: Lab) {
    let authority = Authority::new("root");
    let site = |name: &str| Arc::new(Site::new(authority.identity(&[name])));
    let (exact, wild, other) = (site("a.test"), site("*.wild.test"), site("192.0.2.1"));
    let names = Names::new().site("a.test", exact.clone()).site("*.wild.test", wild.clone()).otherwise(other.clone());
    let server = lab.server(ServerConfig::new(names));
    let client = lab.client(ClientConfig::new().trust(authority.trust()));
    for (asked, site) in [("a.test", &exact), ("b.wild.test", &wild), ("192.0.2.1", &other)] {
        let (server, client) = meet(&server, &*client, asked).await.facts().await;
        assert_eq!(client.peer_certificate(), Some(site.identity().certificate()), "{asked}");
        assert_eq!(server.own, Some(site.identity().certificate().fingerprint()));
        let is_named = asked != "192.0.2.1";
        assert_eq!(server.server_name.as_deref(), is_named.then_some(asked), "addresses are not sent");
    }
}

pub(super) async fn a_name_without_a_site_is_refused(lab: Lab) {
    let authority = Authority::new("root");
    let names = Names::new().site("a.test", Site::new(authority.identity(&["a.test"])));
    let server = lab.server(ServerConfig::new(names));
    let client = lab.client(ClientConfig::new().trust(authority.trust()));
    let met = meet(&server, &*client, "b.test").await;
    let told = met.client.as_ref().err().map(simplon_proto_tls_seam::Error::reason);
    assert_eq!(told, Some(Reason::Alert(112)));
    assert_eq!(met.refused_by_server().await, Reason::UnknownName);
}

pub(super) async fn sites_with_own_protocols(lab: Lab) {
    let authority = Authority::new("root");
    let names = Names::new()
        .site("a.test", Site::new(authority.identity(&["a.test"])).alpn(["own"]))
        .site("b.test", Site::new(authority.identity(&["b.test"])));
    let server = lab.server(ServerConfig::new(names).alpn(["h2"]));
    let client = lab.client(ClientConfig::new().trust(authority.trust()).alpn(["h2", "own"]));
    for (name, protocol) in [("a.test", "own"), ("b.test", "h2"), ("a.test", "own")] {
        let (_, client) = meet(&server, &*client, name).await.facts().await;
        assert_eq!(client.alpn.as_deref(), Some(protocol.as_bytes()));
    }
}

pub(super) async fn sites_with_own_client_auth(lab: Lab) {
    let (authority, clients) = (Authority::new("root"), Authority::new("clients"));
    let asks = ClientAuth::Required(Arc::new(clients.trust()));
    let names = Names::new()
        .site("a.test", Site::new(authority.identity(&["a.test"])).client_auth(asks))
        .site("b.test", Site::new(authority.identity(&["b.test"])));
    let server = lab.server(ServerConfig::new(names));
    let client = lab.client(ClientConfig::new().trust(authority.trust()));
    assert_eq!(meet(&server, &*client, "a.test").await.refused_by_server().await, Reason::NoCertificate);
    let (facts, of_client) = meet(&server, &*client, "b.test").await.facts().await;
    assert!(facts.peer.is_empty());
    assert!(facts.answers_for("b.test") && !facts.answers_for("a.test"), "it was not asked what a.test asks");
    assert!(of_client.site.is_none() && of_client.answers_for("a.test"));
    let known = lab.client(ClientConfig::new().trust(authority.trust()).identity(clients.identity(&["me.test"])));
    let (facts, _) = meet(&server, &*known, "a.test").await.facts().await;
    assert_eq!(facts.peer.len(), 1);
    let (facts, _) = meet(&server, &*known, "b.test").await.facts().await;
    assert!(facts.peer.is_empty(), "not asked");
}
