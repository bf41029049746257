use super::*;
use crate::connect::Peer;
use crate::net::Address;

fn key(name: &str) -> ReuseKey {
    Peer::new(Address::parse(&format!("{name}:80")).unwrap()).key().clone()
}

fn book(per_key: Option<usize>, waiting: Option<usize>) -> Book<u32> {
    Book::new(per_key, waiting)
}

/// Opens as many as it may; gives how many, and why no more.
fn fill(book: &mut Book<u32>, key: &ReuseKey, total: &Total) -> (usize, Verdict) {
    for opened in 0.. {
        match book.open_now(key, total, 0) {
            Verdict::Yes => {}
            verdict => return (opened, verdict),
        }
    }
    unreachable!()
}

#[test]
fn a_key_without_a_bound_leaves_some_to_others() {
    // In all, what the first of them gets, the second, the third.
    for (most, shares) in
        [(1, [1, 0, 0]), (2, [2, 0, 0]), (8, [7, 1, 0]), (16, [14, 2, 0]), (100, [88, 11, 1]), (597, [523, 65, 8])]
    {
        let (total, mut book) = (Total::new(most), book(None, None));
        for (name, share) in ["a", "b", "c"].into_iter().zip(shares) {
            assert_eq!(fill(&mut book, &key(name), &total).0, share, "{most} {name}");
        }
    }
}

#[test]
fn keys_that_grow_together_have_as_much_and_a_new_one_finds_some() {
    let (total, mut book) = (Total::new(600), book(None, None));
    let hogs: Vec<_> = (0..10).map(|n| key(&format!("hog{n}"))).collect();
    let mut opened = [0; 10];
    for _ in 0..600 {
        for (hog, opened) in hogs.iter().zip(&mut opened) {
            *opened += usize::from(book.open_now(hog, &total, 0) == Verdict::Yes);
        }
    }
    let (least, most) = (opened.iter().min().unwrap(), opened.iter().max().unwrap());
    assert!(*least >= 59 - 2 && most - least <= 1, "{opened:?}");
    assert!(fill(&mut book, &key("honest"), &total).0 >= 5, "{opened:?}");
}

#[test]
fn bounds_that_were_said_hold_to_the_last() {
    let (total, mut book) = (Total::new(5), book(Some(3), None));
    assert_eq!(fill(&mut book, &key("a"), &total), (3, Verdict::KeyFull));
    assert_eq!(fill(&mut book, &key("b"), &total), (2, Verdict::TotalFull));
    assert_eq!(book.open(), 5);
    book.closed(&key("a"), &total);
    assert_eq!(fill(&mut book, &key("b"), &total), (1, Verdict::KeyFull));
    book.closed(&key("b"), &total);
    assert_eq!(fill(&mut book, &key("c"), &total), (1, Verdict::TotalFull));
}

/// What others let rest does not keep a busy key from growing, but one at rest has to go for it.
#[test]
fn what_rests_is_left() {
    let (total, mut book) = (Total::new(16), book(None, None));
    assert_eq!(fill(&mut book, &key("a"), &total), (14, Verdict::KeyFull));
    assert_eq!(fill(&mut book, &key("b"), &total), (2, Verdict::TotalFull));
    assert_eq!(book.verdict(&key("a"), &total, 1), Verdict::KeyFull);
    assert_eq!(book.verdict(&key("a"), &total, 3), Verdict::TotalFull);
    book.closed(&key("b"), &total);
    assert_eq!(book.verdict(&key("a"), &total, 1), Verdict::KeyFull);
    assert_eq!(book.verdict(&key("a"), &total, 2), Verdict::Yes);
}

