use rustls::server::ProducesTickets;

use super::*;

fn ticketer(keys: &Arc<TicketKeys>, context: u8) -> Ticketer {
    Ticketer::new(keys.clone(), [context; 32])
}

#[test]
fn a_ticket_opens_where_it_was_made() {
    let keys = Arc::new(TicketKeys::random());
    let (one, other) = (ticketer(&keys, 1), ticketer(&keys, 1));
    for plain in [&b""[..], b"session", &[7; 5000]] {
        let ticket = one.encrypt(plain).unwrap();
        assert_eq!(one.decrypt(&ticket).as_deref(), Some(plain));
        assert_eq!(other.decrypt(&ticket).as_deref(), Some(plain));
        assert_ne!(one.encrypt(plain), Some(ticket), "no two are alike");
    }
}

#[test]
fn a_ticket_opens_in_no_other_context_and_with_no_other_key() {
    let keys = Arc::new(TicketKeys::random());
    let ticket = ticketer(&keys, 1).encrypt(b"session").unwrap();
    assert_eq!(ticketer(&keys, 2).decrypt(&ticket), None);
    assert_eq!(ticketer(&Arc::new(TicketKeys::random()), 1).decrypt(&ticket), None);
}

#[test]
fn a_ticket_that_was_touched_does_not_open() {
    let ticketer = ticketer(&Arc::new(TicketKeys::random()), 1);
    let ticket = ticketer.encrypt(b"session").unwrap();
    for at in 0..ticket.len() {
        let mut touched = ticket.clone();
        touched[at] ^= 1;
        assert_eq!(ticketer.decrypt(&touched), None, "octet {at}");
        assert_eq!(ticketer.decrypt(&ticket[..at]), None, "{at} octets");
    }
    assert_eq!(ticketer.decrypt(&[ticket, vec![0]].concat()), None);
}

#[test]
fn rotation_is_seen_at_once() {
    let keys = Arc::new(TicketKeys::random());
    let ticketer = ticketer(&keys, 1);
    let old = ticketer.encrypt(b"session").unwrap();
    keys.rotate();
    let new = ticketer.encrypt(b"session").unwrap();
    assert_ne!(old[..NAME_OCTETS], new[..NAME_OCTETS]);
    keys.rotate();
    assert!(ticketer.decrypt(&old).is_some() && ticketer.decrypt(&new).is_some());
    keys.rotate();
    assert!(ticketer.decrypt(&old).is_none() && ticketer.decrypt(&new).is_some());
}
