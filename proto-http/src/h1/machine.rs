//! One connection: what was read and not yet given, what was taken and not yet written, and where in the messages both stand.

use std::io::IoSlice;
use std::marker::PhantomData;
use std::sync::Arc;

use bytes::BytesMut;

use super::Role;
use super::config::Config;
use super::outbox::Outbox;
use super::read::Piece;
use super::state::{Asked, Read, State, Write};
use crate::transfer::{Misuse, Part, StreamError};

/// Octets that may wait to be written before [`Machine::room`] says to flush first.
const HIGH_WATER: usize = 64 << 10;

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
///
/// ```text
///          received(n)              send(part)
///               │                       │
///   ┌───────────▼───────────────────────▼──────────┐
///   │ Head ─► content ─► Ended   Head ─► … ─► Ended │──► advance() ──► both at Head again
///   │   └── 101, 2xx to CONNECT ──► Raw both ways   │
///   └───────────┬───────────────────────┬──────────┘
///               ▼                       ▼
///            next()                 transmit()
/// ```
///
/// Cost: a head is parsed once; content is given as slices of the buffer it was read into; nothing is allocated in a steady exchange.
#[derive(Debug)]
pub struct Machine<R: Role> {
    pub(super) state: State,
    role: PhantomData<fn() -> R>,
}

impl<R: Role> Machine<R> {
    /// A connection on which nothing happened yet. Allocates nothing.
    pub fn new(config: Arc<Config>) -> Self {
        Self { state: State::new(config, BytesMut::new(), Outbox::default()), role: PhantomData }
    }

    /// A connection that carries raw octets from the start: the far end of a tunnel that ends here.
    pub fn tunnel(config: Arc<Config>) -> Self {
        let mut machine = Self::new(config);
        machine.state.read = Read::Raw;
        machine.state.write = Write::Raw;
        machine
    }

    // ---- octets in

    /// Where to read the next octets to: spare capacity of at least 1 octet follows the buffered ones. Append to it, then call
    /// [`Self::received`].
    pub fn space(&mut self) -> &mut BytesMut {
        self.state.make_room();
        &mut self.state.inbound
    }

    /// `n` octets were appended to the buffer of [`Self::space`]; 0 says that the peer will send no more (EOF).
    pub fn received(&mut self, n: usize) {
        self.state.received(n);
    }

