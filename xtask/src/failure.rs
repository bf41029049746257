//! Why a command did not succeed, in words for the person who called it.

use std::fmt;
use std::io;

/// What every command returns.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

/// A sentence to print; there is nobody who would match on it.
#[derive(Debug)]
pub(crate) struct Failure(String);

impl Failure {
    pub(crate) fn new(words: impl Into<String>) -> Self {
        Self(words.into())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Says what was being done when the system refused.
pub(crate) trait During<T> {
    /// Puts `what` before the error.
    fn during(self, what: impl fmt::Display) -> Outcome<T>;
}

impl<T> During<T> for io::Result<T> {
    fn during(self, what: impl fmt::Display) -> Outcome<T> {
        self.map_err(|err| Failure::new(format!("{what}: {err}")))
    }
}
