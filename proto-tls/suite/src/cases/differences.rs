//! What libraries decide differently: the table of the guide (`tls-backends.md`). Each is held to it with itself, as it is asked of who shows a
//! certificate, too.

use std::sync::Arc;

use simplon_proto_tls_seam::{ClientAuth, ClientConfig, Identity, Reason, ServerConfig, Trust};

use crate::Lab;
use crate::lab::{Met, meet};
use crate::pki::{Authority, Leaf, self_signed};

/// What a library makes of a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Made {
    Taken,
    Refused(Reason),
    /// By its own library, when an end is made with it.
    NotShown,
}

use Made::{NotShown, Refused, Taken};

/// Of rustls, OpenSSL, BoringSSL, s2n-tls; the one that is run, if both ends are of it.
fn expected(lab: &Lab, all: [Made; 4]) -> Option<Made> {
    let name = lab.server_backend().name();
    let at = ["rustls", "openssl", "boringssl", "s2n"].iter().position(|library| *library == name);
    let at = at.unwrap_or_else(|| panic!("{name} has no answers"));
    (name == lab.client_backend().name()).then_some(all[at])
}

/// A client shows it, in each version.
async fn of_a_client(lab: &Lab, shown: &Identity, trust: Trust, all: [Made; 4]) {
    let Some(expected) = expected(lab, all) else { return };
    let other = Authority::new("other");
    let shows = ClientConfig::new().trust(other.trust()).identity(shown.clone());
    if expected == NotShown {
        assert!(lab.client_backend().client(&shows).is_err(), "it is shown");
        return;
    }
    let auth = ClientAuth::Required(Arc::new(trust));
    let server = lab.server(ServerConfig::of(other.identity(&["a.test"])).client_auth(auth));
    for (version, client) in lab.pinned(&shows) {
        let met = meet(&server, &*client, "a.test").await;
        let made = match met.server {
            Ok(_) => taken(met).await,
            Err(_) => Refused(met.refused_by_server().await),
        };
        assert_eq!(made, expected, "{version}");
    }
}

async fn taken(met: Met) -> Made {
    let _ = met.facts().await;
    Taken
}

pub(super) async fn clients_of_version_1(lab: Lab) {
    let authority = Authority::new("root");
    let shown = authority.issue_v1(&Leaf::of(&["me.test"]));
    of_a_client(&lab, &shown, authority.trust(), [NotShown, Taken, NotShown, Taken]).await;
}

pub(super) async fn clients_whose_key_is_for_keys_alone(lab: Lab) {
    let authority = Authority::new("root");
    let shown = authority.issue(&Leaf::of(&["me.test"]).for_keys_alone());
    let bad = Refused(Reason::BadCertificate);
    of_a_client(&lab, &shown, authority.trust(), [Taken, bad, NotShown, bad]).await;
}

pub(super) async fn clients_that_are_trusted_themselves(lab: Lab) {
    let issued = Authority::new("root").identity(&["me.test"]);
    let unknown = Refused(Reason::UnknownIssuer);
    for (shown, all) in [(issued, [unknown, Taken, Taken, Taken]), (self_signed(&["me.test"]), [Taken; 4])] {
        let trust = Trust::new(vec![shown.certificate().clone()]).unwrap();
        of_a_client(&lab, &shown, trust, all).await;
    }
}

pub(super) async fn clients_with_rsa_of_1024_bits(lab: Lab) {
    let authority = Authority::new("root");
    let shown = authority.issue_rsa_1024(&Leaf::of(&["me.test"]));
    of_a_client(&lab, &shown, authority.trust(), [NotShown, NotShown, Taken, Taken]).await;
}

pub(super) async fn names_of_servers_with_a_dot_at_their_end(lab: Lab) {
    let wrong = Refused(Reason::WrongName);
    let Some(expected) = expected(&lab, [wrong, wrong, wrong, Taken]) else { return };
    let authority = Authority::new("root");
    let server = lab.server(ServerConfig::of(authority.identity(&["a.test."])));
    for (version, client) in lab.pinned(&ClientConfig::new().trust(authority.trust())) {
        let met = meet(&server, &*client, "a.test").await;
        let made = match met.client {
            Ok(_) => taken(met).await,
            Err(_) => Refused(met.refused_by_client()),
        };
        assert_eq!(made, expected, "{version}");
    }
}
