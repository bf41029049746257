#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use simplon_proto_http::{Fields, Target};

use super::*;

fn counted(method: Method, values: &[&str]) -> (Option<Response>, Vec<String>) {
    let mut head = RequestHead::new(method, Target::origin("/a").unwrap());
    head.fields = Fields::from_pairs(values.iter().map(|value| ("Max-Forwards", *value))).unwrap();
    head.fields.append("Cookie", "secret").unwrap();
    let answer = count(&mut head);
    (answer, head.fields.all(Known::MaxForwards).map(|value| String::from_utf8(value.to_vec()).unwrap()).collect())
}

#[test]
fn each_hop_leaves_one_less() {
    for method in [Method::TRACE, Method::OPTIONS] {
        for (values, left) in [
            (&["1"][..], &["0"][..]),
            (&["010"], &["9"]),
            (&["5", "3"], &["2"]),
            (&["99999999999999999999999"], &["18446744073709551614"]),
            (&["x"], &["x"]),
            (&["-1"], &["-1"]),
            (&[""], &[""]),
            (&[], &[]),
        ] {
            let (answer, values) = counted(method.clone(), values);
            assert!(answer.is_none() && values == left, "{values:?} {left:?}");
        }
    }
    assert_eq!(counted(Method::GET, &["0"]).1, ["0"], "other methods do not count");
}

#[test]
fn what_may_go_no_further_is_answered_here() {
    for zero in ["0", "000"] {
        let answer = counted(Method::OPTIONS, &[zero]).0.unwrap();
        assert_eq!((answer.head.status, answer.body.len()), (StatusCode::OK, 0));
        let answer = counted(Method::TRACE, &["7", zero]).0.unwrap();
        let text = String::from_utf8(answer.body.to_vec()).unwrap();
        assert!(text.starts_with("TRACE /a HTTP/1.1\r\nMax-Forwards: 7\r\n") && !text.contains("secret"), "{text}");
        assert_eq!(answer.head.fields.text("Content-Type"), Some("message/http"));
    }
}
