#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use super::*;

#[test]
fn weights_decide_and_zero_is_never_taken() {
    use Form::{Binary, Text};
    for (accept, request, form) in [
        ("", Binary, Binary),
        ("*/*", Text, Text),
        ("application/grpc-web-text", Binary, Text),
        ("application/grpc-web-text;q=0", Binary, Binary),
        ("application/grpc-web-text; Q=0.000", Text, Binary),
        ("application/grpc-web;q=0", Binary, Text),
        ("application/grpc-web-text;q=0, application/grpc-web", Text, Binary),
        ("application/grpc-web;q=0.3, application/grpc-web-text;q=0.8", Binary, Text),
        ("application/grpc-web+proto;q=1, application/grpc-web-text;q=0.8", Text, Binary),
        ("application/grpc-web, application/grpc-web-text", Text, Binary),
        ("application/grpc-web-text;q=odd", Binary, Text),
    ] {
        let fields = Fields::from_pairs([("Accept", accept)]).unwrap();
        assert_eq!(preferred(&fields, request), form, "{accept} {request:?}");
    }
}
