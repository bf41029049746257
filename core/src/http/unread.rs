//! The streams of a connection whose content may wait to be read.

use simplon_proto_http::h2::Unread;

/// Small frames of DATA that are read before what waits is copied together: until then each may pin a buffer of 32 KiB.
pub(super) const MOST_SMALL_DATA: u32 = 32;

/// Frames of DATA too small for any message that may wait to be read on a connection of a client. They take next to no memory, but nobody has a
/// use for so many.
pub(super) const MOST_CRUMBS: u32 = 1500;

/// The streams that have content, and some that had.
#[derive(Debug, Default)]
pub(super) struct Backlog(Vec<Unread>);

impl Backlog {
    /// One more stream has content.
    pub(super) fn add(&mut self, unread: Unread) {
        if self.0.len() == self.0.capacity() {
            self.forget_gone();
        }
        self.0.push(unread);
    }

    /// Copies together what waits, so that it takes about as much memory as it has octets. Gives how many frames too small for any message are
    /// among it.
    pub(super) fn compact(&mut self) -> u32 {
        let mut crumbs = 0_u32;
        self.0.retain(|unread| {
            let more = unread.compact();
            crumbs = crumbs.saturating_add(more.unwrap_or(0));
            more.is_some()
        });
        crumbs
    }

    /// Streams that nobody reads any more are let go.
    pub(super) fn forget_gone(&mut self) {
        self.0.retain(|unread| !unread.is_gone());
    }
}
