//! What this peer may send.

use std::collections::HashMap;

/// The windows that the other end granted.
///
/// Source:  RFC 9113 §6.9.
#[derive(Debug)]
pub(super) struct Room {
    connection: i64,
    streams: HashMap<u32, i64>,
    initial: i64,
}

impl Default for Room {
    fn default() -> Self {
        Self { connection: 65_535, streams: HashMap::new(), initial: 65_535 }
    }
}

impl Room {
    pub(super) fn grant(&mut self, stream: u32, octets: u32) {
        match stream {
            0 => self.connection += i64::from(octets),
            _ => *self.streams.entry(stream).or_insert(self.initial) += i64::from(octets),
        }
    }

    pub(super) fn initial(&mut self, octets: u32) {
        let change = i64::from(octets) - self.initial;
        self.initial += change;
        self.streams.values_mut().for_each(|window| *window += change);
    }

    pub(super) fn take(&mut self, stream: u32, octets: usize) {
        self.connection -= octets as i64;
        *self.streams.entry(stream).or_insert(self.initial) -= octets as i64;
    }

    /// How many octets of content may be sent on the connection as a whole.
    pub(super) fn of_connection(&self) -> usize {
        usize::try_from(self.connection).unwrap_or(0)
    }

    /// How many octets of content may be sent on the stream, as far as the connection lets it.
    pub(super) fn of(&self, stream: u32) -> usize {
        let stream = self.streams.get(&stream).copied().unwrap_or(self.initial);
        usize::try_from(stream.min(self.connection)).unwrap_or(0)
    }
}
