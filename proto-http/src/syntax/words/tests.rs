use super::*;

/// Each octet at each place of a run of others, and runs of each length: the same is found as octet by octet.
#[test]
fn the_first_of_a_class_is_found_wherever_it_stands() {
    type Find = fn(&[u8]) -> usize;
    type Is = fn(u8) -> bool;
    let classes: [(Find, Is); 2] =
        [(control, |octet| octet < b' ' || octet == 0x7f), (invisible, |octet| !octet.is_ascii_graphic())];
    for (find, is_one) in classes {
        for length in 0..40 {
            for at in 0..length {
                for octet in 0..=u8::MAX {
                    for around in [b'a', b'!', b'~'] {
                        let mut octets = vec![around; length];
                        octets[at] = octet;
                        let slowly = octets.iter().position(|octet| is_one(*octet)).unwrap_or(length);
                        assert_eq!(find(&octets), slowly, "{}", octets.escape_ascii());
                    }
                }
            }
        }
    }
}

/// Marks above the first need not be exact, so two of a kind beside each other are looked at, too.
#[test]
fn neighbours_of_what_is_looked_for_do_not_hide_it() {
    for first in 0..=u8::MAX {
        for second in 0..=u8::MAX {
            let octets = [b'a', first, second, b'a', second, first, b'a', b'a'];
            let word = u64::from_le_bytes(octets);
            for octet in [b':', b'_', first, second] {
                let slowly = octets.iter().position(|other| *other == octet).unwrap_or(8);
                assert_eq!(first_mark(equal(word, octet)), slowly, "{octet} in {}", octets.escape_ascii());
            }
        }
    }
}

#[test]
fn words_are_filled_with_zeros_beyond_the_end() {
    let octets: Vec<u8> = (1..=40).collect();
    for length in 0..=octets.len() {
        for at in 0..=length + 9 {
            let octets = &octets[..length];
            let mut slowly = [0; 8];
            slowly.iter_mut().zip(octets.iter().skip(at)).for_each(|(to, from)| *to = *from);
            assert_eq!(word(octets, at), u64::from_le_bytes(slowly), "{at} of {length}");
            for count in 0..9 {
                let mut first = slowly;
                first.iter_mut().skip(count).for_each(|octet| *octet = 0);
                assert_eq!(first_of(word(octets, at), count), u64::from_le_bytes(first));
            }
        }
    }
}

#[test]
fn plain_octets_are_letters_digits_and_dashes() {
    for at in 0..8 {
        for octet in 0..=u8::MAX {
            for around in [b'a', b'Z', b'0', b'-', b'9', b'z', 0xff] {
                let mut octets = [around; 8];
                octets[at] = octet;
                let slowly = octets.iter().all(|octet| octet.is_ascii_alphanumeric() || *octet == b'-');
                assert_eq!(is_plain(u64::from_le_bytes(octets)), slowly, "{}", octets.escape_ascii());
            }
        }
    }
}
