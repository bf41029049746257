use super::*;

#[test]
fn what_is_not_visible_ascii_is_encoded() {
    let rows = [
        ("plain text ~", "plain text ~"),
        ("100%", "100%25"),
        ("a\r\nb", "a%0D%0Ab"),
        ("é\u{7f}", "%C3%A9%7F"),
        ("", ""),
    ];
    for (text, encoded) in rows {
        assert_eq!(encode(text), encoded);
    }
}
