use super::*;

fn read(octets: &[u8]) -> Result<Option<Line>, Rule> {
    let whole = line(octets, &mut 0, 64);
    let mut searched = 0;
    let mut pieces = Ok(None);
    for end in 1..=octets.len() {
        pieces = line(&octets[..end], &mut searched, 64);
        if pieces != Ok(None) {
            break;
        }
    }
    assert_eq!(whole, pieces, "{octets:?}");
    whole
}

/// A3, 12-032
#[test]
fn odd_sizes_are_refused() {
    for (octets, rule) in [
        (&b"\r\n"[..], Rule::ChunkSize),
        (b"0x5\r\n", Rule::ChunkSize),
        (b"+5\r\n", Rule::ChunkSize),
        (b"-5\r\n", Rule::ChunkSize),
        (b"5_0\r\n", Rule::ChunkSize),
        (b" 5\r\n", Rule::ChunkSize),
        (b"5 \r\n", Rule::ChunkSize),
        (b"5\t\r\n", Rule::ChunkSize),
        (b"5 a\r\n", Rule::ChunkSize),
        (b"5\rX\r\n", Rule::ChunkSize),
        (b"g\r\n", Rule::ChunkSize),
        (b";a\r\n", Rule::ChunkSize),
        (b"10000000000000000\r\n", Rule::ChunkSizeOverflow),
        (b"00000000000000005\r\n", Rule::ChunkSizeOverflow),
        (b"8000000000000000\r\n", Rule::ChunkSizeOverflow),
        (b"FFFFFFFFFFFFFFFF\r\n", Rule::ChunkSizeOverflow),
        (b"5\n", Rule::BareLf),
        (b"5;a\n", Rule::BareLf),
        (b"5;a\rb\r\n", Rule::ChunkExtension),
        (b"5;a\0\r\n", Rule::ChunkExtension),
    ] {
        assert_eq!(read(octets), Err(rule), "{octets:?}");
    }
}

#[test]
fn sizes_are_hexadecimal_up_to_the_largest_integer() {
    for (octets, size, extension) in [
        (&b"0\r\n"[..], 0, 0),
        (b"5\r\nabcde", 5, 0),
        (b"aF\r\n", 0xaf, 0),
        (b"000000000000000f\r\n", 15, 0),
        (b"7FFFFFFFFFFFFFFF\r\n", MOST, 0),
        (b"5;a=\"b c\"\r\n", 5, 8),
        (b"5 \t;a\r\n", 5, 4),
    ] {
        let line = read(octets).unwrap().unwrap();
        assert_eq!((line.size, line.extension), (size, extension), "{octets:?}");
    }
}

#[test]
fn a_line_over_the_limit_is_refused_before_it_ends() {
    assert_eq!(read(&[b'0'; 63]), Ok(None));
    assert_eq!(read(&[b'0'; 64]), Err(Rule::ChunkLineTooLong));
    let line = |n: usize| [&b"5;"[..], &vec![b'a'; n], b"\r\n"].concat();
    assert!(read(&line(60)).unwrap().is_some());
    assert_eq!(read(&line(61)), Err(Rule::ChunkLineTooLong));
}

#[test]
fn written_sizes_read_back() {
    for size in [0, 1, 15, 16, 255, 65536, isize::MAX as usize] {
        let mut out = Vec::new();
        write(&mut out, size);
        assert_eq!(read(&out).unwrap().unwrap().size, size as u64);
    }
}
