//! One case: what is demanded, where, and the script that finds out.

use std::fmt;
use std::pin::Pin;

use super::report::{Outcome, Verdict};
use crate::h2::peer::{Miss, Peer};

/// Whether the RFC demands it or advises it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// MUST, MUST NOT.
    Must,
    /// SHOULD, SHOULD NOT.
    Should,
}

/// Why a script ended early.
#[derive(Clone, Debug)]
pub enum Stop {
    /// What was expected did not come.
    Missed(Miss),
    /// The case does not apply, for this reason.
    Skipped(&'static str),
}

impl From<Miss> for Stop {
    fn from(miss: Miss) -> Self {
        Self::Missed(miss)
    }
}

/// A script that is under way.
pub type Running<'a> = Pin<Box<dyn Future<Output = Result<(), Stop>> + Send + 'a>>;

/// One thing that is demanded.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Case {
    /// Where it is demanded, such as `9113 §6.1`.
    pub section: &'static str,
    /// What is demanded, as a sentence.
    pub name: &'static str,
    /// How much.
    pub level: Level,
    /// Finds out, over a connection on which nothing was said yet.
    pub script: for<'a> fn(&'a mut Peer) -> Running<'a>,
}

impl Case {
    /// Runs it over a new connection.
    pub async fn run(self, mut peer: Peer) -> Verdict {
        let outcome = match (self.script)(&mut peer).await {
            Ok(()) => Outcome::Met,
            Err(Stop::Missed(miss)) => Outcome::Missed(miss),
            Err(Stop::Skipped(why)) => Outcome::Skipped(why),
        };
        Verdict { case: self, outcome }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let level = if self.level == Level::Must { "" } else { " (advice)" };
        write!(f, "RFC {}: {}{level}", self.section, self.name)
    }
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What is demanded: where, as a sentence, and the script.
macro_rules! must {
    ($section:literal, $name:literal, |$peer:ident| $script:expr) => {
        $crate::h2::conformance::Case {
            section: $section,
            name: $name,
            level: $crate::h2::conformance::Level::Must,
            script: |$peer| Box::pin(async move { $script }),
        }
    };
}

/// What is advised.
macro_rules! should {
    ($section:literal, $name:literal, |$peer:ident| $script:expr) => {
        $crate::h2::conformance::Case {
            level: $crate::h2::conformance::Level::Should,
            ..must!($section, $name, |$peer| $script)
        }
    };
}

pub(super) use {must, should};
