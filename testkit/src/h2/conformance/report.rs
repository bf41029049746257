//! What came of the cases.

use std::fmt;

use super::case::Case;
use crate::h2::peer::Miss;

/// What came of a case.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// What is demanded is met.
    Met,
    /// It is not.
    Missed(Miss),
    /// It does not apply, for this reason.
    Skipped(&'static str),
}

impl Outcome {
    /// Whether what is demanded is met.
    #[must_use]
    pub fn is_met(&self) -> bool {
        matches!(self, Self::Met)
    }
}

/// A case and what came of it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Verdict {
    /// The case.
    pub case: Case,
    /// What came of it.
    pub outcome: Outcome,
}

/// All cases and what came of them. Its `Display` names all that is missed or skipped; `{:#}` adds the transcripts.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Report {
    /// In the order of the table.
    pub verdicts: Vec<Verdict>,
}

impl Report {
    /// What is not met.
    pub fn failures(&self) -> impl Iterator<Item = (&Case, &Miss)> {
        self.verdicts.iter().filter_map(|verdict| match &verdict.outcome {
            Outcome::Missed(miss) => Some((&verdict.case, miss)),
            Outcome::Met | Outcome::Skipped(_) => None,
        })
    }

    /// What does not apply, and why.
    pub fn skipped(&self) -> impl Iterator<Item = (&Case, &'static str)> {
        self.verdicts.iter().filter_map(|verdict| match &verdict.outcome {
            Outcome::Skipped(why) => Some((&verdict.case, *why)),
            Outcome::Met | Outcome::Missed(_) => None,
        })
    }

    /// How many cases are met.
    #[must_use]
    pub fn met(&self) -> usize {
        self.verdicts.len() - self.failures().count() - self.skipped().count()
    }

    /// Compares what is not met with what is known not to be, each by the name of its case and with a reason.
    ///
    /// # Errors
    /// A line for each case that fails and is not known to, and for each that is known to fail and does not.
    pub fn compare(&self, known: &[(&str, &str)]) -> Result<(), String> {
        let unknown = self.failures().filter(|(case, _)| known.iter().all(|(name, _)| *name != case.name));
        let mut lines: Vec<_> = unknown.map(|(case, miss)| format!("fails: {case}\n{miss:?}")).collect();
        for (name, _) in known {
            if self.failures().all(|(case, _)| case.name != *name) {
                lines.push(format!("passes now, or is no case: {name}"));
            }
        }
        if lines.is_empty() { Ok(()) } else { Err(lines.join("\n")) }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (case, miss) in self.failures() {
            writeln!(f, "missed   {case}\n         {miss}")?;
            if f.alternate() {
                writeln!(f, "{}", miss.transcript)?;
            }
        }
        for (case, why) in self.skipped() {
            writeln!(f, "skipped  {case}\n         {why}")?;
        }
        let (missed, skipped) = (self.failures().count(), self.skipped().count());
        write!(f, "{} met, {missed} missed, {skipped} skipped", self.met())
    }
}
