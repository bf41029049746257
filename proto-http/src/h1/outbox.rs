//! Octets to write: small ones copied into one buffer, large ones queued as they came.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io::IoSlice;

use bytes::{Buf, Bytes};

/// Content up to this size is copied: cheaper than another slice of a vectored write.
const COPIED: usize = 2 << 10;
/// Written octets that may stand at the front of the buffer before the rest moves up.
const FRONT: usize = 16 << 10;
/// A buffer of more is not kept once all of it is written.
const LARGE: usize = 16 << 10;
/// Buffers kept per thread, and the largest that is worth keeping.
const SPARES: usize = 256;
const SPARE_OCTETS: usize = 8 << 10;
const SPARE_PIECES: usize = 64;
/// What a new buffer begins with.
const FIRST: usize = 2 << 10;

/// Octets in order: copied ones with large ones in between. Without memory while nothing waits.
#[derive(Debug, Default)]
pub(super) struct Outbox(Option<Box<Waiting>>);

#[derive(Debug)]
struct Waiting {
    copied: Vec<u8>,
    /// Octets of `copied` that are written.
    sent: usize,
    queue: VecDeque<Piece>,
    /// Octets not yet written.
    pending: usize,
}

/// Octets that go out after the first `at` copied ones.
#[derive(Debug)]
struct Piece {
    at: usize,
    octets: Bytes,
}

impl Outbox {
    pub(super) fn pending(&self) -> usize {
        self.0.as_ref().map_or(0, |waiting| waiting.pending)
    }

    /// Lets `write` append to the copied octets.
    pub(super) fn copy(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        self.waiting().copy(write);
    }

    /// Appends content.
    pub(super) fn push(&mut self, octets: Bytes) {
        let waiting = self.waiting();
        if octets.len() <= COPIED {
            waiting.copy(|out| out.extend_from_slice(&octets));
            return;
        }
        waiting.pending += octets.len();
        waiting.queue.push_back(Piece { at: waiting.copied.len(), octets });
    }

    fn waiting(&mut self) -> &mut Waiting {
        self.0.get_or_insert_with(spare)
    }

    /// Fills slices in order; gives how many.
    pub(super) fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        self.0.as_ref().map_or(0, |waiting| waiting.slices(slices))
    }

    /// All octets to write, if they stand in one piece.
    pub(super) fn whole(&self) -> Option<&[u8]> {
        self.0.as_ref().filter(|waiting| waiting.queue.is_empty()).map(|waiting| &waiting.copied[waiting.sent..])
    }

    /// `n` octets were written.
    pub(super) fn written(&mut self, n: usize) {
        if let Some(waiting) = &mut self.0 {
            waiting.written(n);
        }
    }

    /// Gives the memory back if nothing is waiting.
    pub(super) fn release(&mut self) {
        if let Some(waiting) = self.0.take_if(|waiting| waiting.pending == 0) {
            give_back(waiting);
        }
    }
}

impl Waiting {
    fn copy(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let before = self.copied.len();
        write(&mut self.copied);
        self.pending += self.copied.len() - before;
    }

    fn slices<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        let mut filled = 0;
        let mut put = |octets: &'a [u8]| {
            if octets.is_empty() {
                return true;
            }
            let Some(slot) = slices.get_mut(filled) else { return false };
            *slot = IoSlice::new(octets);
            filled += 1;
            true
        };
        let mut at = self.sent;
        for piece in &self.queue {
            if !put(&self.copied[at..piece.at]) || !put(&piece.octets) {
                return filled;
            }
            at = piece.at;
        }
        put(&self.copied[at..]);
        filled
    }

    fn written(&mut self, n: usize) {
        debug_assert!(n <= self.pending);
        if n >= self.pending {
            self.clear();
            return;
        }
        self.pending -= n;
        self.skip(n);
        if self.sent >= FRONT {
            self.move_up();
        }
    }

    fn skip(&mut self, mut n: usize) {
        while n > 0 {
            let end = self.queue.front().map_or(self.copied.len(), |piece| piece.at);
            let step = n.min(end - self.sent);
            self.sent += step;
            n -= step;
            let Some(piece) = self.queue.front_mut() else { return };
            let step = n.min(piece.octets.len());
            piece.octets.advance(step);
            n -= step;
            if piece.octets.is_empty() {
                self.queue.pop_front();
            }
        }
    }

    fn move_up(&mut self) {
        self.copied.drain(..self.sent);
        for piece in &mut self.queue {
            piece.at -= self.sent;
        }
        self.sent = 0;
    }

    fn clear(&mut self) {
        if self.copied.capacity() > LARGE {
            // A large head is not to take its room for as long as an answer takes.
            self.copied = Vec::new();
        }
        self.copied.clear();
        if !self.queue.is_empty() {
            self.queue.clear();
        }
        self.sent = 0;
        self.pending = 0;
    }
}

thread_local! {
    #[expect(clippy::vec_box, reason = "what is kept is the boxes")]
    static SPARE: RefCell<Vec<Box<Waiting>>> = const { RefCell::new(Vec::new()) };
}

fn spare() -> Box<Waiting> {
    let kept = SPARE.try_with(|spare| spare.try_borrow_mut().ok()?.pop()).ok().flatten();
    kept.unwrap_or_else(|| {
        Box::new(Waiting { copied: Vec::with_capacity(FIRST), sent: 0, queue: VecDeque::new(), pending: 0 })
    })
}

/// Takes back what has nothing waiting in it.
fn give_back(waiting: Box<Waiting>) {
    if waiting.copied.capacity() > SPARE_OCTETS || waiting.queue.capacity() > SPARE_PIECES {
        return;
    }
    // While a thread ends there is no store any more, and the memory is freed.
    let _ = SPARE.try_with(|spare| {
        let Ok(mut spare) = spare.try_borrow_mut() else { return };
        if spare.capacity() == 0 {
            spare.reserve_exact(SPARES);
        }
        if spare.len() < SPARES {
            spare.push(waiting);
        }
    });
}

#[cfg(test)]
mod tests;
