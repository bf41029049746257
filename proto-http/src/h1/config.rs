//! What connections share.

use crate::limits::Limits;
use crate::rules::{Leniency, Rule, Uses};

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
    uses: Uses,
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

    pub(super) fn count_use(&self, rule: Rule) {
        self.uses.count(rule);
    }
}
