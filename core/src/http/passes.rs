//! Small pieces of content that may wait to be written on a connection of HTTP/2.
//!
//! The `h2` crate takes some hundred octets of memory for each piece that it was handed, and bounds their octets alone. So a stream hands over so
//! many small ones before all that there was to write has been written, and no more.

use std::task::{Context, Poll, Waker};

/// Pieces of fewer octets are small.
pub(super) const SMALL: usize = 1 << 10;
/// Small pieces of one stream that may wait.
const MOST: u32 = 64;

/// How often all that there was to write was written, and who waits for the next time.
#[derive(Debug, Default)]
pub(super) struct Passes {
    count: u64,
    waiting: Vec<Waker>,
}

/// Small pieces that a stream has handed over since then.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Handed {
    pass: u64,
    pieces: u32,
}

impl Handed {
    /// One more.
    pub(super) const fn add(&mut self) {
        self.pieces += 1;
    }

    /// Whether [`Passes`] are to be asked before there are more.
    pub(super) const fn is_many(&self) -> bool {
        self.pieces >= MOST
    }
}

impl Passes {
    /// By the driver: all was written.
    pub(super) fn pass(&mut self) {
        self.count = self.count.wrapping_add(1);
        self.waiting.drain(..).for_each(Waker::wake);
    }

    /// By a stream that has handed over many: ready once these were written.
    pub(super) fn poll(&mut self, handed: &mut Handed, cx: &Context<'_>) -> Poll<()> {
        if handed.pass != self.count {
            *handed = Handed { pass: self.count, pieces: 0 };
            return Poll::Ready(());
        }
        if !self.waiting.iter().any(|waiting| waiting.will_wake(cx.waker())) {
            self.waiting.push(cx.waker().clone());
        }
        Poll::Pending
    }
}
