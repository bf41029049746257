use super::compare;

const TABLE: &str = "\
# a remark
test   a thing
? test another
? test-2 none of this
doc    curl
";

fn lines(step: &str, seen: &str) -> (Vec<String>, usize) {
    let found = compare(step, seen, TABLE);
    (found.lines, found.wrong)
}

#[test]
fn what_is_expected_is_said_and_not_wrong() {
    let wanted = vec!["left out, as expected: a thing".to_owned(), "not left out on this machine: another".to_owned()];
    assert_eq!(lines("test", "a thing\na thing\n"), (wanted, 0));
    assert_eq!(lines("test", "another\na thing\n").1, 0);
    assert_eq!(lines("fmt", ""), (vec![], 0));
}

#[test]
fn what_nobody_expects_is_wrong() {
    assert_eq!(lines("doc", "curl\npython3\n").1, 1);
    assert!(lines("doc", "python3\ncurl\n").0.contains(&"left out, UNEXPECTED: python3".to_owned()));
    assert_eq!(lines("fmt", "curl\n").1, 1, "it is expected of another step");
    assert_eq!(lines("test", "a thing\na\n").1, 1, "a part of a name is not the name");
}

#[test]
fn what_is_left_out_no_longer_is_wrong_unless_it_depends_on_the_machine() {
    assert_eq!(lines("doc", ""), (vec!["NO LONGER left out, take it from the list: curl".to_owned()], 1));
    assert_eq!(lines("test", "a thing\n").1, 0);
}
