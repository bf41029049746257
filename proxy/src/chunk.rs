//! Pieces of a message's content, as filters see them.

use bytes::Bytes;
use simplon_proto_http::transfer::{Last, Part};
use simplon_proto_http::{Fields, pieces};

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

/// Chunks that are kept for longer than it takes to pass them on, without the buffers that they were read into: see [`pieces`].
#[derive(Debug, Default)]
pub(crate) struct Kept(Queue<Chunk>);

impl Kept {
    pub(crate) fn push(&mut self, chunk: Chunk) {
        let chunk = match chunk {
            Chunk::Data(octets, last) => match self.keep(octets, last) {
                Some(octets) => Chunk::Data(octets, last),
                None => return,
            },
            trailers @ Chunk::Trailers(_) => trailers,
        };
        self.0.push(chunk);
    }

    fn keep(&mut self, octets: Bytes, last: Last) -> Option<Bytes> {
        let Some(Chunk::Data(before, ended @ Last::No)) = self.0.last_mut() else { return pieces::keep(None, octets) };
        let alone = pieces::keep(Some(before), octets);
        if alone.is_none() {
            *ended = last;
        }
        alone
    }

    /// Octets that are no view of what the network sent are kept as they are.
    pub(crate) fn put(&mut self, octets: Bytes, last: Last) {
        self.0.push(Chunk::Data(octets, last));
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

#[cfg(test)]
mod tests;
