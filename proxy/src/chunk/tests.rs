use simplon_proto_http::pieces::{BLOCK as JOINED, LARGE};
use simplon_testkit::alloc::{self, Counting};

use super::*;
use crate::message::Content;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn data(octets: impl Into<Bytes>, last: Last) -> Chunk {
    Chunk::Data(octets.into(), last)
}

/// The sizes of what is kept, and all of it.
fn kept(chunks: impl IntoIterator<Item = Chunk>) -> (Vec<usize>, Vec<u8>) {
    let mut kept = Kept::default();
    chunks.into_iter().for_each(|chunk| kept.push(chunk));
    let octets = kept.iter().flat_map(|chunk| match chunk {
        Chunk::Data(octets, _) => octets.to_vec(),
        Chunk::Trailers(_) => Vec::new(),
    });
    (kept.iter().map(Chunk::len).collect(), octets.collect())
}

#[test]
fn small_chunks_are_joined_and_large_ones_left_alone() {
    let large = vec![b'l'; LARGE];
    let (sizes, octets) = kept([
        data("a", Last::No),
        data("b", Last::No),
        data(large.clone(), Last::No),
        data("c", Last::No),
        data(vec![b'm'; JOINED], Last::No),
        data("d", Last::No),
    ]);
    assert_eq!(sizes, [2, LARGE, 1, JOINED, 1]);
    assert_eq!(octets, [b"ab", &large[..], b"c", &[b'm'; JOINED], b"d"].concat());
}

#[test]
fn what_is_joined_is_bounded() {
    let (sizes, octets) = kept((0..3 * JOINED).map(|n| data(vec![n as u8], Last::No)));
    assert_eq!(sizes, [JOINED; 3]);
    assert!(octets.iter().enumerate().all(|(n, octet)| *octet == n as u8));
}

#[test]
fn the_end_stays_the_end() {
    let mut kept = Kept::default();
    kept.push(data("a", Last::No));
    kept.push(data("", Last::Yes));
    assert_eq!(kept.iter().map(Chunk::last).collect::<Vec<_>>(), [Last::Yes]);
    let mut kept = Kept::default();
    kept.push(data("a", Last::No));
    kept.push(Chunk::Trailers(Fields::new()));
    assert_eq!(kept.iter().map(Chunk::last).collect::<Vec<_>>(), [Last::No, Last::Yes]);
}

/// The largest buffer that anything is read into.
const BUFFER: usize = 64 << 10;

/// Pieces of whatever size, each a view of a buffer of its own that nobody else holds: what is kept takes twice as much memory as it has octets at
/// most, and a little for each block.
#[test]
fn memory_that_is_held_follows_the_octets() {
    for size in
        (0..=16).flat_map(|power| [(1 << power) - 1, 1 << power, (1 << power) + 1]).filter(|size| *size <= BUFFER)
    {
        let mut kept = Kept::default();
        let mut octets = 0;
        let counted = alloc::count(|| {
            while octets < BUFFER {
                let buffer = Bytes::from(vec![b'x'; BUFFER]);
                kept.push(data(buffer.slice(BUFFER - size..), Last::No));
                octets += size.max(1024);
            }
        });
        let held: usize = kept.iter().map(Chunk::len).sum();
        let blocks = kept.iter().count();
        assert!(counted.held as usize <= 2 * held + 256 * blocks + 4096, "{size}: {} for {held}", counted.held);
        assert!(blocks <= 2 * held / JOINED + 2, "{size}: {blocks}");
    }
}

#[test]
fn who_keeps_the_beginning_of_what_is_held_keeps_no_more() {
    let mut content = Content::new(Last::No);
    content.replace(Bytes::from(vec![b'x'; BUFFER]));
    let mut beginning = Bytes::new();
    let counted = alloc::count(|| {
        beginning = content.prefix(4);
        content = Content::new(Last::Yes);
    });
    assert!(counted.held < 0, "{beginning:?} keeps all: {}", counted.held);
}
