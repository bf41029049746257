use super::Keys;

#[test]
fn a_key_is_listed_once_until_its_last_line_is_given_back() {
    let keys = Keys::new(8, 2);
    let lines = [keys.line(&"a"), keys.line(&"a"), keys.line(&"b")];
    assert_eq!(keys.len(), 2);
    let [first, second, other] = lines;
    keys.release(first);
    assert_eq!(keys.len(), 2);
    keys.release(second);
    assert_eq!(keys.len(), 1);
    keys.release(other);
    assert_eq!(keys.len(), 0);
}

#[test]
fn permits_of_a_key_are_shared_by_its_lines() {
    let keys = Keys::new(8, 1);
    let (one, two) = (keys.line(&7), keys.line(&7));
    let before = two.quota().free();
    assert!(crate::quota::Spare::default().spend(one.quota()));
    assert!(two.quota().free() < before);
}

#[test]
fn a_list_that_was_long_gives_its_memory_back() {
    let keys = Keys::new(8, 1);
    let lines: Vec<_> = (0..100_000).map(|n| keys.line(&n)).collect();
    lines.into_iter().for_each(|line| keys.release(line));
    assert!(keys.lock().capacity() < 16);
}
