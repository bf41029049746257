//! Tickets: what they spare, and what they must not.

use std::sync::Arc;

use simplon_proto_tls_seam::site::Names;
use simplon_proto_tls_seam::{
    Capability, ClientAuth, ClientConfig, Connect, Facts, Reason, ServerConfig, Site, Terminator, TicketKeys, Version,
    Whom,
};

use crate::lab::{meet, meet_whom, whom};
use crate::pki::Authority;
use crate::wire::memory;
use crate::{Lab, Wire};

/// Does `each` with a client of each version that the connecting end can pin.
async fn each(lab: &Lab, config: ClientConfig, each: impl AsyncFn(Arc<dyn Connect<Wire>>, Version)) {
    for (version, client) in lab.pinned(&config) {
        each(client, version).await;
    }
}

async fn facts(server: &Terminator<Wire>, client: &dyn Connect<Wire>) -> (Arc<Facts>, Arc<Facts>) {
    let (server, client) = meet(server, client, "a.test").await.facts().await;
    assert_eq!(server.resumed, client.resumed);
    (server, client)
}

async fn resumes(server: &Terminator<Wire>, client: &dyn Connect<Wire>) -> bool {
    facts(server, client).await.0.resumed
}

pub(super) async fn the_second_connection_is_resumed(lab: Lab) {
    let authority = Authority::new("root");
    let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])).alpn(["h2"]));
    let client = ClientConfig::new().trust(authority.trust()).alpn(["h2"]);
    each(&lab, client, async |client, version| {
        let (first, _) = facts(&server, &*client).await;
        assert!(!first.resumed);
        for _ in 0..3 {
            let (server, client) = facts(&server, &*client).await;
            assert!(server.resumed, "{version}");
            assert_eq!((server.version, client.version), (version, version));
            assert_eq!((server.alpn.as_deref(), client.alpn.as_deref()), (Some(&b"h2"[..]), Some(&b"h2"[..])));
            assert_eq!(server.server_name.as_deref(), Some("a.test"));
            assert_eq!(client.peer, first_peer(&authority, &client), "known from the first time");
        }
    })
    .await;
}

/// The chain that the client knows of, which has to be one of the authority's.
fn first_peer(authority: &Authority, facts: &Facts) -> Vec<simplon_proto_tls_seam::Certificate> {
    let own = facts.peer_certificate().expect("the server's certificate is known");
    assert_eq!(own.issuer(), authority.certificate().subject());
    facts.peer.clone()
}

pub(super) async fn resumption_can_be_switched_off(lab: Lab) {
    let authority = Authority::new("root");
    let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])));
    let client = ClientConfig::new().trust(authority.trust());
    each(&lab, client.clone().resume(false), async |client, _| {
        for _ in 0..2 {
            assert!(!resumes(&server, &*client).await);
        }
    })
    .await;
    let mut config = ServerConfig::of(authority.identity(&["a.test"]));
    config.tickets = None;
    let server = lab.server(config);
    each(&lab, client, async |client, _| {
        for _ in 0..2 {
            assert!(!resumes(&server, &*client).await);
        }
    })
    .await;
}

/// What answers at another port may be another server, with the same name and other rules.
pub(super) async fn sessions_stay_with_their_ports(lab: Lab) {
    let authority = Authority::new("root");
    let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])));
    each(&lab, ClientConfig::new().trust(authority.trust()), async |client, version| {
        let elsewhere = async || {
            let whom = Whom { port: 8443, ..whom("a.test") };
            meet_whom(&server, &*client, whom, memory()).await.facts().await.0.resumed
        };
        assert!(!resumes(&server, &*client).await);
        assert!(!elsewhere().await, "{version}: another port is another session");
        assert!(resumes(&server, &*client).await, "{version}");
        assert!(elsewhere().await, "{version}");
    })
    .await;
}

pub(super) async fn sessions_stay_with_their_names(lab: Lab) {
    let authority = Authority::new("root");
    let server = lab.server(ServerConfig::of(authority.identity(&["a.test", "b.test"])));
    each(&lab, ClientConfig::new().trust(authority.trust()), async |client, _| {
        assert!(!resumes(&server, &*client).await);
        let (facts, _) = meet(&server, &*client, "b.test").await.facts().await;
        assert!(!facts.resumed, "another name is another session");
        assert!(resumes(&server, &*client).await);
    })
    .await;
}

pub(super) async fn old_ticket_keys_open_two_rotations_long(lab: Lab) {
    let authority = Authority::new("root");
    let keys = Arc::new(TicketKeys::random());
    let mut config = ServerConfig::of(authority.identity(&["a.test"]));
    config.tickets = Some(keys.clone());
    let server = lab.server(config);
    if lab.server_backend().capabilities().has(Capability::TicketKeys) {
        for (rotations, resumed) in [(0, true), (1, true), (2, true), (3, false)] {
            each(&lab, ClientConfig::new().trust(authority.trust()), async |client, version| {
                assert!(!resumes(&server, &*client).await);
                for _ in 0..rotations {
                    keys.rotate();
                }
                assert_eq!(resumes(&server, &*client).await, resumed, "{version}, {rotations} rotations");
            })
            .await;
        }
    }
}

