//! Numbers without a pattern, for spreading load; of no use to cryptography.

use std::hash::{BuildHasher, RandomState};

/// A number below `bound`; 0 if that is 0. Off from even by less than `bound` in 2⁶⁴.
///
/// Cost: some twenty nanoseconds; nothing is shared between threads.
pub(super) fn below(bound: usize) -> usize {
    // Every state has keys of its own, which the thread drew from the system once.
    let bits = RandomState::new().hash_one(());
    // The upper half of the product, so at most `bound - 1`.
    ((u128::from(bits) * bound as u128) >> 64) as usize
}

#[cfg(test)]
mod tests;
