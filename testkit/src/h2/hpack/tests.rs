use super::*;

fn octets(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(|octet| !octet.is_ascii_whitespace()).collect();
    digits.chunks(2).map(|two| u8::from_str_radix(std::str::from_utf8(two).unwrap(), 16).unwrap()).collect()
}

fn texts(fields: &[Field]) -> Vec<(&str, &str)> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

/// RFC 7541, C.4.
#[test]
fn the_requests_of_the_rfc_are_decoded() {
    let mut decoder = Decoder::default();
    let first = decoder.decode(&octets("8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff")).unwrap();
    let request = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "www.example.com")];
    assert_eq!(texts(&first), request);
    let second = decoder.decode(&octets("8286 84be 5886 a8eb 1064 9cbf")).unwrap();
    assert_eq!(texts(&second)[3..], [(":authority", "www.example.com"), ("cache-control", "no-cache")]);
    let third = decoder.decode(&octets("8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf")).unwrap();
    assert_eq!(texts(&third)[4..], [("custom-key", "custom-value")]);
}

/// RFC 7541, C.6: with a table of 256 octets, from which entries fall.
#[test]
fn the_responses_of_the_rfc_are_decoded() {
    let mut decoder = Decoder::default();
    decoder.limit(256);
    let first = octets(
        "3fe101 4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d
         29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
    );
    assert_eq!(texts(&decoder.decode(&first).unwrap())[0], (":status", "302"));
    let second = decoder.decode(&octets("4883 640e ffc1 c0bf")).unwrap();
    assert_eq!(texts(&second)[3], ("location", "https://www.example.com"));
}

#[test]
fn huffman_code_goes_both_ways() {
    let all: Vec<u8> = (0..=255).collect();
    assert_eq!(decode_huffman(&encode_huffman(&all)), Ok(all));
    assert_eq!(encode_huffman(b"www.example.com"), octets("f1e3 c2e5 f23a 6ba0 ab90 f4ff"));
    assert_eq!(encode_huffman(b""), b"");
}

#[test]
fn wrong_blocks_are_refused() {
    let cases: [(Block, &str); 10] = [
        (Block::new().indexed(0), "an index without an entry (RFC 7541 §2.3.3)"),
        (Block::new().indexed(62), "an index without an entry (RFC 7541 §2.3.3)"),
        (Block::new().indexed(2).table_size(0), "a size update after a field (RFC 7541 §4.2)"),
        (Block::new().table_size(4097), "a size update above the limit (RFC 7541 §6.3)"),
        (Block::new().octets([0xff; 12]), "an integer that is too large (RFC 7541 §5.1)"),
        (Block::new().octets([0xff]), "the block ends within an instruction"),
        (Block::new().octets([0x00, 0x02, b'a']), "the block ends within an instruction"),
        (Block::new().octets([0x00]).coded([0xff; 4]), "a string with the end-of-string symbol in it"),
        (Block::new().octets([0x00]).coded([0x1f, 0xff]), "more than seven bits of padding"),
        (Block::new().octets([0x00]).coded([0x18]), "padding that is not of ones"),
    ];
    for (block, why) in cases {
        assert_eq!(Decoder::default().decode(block.as_ref()), Err(why), "{block:?}");
    }
}

#[test]
fn a_smaller_table_must_be_acknowledged_by_the_encoder() {
    let mut decoder = Decoder::default();
    decoder.limit(0);
    assert!(decoder.decode(Block::new().indexed(2).as_ref()).is_err());
    assert!(decoder.decode(Block::new().table_size(0).indexed(2).as_ref()).is_ok());
    assert!(decoder.decode(Block::new().remembered("a", "b").as_ref()).is_ok());
    assert!(decoder.decode(Block::new().indexed(62).as_ref()).is_err());
}

#[test]
fn integers_of_the_rfc() {
    assert_eq!(Block::new().integer(0, 5, 10).as_ref(), [10]);
    assert_eq!(Block::new().integer(0, 5, 1337).as_ref(), [31, 154, 10]);
    assert_eq!(Block::new().integer(0, 8, 42).as_ref(), [42]);
}
