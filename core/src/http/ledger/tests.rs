use super::*;

#[test]
fn a_bound_of_one_key_above_that_of_all_is_told() {
    for (most, per_key, expected) in
        [(Some(10), Some(10), None), (Some(10), Some(11), Some((10, 11))), (Some(10), None, None), (None, None, None)]
    {
        assert_eq!(unreachable(most, per_key), expected);
    }
    // Where nothing was said of all, the share counts.
    PROCESS.most.store(Shares::now().origins, Ordering::Relaxed);
    assert_eq!(unreachable(None, Some(usize::MAX)), Some((Shares::now().origins, usize::MAX)));
    assert_eq!(unreachable(None, Some(1)), None);
}
