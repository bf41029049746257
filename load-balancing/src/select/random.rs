//! By chance.

use super::{Candidates, Select};
use crate::random::Generator;
use crate::set::BackendSet;

/// By chance, in exact proportion to the weights: no pattern, no state but that of the generator.
///
/// When the drawn backend is out, it draws again, up to sixteen times, so that the others share by weight; then it takes the next in the
/// order of the set. Good enough to spread load, of no use where nobody must guess.
#[derive(Debug)]
pub struct Random {
    generator: Generator,
}

impl Random {
    /// With a seed of its own.
    #[must_use]
    pub fn new() -> Self {
        Self { generator: Generator::new() }
    }

    /// With this seed: the same picks in the same order, for tests.
    #[must_use]
    pub const fn seeded(seed: u64) -> Self {
        Self { generator: Generator::seeded(seed) }
    }
}

impl Default for Random {
    fn default() -> Self {
        Self::new()
    }
}

/// The weights of one set, added up: the sum up to and with each place.
#[derive(Debug)]
pub struct RandomPlan(Box<[u64]>);

impl RandomPlan {
    fn total(&self) -> u64 {
        self.0.last().copied().unwrap_or(0)
    }

    /// The place whose part of the sum this lies in. A weight of 0 has no part.
    fn place(&self, drawn: u64) -> usize {
        self.0.partition_point(|sum| *sum <= drawn)
    }
}

impl Select for Random {
    type Plan = RandomPlan;

    fn plan(&self, set: &BackendSet) -> RandomPlan {
        let sums = set.iter().scan(0_u64, |sum, backend| {
            *sum = sum.saturating_add(u64::from(backend.weight()));
            Some(*sum)
        });
        RandomPlan(sums.collect())
    }

    fn select(&self, plan: &RandomPlan, _key: &[u8], candidates: &mut Candidates<'_>) -> Option<usize> {
        let total = plan.total();
        if total == 0 {
            return None;
        }
        let mut place = 0;
        for _ in 0..DRAWS {
            place = plan.place(self.generator.below(total));
            if candidates.accepts(place) {
                return Some(place);
            }
        }
        (place..plan.0.len()).chain(0..place).find(|place| candidates.accepts(*place))
    }
}

/// Draws of one pick at most.
const DRAWS: usize = 16;

#[cfg(test)]
mod tests;
