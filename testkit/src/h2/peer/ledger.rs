//! What the other end may send, and whether it sends more.

use std::collections::HashMap;

use crate::h2::code::Setting;

/// The windows that were granted. An increase counts as soon as it is said, a decrease when it is acknowledged.
///
/// Source:  RFC 9113 §6.9.
#[derive(Debug)]
pub(super) struct Ledger {
    connection: i64,
    streams: HashMap<u32, i64>,
    initial: i64,
    max_frame: u32,
    table: u32,
    may_push: bool,
    pending: std::collections::VecDeque<Vec<(Setting, u32)>>,
}

impl Default for Ledger {
    fn default() -> Self {
        Self {
            connection: 65_535,
            streams: HashMap::new(),
            initial: 65_535,
            max_frame: 16_384,
            table: 4096,
            may_push: true,
            pending: std::collections::VecDeque::new(),
        }
    }
}

impl Ledger {
    pub(super) fn grant(&mut self, stream: u32, octets: u32) {
        let octets = i64::from(octets);
        match stream {
            0 => self.connection += octets,
            _ => *self.streams.entry(stream).or_insert(self.initial) += octets,
        }
    }

    pub(super) fn set(&mut self, settings: &[(Setting, u32)]) {
        for (setting, value) in settings {
            match *setting {
                Setting::INITIAL_WINDOW_SIZE if i64::from(*value) > self.initial => self.initial(*value),
                Setting::MAX_FRAME_SIZE => self.max_frame = self.max_frame.max(*value),
                _ => {}
            }
        }
        self.pending.push_back(settings.to_vec());
    }

    /// The oldest settings were acknowledged. Gives the size of the dynamic table that holds now.
    pub(super) fn acknowledged(&mut self) -> Result<usize, &'static str> {
        let settings = self.pending.pop_front().ok_or("an acknowledgment of no SETTINGS")?;
        for (setting, value) in settings {
            match setting {
                Setting::INITIAL_WINDOW_SIZE => self.initial(value),
                Setting::MAX_FRAME_SIZE => self.max_frame = value,
                Setting::HEADER_TABLE_SIZE => self.table = value,
                Setting::ENABLE_PUSH => self.may_push = value == 1,
                _ => {}
            }
        }
        Ok(self.table as usize)
    }

    fn initial(&mut self, octets: u32) {
        let change = i64::from(octets) - self.initial;
        self.initial += change;
        self.streams.values_mut().for_each(|window| *window += change);
    }

    /// Whether a frame of this size is allowed.
    pub(super) fn admits(&self, octets: usize) -> bool {
        octets <= self.max_frame as usize
    }

    /// Whether PUSH_PROMISE is allowed.
    pub(super) fn may_push(&self) -> bool {
        self.may_push
    }

    /// Takes the octets of a DATA frame, padding too, from the windows.
    pub(super) fn take(&mut self, stream: u32, octets: usize) -> Result<(), &'static str> {
        let octets = octets as i64;
        self.connection -= octets;
        let window = self.streams.entry(stream).or_insert(self.initial);
        *window -= octets;
        if octets == 0 {
            return Ok(());
        }
        match (self.connection < 0, *window < 0) {
            (true, _) => Err("DATA beyond the window of the connection (§6.9.1)"),
            (_, true) => Err("DATA beyond the window of the stream (§6.9.1)"),
            _ => Ok(()),
        }
    }
}
