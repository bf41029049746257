use tokio::time::advance;

use super::*;

const MOST: Duration = Duration::from_secs(60);
const RATE: Option<NonZeroU32> = NonZeroU32::new(128);

/// How long a wait lasts in which the transport takes nothing and the peer acknowledges `octets` every `pause`, if it ends within an hour, and
/// how often the kernel was asked.
async fn lasts(pause: Duration, octets: i64) -> (Option<Duration>, u32) {
    let mut uptake = Uptake::new(MOST, RATE);
    let (begun, mut asked) = (Instant::now(), 0);
    uptake.begin(|| true);
    while begun.elapsed() < Duration::from_secs(3600) {
        let by = uptake.by().expect("a wait that runs has a deadline");
        advance(by.saturating_duration_since(Instant::now())).await;
        let acknowledged = || {
            asked += 1;
            Some((begun.elapsed().as_secs() / pause.as_secs()) as i64 * octets)
        };
        if uptake.is_over(Instant::now(), acknowledged) {
            return (Some(begun.elapsed()), asked);
        }
    }
    (None, asked)
}

#[tokio::test(start_paused = true)]
async fn what_the_peer_acknowledges_keeps_it_and_drips_do_not() {
    let second = Duration::from_secs(1);
    assert_eq!(lasts(second, 0).await, (Some(MOST), 2), "nothing: asked early and late");
    let (steady, asked) = lasts(second, 2_000).await;
    assert_eq!(steady, None, "2 kB/s");
    assert!(asked < 70, "asked {asked} times in an hour");
    assert_eq!(lasts(30 * second, 64 << 10).await.0, None, "2 kB/s, in lumps as windows open");
    let (drips, _) = lasts(5 * second, 32).await;
    assert!(drips.is_some_and(|after| after >= MOST && after < MOST + 5 * second), "32 octets each 5 s: {drips:?}");
    assert_eq!(lasts(second, -5).await.0, Some(MOST), "a kernel that counts backwards is no progress");
}

#[tokio::test(start_paused = true)]
async fn where_nobody_can_be_asked_the_transport_is_the_witness() {
    let mut uptake = Uptake::new(MOST, RATE);
    uptake.begin(|| false);
    advance(Duration::from_secs(59)).await;
    assert!(!uptake.is_over(Instant::now(), || None));
    uptake.took(1280);
    uptake.begin(|| false);
    advance(Duration::from_secs(10)).await;
    assert!(!uptake.is_over(Instant::now(), || None), "1 s was left, and 10 s were earned");
    advance(Duration::from_secs(2)).await;
    assert!(uptake.is_over(Instant::now(), || None));
}

#[tokio::test(start_paused = true)]
async fn without_a_rate_any_octet_begins_the_wait_anew() {
    let mut uptake = Uptake::new(MOST, None);
    for _ in 0..10 {
        uptake.begin(|| false);
        advance(Duration::from_secs(59)).await;
        assert!(!uptake.is_over(Instant::now(), || None));
        uptake.took(1);
    }
    uptake.begin(|| false);
    advance(MOST).await;
    assert!(uptake.is_over(Instant::now(), || None));
}

/// What the transport took and the peer acknowledged later is one progress, not two.
#[tokio::test(start_paused = true)]
async fn the_same_octets_do_not_count_twice() {
    let mut uptake = Uptake::new(MOST, RATE);
    uptake.begin(|| true);
    advance(Duration::from_secs(8)).await;
    assert!(!uptake.is_over(Instant::now(), || Some(0)));
    advance(Duration::from_secs(51)).await;
    uptake.took(128);
    uptake.begin(|| true);
    advance(Duration::from_secs(1)).await;
    assert!(!uptake.is_over(Instant::now(), || Some(128)), "it looks anew");
    advance(Duration::from_secs(1)).await;
    assert!(uptake.is_over(Instant::now(), || Some(128)));
}
