use super::satisfied;

fn ok(expression: &str) -> bool {
    satisfied(expression, &["MIT".to_owned(), "Apache-2.0".to_owned(), "Unicode-3.0".to_owned()])
}

#[test]
fn one_of_the_choices_is_enough() {
    assert!(ok("MIT"));
    assert!(ok("GPL-3.0 OR MIT"));
    assert!(ok("MIT/Apache-2.0"));
}

#[test]
fn every_part_of_a_conjunction_is_needed() {
    assert!(ok("(MIT OR GPL-2.0) AND Unicode-3.0"));
    assert!(!ok("MIT AND OpenSSL"));
}

#[test]
fn and_binds_closer_than_or() {
    assert!(ok("MIT OR Apache-2.0 AND GPL-3.0"));
    assert!(!ok("GPL-3.0 OR MIT AND GPL-2.0"));
}

#[test]
fn an_exception_does_not_spoil_its_licence() {
    assert!(ok("Apache-2.0 WITH LLVM-exception OR GPL-2.0"));
    assert!(!ok("GPL-2.0 WITH Classpath-exception-2.0"));
}

#[test]
fn what_cannot_be_read_is_refused() {
    for expression in ["", "MIT OR", "(MIT", "MIT Apache-2.0", "MIT WITH"] {
        assert!(!ok(expression), "{expression}");
    }
}
