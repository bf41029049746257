use super::*;
use crate::http::Rate;

const INTERIM: u8 = 3;

const CONTROL: Seen = Seen { resets: 0, control: 1, heads: 0, data_octets: 0, small_data: 0 };
const HEAD: Seen = Seen { resets: 0, control: 0, heads: 1, data_octets: 0, small_data: 0 };
const RESET: Seen = Seen { resets: 1, control: 0, heads: 0, data_octets: 0, small_data: 0 };

fn toll() -> (Toll, Facts, Arc<Counters>) {
    let limits = SessionLimits {
        control_frames: Rate { burst: 10, per_second: 2 },
        resets: Rate { burst: 5, per_second: 1 },
        ..SessionLimits::default()
    };
    let counters = Arc::new(Counters::default());
    (Toll::new(&limits, INTERIM, Arc::clone(&counters)), Facts::default(), counters)
}

/// How many of these are taken, up to a thousand.
fn taken(toll: &mut Toll, facts: &Facts, seen: Seen) -> usize {
    (0..1000).take_while(|_| !toll.is_too_much(seen, facts)).count()
}

#[tokio::test(start_paused = true)]
async fn what_nobody_asked_for_is_taken_up_to_the_burst_and_then_with_time() {
    for (seen, burst, per_second) in [(CONTROL, 10, 2), (HEAD, 10, 2), (RESET, 5, 1)] {
        let (mut toll, facts, counters) = toll();
        assert_eq!(taken(&mut toll, &facts, seen), burst);
        tokio::time::advance(std::time::Duration::from_secs(3)).await;
        // The one that was too many is owed.
        assert_eq!(taken(&mut toll, &facts, seen), 3 * per_second - 1);
        let expected = if seen == RESET { (0, 2) } else { (2, 0) };
        assert_eq!((counters.control_floods.read(), counters.reset_floods.read()), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn each_stream_that_runs_may_have_its_frames_and_one_reset() {
    let (mut toll, facts, _) = toll();
    (0..100).for_each(|_| assert!(facts.begin(usize::MAX).is_some()));
    assert_eq!(taken(&mut toll, &facts, HEAD), 10 + 100 * (3 + 2));
    assert_eq!(taken(&mut toll, &facts, CONTROL), 10 + 100 * 8);
    assert_eq!(taken(&mut toll, &facts, RESET), 5 + 100);
}

/// Or an origin that was good for long could be bad for as long.
#[tokio::test(start_paused = true)]
async fn what_streams_did_not_need_is_gone_with_them() {
    let (mut toll, facts, _) = toll();
    for _ in 0..1000 {
        assert!(facts.begin(usize::MAX).is_some());
        assert!(!toll.is_too_much(HEAD, &facts));
        facts.end();
    }
    assert!(!toll.is_too_much(RESET, &facts));
    assert!(taken(&mut toll, &facts, CONTROL) <= 10 + 8);
    assert!(taken(&mut toll, &facts, RESET) <= 5);
}

/// The origin of an upload opens windows.
#[tokio::test(start_paused = true)]
async fn what_is_written_may_be_answered_with_windows() {
    let (mut toll, facts, _) = toll();
    for _ in 0..1000 {
        facts.wrote(256);
        assert_eq!(taken_of(&mut toll, &facts, 4), 4);
    }
    assert!(taken(&mut toll, &facts, CONTROL) <= 10);
}

fn taken_of(toll: &mut Toll, facts: &Facts, most: usize) -> usize {
    (0..most).take_while(|_| !toll.is_too_much(CONTROL, facts)).count()
}
