use super::*;

#[test]
fn the_preface_is_known_wherever_it_is_cut() {
    for n in 1..24 {
        assert_eq!(Preface::of(&OCTETS[..n]), Preface::Begun, "{n}");
        let mut other = OCTETS[..n].to_vec();
        other[n - 1] ^= 1;
        assert_eq!(Preface::of(&other), Preface::No, "{n}");
    }
    assert_eq!(Preface::of(OCTETS), Preface::Whole);
    assert_eq!(Preface::of(&[&OCTETS[..], b"\0\0\0"].concat()), Preface::Whole);
}

#[test]
fn methods_that_begin_alike_are_told_apart() {
    for (octets, is) in [
        (&b""[..], Preface::No),
        (b"P", Preface::Begun),
        (b"PUT / HTTP/1.1\r\n", Preface::No),
        (b"PR", Preface::Begun),
        (b"PROPFIND / HTTP/1.1\r\n", Preface::No),
        (b"PRI / HTTP/1.1\r\n", Preface::No),
        (b"GET / HTTP/1.1\r\n", Preface::No),
    ] {
        assert_eq!(Preface::of(octets), is, "{}", octets.escape_ascii());
    }
}
