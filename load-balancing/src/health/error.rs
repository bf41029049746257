//! Why a look at a backend failed.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use http::StatusCode;
use simplon_core::error::{BoxError, Error, Origin};

/// Why a look at a backend failed.
#[derive(Debug)]
#[non_exhaustive]
pub enum CheckError {
    /// No connection, or what came over it made no sense.
    Upstream(Error),
    /// It took longer than this.
    Timeout(Duration),
    /// Another status than expected.
    Status(StatusCode),
    /// A check of your own says no.
    Rejected(Cow<'static, str>),
    /// A check of your own failed.
    Failed(BoxError),
    /// The check panicked.
    Panicked,
    /// It could not be found out, for reasons on our side: no socket to be had, no such source address. Counts neither way.
    Inconclusive(BoxError),
}

impl CheckError {
    /// A check of your own says no, for this reason.
    #[must_use]
    pub fn rejected(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Rejected(reason.into())
    }

    /// Whether it says anything about the backend.
    #[must_use]
    pub fn is_conclusive(&self) -> bool {
        !matches!(self, Self::Inconclusive(_))
    }
}

impl From<Error> for CheckError {
    fn from(error: Error) -> Self {
        match error.origin() {
            Origin::Upstream => Self::Upstream(error),
            Origin::Downstream | Origin::Internal => Self::Inconclusive(error.into()),
        }
    }
}

impl fmt::Display for CheckError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Upstream(error) => error.fmt(f),
            Self::Timeout(after) => write!(f, "no answer within {after:?}"),
            Self::Status(status) => write!(f, "unexpected status {}", status.as_u16()),
            Self::Rejected(reason) => f.write_str(reason),
            Self::Failed(_) => f.write_str("the check failed"),
            Self::Panicked => f.write_str("the check panicked"),
            Self::Inconclusive(_) => f.write_str("the check could not be made"),
        }
    }
}

impl std::error::Error for CheckError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Upstream(error) => error.source(),
            Self::Failed(source) | Self::Inconclusive(source) => Some(&**source),
            Self::Timeout(_) | Self::Status(_) | Self::Rejected(_) | Self::Panicked => None,
        }
    }
}

#[cfg(test)]
mod tests;
