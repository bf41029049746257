//! The table of what an ambiguous or malformed message gets (design §4), and the named switches that relax a row.

use std::fmt;

/// One rule of message syntax or framing; the name says what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rule {
    /// Placeholder of the skeleton; the table follows.
    Malformed,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// Named lenient switches: each relaxes one row of the table, and each use of it is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Leniency {}
