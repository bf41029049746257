use super::*;

fn field<'a>(response: &'a Response, name: &'static str) -> &'a str {
    response.head.fields.text(name).unwrap_or("")
}

#[test]
fn an_error_is_told_in_trailers_alone() {
    let response = trailers_only(b"application/grpc+proto", StatusCode::SERVICE_UNAVAILABLE, "100% busy");
    assert_eq!((response.head.status, response.body.len()), (StatusCode::OK, 0));
    assert_eq!(field(&response, "content-type"), "application/grpc+proto");
    assert_eq!(field(&response, GRPC_STATUS), "14");
    assert_eq!(field(&response, GRPC_MESSAGE), "100%25 busy");
}

#[test]
fn a_success_that_is_not_grpc_is_unknown() {
    assert_eq!(field(&trailers_only(b"application/grpc", StatusCode::OK, "OK"), GRPC_STATUS), "2");
}

#[test]
fn few_words_are_taken_over() {
    assert_eq!(words(&Response::text(StatusCode::FORBIDDEN, "not today\n")), "not today");
    assert_eq!(words(&Response::text(StatusCode::FORBIDDEN, vec![b'a'; MOST_WORDS + 1])), "Forbidden");
    assert_eq!(words(&Response::text(StatusCode::FORBIDDEN, vec![0xff])), "Forbidden");
    assert_eq!(words(&Response::new(StatusCode::FORBIDDEN).body("secret")), "Forbidden");
}
