use super::*;

#[test]
fn a_request_says_its_host_and_length() {
    assert_eq!(get("/a").encode(), b"GET /a HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_eq!(post("/").body("hi").encode(), b"POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 2\r\n\r\nhi");
}

#[test]
fn a_reply_without_content_says_so_where_it_may() {
    assert_eq!(status(404).encode(), b"HTTP/1.1 404 Test\r\nContent-Length: 0\r\n\r\n");
    assert_eq!(status(204).encode(), b"HTTP/1.1 204 Test\r\n\r\n");
    assert_eq!(ok("body").encode_head(), b"HTTP/1.1 200 Test\r\nContent-Length: 4\r\n\r\n");
}

#[test]
fn trailers_come_after_the_last_chunk() {
    let wire = ok("").chunked("abc").trailer("Sum", "6").encode();
    assert_eq!(wire, b"HTTP/1.1 200 Test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nSum: 6\r\n\r\n");
}
