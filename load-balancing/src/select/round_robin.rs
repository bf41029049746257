//! In turn.

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::table::turns;
use super::{Candidates, Select};
use crate::set::BackendSet;

/// In turn, by weight, as smoothly as the weights allow: weights 5, 1, 1 give `a a b a c a a`.
///
/// The order of turns is computed once for a set; a pick draws the next turn with one atomic add, so every turn is had by exactly
/// one of any number of threads and shares are exact over each round, whoever picks. Weights add up to at most 4096 turns: larger
/// ones are scaled down, and every weight above 0 keeps a turn at least.
///
/// When a backend is out, whoever draws one of its turns draws again: the others go on in their order and in proportion to
/// their weights, but no longer as smoothly, since the neighbours of its turns move together (`a a b a c a a` without `a` is `b c`,
/// without `b` it is `a a a c a a`). After sixteen turns in vain, a pick walks on from there without drawing, so that it ends:
/// only then the backend behind the gap gets more than its share.
///
/// The position is kept when the set changes.
pub struct RoundRobin {
    drawn: OwnLine<AtomicUsize>,
}

/// Drawn by every worker for every request: what lies beside it must not suffer.
#[repr(align(128))]
struct OwnLine<T>(T);

impl RoundRobin {
    /// One that begins with the first turn.
    #[must_use]
    pub const fn new() -> Self {
        Self { drawn: OwnLine(AtomicUsize::new(0)) }
    }

    fn draw(&self, round: usize) -> usize {
        self.drawn.0.fetch_add(1, Ordering::Relaxed) % round
    }
}

impl Default for RoundRobin {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for RoundRobin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RoundRobin").field("drawn", &self.drawn.0).finish()
    }
}

/// The order of turns for one set.
#[derive(Debug)]
pub struct RoundRobinPlan(Box<[u32]>);

impl Select for RoundRobin {
    type Plan = RoundRobinPlan;

    fn plan(&self, set: &BackendSet) -> RoundRobinPlan {
        let weights: Vec<u32> = set.iter().map(|backend| backend.weight()).collect();
        RoundRobinPlan(turns(&weights))
    }

    fn select(&self, plan: &RoundRobinPlan, _key: &[u8], candidates: &mut Candidates<'_>) -> Option<usize> {
        let round = plan.0.len();
        if round == 0 {
            return None;
        }
        let mut turn = 0;
        for _ in 0..round.min(DRAWS) {
            turn = self.draw(round);
            let place = plan.0[turn] as usize;
            if candidates.accepts(place) {
                return Some(place);
            }
        }
        let (before, after) = plan.0.split_at(turn);
        after.iter().chain(before).map(|place| *place as usize).find(|place| candidates.accepts(*place))
    }
}

/// Turns that one pick draws at most.
const DRAWS: usize = 16;

#[cfg(test)]
mod tests;
