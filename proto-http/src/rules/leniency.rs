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
    /// Names that read like those of others pass as they are ([`Rule::NameAlike`], [`Rule::NameAlikeDropped`]).
    pub names_alike: Switch,
    /// Octets above 0x7f in a target pass as they are ([`Rule::TargetNotAscii`]).
    pub raw_targets: Switch,
}

impl Leniency {
    /// The rules that a switch exists for, in the order in which uses are counted.
    pub const RELAXABLE: [Rule; 8] = [
        Rule::LengthRepeated,
        Rule::LengthWithEncoding,
        Rule::BareLf,
        Rule::ObsFold,
        Rule::HostMissing,
        Rule::NameAlike,
        Rule::NameAlikeDropped,
        Rule::TargetNotAscii,
    ];

    /// The switch for a rule; rules without one are strict.
    pub const fn of(&self, rule: Rule) -> Switch {
        match rule {
            Rule::LengthRepeated => self.equal_lengths,
            Rule::LengthWithEncoding => self.length_with_encoding,
            Rule::BareLf => self.bare_line_feeds,
            Rule::ObsFold => self.folded_responses,
            Rule::HostMissing => self.host_missing,
            Rule::NameAlike | Rule::NameAlikeDropped => self.names_alike,
            Rule::TargetNotAscii => self.raw_targets,
            _ => Switch::Strict,
        }
    }
}

/// The rules by which fields are dropped.
const DROPPING: [Rule; 2] = [Rule::NameAlikeDropped, Rule::TrailerForbidden];

/// How often each switch was used.
#[derive(Debug, Clone)]
pub(crate) struct Relaxed(Counts<{ Leniency::RELAXABLE.len() }>);

/// How many fields were dropped.
#[derive(Debug, Clone)]
pub(crate) struct Dropped(Counts<{ DROPPING.len() }>);

impl Default for Relaxed {
    fn default() -> Self {
        Self(Counts::of(Leniency::RELAXABLE))
    }
}

impl Default for Dropped {
    fn default() -> Self {
        Self(Counts::of(DROPPING))
    }
}

impl Relaxed {
    pub(crate) fn count(&self, rule: Rule) {
        self.0.count(rule, 1);
    }

    pub(crate) fn read(&self) -> [(Rule, u64); Leniency::RELAXABLE.len()] {
        self.0.read()
    }
}

impl Dropped {
    pub(crate) fn count(&self, rule: Rule, fields: usize) {
        self.0.count(rule, fields as u64);
    }

    pub(crate) fn read(&self) -> [(Rule, u64); DROPPING.len()] {
        self.0.read()
    }
}

/// One count for each of some rules.
#[derive(Debug)]
struct Counts<const N: usize>([(Rule, AtomicU64); N]);

impl<const N: usize> Counts<N> {
    fn of(rules: [Rule; N]) -> Self {
        Self(rules.map(|rule| (rule, AtomicU64::new(0))))
    }

    fn count(&self, rule: Rule, n: u64) {
        if let Some((_, count)) = self.0.iter().find(|(of, _)| *of == rule) {
            count.fetch_add(n, Ordering::Relaxed);
        }
    }

    fn read(&self) -> [(Rule, u64); N] {
        self.0.each_ref().map(|(rule, count)| (*rule, count.load(Ordering::Relaxed)))
    }
}

impl<const N: usize> Clone for Counts<N> {
    /// A copied configuration counts for itself.
    fn clone(&self) -> Self {
        Self::of(self.0.each_ref().map(|(rule, _)| *rule))
    }
}
