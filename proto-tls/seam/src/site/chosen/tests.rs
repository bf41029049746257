use super::*;
use crate::hello::ClientHello;
use crate::identity::Identity;
use crate::server::Trust;
use crate::session::BoxFuture;
use crate::site::{Always, Exchangeable, Names};

fn identity() -> Identity {
    let made = rcgen::generate_simple_self_signed(["a.test".into()]).unwrap();
    Identity::of_pem(made.cert.pem().as_bytes(), made.signing_key.serialize_pem().as_bytes()).unwrap()
}

fn asking() -> ClientAuth {
    ClientAuth::Required(Arc::new(Trust::new(identity().chain().to_vec()).unwrap()))
}

fn site(auth: Option<&ClientAuth>) -> Arc<Site> {
    let site = Site::new(identity());
    Arc::new(match auth {
        Some(auth) => site.client_auth(auth.clone()),
        None => site,
    })
}

/// Names: two that are open, two that ask for the same of clients, one that asks for something else, and wildcards of both kinds.
fn names() -> (Names, ClientAuth) {
    let (one, two) = (asking(), asking());
    let names = Names::new()
        .site("open.test", site(None))
        .site("too.test", site(None))
        .site("closed.test", site(Some(&one)))
        .site("likewise.test", site(Some(&one)))
        .site("other.test", site(Some(&two)))
        .site("*.wild.test", site(Some(&one)))
        .site("none.test", site(Some(&ClientAuth::None)));
    (names, one)
}

#[test]
fn hosts_by_the_table() {
    let (names, one) = names();
    let sites: Arc<dyn Sites> = Arc::new(names.clone());
    let table = [
        ("open.test", "open.test", true),
        ("open.test", "OPEN.test.", true),
        ("open.test", "too.test", true),
        ("open.test", "none.test", true),
        ("open.test", "unknown.test", true),
        ("open.test", "192.0.2.1", true),
        ("open.test", "closed.test", false),
        ("open.test", "CLOSED.TEST.", false),
        ("open.test", "x.wild.test", false),
        ("closed.test", "closed.test", true),
        ("closed.test", "likewise.test", true),
        ("closed.test", "x.wild.test", true),
        ("closed.test", "other.test", false),
        ("closed.test", "open.test", false),
        ("closed.test", "unknown.test", false),
        ("x.wild.test", "y.wild.test", true),
        ("other.test", "closed.test", false),
    ];
    for (asked, host, expected) in table {
        let chosen = Chosen::new(names.find(Some(asked)).unwrap(), sites.clone(), ClientAuth::None);
        assert_eq!(chosen.answers_for(host, Some(asked)), expected, "{host} on a connection for {asked}");
    }
    // A listener that asks everybody for what a site asks for itself.
    let chosen = Chosen::new(names.find(Some("open.test")).unwrap(), sites, one);
    assert!(chosen.answers_for("closed.test", Some("open.test")));
    assert!(!chosen.answers_for("none.test", Some("open.test")), "it may rely on nobody being known");
}

#[test]
fn clients_without_a_server_name_are_held_to_the_host() {
    let (names, _) = names();
    let names = names.otherwise(site(None));
    let chosen = Chosen::new(names.find(None).unwrap(), Arc::new(names.clone()), ClientAuth::None);
    assert!(chosen.answers_for("open.test", None) && chosen.answers_for("unknown.test", None));
    assert!(!chosen.answers_for("closed.test", None));
}

#[test]
fn one_site_for_all_answers_for_all() {
    let only = site(Some(&asking()));
    let chosen = Chosen::new(only.clone(), Arc::new(Always::new(only)), ClientAuth::None);
    assert!(chosen.answers_for("a.test", Some("b.test")) && chosen.answers_for("a.test", None));
}

#[test]
fn what_was_exchanged_since_counts() {
    let open = Names::new().site("a.test", site(None)).site("b.test", site(None));
    let sites = Arc::new(Exchangeable::new(open.clone()));
    let chosen = Chosen::new(open.find(Some("a.test")).unwrap(), sites.clone(), ClientAuth::None);
    assert!(chosen.answers_for("b.test", Some("a.test")));
    sites.replace(Names::new().site("a.test", site(None)).site("b.test", site(Some(&asking()))));
    assert!(!chosen.answers_for("b.test", Some("a.test")));
}

/// Sites of a database, which are found with a ClientHello alone.
struct Elsewhere;

impl Sites for Elsewhere {
    fn choose<'a>(
        &'a self,
        _hello: &'a ClientHello,
        _from: Option<std::net::SocketAddr>,
    ) -> BoxFuture<'a, Option<Arc<Site>>> {
        Box::pin(std::future::ready(Some(site(None))))
    }
}

#[test]
fn sites_that_cannot_tell_vouch_for_what_was_asked_alone() {
    let chosen = Chosen::new(site(None), Arc::new(Elsewhere), ClientAuth::None);
    for (host, asked, expected) in [
        ("a.test", Some("a.test"), true),
        ("b.test", Some("a.test"), false),
        ("192.0.2.1", Some("a.test"), false),
        ("192.0.2.1", None, true),
        ("[2001:db8::1]", None, true),
        ("a.test", None, false),
    ] {
        assert_eq!(chosen.answers_for(host, asked), expected, "{host} {asked:?}");
    }
}
