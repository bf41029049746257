use super::super::{PLACES, placed};
use super::{Name, Shape};
use crate::fields::{Known, alike};

const NAMES: &[&str] = &[
    "TE",
    "Via",
    "Host",
    "Range",
    "Cookie",
    "Expires",
    "Location",
    "X-Real-IP",
    "Accept-Encoding",
    "WWW-Authenticate",
    "If-Modified-Since",
    "Sec-WebSocket-Accept",
];

/// Each octet of each name, changed into every other: the same is found as by the slow way.
#[test]
fn a_name_is_compared_whole_and_in_any_case() {
    for name in NAMES.iter().map(|name| name.as_bytes()) {
        let shape = Shape::of(name);
        for at in 0..name.len() {
            for octet in 0..=u8::MAX {
                let mut other = name.to_vec();
                other[at] = octet;
                assert_eq!(shape.is(&Name::of(&other)), name.eq_ignore_ascii_case(&other), "{}", other.escape_ascii());
            }
        }
        let is = |other: &[u8]| shape.is(&Name::of(other));
        assert!(is(&name.to_ascii_lowercase()) && is(&name.to_ascii_uppercase()));
        assert!(!is(&[name, b"x"].concat()) && !is(&name[1..]) && !is(b""));
        // Zeros fill the words, too.
        assert!((1..=32).all(|zeros| !is(&[name, &vec![0; zeros]].concat())));
    }
}

/// However much stands before and after it, and whether or not the octets end there.
#[test]
fn a_name_is_found_before_its_colon() {
    let long = "x".repeat(60);
    for name in NAMES.iter().copied().chain(["", "a", "abcdefgh", "abcdefghi", &long]) {
        for before in 0..10 {
            for after in ["", ":", " b\r\n\r\n", "::::::::::::::::::::::::::::::::"] {
                let octets = [&"y".repeat(before), name, ":", after].concat();
                let (found, whole) = (Name::before_colon(&octets.as_bytes()[before..]), Name::of(name.as_bytes()));
                assert_eq!((found.len(), found.words), (name.len(), whole.words), "{octets}");
                assert_eq!(found.known(), Known::of(name.as_bytes()));
            }
        }
    }
    for without in ["", "Host", "Host\r\n\r\n", &long] {
        assert!(Name::before_colon(without.as_bytes()).len() > without.len());
    }
}

/// What names are made of is looked at unless they have a place: so those are tokens, and read like no other.
#[test]
fn each_name_with_a_place_is_well_formed_and_in_its_own() {
    for at in 0..PLACES {
        let name = placed(at);
        assert!(name.iter().all(|octet| octet.is_ascii_alphanumeric() || *octet == b'-'));
        assert!(at < Known::ALL.len() || !alike::is_of_family(name));
        assert!(Name::of(name).place().is_some_and(|place| place.known() == Known::ALL.get(at).copied()));
    }
}
