use super::*;

fn list(names: &[&str]) -> Vec<Vec<u8>> {
    names.iter().map(|name| name.as_bytes().to_vec()).collect()
}

#[test]
fn the_first_of_ours_that_is_offered_wins() {
    let offered = encode(&list(&["http/1.1", "h2"])).unwrap();
    assert_eq!(offered, b"\x08http/1.1\x02h2");
    assert_eq!(select(&list(&["h2", "http/1.1"]), &offered), Some(&b"h2"[..]));
    assert_eq!(select(&list(&["h3", "http/1.1"]), &offered), Some(&b"http/1.1"[..]));
    assert_eq!(select(&list(&["h3"]), &offered), None);
    assert_eq!(select(&list(&["h2"]), b"\x08http"), None);
}

#[test]
fn names_that_have_no_length_of_one_octet_are_refused() {
    assert!(encode(&list(&[""])).is_err());
    assert!(encode(&[vec![b'x'; 256]]).is_err());
    assert_eq!(encode(&[vec![b'x'; 255]]).unwrap().len(), 256);
}
