#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use super::*;

#[test]
fn media_types_name_a_form() {
    let rows = [
        ("application/grpc-web", Form::Binary, ""),
        ("Application/GRPC-Web+proto", Form::Binary, "+proto"),
        ("application/grpc-web; charset=x", Form::Binary, "; charset=x"),
        ("application/grpc-web-text", Form::Text, ""),
        ("application/grpc-web-text+json", Form::Text, "+json"),
        ("application/grpc", Form::Other, ""),
        ("application/grpc-webber", Form::Other, ""),
        ("application/grpc-we\u{fc}", Form::Other, ""),
        ("text/plain", Form::Other, ""),
    ];
    for (media_type, form, rest) in rows {
        assert_eq!(Form::of(media_type.as_bytes()), (form, rest.as_bytes()), "{media_type}");
    }
}
