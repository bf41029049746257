use super::*;

fn map(fields: &[(&str, &str)]) -> HeaderMap {
    Fields::from_pairs(fields.iter().copied()).unwrap().to_header_map()
}

fn section(fields: &[(&str, &str)]) -> Result<Fields, Rule> {
    received(&map(fields), &Config::default())
}

#[test]
fn what_has_no_place_is_dropped_and_counted() {
    let config = Config::default();
    let fields = [
        ("grpc-status", "0"),
        ("content-length", "0"),
        ("host", "a"),
        ("location", "/"),
        ("client-cert", ":AA==:"),
        ("x-forwarded-prefix", "/a"),
        ("x-forwarded-client-cert", "a"),
        ("x_forwarded_for", "a"),
        ("set-cookie", "a=b"),
        ("x_y", "z"),
    ];
    let left = received(&map(&fields), &config).unwrap();
    assert_eq!(left, Fields::from_pairs([("grpc-status", "0"), ("x_y", "z")]).unwrap());
    assert!(config.dropped().any(|dropped| dropped == (Rule::TrailerForbidden, 8)));
}

#[test]
fn what_is_malformed_is_refused() {
    for name in ["transfer-encoding", "connection", "te"] {
        assert_eq!(section(&[(name, "1")]), Err(Rule::FieldOfConnection), "{name}");
    }
    let mut padded = HeaderMap::new();
    padded.append("x", "a ".parse().unwrap());
    assert_eq!(received(&padded, &Config::default()), Err(Rule::ValueBlank));
    let many: Vec<String> = (0..65).map(|n| format!("x{n}")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|name| (&name[..], "1")).collect();
    assert_eq!(section(&many), Err(Rule::TooManyTrailers));
    assert_eq!(section(&[("x", &"a".repeat(16 << 10))]), Err(Rule::TrailerTooLarge));
}

#[test]
fn sections_leave_without_what_frames_or_routes() {
    let fields = [
        ("X-Sum", "7"),
        ("Content-Length", "5"),
        ("Host", "a"),
        ("Transfer-Encoding", "chunked"),
        ("TE", "gzip"),
        ("Authorization", "x"),
        ("X-Forwarded-Prefix", "/"),
    ];
    let map = to_send(&Fields::from_pairs(fields).unwrap()).unwrap();
    assert_eq!(map.keys().map(|name| name.as_str()).collect::<Vec<_>>(), ["x-sum"]);
}
