//! The switches that relax a rule, and how often each was used.

use std::sync::atomic::{AtomicU64, Ordering};

use super::Rule;

/// How one rule is applied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Switch {
    /// By the letter: what breaks it is refused.
    #[default]
    Strict,
    /// Relaxed as the field of [`Leniency`] says; each use is counted.
    Lenient,
}

impl Switch {
    pub(crate) const fn is_lenient(self) -> bool {
        matches!(self, Self::Lenient)
    }
}

/// Named lenient switches: each relaxes one row of the table, and each use of it is counted (`h1::Config::lenient_uses`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leniency {
    /// Content-Length repeated with equal values is collapsed to one ([`Rule::LengthRepeated`]).
    pub equal_lengths: Switch,
    /// Content-Length beside Transfer-Encoding is dropped, and the connection closes after the exchange ([`Rule::LengthWithEncoding`]).
    pub length_with_encoding: Switch,
    /// A line may end in LF alone ([`Rule::BareLf`]).
    pub bare_line_feeds: Switch,
    /// Folded lines in responses are joined with spaces ([`Rule::ObsFold`]).
    pub folded_responses: Switch,
    /// A request of version 1.1 may come without Host ([`Rule::HostMissing`]).
    pub host_missing: Switch,
}

impl Leniency {
    /// The rules that a switch exists for, in the order in which uses are counted.
    pub const RELAXABLE: [Rule; 5] =
        [Rule::LengthRepeated, Rule::LengthWithEncoding, Rule::BareLf, Rule::ObsFold, Rule::HostMissing];

    /// The switch for a rule; rules without one are strict.
    pub const fn of(&self, rule: Rule) -> Switch {
        match rule {
            Rule::LengthRepeated => self.equal_lengths,
            Rule::LengthWithEncoding => self.length_with_encoding,
            Rule::BareLf => self.bare_line_feeds,
            Rule::ObsFold => self.folded_responses,
            Rule::HostMissing => self.host_missing,
            _ => Switch::Strict,
        }
    }
}

/// How often each switch was used.
#[derive(Debug, Default)]
pub(crate) struct Uses([AtomicU64; Leniency::RELAXABLE.len()]);

impl Uses {
    pub(crate) fn count(&self, rule: Rule) {
        if let Some(at) = Leniency::RELAXABLE.iter().position(|r| *r == rule) {
            self.0[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn read(&self) -> [(Rule, u64); Leniency::RELAXABLE.len()] {
        std::array::from_fn(|at| (Leniency::RELAXABLE[at], self.0[at].load(Ordering::Relaxed)))
    }
}

impl Clone for Uses {
    /// A copied configuration counts for itself.
    fn clone(&self) -> Self {
        Self::default()
    }
}
