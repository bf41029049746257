//! How much of something is taken in good faith.

/// So many at once, and then so many each second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// At once.
    pub burst: u32,
    /// Each second.
    pub per_second: u32,
}
