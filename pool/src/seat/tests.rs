use std::collections::HashSet;
use std::thread;

use super::{Seat, Token};

#[test]
fn a_thread_keeps_its_seat() {
    assert_eq!(Seat::current(), Seat::current());
}

#[test]
fn threads_that_live_together_sit_apart() {
    let barrier = std::sync::Barrier::new(8);
    let seats: HashSet<usize> = thread::scope(|scope| {
        let threads: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let seat = Seat::current();
                    barrier.wait();
                    seat.index
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(seats.len(), 8);
}

#[test]
fn a_thousand_threads_in_turn_use_few_seats_and_never_a_token_twice() {
    let seats: Vec<Seat> = (0..1_000).map(|_| thread::spawn(Seat::current).join().unwrap()).collect();
    let tokens: HashSet<u64> = seats.iter().map(|seat| seat.token.0).collect();
    assert_eq!(tokens.len(), 1_000);
    // Other tests hold seats meanwhile, but not hundreds.
    assert!(seats.iter().all(|seat| seat.index < 200));
}

#[test]
fn nobody_is_not_even_itself() {
    assert_ne!(Token::NOBODY, Token::NOBODY);
}