#[test]
fn the_queue_is_bounded_for_each_key_and_in_all() {
    for (most, of_a, of_b) in [(0, 0, 0), (1, 1, 0), (8, 7, 1), (16, 14, 2)] {
        let (total, mut book) = (Total::new(100), book(None, Some(most)));
        let queued = |book: &mut Book<u32>, name: &str| {
            (0..100).take_while(|n| book.enqueue(&key(name), *n, &total).is_ok()).count()
        };
        assert_eq!((queued(&mut book, "a"), queued(&mut book, "b")), (of_a, of_b), "{most}");
        assert_eq!(book.waiting(), of_a + of_b);
    }
    // Where nothing is said, as many wait as may be open, and some at least.
    for (open, of_a) in [(2, 896), (2_000, 1_750)] {
        let (total, mut book) = (Total::new(open), book(None, None));
        assert_eq!((0..5_000).take_while(|n| book.enqueue(&key("a"), *n, &total).is_ok()).count(), of_a);
        assert_eq!(book.enqueue(&key("a"), 1, &total), Err(1));
        assert!(book.enqueue(&key("b"), 2, &total).is_ok());
    }
}

#[test]
fn first_come_first_served_among_those_who_can_be() {
    let (total, mut book) = (Total::new(3), book(Some(2), None));
    let (a, b) = (key("a"), key("b"));
    fill(&mut book, &a, &total);
    fill(&mut book, &b, &total);
    for (key, waiter) in [(&a, 1), (&b, 2), (&b, 3), (&a, 4)] {
        book.enqueue(key, waiter, &total).unwrap();
    }
    assert_eq!(book.open_next(&total, 0), None);
    // One of b's two: a is before b, but it has as many as it may.
    book.closed(&b, &total);
    assert_eq!(book.open_next(&total, 0).unwrap().1, 2);
    assert_eq!(book.open_next(&total, 0), None);
    book.closed(&a, &total);
    assert_eq!(book.open_next(&total, 0).unwrap().1, 1);
    // Nobody overtakes those who wait for the same.
    book.closed(&a, &total);
    assert_eq!(book.open_now(&a, &total, 0), Verdict::KeyFull);
    assert_eq!(book.open_next(&total, 0).unwrap().1, 3);
    assert_eq!((book.open(), book.waiting()), (3, 1));
}

#[test]
fn who_leaves_leaves_nothing_behind() {
    let (total, mut book) = (Total::new(1), book(None, None));
    let a = key("a");
    fill(&mut book, &a, &total);
    let first = book.enqueue(&a, 1, &total).unwrap();
    assert_eq!(book.leave(&a, first), Some(1));
    assert_eq!(book.leave(&a, first), None);
    assert_eq!(book.open_next(&total, 0), None);
    book.closed(&a, &total);
    assert_eq!((book.open(), book.waiting(), book.keys.len(), total.left()), (0, 0, 0, 1));
}

#[test]
fn a_connection_that_is_handed_over_takes_the_first_out_of_the_queue() {
    let (total, mut book) = (Total::new(1), book(None, Some(4)));
    let (a, b) = (key("a"), key("b"));
    for waiter in [1, 2] {
        book.enqueue(&a, waiter, &total).unwrap();
    }
    book.enqueue(&b, 3, &total).unwrap();
    assert_eq!(book.first_of(&a), Some(&1));
    assert_eq!([book.pop_first_of(&a), book.pop_first_of(&a), book.pop_first_of(&a)], [Some(1), Some(2), None]);
    assert_eq!((book.waiting(), book.open()), (1, 0));
}

#[test]
fn it_is_short_if_one_at_rest_would_help() {
    let (total, mut book) = (Total::new(2), book(Some(1), None));
    let (a, b, c) = (key("a"), key("b"), key("c"));
    fill(&mut book, &a, &total);
    fill(&mut book, &b, &total);
    assert!(!book.is_short(&total, 2));
    book.enqueue(&a, 1, &total).unwrap();
    assert!(!book.is_short(&total, 2), "a has all it may");
    book.enqueue(&c, 2, &total).unwrap();
    assert!(book.is_short(&total, 2));
}
