use simplon_testkit::h2::hpack::{Block as Spelled, Decoder};

use super::*;

fn block_of(blocks: &mut FieldBlocks, octets: &[u8]) -> Option<Block> {
    let now = blocks.frame(HEADERS, END_HEADERS, 1, octets.len() as u32);
    now.or_else(|| blocks.payload(octets))
}

/// (has_pseudo, is_interim) of each of some blocks, whole and cut anywhere.
fn told(spelled: &[Spelled]) -> Vec<Option<(bool, bool)>> {
    let octets: Vec<Vec<u8>> = spelled.iter().map(|block| block.as_ref().to_vec()).collect();
    let tell = |cut: usize| {
        let mut blocks = FieldBlocks::new();
        let each = octets.iter().map(|octets| {
            let (before, after) = octets.split_at(cut.min(octets.len()));
            let mut found = blocks.frame(HEADERS, END_HEADERS, 1, octets.len() as u32);
            found = found.or_else(|| blocks.payload(before));
            found = found.or_else(|| blocks.payload(after));
            found.map(|block| (block.has_pseudo, block.is_interim))
        });
        each.collect::<Vec<_>>()
    };
    let whole = tell(usize::MAX);
    for cut in 0..60 {
        assert_eq!(tell(cut), whole, "cut at {cut}");
    }
    whole
}

fn new() -> Spelled {
    Spelled::new()
}

#[test]
fn pseudo_header_fields_are_told_however_they_are_spelled() {
    for index in 1..=14 {
        assert_eq!(told(&[new().indexed(index)]), [Some((true, false))], "{index}");
        assert_eq!(told(&[new().named(index, "x")]), [Some((true, false))], "{index}");
    }
    for index in 15..=61 {
        assert_eq!(told(&[new().indexed(index)]), [Some((false, false))], "{index}");
    }
    for name in [":path", ":x", ":", ":status"] {
        for spelled in
            [new().field(name, "2"), new().remembered(name, "2"), new().secret(name, "2"), new().huffman(name, "2")]
        {
            assert_eq!(told(&[spelled]), [Some((true, false))], "{name}");
        }
    }
    for name in ["path", "x:status", "status"] {
        for spelled in [new().field(name, ":path"), new().remembered(name, "1"), new().huffman(name, ":status")] {
            assert_eq!(told(&[spelled]), [Some((false, false))], "{name}");
        }
    }
    assert_eq!(told(&[new()]), [Some((false, false))]);
}

#[test]
fn informational_heads_are_told_however_they_are_spelled() {
    for status in ["100", "103", "199"] {
        for spelled in [
            new().named(8, status),
            new().field(":status", status),
            new().remembered(":status", status),
            new().secret(":status", status),
            new().huffman(":status", status),
        ] {
            assert_eq!(told(&[spelled]), [Some((true, true))], "{status}");
        }
    }
    assert_eq!(told(&[new().field(":statu", "1")]), [Some((true, false))]);
    assert_eq!(told(&[new().field(":status2", "1")]), [Some((true, false))]);
    assert_eq!(told(&[new().huffman(":statut", "1")]), [Some((true, false))]);
}

#[test]
fn the_table_is_followed() {
    let blocks = [
        new().remembered(":status", "103").remembered("x", "y"),
        new().indexed(62),
        new().indexed(63),
        // Its name alone: the value is another.
        new().remembered(":path", "/"),
        new().indexed(62),
        new().named(64, "200"),
        new().table_size(0).table_size(4096),
        new().indexed(62),
    ];
    let expected =
        [Some((true, true)), Some((false, false)), Some((true, true)), Some((true, false)), Some((true, false))];
    let found = told(&blocks);
    assert_eq!(found[..5], expected);
    assert_eq!(found[5], Some((true, false)));
    assert_eq!(found[7], None, "it was emptied");
}

