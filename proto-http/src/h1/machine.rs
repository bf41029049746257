//! One connection: what was read and not yet given, what was taken and not yet written, and where in the messages both stand.

use std::io::IoSlice;
use std::marker::PhantomData;

use bytes::BytesMut;

use super::Role;
use crate::limits::Limits;
use crate::rules::Leniency;
use crate::transfer::{Part, StreamError};

/// What all connections of one listener or one connector share.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Config {
    /// Bounds.
    pub limits: Limits,
    /// Relaxed rows of the rule table.
    pub leniency: Leniency,
}

/// What the machine can give now.
#[derive(Debug)]
pub enum Next<H> {
    /// A part of the message being read.
    Part(Part<H>),
    /// More octets are needed.
    NeedOctets,
    /// The message being read is complete (and, before a first octet, `NeedOctets` is what you get).
    Done,
}

/// One HTTP/1 connection as seen by one end of it.
#[derive(Debug)]
pub struct Machine<R: Role> {
    config: std::sync::Arc<Config>,
    inbound: BytesMut,
    role: PhantomData<fn() -> R>,
}

impl<R: Role> Machine<R> {
    /// A connection on which nothing happened yet. Allocates nothing.
    pub fn new(config: std::sync::Arc<Config>) -> Self { Self { config, inbound: BytesMut::new(), role: PhantomData } }

    // ---- octets in
    /// Where to read the next octets to: spare capacity of at least 1 octet follows the buffered ones. Append to it, then call [`Self::received`].
    pub fn space(&mut self) -> &mut BytesMut { &mut self.inbound }
    /// `n` octets were appended to the buffer of [`Self::space`]; 0 says that the peer will send no more (EOF).
    pub fn received(&mut self, n: usize) { let _ = n; }
    /// The next part of the message being read.
    ///
    /// # Errors
    /// The connection cannot go on reading; every later call gives the same error.
    pub fn next(&mut self) -> Result<Next<R::Inbound>, StreamError> { Ok(Next::NeedOctets) }

    // ---- parts in
    /// Octets of content that may be pushed before the transmit queue is over its high-water mark; 0 is "flush first".
    pub fn room(&self) -> usize { 0 }
    /// Encodes a part into the transmit queue.
    ///
    /// # Errors
    /// [`StreamError::Misuse`]
    pub fn send(&mut self, part: Part<R::Outbound>) -> Result<(), StreamError> { let _ = part; Ok(()) }
    /// Whether octets wait to be written.
    pub fn wants_transmit(&self) -> bool { false }
    /// Fills `slices` with octets to write, in order; gives how many slices were filled.
    pub fn transmit<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize { let _ = slices; 0 }
    /// `n` octets were written.
    pub fn transmitted(&mut self, n: usize) { let _ = n; }
    /// After the queue is empty: the write side is to be shut down (close-delimited end, half-close of a tunnel, …).
    pub fn wants_shutdown(&self) -> bool { false }

    // ---- questions
    /// Nothing of the current message was received yet (between messages).
    pub fn is_idle(&self) -> bool { self.inbound.is_empty() }
    /// Inside the head of the message being read: at least one octet, not all.
    pub fn is_mid_head(&self) -> bool { false }
    /// The message being read was given to its end.
    pub fn is_read(&self) -> bool { false }
    /// The message being written was taken to its end (perhaps not yet transmitted).
    pub fn is_written(&self) -> bool { false }
    /// Anything of the message being written was taken.
    pub fn has_begun_writing(&self) -> bool { false }
    /// Both directions carry raw octets now.
    pub fn is_tunnel(&self) -> bool { false }
    /// Server: the peer waits for 100 (Continue) before it sends its content, and none was sent yet.
    pub fn awaits_continue(&self) -> bool { false }
    /// Whether the connection can carry another exchange once both messages are over.
    pub fn may_reuse(&self) -> bool { false }
    /// Whether octets beyond the current message were received: a pipelined request (server), or something unasked for (client).
    pub fn has_excess(&self) -> bool { false }
    /// Octets of content still to be read of a message with Content-Length; `None` if unknown.
    pub fn remaining(&self) -> Option<u64> { None }

    // ---- life
    /// This exchange is the last on this connection: said in the head if it was not written yet.
    pub fn close_after(&mut self) {}
    /// Both messages are over and [`Self::may_reuse`]: get ready for the next exchange.
    pub fn advance(&mut self) {}
    /// Gives buffers back to this thread's store. Only what is empty is given back; nothing is lost.
    pub fn release_buffers(&mut self) {}
}
