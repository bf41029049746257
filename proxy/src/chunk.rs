//! Pieces of a message's content, as filters see them.

use bytes::{Bytes, BytesMut};
use simplon_proto_http::Fields;
use simplon_proto_http::transfer::{Last, Part};

use crate::queue::Queue;

/// A piece of content.
#[derive(Clone, Debug)]
pub enum Chunk {
    /// Octets; may be empty when it only carries the end.
    Data(Bytes, Last),
    /// The trailer section; always last.
    Trailers(Fields),
}

impl Chunk {
    /// Whether nothing follows.
    pub fn last(&self) -> Last {
        match self {
            Self::Data(_, last) => *last,
            Self::Trailers(_) => Last::Yes,
        }
    }

    /// Octets of content.
    pub fn len(&self) -> usize {
        match self {
            Self::Data(octets, _) => octets.len(),
            Self::Trailers(_) => 0,
        }
    }

    /// Whether it holds no content.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub(crate) fn into_part<H>(self) -> Part<H> {
        match self {
            Self::Data(octets, last) => Part::Data(octets, last),
            Self::Trailers(fields) => Part::Trailers(fields),
        }
    }

    /// `None` for a head.
    pub(crate) fn from_part<H>(part: Part<H>) -> Option<Self> {
        match part {
            Part::Head(..) => None,
            Part::Data(octets, last) => Some(Self::Data(octets, last)),
            Part::Trailers(fields) => Some(Self::Trailers(fields)),
        }
    }
}

/// Where a filter puts what goes on. Nothing put is "held back"; several are "split" or "appended".
///
/// One chunk is kept in place, so that a filter which passes on what it got costs no allocation.
#[derive(Debug, Default)]
pub struct Chunks {
    first: Option<Chunk>,
    rest: Queue<Chunk>,
}

impl Chunks {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts a chunk after those put before.
    pub fn push(&mut self, chunk: Chunk) {
        match self.first {
            None => self.first = Some(chunk),
            Some(_) => self.rest.push(chunk),
        }
    }

    /// Takes the earliest.
    pub fn pop(&mut self) -> Option<Chunk> {
        let first = self.first.take();
        self.first = self.rest.pop();
        first
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.first.is_none()
    }
}

/// Chunks that are kept for longer than it takes to pass them on.
///
/// A chunk is a view of what was read from a socket, and keeps all of that: of a frame of one octet its padding too, and the frames of other
/// streams beside it. Whatever may be much smaller than its buffer is therefore copied, small ones together, so that what is kept takes at most
/// twice as much memory as it has octets, and a little for each [`JOINED`] octets.
///
/// Cost:    one copy of what is kept.
#[derive(Debug, Default)]
pub(crate) struct Kept(Queue<Chunk>);

/// Chunks of so many octets are left as they are: no buffer that is read into is more than twice as large.
const LARGE: usize = 32 << 10;
/// What small ones are joined to at most.
const JOINED: usize = 16 << 10;

impl Kept {
    pub(crate) fn push(&mut self, chunk: Chunk) {
        match chunk {
            Chunk::Data(octets, last) if octets.len() < LARGE => self.copy(&octets, last),
            chunk => self.0.push(chunk),
        }
    }

    /// Octets that are no view of what the network sent are kept as they are.
    pub(crate) fn put(&mut self, octets: Bytes, last: Last) {
        self.0.push(Chunk::Data(octets, last));
    }

    fn copy(&mut self, octets: &[u8], last: Last) {
        if let Some(Chunk::Data(before, ended)) = self.0.last_mut()
            && *ended == Last::No
            && before.len() + octets.len() <= JOINED
        {
            *before = joined(std::mem::take(before), octets);
            *ended = last;
        } else {
            self.0.push(Chunk::Data(Bytes::copy_from_slice(octets), last));
        }
    }

    pub(crate) fn pop(&mut self) -> Option<Chunk> {
        self.0.pop()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Chunk> {
        self.0.iter()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lets go of all, and of the room for them.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }
}

/// Both in one piece, in place where the first is nobody else's.
fn joined(before: Bytes, octets: &[u8]) -> Bytes {
    if octets.is_empty() {
        return before;
    }
    let mut whole = before.try_into_mut().unwrap_or_else(|before| {
        let mut copy = BytesMut::with_capacity((before.len() + octets.len()).next_power_of_two());
        copy.extend_from_slice(&before);
        copy
    });
    whole.extend_from_slice(octets);
    whole.freeze()
}

#[cfg(test)]
mod tests;
