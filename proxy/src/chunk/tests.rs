use super::*;

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
    let large = vec![b'l'; SMALL];
    let (sizes, octets) = kept([
        data("a", Last::No),
        data("b", Last::No),
        data(large.clone(), Last::No),
        data("c", Last::No),
        data(large.clone(), Last::No),
    ]);
    assert_eq!(sizes, [2, SMALL + 1, SMALL]);
    assert_eq!(octets, [b"ab", &large[..], b"c", &large].concat());
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

/// What was a view of a large buffer is none any more.
#[test]
fn what_is_joined_keeps_no_buffer_of_others() {
    let buffer = Bytes::from(vec![b'x'; 1 << 20]);
    let mut kept = Kept::default();
    (0..10).for_each(|n| kept.push(data(buffer.slice(n * 1000..n * 1000 + 1), Last::No)));
    assert_eq!(kept.iter().map(Chunk::len).collect::<Vec<_>>(), [10]);
    assert!(buffer.is_unique());
}
