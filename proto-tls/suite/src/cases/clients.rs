//! What an accepting end makes of clients' certificates.

use std::sync::Arc;

use simplon_proto_tls_seam::{
    Capability, ClientAuth, ClientConfig, Connect, Facts, Identity, Reason, ServerConfig, Terminator, Trust,
};

use crate::lab::meet;
use crate::pki::{Authority, Leaf, Valid, self_signed};
use crate::{Lab, Wire};

struct Scene {
    lab: Lab,
    root: Authority,
    clients: Authority,
}

impl Scene {
    fn new(lab: Lab) -> Self {
        Self { lab, root: Authority::new("root"), clients: Authority::new("clients") }
    }

    fn server(&self, auth: ClientAuth) -> Terminator<Wire> {
        self.lab.server(ServerConfig::of(self.root.identity(&["a.test"])).client_auth(auth))
    }

    /// One for each version.
    fn connectors(&self, identity: Option<&Identity>) -> Vec<Arc<dyn Connect<Wire>>> {
        let config = ClientConfig::new().trust(self.root.trust());
        let config = match identity {
            Some(identity) => config.identity(identity.clone()),
            None => config,
        };
        self.lab.pinned(&config).into_iter().map(|(_, client)| client).collect()
    }

    async fn accepted(&self, auth: ClientAuth, identity: Option<&Identity>) -> Vec<(Arc<Facts>, Arc<Facts>)> {
        let server = self.server(auth);
        let mut all = Vec::new();
        for client in self.connectors(identity) {
            all.push(meet(&server, &*client, "a.test").await.facts().await);
        }
        all
    }

    async fn refused(&self, auth: ClientAuth, identity: Option<&Identity>) -> Reason {
        let server = self.server(auth);
        let mut all = Vec::new();
        for client in self.connectors(identity) {
            all.push(meet(&server, &*client, "a.test").await.refused_by_server().await);
        }
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "versions differ: {all:?}");
        all[0]
    }

    fn auths(&self) -> [ClientAuth; 2] {
        let trust = Arc::new(self.clients.trust());
        [ClientAuth::Optional(trust.clone()), ClientAuth::Required(trust)]
    }
}

/// L89: with certificates in between, too.
pub(super) async fn good_clients_are_known(lab: Lab) {
    let scene = Scene::new(lab);
    let between = scene.clients.intermediate("between");
    let spiffe = "spiffe://test/client";
    for identity in [scene.clients.identity(&["me.test", spiffe]), between.identity(&["me.test", spiffe])] {
        for auth in scene.auths() {
            for (server, client) in scene.accepted(auth, Some(&identity)).await {
                assert_eq!(server.peer, identity.chain(), "the client's own first, then the one between");
                assert_eq!(client.own, Some(identity.certificate().fingerprint()));
                let own = server.peer_certificate().unwrap();
                assert_eq!(own.organisation().as_deref(), Some("Leaves"));
            }
        }
    }
}

/// Whatever else a client shows, what is known of it is what was verified.
pub(super) async fn what_is_shown_beside_a_chain_is_not_known(lab: Lab) {
    let scene = Scene::new(lab);
    let one = scene.clients.intermediate("one");
    let good = one.intermediate("two").identity(&["me.test"]);
    let [leaf, two, one] = good.chain() else { panic!("three") };
    let other = scene.root.identity(&["other.test"]);
    let (stranger, forged, root) = (scene.root.certificate(), Authority::new("two"), scene.clients.certificate());
    for shown in [
        &[leaf, two, one, stranger, other.certificate()][..],
        &[leaf, other.certificate(), stranger, one, two],
        &[leaf, forged.certificate(), two, one],
        &[leaf, two, two, one, root],
        &[leaf, root, one, two],
    ] {
        let chain = shown.iter().map(|one| (*one).clone()).collect();
        let identity = Identity::new(chain, good.key().clone_key()).unwrap();
        for auth in scene.auths() {
            for (server, _) in scene.accepted(auth, Some(&identity)).await {
                assert_eq!(server.peer, good.chain(), "of {shown:?}");
            }
        }
    }
    // Who is trusted ends it, whoever else vouches for that one.
    let auth = ClientAuth::Required(Arc::new(Trust::new(vec![one.clone()]).unwrap()));
    for (server, _) in scene.accepted(auth, Some(&good)).await {
        assert_eq!(server.peer, [leaf.clone(), two.clone()]);
    }
}

pub(super) async fn a_certificate_is_not_shown_unasked(lab: Lab) {
    let scene = Scene::new(lab);
    let identity = scene.clients.identity(&["me.test"]);
    for (server, client) in scene.accepted(ClientAuth::None, Some(&identity)).await {
        assert!(server.peer.is_empty());
        assert_eq!(client.own, None);
    }
}

/// L89
pub(super) async fn no_certificate_does_where_it_is_optional(lab: Lab) {
    let scene = Scene::new(lab);
    let [optional, required] = scene.auths();
    for (server, client) in scene.accepted(optional, None).await {
        assert!(server.peer.is_empty());
        assert_eq!(client.own, None);
    }
    assert_eq!(scene.refused(required, None).await, Reason::NoCertificate);
}

pub(super) async fn bad_clients_are_refused_even_where_none_is_needed(lab: Lab) {
    let scene = Scene::new(lab);
    let expired = scene.clients.issue(&Leaf::of(&["me.test"]).valid(Valid::Before));
    let later = scene.clients.issue(&Leaf::of(&["me.test"]).valid(Valid::Later));
    let unknown = Authority::new("other").identity(&["me.test"]);
    let server_s = scene.root.identity(&["me.test"]);
    for auth in scene.auths() {
        assert_eq!(scene.refused(auth.clone(), Some(&expired)).await, Reason::Expired);
        assert_eq!(scene.refused(auth.clone(), Some(&later)).await, Reason::NotYetValid);
        assert_eq!(scene.refused(auth.clone(), Some(&unknown)).await, Reason::UnknownIssuer);
        assert_eq!(scene.refused(auth.clone(), Some(&server_s)).await, Reason::UnknownIssuer);
        assert_eq!(scene.refused(auth, Some(&self_signed(&["me.test"]))).await, Reason::UnknownIssuer);
    }
}

/// L89
pub(super) async fn revoked_clients_are_refused(lab: Lab) {
    let scene = Scene::new(lab);
    let (good, bad) = (scene.clients.identity(&["me.test"]), scene.clients.identity(&["me.test"]));
    let other = Authority::new("other");
    let roots = vec![scene.clients.certificate().clone(), other.certificate().clone()];
    let trust = Trust::new(roots).unwrap().crl(scene.clients.revoke(&[&bad]));
    let auth = ClientAuth::Required(Arc::new(trust));
    let config = ServerConfig::of(scene.root.identity(&["a.test"])).client_auth(auth.clone());
    if scene.lab.server_can(Capability::Crl, &config) {
        assert_eq!(scene.refused(auth.clone(), Some(&bad)).await, Reason::Revoked);
        assert!(!scene.accepted(auth.clone(), Some(&good)).await.is_empty());
        let unlisted = other.identity(&["me.test"]);
        assert!(!scene.accepted(auth, Some(&unlisted)).await.is_empty(), "no list speaks of it");
    }
}
