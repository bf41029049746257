//! Input whole, octet by octet, and cut at every place.

/// Gives the input to `run` in every way in which a peer may cut it in two, whole, and octet by octet; all outcomes must be equal.
///
/// ```
/// let total = simplon_testkit::cuts(b"abc", |pieces| pieces.iter().map(|piece| piece.len()).sum::<usize>());
/// assert_eq!(total, 3);
/// ```
pub fn cuts<T: PartialEq + std::fmt::Debug>(input: &[u8], mut run: impl FnMut(&[&[u8]]) -> T) -> T {
    let whole = run(&[input]);
    for (how, pieces) in ways(input) {
        let outcome = run(&pieces);
        assert!(outcome == whole, "{how}: {outcome:?}, but whole: {whole:?}");
    }
    whole
}

/// Every way to cut the input, with a name for it: octet by octet, and in two at every place. Without the whole.
pub fn ways(input: &[u8]) -> impl Iterator<Item = (String, Vec<&[u8]>)> {
    let single = ("octet by octet".to_owned(), input.chunks(1).collect());
    let twos = (1..input.len()).map(|at| (format!("cut at {at}"), vec![&input[..at], &input[at..]]));
    std::iter::once(single).chain(twos)
}

#[cfg(test)]
mod tests;
