use simplon_testkit::h2::hpack::encode_huffman;

use super::*;

#[test]
fn every_octet_is_one_symbol() {
    for octet in 0..=u8::MAX {
        for n in [1, 2, 7, 40] {
            let coded = encode_huffman(&vec![octet; n]);
            assert_eq!(Symbols::new().count(&coded), n as u32, "{octet} {n}");
        }
    }
}

#[test]
fn strings_may_be_cut_anywhere() {
    let text: Vec<u8> = (0..=u8::MAX).chain(b"www.example.com; a=b".iter().copied()).collect();
    let coded = encode_huffman(&text);
    for cut in 0..coded.len() {
        let mut symbols = Symbols::new();
        assert_eq!(symbols.count(&coded[..cut]) + symbols.count(&coded[cut..]), text.len() as u32);
    }
}
