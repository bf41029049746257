//! What connections share.

use crate::limits::Limits;
use crate::rules::{Dropped, Leniency, Relaxed, Rule};

/// What all connections of one listener or one connector share.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Config {
    /// Bounds.
    pub limits: Limits,
    /// Relaxed rows of the rule table.
    pub leniency: Leniency,
    /// Who takes the requests that a [`super::Client`] writes.
    pub next_hop: NextHop,
    uses: Relaxed,
    dropped: Dropped,
}

/// Who takes a request, which decides how an absolute-form target is written (RFC 9112 §3.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum NextHop {
    /// The origin, or a gateway in front of it: origin-form, with the authority in Host.
    #[default]
    Origin,
    /// A proxy: absolute-form stays.
    Proxy,
}

impl Config {
    /// How often each lenient switch let something pass, ever.
    pub fn lenient_uses(&self) -> impl Iterator<Item = (Rule, u64)> {
        self.uses.read().into_iter()
    }

    /// How many fields were dropped without refusing the message they came in, ever, by the rule that they break.
    pub fn dropped(&self) -> impl Iterator<Item = (Rule, u64)> {
        self.dropped.read().into_iter()
    }

    pub(crate) fn count_use(&self, rule: Rule) {
        self.uses.count(rule);
    }

    pub(crate) fn count_dropped(&self, rule: Rule, fields: usize) {
        self.dropped.count(rule, fields);
    }
}
