//! What a frame says, read strictly.

use std::fmt;

use super::{ACK, Frame, Kind, PADDED, PRIORITY};
use crate::h2::code::{Code, Setting};

/// What a frame says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Payload {
    /// Content, without its padding.
    Data(Vec<u8>),
    /// A field block, or its first piece.
    Headers(Vec<u8>),
    /// A priority of the old kind: the parent and the weight.
    Priority(u32, u8),
    /// Why the stream ends.
    Reset(Code),
    /// Settings in their order.
    Settings(Vec<(Setting, u32)>),
    /// The settings were applied.
    SettingsAck,
    /// The promised stream, and the field block or its first piece.
    PushPromise(u32, Vec<u8>),
    /// A question.
    Ping([u8; 8]),
    /// Its answer.
    PingAck([u8; 8]),
    /// The last stream that was looked at, why, and debug data.
    GoAway(u32, Code, Vec<u8>),
    /// So many octets more.
    WindowUpdate(u32),
    /// A further piece of a field block.
    Continuation(Vec<u8>),
    /// The prioritized stream and its new priority.
    PriorityUpdate(u32, Vec<u8>),
    /// Of a type that is not known.
    Unknown(Vec<u8>),
}

impl Frame {
    /// What the frame says.
    ///
    /// # Errors
    /// The rule that it breaks: a size, or a stream that its type may not have.
    pub fn payload(&self) -> Result<Payload, &'static str> {
        self.placed()?;
        let octets = self.payload.as_slice();
        Ok(match self.kind {
            Kind::DATA => Payload::Data(self.without_padding()?.to_vec()),
            Kind::HEADERS => Payload::Headers(self.block()?.to_vec()),
            Kind::PRIORITY => priority(octets)?,
            Kind::RST_STREAM => Payload::Reset(Code(number(exactly(octets)?))),
            Kind::SETTINGS if self.has(ACK) => acknowledgment(octets)?,
            Kind::SETTINGS => settings(octets)?,
            Kind::PUSH_PROMISE => promise(self.without_padding()?)?,
            Kind::PING if self.has(ACK) => Payload::PingAck(exactly(octets)?),
            Kind::PING => Payload::Ping(exactly(octets)?),
            Kind::GOAWAY => go_away(octets)?,
            Kind::WINDOW_UPDATE => Payload::WindowUpdate(number(exactly(octets)?) & 0x7fff_ffff),
            Kind::CONTINUATION => Payload::Continuation(octets.to_vec()),
            Kind::PRIORITY_UPDATE => priority_update(octets)?,
            _ => Payload::Unknown(octets.to_vec()),
        })
    }

    /// Whether its type may stand on its stream, zero or not.
    fn placed(&self) -> Result<(), &'static str> {
        match (self.kind, self.stream) {
            (Kind::SETTINGS | Kind::PING | Kind::GOAWAY | Kind::PRIORITY_UPDATE, 1..) => Err("must be on stream 0"),
            (
                Kind::DATA
                | Kind::HEADERS
                | Kind::PRIORITY
                | Kind::RST_STREAM
                | Kind::PUSH_PROMISE
                | Kind::CONTINUATION,
                0,
            ) => Err("must not be on stream 0"),
            _ => Ok(()),
        }
    }

    fn without_padding(&self) -> Result<&[u8], &'static str> {
        if !self.has(PADDED) {
            return Ok(&self.payload);
        }
        let (&padding, rest) = self.payload.split_first().ok_or("no room for the length of the padding")?;
        let end = rest.len().checked_sub(usize::from(padding)).ok_or("more padding than payload")?;
        Ok(&rest[..end])
    }

    fn block(&self) -> Result<&[u8], &'static str> {
        let octets = self.without_padding()?;
        if !self.has(PRIORITY) {
            return Ok(octets);
        }
        octets.get(5..).ok_or("no room for the priority fields")
    }
}

fn priority(octets: &[u8]) -> Result<Payload, &'static str> {
    let [a, b, c, d, weight] = exactly(octets)?;
    Ok(Payload::Priority(number([a, b, c, d]), weight))
}

fn acknowledgment(octets: &[u8]) -> Result<Payload, &'static str> {
    if octets.is_empty() { Ok(Payload::SettingsAck) } else { Err("an acknowledgment with payload") }
}

fn settings(octets: &[u8]) -> Result<Payload, &'static str> {
    let (settings, rest) = octets.as_chunks::<6>();
    if !rest.is_empty() {
        return Err("length is no multiple of 6");
    }
    let settings = settings.iter().map(|[a, b, c, d, e, f]| {
        let setting = Setting(u16::from_be_bytes([*a, *b]));
        (setting, number([*c, *d, *e, *f]))
    });
    Ok(Payload::Settings(settings.collect()))
}

fn promise(octets: &[u8]) -> Result<Payload, &'static str> {
    let (promised, block) = octets.split_first_chunk().ok_or("no room for the promised stream")?;
    Ok(Payload::PushPromise(number(*promised) & 0x7fff_ffff, block.to_vec()))
}

fn go_away(octets: &[u8]) -> Result<Payload, &'static str> {
    let (last, rest) = octets.split_first_chunk().ok_or("no room for the last stream")?;
    let (code, debug) = rest.split_first_chunk().ok_or("no room for the code")?;
    Ok(Payload::GoAway(number(*last) & 0x7fff_ffff, Code(number(*code)), debug.to_vec()))
}

fn priority_update(octets: &[u8]) -> Result<Payload, &'static str> {
    let (prioritized, value) = octets.split_first_chunk().ok_or("no room for the prioritized stream")?;
    Ok(Payload::PriorityUpdate(number(*prioritized) & 0x7fff_ffff, value.to_vec()))
}

fn exactly<const N: usize>(octets: &[u8]) -> Result<[u8; N], &'static str> {
    octets.try_into().map_err(|_| "a length that its type may not have")
}

const fn number(octets: [u8; 4]) -> u32 {
    u32::from_be_bytes(octets)
}

/// As the end of a line of a transcript.
impl fmt::Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Data(octets) | Self::Headers(octets) | Self::Continuation(octets) | Self::Unknown(octets) => {
                write!(f, ", {} octets", octets.len())
            }
            Self::Priority(parent, weight) => write!(f, ", below {parent}, weight {weight}"),
            Self::Reset(code) => write!(f, ", {code}"),
            Self::Settings(settings) => settings.iter().try_for_each(|(name, value)| write!(f, ", {name} {value}")),
            Self::SettingsAck => Ok(()),
            Self::PushPromise(promised, block) => write!(f, ", promising {promised}, {} octets", block.len()),
            Self::Ping(octets) | Self::PingAck(octets) => write!(f, ", {}", octets.escape_ascii()),
            Self::GoAway(last, code, debug) => {
                write!(f, ", last {last}, {code}, {:?}", debug.escape_ascii().to_string())
            }
            Self::WindowUpdate(by) => write!(f, ", {by} more"),
            Self::PriorityUpdate(stream, value) => write!(f, ", {stream}: {}", value.escape_ascii()),
        }
    }
}
