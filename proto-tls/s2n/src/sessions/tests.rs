use simplon_proto_tls_seam::ServerName;

use super::*;

fn name(n: usize) -> Whom {
    Whom::new(ServerName::parse(&format!("n{n}.example")).unwrap(), 443)
}

fn session(n: u8) -> Kept {
    Kept { ticket: vec![n], peer: Vec::new() }
}

#[test]
fn the_newest_is_taken_first_and_once() {
    let sessions = Sessions::default();
    (0..6).for_each(|n| sessions.put(&name(0), session(n)));
    let taken: Vec<u8> = std::iter::from_fn(|| sessions.take(&name(0))).map(|kept| kept.ticket[0]).collect();
    assert_eq!(taken, [5, 4, 3, 2]);
    assert!(sessions.take(&name(1)).is_none());
}

#[test]
fn the_name_that_was_used_longest_ago_goes_first() {
    let sessions = Sessions::default();
    (0..MOST_NAMES).for_each(|n| sessions.put(&name(n), session(0)));
    sessions.put(&name(0), session(1));
    sessions.put(&name(MOST_NAMES), session(2));
    assert!(sessions.take(&name(1)).is_none());
    assert!(sessions.take(&name(0)).is_some());
    assert!(sessions.take(&name(MOST_NAMES)).is_some());
}
