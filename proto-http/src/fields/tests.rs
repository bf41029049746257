use http::{HeaderMap, HeaderName};

use super::*;

fn list(pairs: &[(&str, &str)]) -> Fields {
    Fields::from_pairs(pairs.iter().copied()).unwrap()
}

fn shown(fields: &Fields) -> Vec<(String, String)> {
    let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
    fields.iter().map(|(name, value)| (text(name), text(value))).collect()
}

fn written(fields: &Fields) -> String {
    let mut out = Vec::new();
    fields.write_to(&mut out, 0);
    String::from_utf8(out).unwrap()
}

/// A list as the parser makes it, of lines without the empty one.
fn received(lines: &str) -> Fields {
    let head = [lines, "\r\n"].concat();
    let mut draft = Draft::default();
    assert_eq!(draft.read(head.as_bytes(), 0, 100, Ends::Strict), Ok(head.len()));
    Fields::of_block(Bytes::from(head), draft)
}

#[test]
fn every_known_name_is_recognised_in_any_case() {
    for known in Known::ALL {
        assert_eq!(Known::of(known.as_str().as_bytes()), Some(*known));
        assert_eq!(Known::of(known.as_str().to_ascii_uppercase().as_bytes()), Some(*known));
        assert_eq!(Known::of(known.as_str().to_ascii_lowercase().as_bytes()), Some(*known));
        assert_eq!(Known::of(format!("{}x", known.as_str()).as_bytes()), None);
    }
    assert!(Known::ALL.len() < 64);
    assert_eq!(Known::of(b""), None);
    assert_eq!(Known::of(b"hos\xf4"), None);
}

#[test]
fn an_entry_takes_sixteen_octets() {
    assert_eq!(size_of::<Entry>(), 16);
}

