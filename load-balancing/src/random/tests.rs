use super::*;

#[test]
fn numbers_stay_below_the_bound_and_reach_all_of_it() {
    let generator = Generator::seeded(1);
    let mut seen = [0_u32; 7];
    for _ in 0..7_000 {
        seen[usize::try_from(generator.below(7)).unwrap()] += 1;
    }
    assert!(seen.iter().all(|&count| (850..1_150).contains(&count)), "{seen:?}");
    assert_eq!(generator.below(0), 0);
    assert_eq!(generator.below(1), 0);
}

#[test]
fn jitter_stays_within_its_percentage() {
    let generator = Generator::new();
    let second = Duration::from_secs(1);
    for _ in 0..1_000 {
        let around = generator.around(second, 10);
        assert!((Duration::from_millis(900)..=Duration::from_millis(1_100)).contains(&around), "{around:?}");
    }
    assert_eq!(generator.around(second, 0), second);
    assert!(generator.around(Duration::MAX, 100) <= Duration::from_nanos(u64::MAX / 2));
}

#[test]
fn the_same_seed_gives_the_same_sequence() {
    let (one, other) = (Generator::seeded(9), Generator::seeded(9));
    assert!((0..100).all(|_| one.below(1_000) == other.below(1_000)));
}
