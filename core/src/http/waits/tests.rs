use super::*;

#[test]
fn calls_of_grpc_are_known_by_method_and_media_type() {
    let asked = |method: &str, media_type: &str| {
        let request = http::Request::builder().method(method).uri("/a.B/C").header("content-type", media_type);
        is_grpc(&RequestHead::try_from(request.body(()).unwrap().into_parts().0).unwrap())
    };
    for media_type in ["application/grpc", "application/grpc+proto", "Application/gRPC; a=b"] {
        assert!(asked("POST", media_type), "{media_type}");
        assert!(!asked("PUT", media_type), "{media_type}");
    }
    for media_type in ["application/grpc-web", "application/grpcs", "application/grp", "text/plain"] {
        assert!(!asked("POST", media_type), "{media_type}");
    }
}
