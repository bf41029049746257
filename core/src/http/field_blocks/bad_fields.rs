//! The streams with a pseudo-header field where there must be none, until those who read them ask.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

/// Streams of one connection. Whoever reads a message asks for its stream.
#[derive(Debug, Default)]
pub(in crate::http) struct BadFields {
    some: AtomicBool,
    streams: Mutex<Vec<u32>>,
}

/// Streams that may wait to be asked for: more are not opened at a time.
const MOST: usize = 1024;

impl BadFields {
    /// A message on this stream is malformed. One of too many takes the place of the oldest.
    pub(in crate::http) fn add(&self, stream: u32) {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        if streams.len() >= MOST {
            streams.remove(0);
        }
        streams.push(stream);
        self.some.store(true, Ordering::Release);
    }

    /// Whether one on this stream is; asked once.
    pub(in crate::http) fn take(&self, stream: u32) -> bool {
        if !self.some.load(Ordering::Acquire) {
            return false;
        }
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let found = streams.iter().position(|bad| *bad == stream);
        if let Some(at) = found {
            streams.swap_remove(at);
            self.some.store(!streams.is_empty(), Ordering::Release);
        }
        found.is_some()
    }
}
