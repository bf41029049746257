use http::Method;

use super::*;

/// (as received, slashes merged, slashes kept)
const TABLE: &[(&str, &str, &str)] = &[
    ("/", "/", "/"),
    ("/admin", "/admin", "/admin"),
    ("/a.b/c..d/...", "/a.b/c..d/...", "/a.b/c..d/..."),
    ("/.well-known/x", "/.well-known/x", "/.well-known/x"),
    // Encodings
    ("/%61dmin", "/admin", "/admin"),
    ("/%41%5a%30%2d%2E%5f%7e", "/AZ0-._~", "/AZ0-._~"),
    ("/a%2fb%3a%c3%A9", "/a%2Fb%3A%C3%A9", "/a%2Fb%3A%C3%A9"),
    ("/%2561dmin", "/%2561dmin", "/%2561dmin"),
    ("/%%36%31dmin", "/%2561dmin", "/%2561dmin"),
    ("/%2%35%36%31", "/%252561", "/%252561"),
    ("/100%", "/100%25", "/100%25"),
    ("/%zz%4", "/%25zz%254", "/%25zz%254"),
    ("/a|b\\c\"<>", "/a%7Cb%5Cc%22%3C%3E", "/a%7Cb%5Cc%22%3C%3E"),
    ("/%00", "/%00", "/%00"),
    // Dot segments
    ("/x/../admin", "/admin", "/admin"),
    ("/./admin", "/admin", "/admin"),
    ("/x/%2e%2E/admin", "/admin", "/admin"),
    ("/x/.%2e/%2e/admin/.", "/admin/", "/admin/"),
    ("/..", "/", "/"),
    ("/../../admin/..", "/", "/"),
    ("/a/b/../..", "/", "/"),
    ("/a/b/../c/./d", "/a/c/d", "/a/c/d"),
    ("/admin%2f..", "/admin%2F..", "/admin%2F.."),
    ("/admin;x/..;y/z", "/admin;x/..;y/z", "/admin;x/..;y/z"),
    ("/x\\..\\admin", "/x%5C..%5Cadmin", "/x%5C..%5Cadmin"),
    // Slashes
    ("//admin", "/admin", "//admin"),
    ("///", "/", "///"),
    ("/a//b///", "/a/b/", "/a//b///"),
    ("/a//../admin", "/admin", "/a/admin"),
    ("//..//admin", "/admin", "//admin"),
    ("/x/..//admin", "/admin", "//admin"),
    ("/.//admin", "/admin", "//admin"),
];

#[test]
fn paths_become_what_origins_read() {
    for (raw, merged, kept) in TABLE {
        let target = Target::origin(*raw).unwrap();
        let shown = |slashes| String::from_utf8(target.normal_path(slashes).to_vec()).unwrap();
        assert_eq!((shown(Slashes::Merged), shown(Slashes::Kept)), ((*merged).to_owned(), (*kept).to_owned()), "{raw}");
        assert_eq!(target.path(), raw.as_bytes(), "as it came");
        assert_eq!(target.is_normal(Slashes::Merged), raw == merged, "{raw}");
        for slashes in [Slashes::Merged, Slashes::Kept] {
            let again = target.normalized(slashes);
            assert_eq!(again.as_bytes(), target.normal_path(slashes), "{raw}");
            assert_eq!(again.normal_path(slashes), again.path(), "{raw}: once is enough");
            assert!(again.is_normal(slashes));
        }
    }
}

#[test]
fn only_the_path_changes() {
    let parse = |method: &Method, raw: &'static str| Target::parse(method, raw.into()).unwrap();
    let get = |raw| parse(&Method::GET, raw).normalized(Slashes::Merged);
    for (raw, normal) in [
        ("/a/../%62?c=%64/../e//f", "/b?c=%64/../e//f"),
        ("http://A.example:80/x/../%61?q", "http://A.example:80/a?q"),
        ("http://a.example", "http://a.example"),
        ("http://a.example?q//", "http://a.example?q//"),
        ("/./?", "/?"),
    ] {
        let target = get(raw);
        assert_eq!(target.to_string(), normal);
        assert_eq!(target, parse(&Method::GET, normal), "{raw}");
    }
    assert_eq!(get("http://a.example").normal_path(Slashes::Merged), b"/");
    assert_eq!(parse(&Method::OPTIONS, "*").normal_path(Slashes::Merged), b"*");
    assert_eq!(parse(&Method::CONNECT, "a:1").normal_path(Slashes::Merged), b"");
    assert_eq!(parse(&Method::CONNECT, "a:1").normalized(Slashes::Kept).as_bytes(), b"a:1");
}

/// Whatever comes: one slash first, no dot segment left, and the same again.
#[test]
fn the_normal_form_is_its_own() {
    let letters = b"/.%2eE5fF61a\\;|";
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for _ in 0..20_000 {
        let mut raw = b"/".to_vec();
        for _ in 0..12 {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            raw.push(letters[(seed % letters.len() as u64) as usize]);
        }
        let target = Target::origin(raw).unwrap();
        for slashes in [Slashes::Merged, Slashes::Kept] {
            let normal = target.normalized(slashes);
            let path = normal.path();
            assert_eq!(normal.normalized(slashes).path(), path, "{target}");
            assert!(path.first() == Some(&b'/'), "{target}");
            assert!(path.split(|b| *b == b'/').all(|segment| segment != b"." && segment != b".."), "{target}");
        }
        let merged = target.normal_path(Slashes::Merged);
        assert!(!merged.windows(2).any(|pair| pair == b"//"), "{target}");
    }
}
