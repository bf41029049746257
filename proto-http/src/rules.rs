//! The table of what an ambiguous or malformed message gets, and the named switches that relax a row.
//!
//! **What it is.** Each way in which a message can be wrong has one name ([`Rule`]) and one [`Row`] in [`TABLE`]: in which direction it is
//! looked for, the status a client gets for it, where it is written, and the switch that relaxes it, if there is one. A response that
//! breaks a rule is always answered with 502 and its connection is closed.
//!
//! **What it is not.** It decides nothing by itself: [`crate::framing`], [`crate::hop`] and [`crate::h1`] look, and name what they found.
//!
//! ```
//! use simplon_proto_http::rules::{Rule, Side, TABLE};
//!
//! assert_eq!(Rule::LengthWithEncoding.status(), 400);
//! assert_eq!(Rule::LengthWithEncoding.source(), "RFC 9112 §6.1");
//! assert!(TABLE.iter().any(|row| row.rule == Rule::HostMissing && row.side == Side::Request));
//! ```

mod leniency;
mod table;

pub(crate) use leniency::{Dropped, Relaxed};
pub use leniency::{Leniency, Switch};
pub use table::{Rule, TABLE};

use std::fmt;

/// The direction in which a rule is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// Requests: the answer is [`Row::status`].
    Request,
    /// Responses: the answer is 502.
    Response,
    /// Both.
    Both,
}

/// What is known about one rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// Its name.
    pub rule: Rule,
    /// Where it applies.
    pub side: Side,
    /// The status that a request gets which breaks it; the connection is closed in any case. Responses that break it become 502. `0` where the
    /// field alone is dropped, which is counted (`h1::Config::dropped`).
    pub status: u16,
    /// Where it is written.
    pub source: &'static str,
    /// The switch of [`Leniency`] that relaxes it.
    pub lenient: Option<&'static str>,
    /// What was found, in one sentence.
    pub summary: &'static str,
}

impl Row {
    /// Whether what breaks it is dropped, and the message goes on.
    pub const fn is_dropping(&self) -> bool {
        self.status == 0
    }
}

impl Rule {
    /// The row of the table.
    pub const fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// The status for a request that breaks this rule (for a response it is always 502).
    pub const fn status(self) -> u16 {
        self.row().status
    }

    /// What was found, in one sentence without a full stop.
    pub const fn summary(self) -> &'static str {
        self.row().summary
    }

    /// Where the rule is written.
    pub const fn source(self) -> &'static str {
        self.row().source
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.summary(), self.source())
    }
}

impl std::error::Error for Rule {}

#[cfg(test)]
mod tests;
