//! How much an origin may send that nobody asked for.
//!
//! What it may is measured by what was asked of it: each stream, and each octet that was sent, earns some frames. What is sent beyond that is
//! charged on budgets that only time fills.

use std::sync::Arc;

use tokio::time::Instant;

use super::stats::Counters;
use super::watched::Facts;
use crate::http::multiplex::{Budget, Seen};
use crate::http::session_limits::SessionLimits;

/// Frames of control that an origin may send for a stream: a PING, windows.
const FRAMES_FOR_A_STREAM: f64 = 8.0;
/// Heads that each stream has beside informational ones: the final one, and trailers.
const HEADS_FOR_A_STREAM: f64 = 2.0;
/// Octets written that allow the origin one more frame: it has to open windows for what it takes, and may measure the way.
const OCTETS_FOR_A_FRAME: f64 = 64.0;

/// What is left of the budgets of one connection.
#[derive(Debug)]
pub(super) struct Toll {
    control: Budget,
    heads: Budget,
    resets: Budget,
    /// How many heads each stream may have, at most.
    heads_for_a_stream: f64,
    /// What had been asked and written when it was last looked at.
    begun: u32,
    written: u64,
    counters: Arc<Counters>,
}

impl Toll {
    /// Of a connection whose streams may each have so many informational heads.
    pub(super) fn new(limits: &SessionLimits, interim_heads: u8, counters: Arc<Counters>) -> Self {
        let now = Instant::now();
        Self {
            control: Budget::new(limits.control_frames, now),
            heads: Budget::new(limits.control_frames, now),
            resets: Budget::new(limits.resets, now),
            heads_for_a_stream: f64::from(interim_heads) + HEADS_FOR_A_STREAM,
            begun: 0,
            written: 0,
            counters,
        }
    }

    /// These frames came. Says whether they were too many, which is counted.
    pub(super) fn is_too_much(&mut self, seen: Seen, facts: &Facts) -> bool {
        let Seen { resets, control, heads, data_octets: _, small_data: _ } = seen;
        if (resets, control, heads) == (0, 0, 0) {
            return false;
        }
        self.earn(facts);
        if is_over(&mut self.control, control) || is_over(&mut self.heads, heads) {
            self.counters.control_floods.add();
            return true;
        }
        if is_over(&mut self.resets, resets) {
            self.counters.reset_floods.add();
            return true;
        }
        false
    }

    /// What may be saved up is as much as the streams that run may still need.
    fn earn(&mut self, facts: &Facts) {
        let (begun, written) = (facts.begun(), facts.written());
        let streams = f64::from(begun.wrapping_sub(std::mem::replace(&mut self.begun, begun)));
        let octets = written.saturating_sub(std::mem::replace(&mut self.written, written)) as f64;
        let running = facts.running() as f64;
        let frames = streams * FRAMES_FOR_A_STREAM + octets / OCTETS_FOR_A_FRAME;
        self.control.earn_beside(frames, running * FRAMES_FOR_A_STREAM);
        self.heads.earn_beside(streams * self.heads_for_a_stream, running * self.heads_for_a_stream);
        self.resets.earn_beside(streams, running);
    }
}

/// The clock is asked only when it matters.
fn is_over(budget: &mut Budget, n: u32) -> bool {
    n > 0 && !budget.spend(n) && !budget.take(n, Instant::now())
}

#[cfg(test)]
mod tests;
