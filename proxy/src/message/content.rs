//! Content that was read before its time, and goes on as if it had not been.

use std::future::poll_fn;
use std::task::{Context, Poll};

use bytes::{Bytes, BytesMut};
use simplon_proto_http::rules::Rule;
use simplon_proto_http::transfer::{Last, Part, StreamError};

use crate::chunk::{Chunk, Kept};

/// What [`crate::Request::collect`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Collected {
    /// All of the content.
    Whole(Bytes),
    /// There is more than the limit allows. Nothing is lost: the content still moves on as it came.
    Over,
}

/// The content of one message: first what was held back, then what the leg still yields.
#[derive(Debug)]
pub(crate) struct Content {
    held: Kept,
    octets: usize,
    /// Whether the leg has nothing more.
    over: Last,
    /// Octets that the leg gave.
    came: u64,
    limit: u64,
    /// It has, or announces, more than the limit.
    excess: bool,
}

impl Content {
    /// Of a message whose head was just read.
    pub(crate) fn new(head: Last) -> Self {
        Self { held: Kept::default(), octets: 0, over: head, came: 0, limit: u64::MAX, excess: false }
    }

    /// Takes at most so many octets from the leg, which announces that so many are still to come.
    pub(crate) fn limit(&mut self, octets: u64, announced: Option<u64>) {
        self.limit = octets;
        self.excess = self.came.saturating_add(announced.unwrap_or(0)) > octets;
    }

    /// Refuses what is known to be more than the limit.
    pub(crate) fn check(&self) -> Result<(), StreamError> {
        if self.excess { Err(StreamError::Malformed(Rule::BodyTooLarge)) } else { Ok(()) }
    }

    /// Whether nothing is held and nothing follows.
    pub(crate) fn is_over(&self) -> bool {
        self.over == Last::Yes && self.held.is_empty()
    }

    /// Whether anything is held.
    pub(crate) fn holds(&self) -> bool {
        !self.held.is_empty()
    }

    /// Takes the earliest chunk that is held.
    pub(crate) fn take_held(&mut self) -> Option<Chunk> {
        let chunk = self.held.pop()?;
        self.octets -= chunk.len();
        Some(chunk)
    }

    /// The next chunk, held or from the leg.
    pub(crate) fn poll_next<H>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<Result<Option<Part<H>>, StreamError>>,
    ) -> Poll<Result<Option<Chunk>, StreamError>> {
        match self.take_held() {
            Some(chunk) => Poll::Ready(Ok(Some(chunk))),
            None if self.over == Last::Yes => Poll::Ready(Ok(None)),
            None => self.poll_leg(cx, poll),
        }
    }

    fn poll_leg<H>(
        &mut self,
        cx: &mut Context<'_>,
        poll: impl FnOnce(&mut Context<'_>) -> Poll<Result<Option<Part<H>>, StreamError>>,
    ) -> Poll<Result<Option<Chunk>, StreamError>> {
        self.check()?;
        poll(cx).map(|part| {
            let chunk = part?.and_then(Chunk::from_part);
            self.came = self.came.saturating_add(chunk.as_ref().map_or(0, Chunk::len) as u64);
            self.excess = self.came > self.limit;
            self.check()?;
            self.over = chunk.as_ref().map_or(Last::Yes, Chunk::last);
            Ok(chunk)
        })
    }

    /// Reads on until at least `octets` are held or nothing follows.
    pub(crate) async fn fill<H>(
        &mut self,
        octets: usize,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<Result<Option<Part<H>>, StreamError>>,
    ) -> Result<(), StreamError> {
        while self.octets < octets && self.over == Last::No {
            if let Some(chunk) = poll_fn(|cx| self.poll_leg(cx, &mut poll)).await? {
                self.octets += chunk.len();
                self.held.push(chunk);
            }
        }
        Ok(())
    }

    /// What is held, at most `limit` octets of it, in one piece.
    pub(crate) fn prefix(&self, limit: usize) -> Bytes {
        let mut pieces = self.held.iter().filter_map(|chunk| match chunk {
            Chunk::Data(octets, _) if !octets.is_empty() => Some(octets),
            _ => None,
        });
        let Some(first) = pieces.next() else { return Bytes::new() };
        if first.len() > limit {
            // Whoever keeps a beginning keeps no more than that.
            return Bytes::copy_from_slice(&first[..limit]);
        }
        if first.len() == limit || self.octets == first.len() {
            return first.clone();
        }
        let mut whole = BytesMut::with_capacity(self.octets.min(limit));
        for piece in std::iter::once(first).chain(pieces) {
            whole.extend_from_slice(&piece[..piece.len().min(limit - whole.len())]);
        }
        whole.freeze()
    }

    /// What is held, if it is all there is and no more than `limit`.
    pub(crate) fn collected(&self, limit: usize) -> Collected {
        if self.over == Last::Yes && self.octets <= limit {
            Collected::Whole(self.prefix(limit))
        } else {
            Collected::Over
        }
    }

    /// Puts other content in place of all there was and all that follows.
    pub(crate) fn replace(&mut self, content: Bytes) {
        self.held.clear();
        self.octets = content.len();
        self.over = Last::Yes;
        if !content.is_empty() {
            self.held.put(content, Last::Yes);
        }
    }
}
