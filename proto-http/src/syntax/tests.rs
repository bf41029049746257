use super::*;

#[test]
fn tokens_are_what_the_grammar_says() {
    assert!(is_token(b"X-Foo_1!#$%&'*+.^`|~"));
    for bad in [
        &b""[..],
        b"a b",
        b"a:",
        b"a\0",
        b"a\x7f",
        b"\xc3\xa4",
        b"(a)",
        b"a/b",
        b"a\"",
        b"[a]",
        b"{a}",
        b"a,b",
        b"a;b",
        b"a=b",
        b"a?",
        b"a@b",
        b"a\\b",
    ] {
        assert!(!is_token(bad), "{bad:?}");
    }
}

#[test]
fn values_hold_no_control_octets() {
    assert!(is_value(b"") && is_value(b"a\tb \xff"));
    for bad in (0u8..0x20).filter(|b| *b != b'\t').chain([0x7f]) {
        assert!(!is_value(&[b'a', bad]), "{bad}");
    }
}

#[test]
fn numbers_are_digits_alone() {
    assert_eq!(decimal(b"18446744073709551615"), Number::Is(u64::MAX));
    assert_eq!(decimal(b"18446744073709551616"), Number::Overflow);
    for bad in [&b""[..], b"+5", b"-1", b"0x5", b"5_0", b"5,5", b"5 ", b" 5"] {
        assert_eq!(decimal(bad), Number::Malformed, "{bad:?}");
    }
}

#[test]
fn trim_takes_blanks_only() {
    assert_eq!(trim(b" \t a b\t "), b"a b");
    assert_eq!(trim(b"\x0ba"), b"\x0ba");
    assert_eq!(trim(b"  "), b"");
}

#[test]
fn protocols_have_at_most_one_version() {
    assert!(is_protocol(b"websocket") && is_protocol(b"HTTP/2.0"));
    assert!(!is_protocol(b"/1") && !is_protocol(b"a/") && !is_protocol(b"a/b/c") && !is_protocol(b""));
}
