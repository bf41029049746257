use std::cell::RefCell;

use super::*;

fn v4(last: u8) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, last], 80))
}

fn v6(last: u16) -> SocketAddr {
    SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, last], 80))
}

/// What a scripted try does, and when.
#[derive(Clone, Copy)]
enum Script {
    Wins(u64),
    Fails(u64),
    Hangs,
}

/// Runs the race over scripted tries; gives the outcome, the milliseconds it took, and when each try began.
async fn run(scripts: &[Script]) -> (Option<Result<u8, u8>>, u128, Vec<u128>) {
    let start = Instant::now();
    let begun = RefCell::new(Vec::new());
    let addresses: Vec<_> = (0..scripts.len()).map(|n| v4(n as u8)).collect();
    let outcome = race(&addresses, |addr| {
        let SocketAddr::V4(addr) = addr else { unreachable!() };
        let n = addr.ip().octets()[3];
        begun.borrow_mut().push(start.elapsed().as_millis());
        let script = scripts[usize::from(n)];
        async move {
            match script {
                Script::Wins(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
                Script::Fails(ms) => {
                    tokio::time::sleep(Duration::from_millis(ms)).await;
                    return Err(n);
                }
                Script::Hangs => std::future::pending().await,
            }
            Ok(n)
        }
    })
    .await;
    (outcome, start.elapsed().as_millis(), begun.into_inner())
}

#[test]
fn families_take_turns_and_the_preferred_one_is_first() {
    assert_eq!(interleave(vec![v6(1), v6(2), v4(1), v4(2), v4(3)]), [v6(1), v4(1), v6(2), v4(2), v4(3)]);
    assert_eq!(interleave(vec![v4(1), v4(2), v6(1)]), [v4(1), v6(1), v4(2)]);
    assert_eq!(interleave(vec![v4(1), v4(1)]), [v4(1)]);
    assert_eq!(interleave(Vec::new()), []);
    assert_eq!(interleave((0..=255).map(v4).collect()).len(), ADDRESSES);
}

#[tokio::test(start_paused = true)]
async fn dead_first_address_costs_one_stagger() {
    let (outcome, took, begun) = run(&[Script::Hangs, Script::Wins(10)]).await;
    assert_eq!(outcome, Some(Ok(1)));
    assert!((260..320).contains(&took), "{took}");
    assert!(begun[1] >= 250, "{begun:?}");
}

#[tokio::test(start_paused = true)]
async fn refusal_begins_the_next_at_once() {
    let (outcome, took, begun) = run(&[Script::Fails(5), Script::Wins(10), Script::Wins(0)]).await;
    assert_eq!(outcome, Some(Ok(1)));
    assert!(took < 100, "{took}");
    assert_eq!(begun.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn slow_first_address_may_still_win() {
    let (outcome, _, begun) = run(&[Script::Wins(300), Script::Wins(300)]).await;
    assert_eq!(outcome, Some(Ok(0)));
    assert_eq!(begun.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn last_failure_is_given_when_all_fail() {
    let (outcome, ..) = run(&[Script::Fails(0), Script::Fails(0), Script::Fails(0)]).await;
    assert_eq!(outcome, Some(Err(2)));
}

#[tokio::test(start_paused = true)]
async fn failure_of_a_late_one_waits_for_those_that_still_run() {
    let (outcome, ..) = run(&[Script::Wins(400), Script::Fails(0)]).await;
    assert_eq!(outcome, Some(Ok(0)));
}

#[tokio::test]
async fn no_address_is_no_outcome() {
    assert_eq!(run(&[]).await.0, None);
}