    /// The next part of the message being read.
    ///
    /// # Errors
    /// The connection cannot go on reading; every later call gives the same error.
    #[expect(
        clippy::should_implement_trait,
        reason = "it fails, and goes on after it had nothing to give: no iterator"
    )]
    pub fn next(&mut self) -> Result<Next<R::Inbound>, StreamError> {
        if self.state.read == Read::Head {
            return self.next_head();
        }
        // The limit is on requests: what an origin sends is for the filters to judge.
        let most = if R::IS_SERVER { self.state.config.limits.body_octets } else { None };
        Ok(match self.state.next_piece(most)? {
            Piece::Data(octets, last) => Next::Part(Part::Data(octets, last)),
            Piece::Trailers(fields) => Next::Part(Part::Trailers(fields)),
            Piece::NeedOctets => Next::NeedOctets,
            Piece::Done => Next::Done,
        })
    }

    fn next_head(&mut self) -> Result<Next<R::Inbound>, StreamError> {
        let state = &mut self.state;
        if !state.inbound.is_empty() {
            match R::read_head(state) {
                Ok(Some((head, last))) => return Ok(Next::Part(Part::Head(head, last))),
                Ok(None) => {}
                Err(error) => return Err(state.fail(error)),
            }
        }
        if !state.eof {
            return Ok(Next::NeedOctets);
        }
        let is_begun = !state.inbound.is_empty() || state.exchange.interims > 0;
        Err(state.fail(if is_begun { StreamError::Truncated } else { StreamError::Closed }))
    }

    // ---- parts in

    /// Octets of content that may be pushed before the transmit queue is over its high-water mark; 0 is "flush first".
    pub fn room(&self) -> usize {
        HIGH_WATER.saturating_sub(self.state.out.pending())
    }

    /// Encodes a part into the transmit queue.
    ///
    /// A head that breaks a rule is not sent, and another one may be. Content that contradicts its announced length is not sent, and the
    /// message can never end well: drop the connection.
    ///
    /// # Errors
    /// [`StreamError::Misuse`]
    pub fn send(&mut self, part: Part<R::Outbound>) -> Result<(), StreamError> {
        let state = &mut self.state;
        let outcome = match part {
            Part::Head(head, last) if state.write == Write::Head => R::write_head(state, &head, last),
            Part::Head(..) => Err(Misuse::OutOfOrder),
            Part::Data(octets, last) => state.write_data(octets, last),
            Part::Trailers(fields) => state.write_trailers(&fields),
        };
        outcome.map_err(|misuse| self.refuse(misuse))
    }

    fn refuse(&mut self, misuse: Misuse) -> StreamError {
        self.state.close = true;
        let is_mid_message = matches!(self.state.write, Write::Length(_) | Write::Chunked | Write::UntilClose);
        if is_mid_message {
            self.state.write = Write::Failed(misuse);
        }
        StreamError::Misuse(misuse)
    }

    /// Whether octets wait to be written.
    pub fn wants_transmit(&self) -> bool {
        self.state.out.pending() > 0
    }

    /// Fills `slices` with octets to write, in order; gives how many slices were filled.
    pub fn transmit<'a>(&'a self, slices: &mut [IoSlice<'a>]) -> usize {
        self.state.out.slices(slices)
    }

    /// All octets to write, if they stand in one piece: what [`Self::transmit`] would fill one slice with. Empty if nothing waits.
    pub fn transmit_whole(&self) -> Option<&[u8]> {
        self.state.out.whole()
    }

    /// `n` octets were written.
    pub fn transmitted(&mut self, n: usize) {
        self.state.octets_out += n as u64;
        self.state.out.written(n);
    }

    /// After the queue is empty: the write side is to be shut down (close-delimited end, half-close of a tunnel, a last response).
    pub fn wants_shutdown(&self) -> bool {
        if self.wants_transmit() {
            return false;
        }
        self.state.write == Write::RawEnded || self.is_last()
    }

    /// Server: the response was taken to its end, and nothing will be written on this connection after it.
    pub fn is_last(&self) -> bool {
        R::IS_SERVER && self.state.write == Write::Ended && !self.state.persists()
    }

    // ---- questions

    /// Nothing of the current message was received yet (between messages).
    pub fn is_idle(&self) -> bool {
        self.state.read == Read::Head && self.state.inbound.is_empty() && self.state.exchange.interims == 0
    }

    /// Inside the head of the message being read: at least one octet, not all.
    pub fn is_mid_head(&self) -> bool {
        self.state.read == Read::Head && !self.state.inbound.is_empty()
    }

    /// Inside the content of the message being read, however long that is.
    pub fn is_mid_content(&self) -> bool {
        matches!(self.state.read, Read::Length(_) | Read::Chunked { .. } | Read::UntilClose)
    }

    /// The message being read was given to its end; a tunnel is at its end when the peer closed its side.
    pub fn is_read(&self) -> bool {
        matches!(self.state.read, Read::Ended | Read::RawEnded)
    }

    /// The message being written was taken to its end (perhaps not yet transmitted).
    pub fn is_written(&self) -> bool {
        matches!(self.state.write, Write::Ended | Write::RawEnded)
    }

    /// The message being written ends with the connection: its peer cannot tell an end from a cut, unless the cut is a reset.
    pub fn is_close_delimited(&self) -> bool {
        self.state.write == Write::UntilClose
    }

    /// The final head of the message being written was taken. Informational heads do not count: another answer is still possible.
    pub fn has_begun_writing(&self) -> bool {
        self.state.write != Write::Head
    }

    /// Both directions carry raw octets now.
    pub fn is_tunnel(&self) -> bool {
        matches!(self.state.read, Read::Raw | Read::RawEnded)
            || matches!(self.state.write, Write::Raw | Write::RawEnded)
    }

    /// Server: the peer waits for 100 (Continue) before it sends its content, and none was sent yet.
    pub fn awaits_continue(&self) -> bool {
        self.state.awaits_continue()
    }

    /// Whether the connection can carry another exchange once both messages are over.
    pub fn may_reuse(&self) -> bool {
        let state = &self.state;
        let is_whole = !matches!(state.read, Read::Failed(_)) && !matches!(state.write, Write::Failed(_));
        let has_next = R::IS_SERVER && state.asked != Asked::Connect;
        let rest_is_fine = if self.has_excess() { has_next } else { !state.eof };
        state.persists() && is_whole && rest_is_fine
    }

    /// Whether octets beyond the current message were received: a pipelined request (server), or something unasked for (client).
    pub fn has_excess(&self) -> bool {
        let is_over = self.state.read == Read::Ended
            || (self.state.read == Read::Head && self.state.asked == Asked::Nothing && !R::IS_SERVER);
        is_over && !self.state.inbound.is_empty()
    }

    /// Whether the peer said that it will send no more.
    pub fn is_eof(&self) -> bool {
        self.state.eof
    }

    /// Octets of content still to be read of a message with Content-Length; `None` if unknown.
    pub fn remaining(&self) -> Option<u64> {
        match self.state.read {
            Read::Length(left) => Some(left),
            Read::Ended => Some(0),
            _ => None,
        }
    }

    /// Octets received and not yet given.
    pub fn buffered(&self) -> usize {
        self.state.inbound.len()
    }

    /// The octets received and not yet given, to look at: what comes first may not be HTTP/1 at all.
    pub fn unread(&self) -> &[u8] {
        &self.state.inbound
    }

    /// Octets received since the connection began.
    pub fn read_octets(&self) -> u64 {
        self.state.octets_in
    }

    /// Octets transmitted since the connection began.
    pub fn written_octets(&self) -> u64 {
        self.state.octets_out
    }

    /// Octets of content given of the message being read; in a tunnel, the raw octets too.
    pub fn read_content(&self) -> u64 {
        self.state.content_in
    }

    /// Octets of content taken of the message being written; in a tunnel, the raw octets too.
    pub fn written_content(&self) -> u64 {
        self.state.content_out
    }

    // ---- content that comes and goes past the machine

    /// How many octets of the content being read may be taken from the peer without passing through here: what is left of an announced length,
    /// while nothing of it is buffered.
    pub fn may_bypass_reading(&self) -> Option<u64> {
        match self.state.read {
            Read::Length(left) if self.state.inbound.is_empty() && !self.state.eof => Some(left),
            _ => None,
        }
    }

    /// `n` octets of content, at most [`Self::may_bypass_reading`], were taken from the peer.
    pub fn bypassed_reading(&mut self, n: u64) {
        self.state.bypassed_reading(n);
    }

    /// Octets still to be written of content whose length was announced; `None` if it was not, or the head is still to be written.
    pub fn remaining_to_write(&self) -> Option<u64> {
        match self.state.write {
            Write::Length(left) => Some(left),
            _ => None,
        }
    }

    /// `n` octets of content, at most [`Self::remaining_to_write`], were given to the peer without passing through here, when nothing waited to
    /// be written. The end of the message is sent as any other is.
    pub fn bypassed_writing(&mut self, n: u64) {
        self.state.bypassed_writing(n);
    }

    // ---- life

    /// This exchange is the last on this connection: said in the head if it was not written yet.
    pub fn close_after(&mut self) {
        self.state.close = true;
    }

    /// This end said that the connection ends with this exchange, or will say so.
    pub const fn closes(&self) -> bool {
        self.state.close
    }

    /// The peer said that it sends nothing more after this exchange.
    pub const fn peer_closes(&self) -> bool {
        !self.state.exchange.persists
    }

    /// Both messages are over and [`Self::may_reuse`]: get ready for the next exchange. Does nothing otherwise.
    pub fn advance(&mut self) {
        if self.is_read() && self.is_written() && self.may_reuse() {
            self.state.reset();
        }
    }

    /// Gives buffers back to this thread's store: those that are empty, and whose octets nobody reads any more. Nothing is lost.
    pub fn release_buffers(&mut self) {
        self.state.release();
    }
}

impl State {
    /// Whether both ends want another exchange.
    pub(super) const fn persists(&self) -> bool {
        self.exchange.persists && !self.close
    }

    pub(super) fn awaits_continue(&self) -> bool {
        let content_has_come = self.exchange.has_content || !self.inbound.is_empty();
        let reads_content = matches!(self.read, Read::Length(_) | Read::Chunked { .. });
        self.exchange.expects && self.write == Write::Head && reads_content && !content_has_come
    }
}