/// B25
#[test]
fn order_repetition_and_spelling_are_kept() {
    let fields = list(&[("X-FoO", "1"), ("set-cookie", "a"), ("ACCEPT", "*/*"), ("Set-Cookie", "b")]);
    let expected = [("X-FoO", "1"), ("set-cookie", "a"), ("ACCEPT", "*/*"), ("Set-Cookie", "b")];
    assert_eq!(shown(&fields), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    assert_eq!(written(&fields), "X-FoO: 1\r\nset-cookie: a\r\nACCEPT: */*\r\nSet-Cookie: b\r\n");
    assert_eq!(fields.all("SET-COOKIE").collect::<Vec<_>>(), [b"a", b"b"]);
    assert_eq!(fields.all("x-foo").count(), 1);
    assert_eq!(fields.all(Known::Host).count(), 0);
}

#[test]
fn fields_are_found_by_any_kind_of_name() {
    let fields = list(&[("Host", "a"), ("X-B", "b")]);
    let name = HeaderName::from_static("x-b");
    assert_eq!(fields.get("hOST"), Some(&b"a"[..]));
    assert_eq!(fields.get(Known::Host), Some(&b"a"[..]));
    assert_eq!(fields.get(&name), Some(&b"b"[..]));
    assert_eq!(fields.get(http::header::HOST), Some(&b"a"[..]));
    assert_eq!(fields.get(&b"x-B"[..]), Some(&b"b"[..]));
    assert!(fields.contains("x-b") && !fields.contains("x-c") && !fields.contains(Known::Te));
    assert_eq!((fields.len(), fields.is_empty(), fields.octets()), (2, false, 9));
}

#[test]
fn set_replaces_in_place_and_removes_the_others() {
    let mut fields = list(&[("A", "1"), ("Via", "2"), ("B", "3"), ("via", "4"), ("C", "5")]);
    fields.set(Known::Via, "9").unwrap();
    fields.set("new", "6").unwrap();
    fields.set("c", "7").unwrap();
    assert_eq!(written(&fields), "A: 1\r\nVia: 9\r\nB: 3\r\nc: 7\r\nnew: 6\r\n");
}

#[test]
fn remove_and_retain_keep_the_rest_in_order() {
    let mut fields = list(&[("A", "1"), ("Via", "2"), ("a", "3"), ("B", "4"), ("via", "5")]);
    assert_eq!(fields.remove("A"), 2);
    assert_eq!(fields.remove("A"), 0);
    assert_eq!(fields.remove(Known::Via), 2);
    assert!(!fields.contains(Known::Via));
    fields.append(Known::Host, "h").unwrap();
    fields.retain(|name, value| name == b"Host" && value == b"h");
    assert_eq!(written(&fields), "Host: h\r\n");
    fields.retain(|_, _| false);
    assert!(!fields.contains(Known::Host) && fields.is_empty());
    fields.append("A", "1").unwrap();
    fields.clear();
    assert_eq!(written(&fields), "");
}

/// B27, B18
#[test]
fn what_would_break_a_head_is_refused_at_the_door() {
    let mut fields = list(&[("A", "1")]);
    for value in ["a\r\nb", "a\nb", "a\rb", "a\0", "\x7f", "\x01"] {
        assert_eq!(fields.append("B", value), Err(FieldError::Value), "{value:?}");
        assert_eq!(fields.set("A", value), Err(FieldError::Value), "{value:?}");
    }
    for name in ["", "a b", "a:", "a\r\n", "\u{e4}", " a", "a\0"] {
        assert_eq!(fields.append(name, "1"), Err(FieldError::Name), "{name:?}");
    }
    assert_eq!(fields.append("x".repeat(65536).as_str(), ""), Err(FieldError::Full));
    assert_eq!(written(&fields), "A: 1\r\n");
}

#[test]
fn blanks_around_values_are_cut_off() {
    let fields = list(&[("A", " \t1 2\t "), ("B", " \t "), ("C", "")]);
    assert_eq!(written(&fields), "A: 1 2\r\nB: \r\nC: \r\n");
}

#[test]
fn text_is_ascii_alone() {
    let mut fields = Fields::new();
    fields.append("A", b"caf\xe9").unwrap();
    fields.append("B", "tea").unwrap();
    assert_eq!((fields.text("A"), fields.text("B"), fields.text("C")), (None, Some("tea"), None));
    assert_eq!(fields.get("A"), Some(&b"caf\xe9"[..]));
}

#[test]
fn received_fields_point_into_their_block() {
    let mut fields = received("Host: a\r\nX-One:1\r\nX-Two:  2 \r\nEmpty:\r\nAccept: */*\r\nVia: v\r\n");
    assert_eq!(fields.get("x-two"), Some(&b"2"[..]));
    assert_eq!(fields.get("empty"), Some(&b""[..]));
    assert_eq!(written(&fields), "Host: a\r\nX-One: 1\r\nX-Two: 2\r\nEmpty: \r\nAccept: */*\r\nVia: v\r\n");
    fields.set("accept", "text/html").unwrap();
    fields.append("Z", "z").unwrap();
    let copy = fields.clone();
    fields.remove("Host");
    assert_eq!(written(&fields), "X-One: 1\r\nX-Two: 2\r\nEmpty: \r\naccept: text/html\r\nVia: v\r\nZ: z\r\n");
    assert_eq!(copy.len(), 7);
    assert_ne!(copy, fields);
}

#[test]
fn writing_skips_a_set_of_names() {
    let fields = received("A: 1\r\nHost: h\r\nB: 2\r\nTE: trailers\r\nC: 3\r\n");
    let mut out = Vec::new();
    fields.write_to(&mut out, set_of(&[Known::Host, Known::Te]));
    assert_eq!(out, b"A: 1\r\nB: 2\r\nC: 3\r\n");
}

#[test]
fn a_list_that_is_changed_for_ever_stays_small() {
    let mut fields = list(&[("Host", "a")]);
    for n in 0..10_000 {
        fields.set("X-Count", format!("{n} {}", "x".repeat(100))).unwrap();
    }
    assert!(fields.list().arena.capacity() <= 32 << 10, "{}", fields.list().arena.capacity());
    assert_eq!(fields.get("host"), Some(&b"a"[..]));
    assert!(fields.text("x-count").unwrap().starts_with("9999 "));
}

#[test]
fn replace_each_changes_values_in_place() {
    let mut fields = received("Set-Cookie: a=1\r\nX: y\r\nset-cookie: b=2\r\n");
    let secure = |value: &[u8]| value.starts_with(b"a").then(|| [value, b"; Secure"].concat());
    assert_eq!(fields.replace_each(Known::SetCookie, secure), Ok(1));
    assert_eq!(written(&fields), "Set-Cookie: a=1; Secure\r\nX: y\r\nset-cookie: b=2\r\n");
    assert_eq!(fields.replace_each("x", |_| Some(b"\n".to_vec())), Err(FieldError::Value));
}

#[test]
fn maps_convert_both_ways() {
    let fields = list(&[("X-A", "1"), ("Set-Cookie", "a"), ("set-cookie", "b"), ("Caf", "\u{e9}")]);
    let map: HeaderMap = (&fields).into();
    assert_eq!(map.len(), 4);
    assert_eq!(map.get_all("set-cookie").iter().collect::<Vec<_>>(), ["a", "b"]);
    let back = Fields::try_from(&map).unwrap();
    assert_eq!(back.len(), 4);
    assert_eq!(back.all(Known::SetCookie).collect::<Vec<_>>(), [b"a", b"b"]);
    assert!(shown(&back).contains(&("x-a".to_owned(), "1".to_owned())));
}

#[test]
fn equality_ignores_the_case_of_names_alone() {
    assert_eq!(list(&[("A", "x"), ("B", "y")]), list(&[("a", "x"), ("b", "y")]));
    assert_ne!(list(&[("A", "x")]), list(&[("A", "X")]));
    assert_ne!(list(&[("A", "x"), ("B", "y")]), list(&[("B", "y"), ("A", "x")]));
    assert_ne!(list(&[("A", "x")]), list(&[("A", "x"), ("A", "x")]));
}

#[test]
fn debug_hides_secrets() {
    let fields = list(&[
        ("Authorization", "Basic c2VjcmV0"),
        ("cookie", "sid=secret"),
        ("Set-Cookie", "secret"),
        ("Proxy-Authorization", "secret"),
        ("A", "shown"),
    ]);
    let text = format!("{fields:?}");
    assert!(!text.contains("secret") && !text.contains("c2Vj") && text.contains("shown"), "{text}");
}

#[test]
fn elements_are_split_across_fields() {
    let fields = list(&[("Via", "a, b"), ("via", ",c,")]);
    assert_eq!(fields.elements(Known::Via).collect::<Vec<_>>(), [b"a", b"b", b"c"]);
}

#[test]
fn a_field_is_added_that_says_what_another_says() {
    let mut fields = received("Host: a.example\r\nX-A: 1\r\n");
    assert_eq!(fields.append_same(Known::XForwardedHost, Known::Host), Ok(true));
    assert_eq!(fields.append_same("X-Again", "x-forwarded-host"), Ok(true));
    assert_eq!(fields.append_same("X-None", "x-b"), Ok(false));
    assert_eq!(fields.append_same("not a name", "x-a"), Err(FieldError::Name));
    let expected = "Host: a.example\r\nX-A: 1\r\nX-Forwarded-Host: a.example\r\nX-Again: a.example\r\n";
    assert_eq!(written(&fields), expected);
    assert_eq!(fields.get(Known::XForwardedHost), Some(&b"a.example"[..]));
}

#[test]
fn the_x_forwarded_family_is_removed_beyond_known_names_however_it_came() {
    let lines = "a: b\r\nx-forwarded-PREFIX: c\r\nX-Forwarded-For: d\r\nX-Forwardedfor: e\r\n";
    let mut fields = received(lines);
    let kept = [("a", "b"), ("X-Forwarded-For", "d"), ("X-Forwardedfor", "e")].map(|(a, b)| (a.into(), b.into()));
    fields.remove_x_forwarded();
    assert_eq!(shown(&fields), kept);
    for bring in [
        |fields: &mut Fields| fields.append("X-Forwarded-Ssl", "on").unwrap(),
        |fields: &mut Fields| fields.append_all(&list(&[("X-Forwarded-Ssl", "on")])).unwrap(),
        |fields: &mut Fields| fields.set("X-Forwarded-Ssl", "on").unwrap(),
        |fields: &mut Fields| assert!(fields.append_same("X-Forwarded-Ssl", "a").unwrap()),
    ] {
        bring(&mut fields);
        let mut copy = fields.clone();
        copy.retain(|_, _| true);
        copy.remove("a");
        copy.remove_x_forwarded();
        assert_eq!(shown(&copy), kept[1..]);
        fields.remove_x_forwarded();
        assert_eq!(shown(&fields), kept);
    }
}

#[test]
fn a_host_counts_as_checked_as_long_as_it_is_the_received_one() {
    let lines = "a: b\r\nHost: c\r\n";
    let mut fields = received(lines);
    assert!(!fields.has_checked_host());
    fields.host_is_checked();
    assert!(fields.has_checked_host() && fields.clone().has_checked_host());
    let changed = |change: fn(&mut Fields)| {
        let mut fields = fields.clone();
        change(&mut fields);
        fields
    };
    assert!(changed(|fields| fields.retain(|name, _| name != b"a")).has_checked_host());
    assert!(!changed(|fields| fields.set("host", "e f").unwrap()).has_checked_host());
    assert!(!changed(|fields| fields.append("host", "c").unwrap()).has_checked_host());
    assert!(!changed(|fields| assert_eq!(fields.remove("host"), 1)).has_checked_host());
    assert!(
        !changed(|fields| assert_eq!(fields.replace_each("host", |_| Some(b"e".to_vec())), Ok(1))).has_checked_host()
    );
    assert!(!changed(Fields::clear).has_checked_host());
    let mut made = list(&[("Host", "a b")]);
    made.host_is_checked();
    assert!(!made.has_checked_host());
}
