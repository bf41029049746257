//! How urgent a message is to its client (RFC 9218).
//!
//! **What it is.** The two parameters of the Priority field, of a request and of what a server answers to it.
//!
//! **What it is not.** Nothing is scheduled by it here: the field goes on as it came, to origins that may heed it, and filters can decide by it.
//!
//! ```
//! use simplon_proto_http::priority::Priority;
//!
//! let asked = Priority::parse("u=5, i".as_bytes());
//! assert_eq!((asked.urgency(), asked.is_incremental()), (5, true));
//! let answered = Priority::parse("u=1".as_bytes());
//! assert_eq!(asked.merged(answered), Priority::parse("u=1, i".as_bytes()));
//! ```
//!
//! **Where to read on.** [`RequestHead::priority`](crate::RequestHead::priority) and
//! [`ResponseHead::priority`](crate::ResponseHead::priority).

mod dictionary;

use crate::fields::Fields;
use dictionary::Value;

/// The most urgent is 0, the least is 7.
const URGENCIES: std::ops::RangeInclusive<i64> = 0..=7;
/// Of who says nothing (RFC 9218 §4.1).
const USUAL_URGENCY: u8 = 3;

/// What a Priority field says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Priority {
    urgency: Option<u8>,
    incremental: Option<bool>,
}

impl Priority {
    /// Reads the value of a field.
    ///
    /// Shape:   a dictionary (RFC 9651 §3.2), of which the members `u` and `i` count.
    /// Gives:   what it says. Members of other names, values of another type and urgencies above 7 say nothing; neither does what is no dictionary.
    /// Cost:    O(octets); no allocation, unless a string that is to be displayed is among the values.
    /// Source:  RFC 9218 §4, §5.
    #[must_use]
    pub fn parse(value: &[u8]) -> Self {
        let mut read = Self::default();
        let outcome = dictionary::read(value, |key, value| match key {
            b"u" => read.urgency = urgency(value),
            b"i" => read.incremental = incremental(value),
            _ => {}
        });
        if outcome.is_ok() { read } else { Self::default() }
    }

    /// What these fields say: lines of the same name are one list (RFC 9651 §4.2).
    #[must_use]
    pub fn of(fields: &Fields) -> Self {
        let mut lines = fields.all("priority");
        match (lines.next(), lines.next()) {
            (None, _) => Self::default(),
            (Some(only), None) => Self::parse(only),
            (Some(first), Some(second)) => {
                let all: Vec<&[u8]> = [first, second].into_iter().chain(lines).collect();
                Self::parse(&all.join(&b", "[..]))
            }
        }
    }

    /// From 0, the most urgent, to 7. Default 3.
    #[must_use]
    pub fn urgency(self) -> u8 {
        self.urgency.unwrap_or(USUAL_URGENCY)
    }

    /// Whether the client can use parts of the response before all of it has come. Default: it cannot.
    #[must_use]
    pub fn is_incremental(self) -> bool {
        self.incremental.unwrap_or(false)
    }

    /// The client's priority as its server changed it: what the response leaves out stays as it was asked for (RFC 9218 §8).
    #[must_use]
    pub fn merged(self, response: Self) -> Self {
        Self { urgency: response.urgency.or(self.urgency), incremental: response.incremental.or(self.incremental) }
    }
}

fn urgency(value: Value) -> Option<u8> {
    match value {
        Value::Integer(urgency) if URGENCIES.contains(&urgency) => u8::try_from(urgency).ok(),
        _ => None,
    }
}

fn incremental(value: Value) -> Option<bool> {
    match value {
        Value::Boolean(incremental) => Some(incremental),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
