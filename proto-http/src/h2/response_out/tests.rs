use super::*;
use crate::fields::Fields;

fn written(status: u16, fields: &[(&str, &str)]) -> Result<Response<()>, Misuse> {
    let mut head = ResponseHead::new(StatusCode::from_u16(status).unwrap());
    head.fields = Fields::from_pairs(fields.iter().copied()).unwrap();
    head.reason = Some("Whatever".into());
    response(&head)
}

#[test]
fn what_belongs_to_a_connection_is_not_written() {
    let fields = [
        ("Connection", "close"),
        ("Keep-Alive", "timeout=5"),
        ("Proxy-Connection", "close"),
        ("Transfer-Encoding", "chunked"),
        ("Upgrade", "h2c"),
        ("X-FoO", "bar"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
    ];
    let response = written(200, &fields).unwrap();
    let names: Vec<_> = response.headers().keys().map(HeaderName::as_str).collect();
    assert_eq!(names, ["x-foo", "set-cookie"]);
    assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
    assert_eq!(response.version(), Version::HTTP_2);
}

#[test]
fn length_goes_out_where_there_can_be_content() {
    for (status, is_kept) in [(200, true), (304, true), (404, true), (204, false), (103, false)] {
        let response = written(status, &[("Content-Length", "5")]).unwrap();
        assert_eq!(response.headers().contains_key("content-length"), is_kept, "{status}");
        assert_eq!(response.status().as_u16(), status);
    }
}

#[test]
fn a_switch_of_protocols_is_a_success() {
    let response = written(101, &[("Sec-WebSocket-Accept", "x"), ("Sec-WebSocket-Protocol", "chat")]).unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let names: Vec<_> = response.headers().keys().map(HeaderName::as_str).collect();
    assert_eq!(names, ["sec-websocket-protocol"]);
}
