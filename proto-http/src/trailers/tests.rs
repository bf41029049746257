use super::*;

fn left(names: &[&str], nominated: Option<&[u8]>) -> (Vec<String>, u64) {
    let config = Config::default();
    let mut fields = Fields::from_pairs(names.iter().map(|name| (*name, "1"))).unwrap();
    tidy(&mut fields, nominated, &config);
    let names = fields.iter().map(|(name, _)| String::from_utf8(name.to_vec()).unwrap()).collect();
    (names, config.dropped().map(|(_, n)| n).sum())
}

#[test]
fn what_nobody_decides_by_passes() {
    let names = [
        "Grpc-Status",
        "grpc-message",
        "ETag",
        "Digest",
        "Server-Timing",
        "X-Sum",
        "x_sum",
        "Accept-Ranges",
        "Content_Type",
    ];
    assert_eq!(left(&names, None), (names.iter().map(|name| (*name).to_owned()).collect(), 0));
}

#[test]
fn what_had_to_come_before_the_content_is_dropped_and_counted() {
    for name in [
        "content-length",
        "Transfer-Encoding",
        "HOST",
        "Location",
        "Client-Cert",
        "Client-Cert-Chain",
        "X-Forwarded-Prefix",
        "X-Forwarded-Client-Cert",
        "Forwarded",
        "Via",
        "Max-Forwards",
        "If-Match",
        "If-None-Match",
        "Range",
        "Age",
        "Date",
        "Vary",
        "Retry-After",
        "Access-Control-Allow-Origin",
        "Sec-WebSocket-Protocol",
        "Strict-Transport-Security",
        "Cookie",
        "Content-Location",
        "Trailer",
        "X_Forwarded_For",
        "X-Forwarded_Ssl",
        "Content_Length",
        "Transfer_Encoding",
        "Client_Cert",
        "X_Real_IP",
        "Keep_Alive",
    ] {
        assert_eq!(left(&[name, "A"], None), (vec!["A".to_owned()], 1), "{name}");
        let fields = Fields::from_pairs([(name, "1"), ("A", "1")]).unwrap();
        assert_eq!(*to_send(&fields), Fields::from_pairs([("A", "1")]).unwrap(), "{name}");
    }
}

#[test]
fn what_connection_named_is_dropped() {
    assert_eq!(left(&["X-Secret", "x_secret", "A"], Some(b"close, x-SECRET")), (vec!["A".to_owned()], 2));
}
