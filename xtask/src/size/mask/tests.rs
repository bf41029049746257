use super::mask;

fn squeezed(source: &str) -> String {
    mask(source).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn comments_vanish_and_lines_stay() {
    assert_eq!(mask("a // {\nb /* { /* } */\n{ */ c"), "a     \nb             \n     c");
}

#[test]
fn strings_vanish_with_their_escapes() {
    assert_eq!(squeezed(r#"f("{ \" }", b"{", c"}") + g"#), "f( , , ) + g");
}

#[test]
fn raw_strings_end_at_their_own_number_of_hashes() {
    assert_eq!(squeezed(r##"a r#"{ " }"# b r"\" c br#"""# d"##), "a b c d");
}

#[test]
fn a_raw_identifier_is_not_a_string() {
    assert_eq!(squeezed("let r#type = br; cr"), "let r#type = br; cr");
}

#[test]
fn lifetimes_are_not_characters() {
    assert_eq!(
        squeezed("fn f<'a>(x: &'a str) { '{'; '\\''; b'}'; 'b: loop {} }"),
        "fn f<'a>(x: &'a str) { ; ; ; 'b: loop {} }"
    );
}

#[test]
fn an_escaped_character_by_number_vanishes_whole() {
    assert_eq!(squeezed(r"x '\u{7b}' y '\\' z"), "x y z");
}

#[test]
fn an_open_literal_ends_with_the_file() {
    assert_eq!(squeezed("a \"{"), "a");
    assert_eq!(squeezed("a /* {"), "a");
    assert_eq!(squeezed("a r#\"{\""), "a");
}
