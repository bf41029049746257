use super::is_host;

#[test]
fn ports_case_and_the_dot_of_the_root_do_not_matter() {
    for (authority, name, fits) in [
        ("a.example", "a.example", true),
        ("A.example:8443", "a.Example", true),
        ("a.example.", "a.example", true),
        ("a.example:443", "a.example.", true),
        ("b.example", "a.example", false),
        ("a.example.evil", "a.example", false),
        ("", "a.example", false),
        ("[2001:db8::1]:443", "a.example", false),
    ] {
        assert_eq!(is_host(authority.as_bytes(), name.as_bytes()), fits, "{authority} {name}");
    }
}
