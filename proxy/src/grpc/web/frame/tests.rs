#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use super::*;

#[test]
fn trailers_are_lines_with_names_in_lower_case() {
    let mut fields = Fields::new();
    fields.append("Grpc-Status", "0").unwrap();
    fields.append("x-a", "b").unwrap();
    assert_eq!(trailers(&fields), &b"\x80\0\0\0\x18grpc-status: 0\r\nx-a: b\r\n"[..]);
}
