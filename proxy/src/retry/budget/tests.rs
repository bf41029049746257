use simplon_core::net::Address;
use simplon_core::{Error, Kind};

use super::*;

/// What the policy says of an attempt of this number that failed.
fn asked(policy: &Budget, number: u32) -> Again {
    let peer = simplon_core::connect::Peer::new(Address::parse("192.0.2.1:80").unwrap());
    let error = Error::upstream(Kind::Refused);
    let attempt = Attempt { number, peer: &peer, method: &http::Method::GET, outcome: Outcome::Failed(&error) };
    policy.again(&attempt, &mut ())
}

fn begun(policy: &Budget, exchanges: u32) {
    for _ in 0..exchanges {
        Retry::<()>::begun(policy);
    }
}

/// How many retries there are until the account is empty.
fn left(policy: &Budget) -> u32 {
    let mut drawn = 0;
    while asked(policy, 1) == Again::Now {
        drawn += 1;
        assert!(drawn < 10_000, "the account has no end");
    }
    drawn
}

#[test]
fn an_empty_account_is_filled_by_the_share_of_what_begins() {
    let policy = Budget::default().share(250, 2);
    assert_eq!(left(&policy), 2);
    assert_eq!(policy.refused(), 1);
    begun(&policy, 3);
    assert_eq!(left(&policy), 0, "three quarters are not a whole");
    begun(&policy, 1);
    assert_eq!(left(&policy), 1);
    begun(&policy, 7);
    assert_eq!(left(&policy), 1);
    begun(&policy, 1);
    assert_eq!(left(&policy), 1, "what was left over counts");
}

#[test]
fn no_more_than_the_reserve_is_saved_up() {
    let policy = Budget::default().share(250, 2);
    begun(&policy, 1_000);
    assert_eq!(left(&policy), 2);
    begun(&policy, 1_000);
    assert_eq!(left(&policy), 2);
    let none = Budget::default().share(0, 0);
    begun(&none, 1_000);
    assert_eq!((left(&none), none.refused()), (0, 1));
}

#[test]
fn a_pause_doubles_with_each_attempt() {
    let second = Duration::from_secs(1);
    let policy = Budget::default().attempts(u32::MAX).share(0, 1_000).backoff(second);
    for (number, pauses) in [(1, 1), (2, 2), (3, 4), (4, 8), (10, 512), (17, 1 << 16), (18, 1 << 16), (1_000, 1 << 16)]
    {
        assert_eq!(asked(&policy, number), Again::After(second * pauses), "{number}");
    }
    assert_eq!(asked(&Budget::default().backoff(Duration::MAX), 2), Again::After(Duration::MAX));
    assert_eq!(asked(&Budget::default(), 2), Again::Now);
}

#[test]
fn so_many_attempts_are_made_and_no_more() {
    for (attempts, made) in [(0, 1), (1, 1), (2, 2), (3, 3)] {
        let policy = Budget::default().attempts(attempts);
        let more = (1..10).take_while(|number| asked(&policy, *number) == Again::Now).count();
        assert_eq!(more + 1, made, "{attempts}");
        assert_eq!(policy.refused(), 0, "attempts that are not wanted are not refused");
    }
}
