//! Revocation lists: the same answer from every library, whichever end it is that looks.

use std::sync::Arc;

use simplon_proto_tls_seam::revocation::Expired;
use simplon_proto_tls_seam::{
    Capability, ClientAuth, ClientConfig, ConfigError, Identity, Reason, ServerConfig, Trust, Version,
};

use crate::Lab;
use crate::lab::meet;
use crate::pki::{Authority, List, Scope};

/// An authority that a list is of, one that the other end is certified by, and two certificates.
struct Scene {
    lab: Lab,
    authority: Authority,
    other: Authority,
    good: Identity,
    bad: Identity,
}

impl Scene {
    fn new(lab: Lab) -> Self {
        let authority = Authority::new("root");
        let (good, bad) = (authority.identity(&["a.test"]), authority.identity(&["a.test"]));
        Self { lab, authority, other: Authority::new("other"), good, bad }
    }

    fn server(&self, trust: &Trust) -> ServerConfig {
        let auth = ClientAuth::Required(Arc::new(trust.clone()));
        ServerConfig::of(self.other.identity(&["a.test"])).client_auth(auth)
    }

    /// What both ends say of this identity, in each version: all that can judge lists say the same.
    async fn judged(&self, trust: &Trust, shown: &Identity) -> Option<Reason> {
        let mut all = Vec::new();
        for version in [Version::Tls12, Version::Tls13] {
            let looks = ClientConfig::new().trust(trust.clone()).versions(version, version);
            if self.lab.client_can(Capability::Crl, &looks) {
                let server = self.lab.server(ServerConfig::of(shown.clone()));
                let met = meet(&server, &*self.lab.client(looks), "a.test").await;
                all.push(match met.client {
                    Ok(_) => met.facts().await.1.peer_certificate().is_none().then_some(Reason::NoCertificate),
                    Err(_) => Some(met.refused_by_client()),
                });
            }
            let config = self.server(trust);
            if self.lab.server_can(Capability::Crl, &config) {
                let shows =
                    ClientConfig::new().trust(self.other.trust()).identity(shown.clone()).versions(version, version);
                let met = meet(&self.lab.server(config), &*self.lab.client(shows), "a.test").await;
                all.push(match met.server {
                    Ok(_) => met.facts().await.0.peer_certificate().is_none().then_some(Reason::NoCertificate),
                    Err(_) => Some(met.refused_by_server().await),
                });
            }
        }
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "ends or versions differ: {all:?}");
        all.first().copied().flatten()
    }

    /// Whether this pair has an end that judges lists.
    fn judges(&self) -> bool {
        [self.lab.server_backend(), self.lab.client_backend()].iter().any(|end| end.capabilities().has(Capability::Crl))
    }

    async fn says(&self, trust: &Trust, shown: &Identity, expected: Option<Reason>, why: &str) {
        if self.judges() {
            assert_eq!(self.judged(trust, shown).await, expected, "{why}");
        }
    }

    /// Trust with these lists that cannot be used.
    fn is_refused(&self, trust: &Trust, why: &str) {
        let malformed = |error: Option<ConfigError>| match error {
            Some(ConfigError::Malformed { what }) => assert!(what.contains("revocation list"), "{why}: {what}"),
            other => panic!("{why}: {other:?}"),
        };
        let client = ClientConfig::new().trust(trust.clone());
        if self.lab.client_can(Capability::Crl, &client) {
            malformed(self.lab.client_backend().client(&client).err());
        }
        let server = self.server(trust);
        if self.lab.server_can(Capability::Crl, &server) {
            malformed(self.lab.server_backend().server(&server).err());
        }
    }
}

fn of(begins: i32) -> List {
    List { begins, ..List::default() }
}

pub(super) async fn the_newest_list_counts_alone(lab: Lab) {
    let scene = Scene::new(lab);
    let (good, bad) = (&scene.good, &scene.bad);
    let older = scene.authority.list(&[good], &of(2020));
    let newer = scene.authority.list(&[bad], &of(2021));
    for lists in [[&older, &newer], [&newer, &older]] {
        let trust = lists.iter().fold(scene.authority.trust(), |trust, list| trust.crl(list.to_vec()));
        scene.says(&trust, bad, Some(Reason::Revoked), "it is on the newer one").await;
        scene.says(&trust, good, None, "it is on the older one alone").await;
    }
    // The same day: the one with the higher number.
    let (first, second) = (scene.authority.list(&[], &of(2020)), scene.authority.list(&[bad], &of(2020)));
    for lists in [[&first, &second], [&second, &first]] {
        let trust = lists.iter().fold(scene.authority.trust(), |trust, list| trust.crl(list.to_vec()));
        scene.says(&trust, bad, Some(Reason::Revoked), "it is on the one with the higher number").await;
    }
    // Of another issuer none takes its place.
    let roots = vec![scene.authority.certificate().clone(), scene.other.certificate().clone()];
    let trust = Trust::new(roots).unwrap().crl(older).crl(scene.other.list(&[], &of(2023)));
    scene.says(&trust, good, Some(Reason::Revoked), "the newer one is of somebody else").await;
}

