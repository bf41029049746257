use tokio::time::advance;

use super::*;

const MOST: Duration = Duration::from_secs(10);

/// Waits `pause`, is given `octets`, and so on; how long it lasted, if it did not last.
async fn lasts(rate: Option<u32>, pause: Duration, octets: u64) -> Option<Duration> {
    let mut allowance = Allowance::new(MOST, rate.and_then(NonZeroU32::new));
    let begun = Instant::now();
    for _ in 0..1000 {
        allowance.begin();
        advance(pause).await;
        if allowance.is_over(Instant::now()) {
            return Some(begun.elapsed());
        }
        allowance.credit(octets);
        allowance.pause();
    }
    None
}

#[tokio::test(start_paused = true)]
async fn drips_are_caught_and_honest_slowness_is_not() {
    let second = Duration::from_secs(1);
    assert_eq!(lasts(Some(100), second, 100).await, None, "exactly the rate");
    assert_eq!(lasts(Some(100), second, 50).await, Some(19 * second), "half of it");
    assert_eq!(lasts(Some(100), second, 1).await, Some(11 * second), "a drip");
    assert_eq!(lasts(None, 9 * second, 1).await, None, "without a rate, any octet will do");
    assert_eq!(lasts(None, 10 * second, 1).await, Some(MOST));
}

#[tokio::test(start_paused = true)]
async fn time_in_which_nobody_waits_does_not_count() {
    let mut allowance = Allowance::new(MOST, NonZeroU32::new(100));
    allowance.begin();
    advance(Duration::from_secs(8)).await;
    allowance.pause();
    advance(Duration::from_secs(100)).await;
    allowance.begin();
    assert_eq!(allowance.by(), Some(Instant::now() + Duration::from_secs(2)));
    allowance.restart();
    allowance.begin();
    assert_eq!(allowance.by(), Some(Instant::now() + MOST));
}