pub(super) async fn servers_with_the_same_keys_resume_each_other(lab: Lab) {
    let authority = Authority::new("root");
    let identity = authority.identity(&["a.test"]);
    let directory =
        std::env::temp_dir().join(format!("simplon-tickets-{}-{:p}", std::process::id(), &raw const identity));
    std::fs::create_dir_all(&directory).unwrap();
    let file = directory.join("keys");
    std::fs::write(&file, (0..160).collect::<Vec<u8>>()).unwrap();
    let server = |keys: TicketKeys| {
        let mut config = ServerConfig::of(identity.clone());
        config.tickets = Some(Arc::new(keys));
        lab.server(config)
    };
    let (one, other) = (server(TicketKeys::of_file(&file).unwrap()), server(TicketKeys::of_file(&file).unwrap()));
    let stranger = server(TicketKeys::random());
    if lab.server_backend().capabilities().has(Capability::TicketKeys) {
        each(&lab, ClientConfig::new().trust(authority.trust()), async |client, _| {
            assert!(!resumes(&one, &*client).await);
            assert!(resumes(&other, &*client).await);
            assert!(!resumes(&stranger, &*client).await);
        })
        .await;
    }
    std::fs::remove_dir_all(&directory).unwrap();
}

pub(super) async fn resumed_clients_stay_known(lab: Lab) {
    let (authority, clients) = (Authority::new("root"), Authority::new("clients"));
    let identity = clients.intermediate("between").identity(&["me.test"]);
    let auth = ClientAuth::Required(Arc::new(clients.trust()));
    let server = lab.server(ServerConfig::of(authority.identity(&["a.test"])).client_auth(auth));
    let client = ClientConfig::new().trust(authority.trust()).identity(identity.clone());
    each(&lab, client, async |client, version| {
        let (first, _) = facts(&server, &*client).await;
        let (second, _) = facts(&server, &*client).await;
        assert_eq!((first.resumed, &*first.peer), (false, identity.chain()));
        // Whether it is resumed is the library's choice; who it is must be known either way.
        assert_eq!(second.peer_certificate(), Some(identity.certificate()), "{version}");
    })
    .await;
}

/// L89: resumption does not skip client authentication.
pub(super) async fn tickets_spare_nobody_what_another_asks(lab: Lab) {
    let (authority, clients, others) = (Authority::new("root"), Authority::new("clients"), Authority::new("others"));
    let keys = Arc::new(TicketKeys::random());
    let identity = authority.identity(&["a.test"]);
    let server = |auth: ClientAuth| {
        let mut config = ServerConfig::of(identity.clone()).client_auth(auth);
        config.tickets = Some(keys.clone());
        lab.server(config)
    };
    let (ours, theirs) = (Arc::new(clients.trust()), Arc::new(others.trust()));
    let known = clients.identity(&["me.test"]);
    let with = ClientConfig::new().trust(authority.trust()).identity(known.clone());
    let without = ClientConfig::new().trust(authority.trust());
    // From an end that lets the client in, to one that must not.
    for (client, lax, strict, reason) in [
        (&with, ClientAuth::Required(ours.clone()), ClientAuth::Required(theirs.clone()), Reason::UnknownIssuer),
        (&with, ClientAuth::Required(ours.clone()), ClientAuth::Optional(theirs.clone()), Reason::UnknownIssuer),
        (&with, ClientAuth::None, ClientAuth::Required(theirs), Reason::UnknownIssuer),
        (&without, ClientAuth::None, ClientAuth::Required(ours.clone()), Reason::NoCertificate),
        (&without, ClientAuth::Optional(ours.clone()), ClientAuth::Required(ours.clone()), Reason::NoCertificate),
    ] {
        let (lax, strict) = (server(lax), server(strict));
        each(&lab, client.clone(), async |client, _| {
            let _ = facts(&lax, &*client).await;
            assert_eq!(meet(&strict, &*client, "a.test").await.refused_by_server().await, reason);
        })
        .await;
    }
    if lab.server_backend().capabilities().has(Capability::Crl) {
        let lax = server(ClientAuth::Required(ours));
        let strict = server(ClientAuth::Required(Arc::new(clients.trust().crl(clients.revoke(&[&known])))));
        each(&lab, with.clone(), async |client, _| {
            let _ = facts(&lax, &*client).await;
            assert_eq!(meet(&strict, &*client, "a.test").await.refused_by_server().await, Reason::Revoked);
        })
        .await;
    }
}

pub(super) async fn tickets_do_not_lead_from_site_to_site(lab: Lab) {
    let (authority, clients) = (Authority::new("root"), Authority::new("clients"));
    let asks = ClientAuth::Required(Arc::new(clients.trust()));
    let sites = |strict: &str| {
        let mut names = Names::new();
        for name in ["a.test", "b.test"] {
            let site = Site::new(authority.identity(&[name]));
            names = names.site(name, if name == strict { site.client_auth(asks.clone()) } else { site });
        }
        names
    };
    let exchangeable = Arc::new(simplon_proto_tls_seam::site::Exchangeable::new(sites("b.test")));
    let server = lab.server(ServerConfig::new(exchangeable.clone()));
    each(&lab, ClientConfig::new().trust(authority.trust()), async |client, _| {
        exchangeable.replace(sites("b.test"));
        let _ = facts(&server, &*client).await;
        // The same name asks for more from now on.
        exchangeable.replace(sites("a.test"));
        assert_eq!(meet(&server, &*client, "a.test").await.refused_by_server().await, Reason::NoCertificate);
    })
    .await;
}