pub(super) async fn lists_that_cannot_be_used_are_errors(lab: Lab) {
    let scene = Scene::new(lab);
    let trust = || scene.authority.trust();
    let whole = scene.authority.revoke(&[&scene.bad]);
    scene.is_refused(&trust().crl(whole[..whole.len() - 1].to_vec()), "cut");
    scene.is_refused(&trust().crl([&whole[..], &[0]].concat()), "octets behind it");
    scene.is_refused(&trust().crl(Vec::new()), "empty");
    scene.is_refused(&trust().crl(scene.authority.list(&[], &List { begins: 2089, ..List::default() })), "not yet");
    scene.is_refused(&trust().crl(Authority::new("root").revoke(&[])), "a stranger of the same name signed it");
    let mut changed = whole.clone();
    let last = changed.len() - 1;
    changed[last] ^= 1;
    scene.is_refused(&trust().crl(changed), "the signature does not hold");
    scene.is_refused(&trust().crl(whole).crl([0x30, 0]), "the second of two");
}

pub(super) async fn an_expired_list_refuses_unless_it_counts_on(lab: Lab) {
    let scene = Scene::new(lab);
    let list = scene.authority.list(&[&scene.bad], &List { begins: 2020, ends: 2021, scope: None });
    let strict = scene.authority.trust().crl(list.clone());
    scene.says(&strict, &scene.good, Some(Reason::RevocationListExpired), "nobody knows").await;
    scene.says(&strict, &scene.bad, Some(Reason::Revoked), "it was revoked then").await;
    let lenient = strict.expired_crls(Expired::CountsOn);
    scene.says(&lenient, &scene.good, None, "as it was told").await;
    scene.says(&lenient, &scene.bad, Some(Reason::Revoked), "it was revoked then").await;
    let roots = vec![scene.authority.certificate().clone(), scene.other.certificate().clone()];
    let trust = Trust::new(roots).unwrap().crl(list);
    scene.says(&trust, &scene.other.identity(&["a.test"]), None, "no list speaks of it").await;
}

pub(super) async fn lists_of_those_between_count_too(lab: Lab) {
    let scene = Scene::new(lab);
    let between = scene.authority.intermediate("between");
    let (good, bad) = (between.identity(&["a.test"]), between.identity(&["a.test"]));
    let trust = scene.authority.trust().crl(between.revoke(&[&bad]));
    scene.says(&trust, &bad, Some(Reason::Revoked), "by the one between").await;
    scene.says(&trust, &good, None, "not on it").await;
    scene.says(&trust, &scene.bad, None, "of another issuer").await;
    let forged = Authority::new("between").revoke(&[]);
    scene.says(&scene.authority.trust().crl(forged), &good, Some(Reason::BadCertificate), "a stranger's").await;
    // The one between was revoked itself.
    let itself = Identity::new(vec![between.certificate().clone()], good.key().clone_key()).unwrap();
    let trust = scene.authority.trust().crl(scene.authority.revoke(&[&itself]));
    scene.says(&trust, &good, Some(Reason::Revoked), "its issuer is on the list").await;
    scene.says(&trust, &scene.good, None, "its issuer is the root").await;
}

pub(super) async fn a_list_speaks_of_its_scope_alone(lab: Lab) {
    let scene = Scene::new(lab);
    let scoped = |scope, begins| scene.authority.list(&[&scene.bad], &List { scope: Some(scope), ..of(begins) });
    let users = scene.authority.trust().crl(scoped(Scope::Users, 2020));
    scene.says(&users, &scene.bad, Some(Reason::Revoked), "it is a user").await;
    scene.says(&users, &scene.good, None, "it is not on it").await;
    let authorities = scene.authority.trust().crl(scoped(Scope::Authorities, 2021));
    scene.says(&authorities, &scene.bad, None, "it is no authority").await;
    let both = users.crl(scoped(Scope::Authorities, 2021));
    scene.says(&both, &scene.bad, Some(Reason::Revoked), "another scope does not take its place").await;
}

/// Who is trusted ends the chain: its own list is for those below it.
pub(super) async fn who_is_trusted_is_on_no_list(lab: Lab) {
    let scene = Scene::new(lab);
    let between = scene.authority.intermediate("between");
    let leaf = between.identity(&["a.test"]);
    let itself = Identity::new(vec![between.certificate().clone()], leaf.key().clone_key()).unwrap();
    let roots = vec![scene.authority.certificate().clone(), between.certificate().clone()];
    let trust = Trust::new(roots).unwrap().crl(scene.authority.revoke(&[&itself]));
    scene.says(&trust, &leaf, None, "the one between is trusted by itself").await;
}
