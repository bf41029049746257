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

/// Frames that an origin may send for a stream beside content: informational heads, the final one, trailers, a PING, a window.
const FRAMES_FOR_A_STREAM: f64 = 8.0;
/// Octets written that allow the origin one more frame: it has to open windows for what it takes, and may measure the way.
const OCTETS_FOR_A_FRAME: f64 = 64.0;

/// What is left of the budgets of one connection.
#[derive(Debug)]
pub(super) struct Toll {
    control: Budget,
    resets: Budget,
    /// What had been asked and written when it was last looked at.
    begun: u32,
    written: u64,
    counters: Arc<Counters>,
}

impl Toll {
    pub(super) fn new(limits: &SessionLimits, counters: Arc<Counters>) -> Self {
        let now = Instant::now();
        let (control, resets) = (Budget::new(limits.control_frames, now), Budget::new(limits.resets, now));
        Self { control, resets, begun: 0, written: 0, counters }
    }

    /// These frames came. Says whether they were too many, which is counted.
    pub(super) fn is_too_much(&mut self, seen: Seen, facts: &Facts) -> bool {
        let Seen { resets, control, heads, data_octets: _ } = seen;
        let frames = control.saturating_add(heads);
        if frames == 0 && resets == 0 {
            return false;
        }
        self.earn(facts);
        if frames > 0 && !self.control.spend(frames) && !self.control.take(frames, Instant::now()) {
            self.counters.control_floods.add();
            return true;
        }
        if resets > 0 && !self.resets.spend(resets) && !self.resets.take(resets, Instant::now()) {
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
        self.resets.earn_beside(streams, running);
    }
}

#[cfg(test)]
mod tests;
