//! What a connecting end makes of the server's certificate.

use simplon_proto_tls_seam::{Capability, ClientConfig, Identity, Reason, ServerConfig, ServerName, Trust};

use crate::Lab;
use crate::lab::meet;
use crate::pki::{Authority, Leaf, Valid, self_signed};

/// The reason for which a client with this configuration refuses a server of this identity; `None` if it does not. The same in each version.
async fn refusal(lab: &Lab, identity: &Identity, client: ClientConfig, name: &str) -> Option<Reason> {
    let server = lab.server(ServerConfig::of(identity.clone()));
    let mut all = Vec::new();
    for (_, client) in lab.pinned(&client) {
        let met = meet(&server, &*client, name).await;
        all.push(match met.client {
            Ok(_) => {
                let _ = met.facts().await;
                None
            }
            Err(_) => Some(met.refused_by_client()),
        });
    }
    assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "versions differ: {all:?}");
    *all.first().unwrap()
}

pub(super) async fn good_certificates_are_taken(lab: Lab) {
    let authority = Authority::new("root");
    let deep = authority.intermediate("one").intermediate("two");
    let client = ClientConfig::new().trust(authority.trust());
    for identity in [authority.identity(&["a.test", "*.wild.test"]), deep.identity(&["a.test", "*.wild.test"])] {
        for name in ["a.test", "A.TEST", "a.test.", "b.wild.test"] {
            assert_eq!(refusal(&lab, &identity, client.clone(), name).await, None, "{name}");
        }
    }
}

/// L87
pub(super) async fn wrong_names_are_refused(lab: Lab) {
    let authority = Authority::new("root");
    let client = ClientConfig::new().trust(authority.trust());
    let identity = authority.identity(&["a.test", "*.wild.test"]);
    for name in ["b.test", "sub.a.test", "wild.test", "a.b.wild.test", "a.test.evil.test", "192.0.2.1"] {
        assert_eq!(refusal(&lab, &identity, client.clone(), name).await, Some(Reason::WrongName), "{name}");
    }
}

/// L87: never by the name of an address, and never not at all.
pub(super) async fn addresses_are_proved_by_addresses(lab: Lab) {
    let authority = Authority::new("root");
    let client = ClientConfig::new().trust(authority.trust());
    let identity = authority.identity(&["192.0.2.1", "2001:db8::1"]);
    for (name, outcome) in [
        ("192.0.2.1", None),
        ("2001:db8::1", None),
        ("[2001:db8::1]", None),
        ("192.0.2.2", Some(Reason::WrongName)),
        ("2001:db8::2", Some(Reason::WrongName)),
    ] {
        assert_eq!(refusal(&lab, &identity, client.clone(), name).await, outcome, "{name}");
    }
}

/// L87
pub(super) async fn expired_is_refused(lab: Lab) {
    let authority = Authority::new("root");
    let client = ClientConfig::new().trust(authority.trust());
    let identity = authority.issue(&Leaf::of(&["a.test"]).valid(Valid::Before));
    assert_eq!(refusal(&lab, &identity, client, "a.test").await, Some(Reason::Expired));
}

pub(super) async fn not_yet_valid_is_refused(lab: Lab) {
    let authority = Authority::new("root");
    let client = ClientConfig::new().trust(authority.trust());
    let identity = authority.issue(&Leaf::of(&["a.test"]).valid(Valid::Later));
    assert_eq!(refusal(&lab, &identity, client, "a.test").await, Some(Reason::NotYetValid));
}

/// L87
pub(super) async fn self_signed_is_refused(lab: Lab) {
    let client = ClientConfig::new().trust(Authority::new("root").trust());
    let reason = refusal(&lab, &self_signed(&["a.test"]), client, "a.test").await;
    assert_eq!(reason, Some(Reason::UnknownIssuer));
}

pub(super) async fn an_unknown_issuer_is_refused(lab: Lab) {
    let client = ClientConfig::new().trust(Authority::new("root").trust());
    // Of the same name, too: what counts is the key.
    for name in ["other", "root"] {
        let identity = Authority::new(name).identity(&["a.test"]);
        let reason = refusal(&lab, &identity, client.clone(), "a.test").await;
        assert!(matches!(reason, Some(Reason::UnknownIssuer | Reason::BadCertificate)), "{reason:?}");
    }
    // And a chain with a gap.
    let authority = Authority::new("root");
    let whole = authority.intermediate("between").identity(&["a.test"]);
    let gap = Identity::new(vec![whole.certificate().clone()], whole.key().clone_key()).unwrap();
    let client = ClientConfig::new().trust(authority.trust());
    assert_eq!(refusal(&lab, &gap, client, "a.test").await, Some(Reason::UnknownIssuer));
}

