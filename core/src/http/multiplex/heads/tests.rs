use super::*;

fn head(octets: usize) -> HeadOctets {
    HeadOctets { line: 1, fields: octets - 1 }
}

#[test]
fn a_head_weighs_what_it_takes_and_not_what_it_took_on_the_wire() {
    let request = Request::get("https://a.example/path?query").header("a", "bc").header("a", "bcd").body(()).unwrap();
    let octets = HeadOctets::of(&request);
    assert_eq!(octets, HeadOctets { line: OF_EVERY_HEAD + 11 + 9, fields: 2 * AROUND_FIELD + 7 });
}

#[test]
fn there_is_room_up_to_the_bound_and_always_for_one() {
    let heads = Heads::new(100);
    assert!(heads.take(head(1000)));
    assert!(!heads.take(head(1)));
    heads.give_back(head(1000));
    assert!(heads.take(head(60)));
    assert!(!heads.take(head(41)));
    assert!(heads.take(head(40)));
}

#[test]
fn what_is_let_go_makes_room_once() {
    let heads = Heads::new(100);
    let mut first = head(100);
    assert!(heads.take(first));
    heads.let_go(&mut first);
    heads.let_go(&mut first);
    assert!(heads.take(head(99)));
    assert!(!heads.take(head(1)));
    heads.give_back(first);
    assert!(heads.take(head(1)));
}
