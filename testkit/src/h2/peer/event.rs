//! What the other end did.

use std::fmt;

use crate::h2::code::{Code, Setting};
use crate::h2::hpack::Field;

/// What the other end did. Header blocks are whole and decoded, padding is taken off.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// SETTINGS.
    Settings(Vec<(Setting, u32)>),
    /// The acknowledgment of SETTINGS.
    SettingsAck,
    /// A field section.
    Fields {
        /// Its stream.
        stream: u32,
        /// The fields in their order.
        fields: Vec<Field>,
        /// Whether the stream ends with it.
        is_last: bool,
    },
    /// DATA.
    Data {
        /// Its stream.
        stream: u32,
        /// The content.
        octets: Vec<u8>,
        /// Whether the stream ends with it.
        is_last: bool,
    },
    /// RST_STREAM.
    Reset {
        /// Its stream.
        stream: u32,
        /// Why.
        code: Code,
    },
    /// GOAWAY.
    GoAway {
        /// The last stream that was looked at.
        last: u32,
        /// Why.
        code: Code,
    },
    /// PING.
    Ping([u8; 8]),
    /// The answer to PING.
    PingAck([u8; 8]),
    /// WINDOW_UPDATE.
    WindowUpdate {
        /// Its stream, or 0.
        stream: u32,
        /// So many octets more.
        octets: u32,
    },
    /// PUSH_PROMISE.
    Promise {
        /// The stream that was promised.
        promised: u32,
    },
    /// A frame that asks for nothing: PRIORITY, PRIORITY_UPDATE, or of a type that is not known.
    Other,
    /// It broke the rule named here.
    Breach(String),
    /// It ended the connection: cleanly, or by a reset.
    Closed {
        /// Whether it was a reset.
        is_reset: bool,
    },
}

impl Event {
    /// Whether it belongs to no expectation unless one asks for it.
    pub(super) fn is_idle_talk(&self) -> bool {
        matches!(
            self,
            Self::Settings(_)
                | Self::SettingsAck
                | Self::Ping(_)
                | Self::PingAck(_)
                | Self::WindowUpdate { .. }
                | Self::Other
        )
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Settings(_) => f.write_str("SETTINGS"),
            Self::SettingsAck => f.write_str("SETTINGS ACK"),
            Self::Fields { stream, fields, is_last } => {
                write!(f, "HEADERS on {stream} ({}){}", first(fields), end(*is_last))
            }
            Self::Data { stream, octets, is_last } => write!(f, "DATA on {stream} ({}){}", octets.len(), end(*is_last)),
            Self::Reset { stream, code } => write!(f, "RST_STREAM on {stream} ({code})"),
            Self::GoAway { code, .. } => write!(f, "GOAWAY ({code})"),
            Self::Ping(_) => f.write_str("PING"),
            Self::PingAck(_) => f.write_str("PING ACK"),
            Self::WindowUpdate { stream, octets } => write!(f, "WINDOW_UPDATE on {stream} ({octets})"),
            Self::Promise { promised } => write!(f, "PUSH_PROMISE of {promised}"),
            Self::Other => f.write_str("another frame"),
            Self::Breach(rule) => write!(f, "a breach: {rule}"),
            Self::Closed { is_reset: false } => f.write_str("the end of the connection"),
            Self::Closed { is_reset: true } => f.write_str("a reset of the connection"),
        }
    }
}

fn first(fields: &[Field]) -> String {
    fields.first().map_or_else(|| "no fields".to_owned(), |(name, value)| format!("{name} {value}"))
}

const fn end(is_last: bool) -> &'static str {
    if is_last { " END_STREAM" } else { "" }
}
