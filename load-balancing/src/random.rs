//! Numbers without a pattern, for spreading load and for jitter; of no use to cryptography.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A generator that many threads may draw from: a counter that goes up by a constant, and a mixing of its bits.
///
/// Cost: one atomic add and six operations for each number.
#[derive(Debug)]
pub(crate) struct Generator(AtomicU64);

impl Generator {
    /// One whose sequence nobody can foresee from outside.
    pub(crate) fn new() -> Self {
        Self::seeded(RandomState::new().hash_one(0_u64))
    }

    /// One that gives the same sequence for the same seed.
    pub(crate) const fn seeded(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    fn next(&self) -> u64 {
        // The counter visits every value once; the mixing (two rounds of shift and multiply) is one-to-one.
        let mut bits = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        bits = (bits ^ (bits >> 32)).wrapping_mul(MIX);
        bits = (bits ^ (bits >> 29)).wrapping_mul(MIX);
        bits ^ (bits >> 32)
    }

    /// A number below `bound`; 0 if that is 0. Off from even by less than `bound` in 2⁶⁴.
    pub(crate) fn below(&self, bound: u64) -> u64 {
        // The upper half of the product, so at most `bound - 1`.
        ((u128::from(self.next()) * u128::from(bound)) >> 64) as u64
    }

    /// The duration, shortened or lengthened by at most `percent` (at most 100).
    pub(crate) fn around(&self, duration: Duration, percent: u8) -> Duration {
        let full = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX / 4).min(u64::MAX / 4);
        let reach = full / 100 * u64::from(percent.min(100));
        Duration::from_nanos(full - reach + self.below(reach.saturating_mul(2).saturating_add(1)))
    }
}

/// 2⁶⁴ divided by the golden ratio, made odd: consecutive values lie far apart.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
/// An odd constant with bits all over.
const MIX: u64 = 0xD6E8_FEB8_6659_FD93;

#[cfg(test)]
mod tests;
