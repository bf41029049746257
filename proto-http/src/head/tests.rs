use http::{Request, Response};

use super::*;
use crate::rules::Rule;

fn of(request: http::request::Builder) -> Result<RequestHead, Rule> {
    RequestHead::try_from(request.body(()).unwrap().into_parts().0)
}

#[test]
fn a_request_of_the_http_crate_becomes_a_head_and_back() {
    let head = of(Request::post("http://a.example:81/b?c").header("x-d", "e")).unwrap();
    assert_eq!((head.method.as_str(), head.target.as_bytes()), ("POST", &b"/b?c"[..]));
    assert_eq!(head.fields, Fields::from_pairs([("x-d", "e"), ("host", "a.example:81")]).unwrap());
    let request = Request::<()>::try_from(&head).unwrap();
    assert_eq!((request.uri().to_string(), request.headers()["x-d"].to_str().unwrap()), ("/b?c".to_owned(), "e"));
}

#[test]
fn host_of_the_caller_wins_over_the_uri() {
    let head = of(Request::get("http://a/").header("host", "b")).unwrap();
    assert_eq!(head.fields.all(Known::Host).collect::<Vec<_>>(), [b"b"]);
    assert_eq!(head.authority(), Some(&b"b"[..]));
}

#[test]
fn connect_and_asterisk_keep_their_forms() {
    let head = of(Request::connect("a.example:443")).unwrap();
    assert_eq!(head.target.as_bytes(), b"a.example:443");
    assert_eq!(Request::<()>::try_from(&head).unwrap().uri().authority().unwrap(), "a.example:443");
    let head = of(Request::options("*")).unwrap();
    assert_eq!(head.target.as_bytes(), b"*");
    assert_eq!(Request::<()>::try_from(&head).unwrap().uri().path(), "*");
}

#[test]
fn a_target_that_no_uri_holds_is_an_error() {
    let head = RequestHead::new(Method::GET, Target::origin(&b"/<"[..]).unwrap());
    assert!(Request::<()>::try_from(&head).is_err());
}

#[test]
fn a_response_becomes_a_head_and_back() {
    let response = Response::builder().status(404).header("a", "b").body(()).unwrap();
    let head = ResponseHead::try_from(response.into_parts().0).unwrap();
    assert_eq!((head.status.as_u16(), head.fields.text("a")), (404, Some("b")));
    assert_eq!(Response::<()>::from(&head).headers()["a"], "b");
}

#[test]
fn only_1xx_other_than_101_are_interim() {
    let is_interim = |status| ResponseHead::new(StatusCode::from_u16(status).unwrap()).is_interim();
    assert!(is_interim(100) && is_interim(103) && is_interim(199));
    assert!(!is_interim(101) && !is_interim(200) && !is_interim(404));
}

#[test]
fn expectations_are_read_from_version_1_1_alone() {
    let mut head = RequestHead::new(Method::POST, Target::origin("/").unwrap());
    assert!(!head.expects_continue());
    head.fields.append("Expect", "100-Continue").unwrap();
    assert!(head.expects_continue());
    head.version = Version::HTTP_10;
    assert!(!head.expects_continue());
}