pub(super) async fn the_system_does_not_trust_our_authority(lab: Lab) {
    let client = ClientConfig::new();
    // A machine without trusted certificates has no such client.
    if lab.client_backend().client(&client).is_ok() {
        let identity = Authority::new("root").identity(&["a.test"]);
        assert_eq!(refusal(&lab, &identity, client, "a.test").await, Some(Reason::UnknownIssuer));
    }
}

/// L89
pub(super) async fn revoked_is_refused(lab: Lab) {
    let (authority, other) = (Authority::new("root"), Authority::new("other"));
    let (good, bad) = (authority.identity(&["a.test"]), authority.identity(&["a.test"]));
    let roots = vec![authority.certificate().clone(), other.certificate().clone()];
    let client = ClientConfig::new().trust(Trust::new(roots).unwrap().crl(authority.revoke(&[&bad])));
    if lab.client_can(Capability::Crl, &client) {
        assert_eq!(refusal(&lab, &bad, client.clone(), "a.test").await, Some(Reason::Revoked));
        assert_eq!(refusal(&lab, &good, client.clone(), "a.test").await, None);
        let unlisted = other.identity(&["a.test"]);
        assert_eq!(refusal(&lab, &unlisted, client.clone(), "a.test").await, None, "no list speaks of it");
        let below = authority.intermediate("between").identity(&["a.test"]);
        assert_eq!(refusal(&lab, &below, client, "a.test").await, None, "no list speaks of it");
    }
}

pub(super) async fn alternative_names_may_be_proved(lab: Lab) {
    let authority = Authority::new("root");
    let names = ["b.test", "192.0.2.7"].map(|name| ServerName::parse(name).unwrap());
    let client = ClientConfig::new().trust(authority.trust()).alternative_names(names);
    if lab.client_can(Capability::AlternativeNames, &client) {
        for (names, outcome) in
            [(["a.test"], None), (["b.test"], None), (["192.0.2.7"], None), (["c.test"], Some(Reason::WrongName))]
        {
            let identity = authority.identity(&names);
            assert_eq!(refusal(&lab, &identity, client.clone(), "a.test").await, outcome, "{names:?}");
        }
        let expired = authority.issue(&Leaf::of(&["b.test"]).valid(Valid::Before));
        assert_eq!(refusal(&lab, &expired, client.clone(), "a.test").await, Some(Reason::Expired));
        let foreign = Authority::new("other").identity(&["b.test"]);
        assert_eq!(refusal(&lab, &foreign, client, "a.test").await, Some(Reason::UnknownIssuer));
    }
}

pub(super) async fn any_name_is_not_anyone(lab: Lab) {
    let authority = Authority::new("root");
    let client = ClientConfig::new().trust(authority.trust()).danger_accept_any_name();
    assert_eq!(refusal(&lab, &authority.identity(&["b.test"]), client.clone(), "a.test").await, None);
    assert_eq!(refusal(&lab, &authority.identity(&["b.test"]), client.clone(), "192.0.2.1").await, None);
    let expired = authority.issue(&Leaf::of(&["a.test"]).valid(Valid::Before));
    assert_eq!(refusal(&lab, &expired, client.clone(), "a.test").await, Some(Reason::Expired));
    let foreign = Authority::new("other").identity(&["a.test"]);
    assert_eq!(refusal(&lab, &foreign, client, "a.test").await, Some(Reason::UnknownIssuer));
}

pub(super) async fn anyone_is_anyone(lab: Lab) {
    let client = ClientConfig::new().danger_accept_anyone();
    for identity in [
        self_signed(&["b.test"]),
        Authority::new("other").issue(&Leaf::of(&["b.test"]).valid(Valid::Before)),
        Authority::new("other").intermediate("between").identity(&[]),
    ] {
        assert_eq!(refusal(&lab, &identity, client.clone(), "a.test").await, None);
    }
}

/// L87: an empty name is none.
pub(super) async fn no_name_switches_verification_off(_lab: Lab) {
    for text in ["", ".", "[]", " ", "a b", "a..b", "*"] {
        assert!(ServerName::parse(text).is_err(), "{text:?}");
    }
}
