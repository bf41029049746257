use super::*;

fn thresholds(healthy: u32, unhealthy: u32) -> Thresholds {
    Thresholds { healthy: NonZeroU32::new(healthy).unwrap(), unhealthy: NonZeroU32::new(unhealthy).unwrap() }
}

/// `+` a success, `-` a failure; what the verdict is after each: `h` or `u`.
fn verdicts(initial: Health, thresholds: Thresholds, observations: &str) -> String {
    let (mut streak, mut verdict) = (Streak::new(initial), initial);
    let mut after = String::new();
    for observation in observations.chars() {
        let observed = if observation == '+' { Health::Healthy } else { Health::Unhealthy };
        let flip = streak.observe(observed, thresholds);
        assert_ne!(flip, Some(verdict), "only a change is told");
        verdict = flip.unwrap_or(verdict);
        after.push(if verdict == Health::Healthy { 'h' } else { 'u' });
    }
    after
}

#[test]
fn verdicts_flip_after_as_many_in_a_row_as_the_threshold_says() {
    use Health::{Healthy, Unhealthy};
    let rows = [
        (Healthy, thresholds(1, 1), "+-+-", "huhu"),
        (Healthy, thresholds(2, 3), "+--+---+-++", "hhhhhhuuuuh"),
        (Healthy, thresholds(2, 3), "---", "hhu"),
        (Healthy, thresholds(3, 1), "-++-+++", "uuuuuuh"),
        (Unhealthy, thresholds(3, 1), "+", "h"),
        (Unhealthy, thresholds(3, 1), "-+++", "uuuh"),
        (Unhealthy, thresholds(3, 2), "+--", "hhu"),
    ];
    for (initial, thresholds, observations, expected) in rows {
        assert_eq!(verdicts(initial, thresholds, observations), expected, "{initial:?} {thresholds:?} {observations}");
    }
}

#[test]
fn an_overruled_verdict_begins_a_new_row() {
    let mut streak = Streak::new(Health::Healthy);
    assert_eq!(streak.observe(Health::Unhealthy, thresholds(1, 2)), None);
    assert_eq!(streak.overrule(Health::Healthy), None);
    assert_eq!(streak.observe(Health::Unhealthy, thresholds(1, 2)), None);
    assert_eq!(streak.overrule(Health::Unhealthy), Some(Health::Unhealthy));
    assert_eq!(streak.seen(), Seen::Before);
}
