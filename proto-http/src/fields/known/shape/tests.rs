use super::Shape;

const NAMES: &[&str] = &[
    "TE",
    "Via",
    "Host",
    "Range",
    "Cookie",
    "Expires",
    "Location",
    "X-Real-IP",
    "Accept-Encoding",
    "WWW-Authenticate",
    "If-Modified-Since",
    "Sec-WebSocket-Accept",
];

/// Each octet of each name, changed into every other: the same is found as by the slow way.
#[test]
fn a_name_is_compared_whole_and_in_any_case() {
    for name in NAMES.iter().map(|name| name.as_bytes()) {
        let shape = Shape::of(name);
        for at in 0..name.len() {
            for octet in 0..=u8::MAX {
                let mut other = name.to_vec();
                other[at] = octet;
                assert_eq!(shape.is(&other), name.eq_ignore_ascii_case(&other), "{}", other.escape_ascii());
            }
        }
        assert!(shape.is(&name.to_ascii_lowercase()) && shape.is(&name.to_ascii_uppercase()));
        assert!(!shape.is(&[name, b"x"].concat()) && !shape.is(&name[1..]) && !shape.is(b""));
        assert!(!shape.is(&[name, &[0; 9]].concat()));
    }
}
