use super::*;

#[test]
fn every_place_is_cut_once() {
    let mut seen = Vec::new();
    cuts(b"abcd", |pieces| {
        seen.push(pieces.iter().map(|piece| piece.len()).collect::<Vec<_>>());
        pieces.concat()
    });
    assert_eq!(seen, [vec![4], vec![1, 1, 1, 1], vec![1, 3], vec![2, 2], vec![3, 1]]);
}

#[test]
#[should_panic(expected = "cut at 2")]
fn an_outcome_that_depends_upon_the_cut_fails() {
    cuts(b"abcd", |pieces| pieces.len() == 2 && pieces[0] == b"ab");
}
