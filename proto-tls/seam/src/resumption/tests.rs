use super::*;
use crate::client::ServerName;
use crate::{Certificate, Trust};

fn name(text: &str) -> Whom {
    Whom::new(ServerName::parse(text).unwrap(), 443)
}

#[test]
fn a_session_for_one_offer_is_given_once_and_another_again_and_again() {
    let sessions = Sessions::default();
    sessions.put(&name("a"), 1, Offer::Once);
    assert_eq!(sessions.take(&name("a")), Some(1));
    assert_eq!(sessions.take(&name("a")), None);
    sessions.put(&name("a"), 2, Offer::Often);
    assert_eq!(sessions.take(&name("a")), Some(2));
    assert_eq!(sessions.take(&name("a")), Some(2));
    assert_eq!(sessions.take(&name("b")), None);
}

#[test]
fn another_port_is_another_peer() {
    let sessions = Sessions::default();
    sessions.put(&name("a"), 1, Offer::Often);
    let elsewhere = Whom { port: 8443, ..name("a") };
    assert_eq!(sessions.take(&elsewhere), None);
    assert_eq!(sessions.take(&name("a")), Some(1));
}

#[test]
fn the_newest_comes_first_and_the_oldest_is_dropped() {
    let sessions = Sessions::default();
    for session in 0..=EACH {
        sessions.put(&name("a"), session, Offer::Once);
    }
    let all: Vec<_> = std::iter::from_fn(|| sessions.take(&name("a"))).collect();
    assert_eq!(all, (1..=EACH).rev().collect::<Vec<_>>());
}

#[test]
fn the_peer_not_met_for_longest_is_forgotten() {
    let sessions = Sessions::new(2);
    sessions.put(&name("a"), 'a', Offer::Often);
    sessions.put(&name("b"), 'b', Offer::Often);
    assert_eq!(sessions.take(&name("a")), Some('a'));
    sessions.put(&name("c"), 'c', Offer::Often);
    assert_eq!(sessions.take(&name("b")), None);
    assert_eq!(sessions.take(&name("a")), Some('a'));
    assert_eq!(sessions.take(&name("c")), Some('c'));
}

#[test]
fn sessions_do_not_cross_trust_nor_backend() {
    let trust = |octet: u8| Trust::new(vec![Certificate::of_der(vec![octet])]).unwrap();
    let all = [
        context("one", &ClientAuth::None),
        context("two", &ClientAuth::None),
        context("one", &ClientAuth::Optional(Arc::new(trust(1)))),
        context("one", &ClientAuth::Required(Arc::new(trust(1)))),
        context("one", &ClientAuth::Required(Arc::new(trust(2)))),
        context("one", &ClientAuth::Required(Arc::new(trust(1).crl(vec![1])))),
    ];
    for (at, one) in all.iter().enumerate() {
        assert!(!all[at + 1..].contains(one), "{at}");
    }
    assert_eq!(context("one", &ClientAuth::Required(Arc::new(trust(2)))), all[4]);
}

#[test]
fn a_ticket_is_opened_by_the_key_that_made_it_until_that_is_two_rotations_old() {
    let shared = Arc::new(TicketKeys::random());
    let keys = ScopedKeys::new(shared.clone(), [1; 32]);
    let key = keys.current();
    assert_eq!(keys.find(&key.name), Some((key.clone(), Opened::ByCurrent)));
    shared.rotate();
    assert_ne!(keys.current().name, key.name);
    assert_eq!(keys.find(&key.name), Some((key.clone(), Opened::ByOld)));
    assert_eq!(ScopedKeys::new(shared.clone(), [2; 32]).find(&key.name), None);
    shared.rotate();
    shared.rotate();
    assert_eq!(keys.find(&key.name), None);
}

#[test]
fn scoped_keys_follow_those_that_they_are_made_of() {
    let keys = Arc::new(TicketKeys::random());
    let (here, there) = (ScopedKeys::new(Arc::clone(&keys), [1; 32]), ScopedKeys::new(Arc::clone(&keys), [2; 32]));
    let first = here.current();
    assert_eq!(first, keys.all()[0].for_context(&[1; 32]));
    assert_eq!(here.find(&first.name), Some((first.clone(), Opened::ByCurrent)));
    assert_eq!(there.find(&first.name), None);
    keys.rotate();
    let second = here.current();
    assert_ne!(second, first);
    assert_eq!(here.find(&second.name), Some((second, Opened::ByCurrent)));
    assert_eq!(here.find(&first.name), Some((first.clone(), Opened::ByOld)));
    (0..2).for_each(|_| keys.rotate());
    assert_eq!(here.find(&first.name), None, "three keys ago");
}
