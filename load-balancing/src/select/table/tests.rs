use super::*;

fn order(weights: &[u32]) -> String {
    turns(weights).iter().map(|&place| char::from(b'a' + u8::try_from(place).unwrap())).collect()
}

fn counts(turns: &[u32], backends: usize) -> Vec<u64> {
    let mut counts = vec![0; backends];
    turns.iter().for_each(|&place| counts[place as usize] += 1);
    counts
}

#[test]
fn turns_follow_the_smooth_order() {
    let rows: [(&[u32], &str); 10] = [
        (&[5, 1, 1], "aabacaa"),
        (&[4, 2, 1], "abacaba"),
        (&[3, 1], "aaba"),
        (&[1, 1, 1], "abc"),
        (&[7, 7, 7], "abc"),
        (&[2, 1], "aba"),
        (&[10, 2, 2], "aabacaa"),
        (&[0, 3, 0, 3], "bd"),
        (&[0, 9], "b"),
        (&[1], "a"),
    ];
    for (weights, expected) in rows {
        assert_eq!(order(weights), expected, "{weights:?}");
    }
}

#[test]
fn no_weight_gives_no_turns() {
    assert_eq!(order(&[]), "");
    assert_eq!(order(&[0]), "");
    assert_eq!(order(&[0, 0, 0]), "");
}

#[test]
fn huge_weights_fit_the_table_and_the_smallest_keeps_one_turn() {
    let turns = turns(&[u32::MAX, 1, u32::MAX, 0]);
    assert!(turns.len() as u64 <= TURNS + 4, "{}", turns.len());
    let counts = counts(&turns, 4);
    assert_eq!(counts[1], 1);
    assert_eq!(counts[3], 0);
    assert_eq!(counts[0], counts[2]);
    assert_eq!(super::turns(&[u32::MAX; 3]).len(), 3);
}

#[test]
fn scaled_shares_are_within_one_turn_of_their_weights() {
    let weights = [1_000_003_u32, 500_009, 250_007, 99_991];
    let total: f64 = weights.iter().copied().map(f64::from).sum();
    let turns = turns(&weights);
    for (count, weight) in counts(&turns, 4).into_iter().zip(weights) {
        let exact = f64::from(weight) / total * TURNS as f64;
        assert!((count as f64 - exact).abs() <= 1.0, "{count} turns for {exact}");
    }
}

#[test]
fn large_sets_are_spread_by_weight_too() {
    let weights: Vec<u32> = (0..20_000).map(|place| if place % 2 == 0 { 3 } else { 1 }).collect();
    let turns = turns(&weights);
    assert!(turns.len() as u64 <= TURNS + weights.len() as u64);
    assert!(counts(&turns, weights.len()).iter().all(|&count| count >= 1));
    // And where nothing is scaled: evenly, so that no stretch of turns favours anyone.
    let order = spread(&[4, 2, 1], 7);
    assert_eq!(counts(&order, 3), [4, 2, 1]);
    assert!(order.windows(3).all(|window| window.iter().any(|place| *place != 0)), "{order:?}");
}