#[test]
fn what_cannot_be_read_ends_it() {
    for octets in [&[0x80][..], &[0xbe], &[0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], &[0x40], &[0x40, 0x05, b'a']] {
        let mut blocks = FieldBlocks::new();
        block_of(&mut blocks, octets);
        assert_eq!(block_of(&mut blocks, &[0x82]), None, "{octets:?}");
    }
}

#[test]
fn padding_and_priority_are_not_read() {
    let mut blocks = FieldBlocks::new();
    let payload = [2, 0, 0, 0, 0, 9, 0x8f, 0x88, 0x88];
    assert_eq!(blocks.frame(HEADERS, PADDED | PRIORITY, 1, payload.len() as u32), None);
    assert_eq!(blocks.payload(&payload), None);
    assert_eq!(blocks.frame(CONTINUATION, END_HEADERS, 1, 1), None);
    let block = blocks.payload(&[0x8f]).unwrap();
    assert!(!block.has_pseudo, "what was padding is not in it");
    assert_eq!(blocks.frame(CONTINUATION, END_HEADERS, 1, 0).map(|block| block.has_pseudo), Some(false));
}

#[test]
fn what_does_not_fit_into_its_frame_ends_it_however_it_is_cut() {
    // Padding that leaves no room for the priority, and frames that end before either.
    let table: [(u8, &[u8]); 4] = [
        (PADDED | PRIORITY, &[4, 0, 0, 0, 0, 9, 0x84]),
        (PRIORITY, &[0, 0, 0, 0]),
        (PADDED | PRIORITY, &[0, 0, 0, 0, 0]),
        (PADDED, &[]),
    ];
    for (flags, payload) in table {
        for cut in 0..=payload.len() {
            let (before, after) = payload.split_at(cut);
            let mut blocks = FieldBlocks::new();
            let length = payload.len() as u32;
            assert_eq!(blocks.frame(HEADERS, flags | END_HEADERS, 1, length), None, "{payload:?}");
            assert_eq!(blocks.payload(before).or_else(|| blocks.payload(after)), None, "{payload:?} cut at {cut}");
            assert_eq!(block_of(&mut blocks, &[0x82]), None, "{payload:?} cut at {cut}: it goes on");
        }
    }
}

/// Blocks at random, against a decoder that keeps everything.
#[test]
fn the_same_is_told_as_by_a_decoder() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut roll = |sides: u64| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed % sides
    };
    let names = [":status", ":path", "x-long-name-of-a-field", "date", "server", ":authority", "a"];
    let values = ["103", "200", "", "some value that is a little longer", "x", "1"];
    for _ in 0..300 {
        let (mut blocks, mut decoder) = (FieldBlocks::new(), Decoder::default());
        decoder.limit(4096);
        for _ in 0..40 {
            let mut spelled = new();
            if roll(20) == 0 {
                spelled = spelled.table_size(roll(4097));
            }
            for _ in 0..roll(5) {
                let (name, value) = (names[roll(7) as usize], values[roll(6) as usize]);
                let long = value.repeat(1 + roll(40) as usize);
                spelled = match roll(6) {
                    0 => spelled.field(name, value),
                    1 => spelled.huffman(name, value),
                    2 => spelled.secret(name, &long),
                    3 => spelled.indexed(1 + roll(66)),
                    4 => spelled.named(1 + roll(64), &long),
                    _ => spelled.remembered(name, &long),
                };
            }
            let octets = spelled.as_ref().to_vec();
            let told = block_of(&mut blocks, &octets);
            let Ok(fields) = decoder.decode(&octets) else { break };
            let told = told.unwrap();
            assert_eq!(told.has_pseudo, fields.iter().any(|(name, _)| name.starts_with(':')), "{octets:?}");
            let is_interim = |(name, value): &(String, String)| name == ":status" && value.starts_with('1');
            assert_eq!(told.is_interim, fields.iter().any(is_interim), "{octets:?}");
        }
    }
}
