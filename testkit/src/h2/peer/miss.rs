//! What was expected and did not come.

use std::fmt;

/// What was expected and did not come.
///
/// Its `Debug` is for people: a test that returns it, or unwraps it, shows the transcript.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Miss {
    /// What was expected.
    pub expected: String,
    /// What came instead.
    pub instead: String,
    /// What was said and heard.
    pub transcript: String,
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected {}; instead: {}", self.expected, self.instead)
    }
}

impl fmt::Debug for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}\n{}", self.transcript)
    }
}

impl std::error::Error for Miss {}
