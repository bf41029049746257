use super::{Function, functions, without_tests};
use crate::size::mask::mask;

fn scan(source: &str) -> Vec<(String, usize, usize)> {
    let found = functions(&without_tests(&mask(source)));
    found.into_iter().map(|Function { name, line, lines }| (name, line, lines)).collect()
}

fn row(name: &str, line: usize, lines: usize) -> (String, usize, usize) {
    (name.to_owned(), line, lines)
}

#[test]
fn a_function_is_counted_from_its_head_to_its_brace() {
    assert_eq!(scan("\nfn one() {\n    1\n}\nfn two() {}\n"), [row("one", 2, 3), row("two", 5, 1)]);
}

#[test]
fn braces_in_literals_do_not_count() {
    assert_eq!(scan("fn f() {\n    \"}\";\n    '}';\n    // }\n}\n"), [row("f", 1, 5)]);
}

#[test]
fn declarations_and_pointer_types_have_no_body() {
    assert_eq!(
        scan("trait T {\n fn a(&self);\n fn b(&self) {}\n}\nstruct S { run: fn(u8) -> u8 }\nfn c() {}\n"),
        [row("b", 3, 1), row("c", 6, 1)]
    );
}

#[test]
fn where_clauses_and_array_types_belong_to_the_head() {
    let source = "fn f<T>(x: [u8; { 1 + 1 }]) -> [u8; 2]\nwhere\n    T: Fn(u8),\n{\n}\n";
    assert_eq!(scan(source), [row("f", 1, 5)]);
}

#[test]
fn nested_functions_are_counted_too() {
    assert_eq!(scan("fn outer() {\n    fn inner() {\n    }\n}\n"), [row("outer", 1, 4), row("inner", 2, 2)]);
}

#[test]
fn test_modules_are_left_out() {
    let source =
        "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n#[cfg(test)]\nmod more;\nfn d() {}\n";
    assert_eq!(scan(source), [row("a", 1, 1), row("c", 6, 1), row("d", 9, 1)]);
}

#[test]
fn lines_stay_where_they_were() {
    let source = "#[cfg(test)]\nmod tests {\n}\nfn after() {}\n";
    assert_eq!(without_tests(source).lines().count(), 4);
}
