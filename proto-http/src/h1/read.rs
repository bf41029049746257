//! Content and trailers out of the inbound buffer.

use bytes::{Buf, Bytes};

use super::chunk;
use super::lines::{Bounds, Section};
use super::parse;
use super::state::{Chunk, Read, State};
use crate::fields::Fields;
use crate::framing::Framing;
use crate::rules::{Leniency, Rule};
use crate::trailers;
use crate::transfer::{Last, StreamError};

/// What follows a head.
#[derive(Debug)]
pub(super) enum Piece {
    Data(Bytes, Last),
    Trailers(Fields),
    NeedOctets,
    Done,
}

/// All extensions of a body may take this many times the longest line.
const EXTENSION_LINES: usize = 4;
/// What ends a chunked body after data, if there are no trailers.
const PLAIN_END: &[u8] = b"\r\n0\r\n\r\n";

impl State {
    /// Starts reading content as the head announced it; says whether there is none.
    pub(super) fn begin_content(&mut self, framing: Framing) -> Last {
        self.read = match framing {
            Framing::Empty | Framing::Length(0) => Read::Ended,
            Framing::Length(n) => Read::Length(n),
            Framing::Chunked => Read::Chunked { at: Chunk::Size, extensions: 0 },
            Framing::UntilClose => Read::UntilClose,
        };
        // A body that does not fit into a small buffer gets a large one at once.
        self.flows = matches!(framing, Framing::Length(n) if n > super::buffers::Size::Small.octets() as u64);
        if self.read == Read::Ended { Last::Yes } else { Last::No }
    }

    /// The next piece after the head.
    pub(super) fn next_piece(&mut self, most: Option<u64>) -> Result<Piece, StreamError> {
        let piece = match self.read {
            Read::Length(left) => self.of_length(left),
            Read::Chunked { at, extensions } => self.of_chunks(at, extensions),
            Read::UntilClose => Ok(self.until_close(Read::Ended)),
            Read::Raw => Ok(self.until_close(Read::RawEnded)),
            Read::Failed(error) => Err(error),
            Read::Head | Read::Ended | Read::RawEnded => Ok(Piece::Done),
        };
        match piece {
            Ok(Piece::Data(octets, last)) => self.count(octets, last, most),
            Ok(Piece::NeedOctets) if self.eof => Err(self.fail(StreamError::Truncated)),
            Ok(piece) => Ok(piece),
            Err(error) => Err(self.fail(error)),
        }
    }

    fn count(&mut self, octets: Bytes, last: Last, most: Option<u64>) -> Result<Piece, StreamError> {
        self.exchange.has_content = true;
        self.content_in += octets.len() as u64;
        if most.is_some_and(|most| self.content_in > most) && !matches!(self.read, Read::Raw | Read::RawEnded) {
            return Err(self.fail(StreamError::Malformed(Rule::BodyTooLarge)));
        }
        Ok(Piece::Data(octets, last))
    }

    /// Up to `left` octets of what is buffered.
    fn take(&mut self, left: u64) -> Bytes {
        let n = usize::try_from(left).map_or(self.inbound.len(), |left| left.min(self.inbound.len()));
        self.inbound.split_to(n).freeze()
    }

    fn of_length(&mut self, left: u64) -> Result<Piece, StreamError> {
        if self.inbound.is_empty() {
            return Ok(Piece::NeedOctets);
        }
        let octets = self.take(left);
        let left = left - octets.len() as u64;
        self.read = if left == 0 { Read::Ended } else { Read::Length(left) };
        Ok(Piece::Data(octets, if left == 0 { Last::Yes } else { Last::No }))
    }

    pub(super) fn bypassed_reading(&mut self, n: u64) {
        let Read::Length(left) = self.read else { return };
        debug_assert!(n <= left, "more than was announced");
        let left = left.saturating_sub(n);
        self.read = if left == 0 { Read::Ended } else { Read::Length(left) };
        self.exchange.has_content = true;
        self.content_in += n;
        self.octets_in += n;
    }

    fn until_close(&mut self, end: Read) -> Piece {
        if !self.inbound.is_empty() {
            return Piece::Data(self.take(u64::MAX), Last::No);
        }
        if !self.eof {
            return Piece::NeedOctets;
        }
        self.read = end;
        Piece::Data(Bytes::new(), Last::Yes)
    }

    fn of_chunks(&mut self, mut at: Chunk, mut extensions: u32) -> Result<Piece, StreamError> {
        loop {
            let step = match at {
                Chunk::Size => self.chunk_size(&mut extensions)?,
                Chunk::Data(left) => return Ok(self.chunk_data(left, extensions)),
                Chunk::DataEnd => self.chunk_end()?,
                Chunk::Trailers => return self.trailers(),
            };
            let Some(next) = step else { return Ok(Piece::NeedOctets) };
            at = next;
            self.read = Read::Chunked { at, extensions };
        }
    }

    fn chunk_size(&mut self, extensions: &mut u32) -> Result<Option<Chunk>, StreamError> {
        let most = self.config.limits.chunk_line_octets;
        let line = chunk::line(&self.inbound, &mut self.scan.searched, most).map_err(StreamError::Malformed)?;
        let Some(line) = line else { return Ok(None) };
        self.inbound.advance(line.length);
        *extensions += line.extension as u32;
        if *extensions as usize > most.saturating_mul(EXTENSION_LINES) {
            return Err(StreamError::Malformed(Rule::ChunkExtensionsTooLong));
        }
        Ok(Some(if line.size == 0 { Chunk::Trailers } else { Chunk::Data(line.size) }))
    }

    fn chunk_data(&mut self, left: u64, extensions: u32) -> Piece {
        if self.inbound.is_empty() {
            return Piece::NeedOctets;
        }
        let octets = self.take(left);
        let left = left - octets.len() as u64;
        if left == 0 && self.inbound.starts_with(PLAIN_END) {
            self.inbound.advance(PLAIN_END.len());
            self.read = Read::Ended;
            return Piece::Data(octets, Last::Yes);
        }
        let at = if left == 0 { Chunk::DataEnd } else { Chunk::Data(left) };
        self.read = Read::Chunked { at, extensions };
        Piece::Data(octets, Last::No)
    }

    fn chunk_end(&mut self) -> Result<Option<Chunk>, StreamError> {
        match self.inbound[..] {
            [b'\r', b'\n', ..] => self.inbound.advance(2),
            [] | [b'\r'] => return Ok(None),
            _ => return Err(StreamError::Malformed(Rule::ChunkEnd)),
        }
        Ok(Some(Chunk::Size))
    }

    fn trailers(&mut self) -> Result<Piece, StreamError> {
        if self.scan.is_fresh() && self.inbound.starts_with(b"\r\n") {
            self.inbound.advance(2);
            self.read = Read::Ended;
            return Ok(Piece::Data(Bytes::new(), Last::Yes));
        }
        let limits = self.config.limits;
        let bounds = Bounds { octets: limits.trailer_octets, fields: limits.trailer_fields, target: 0 };
        // No switch relaxes trailers.
        let found = self.scan.advance(&mut self.inbound, Section::Trailers, bounds, &Leniency::default(), |_| ());
        let Some(length) = found.map_err(StreamError::Malformed)? else { return Ok(Piece::NeedOctets) };
        let fields = self.trailer_fields(length).map_err(StreamError::Malformed)?;
        self.scan = super::lines::Scan::default();
        self.read = Read::Ended;
        if fields.is_empty() { Ok(Piece::Data(Bytes::new(), Last::Yes)) } else { Ok(Piece::Trailers(fields)) }
    }

    fn trailer_fields(&mut self, length: usize) -> Result<Fields, Rule> {
        let draft = parse::trailers(&self.inbound[..length], self.config.limits.trailer_fields)?;
        let mut fields = Fields::of_block(self.inbound.split_to(length).freeze(), draft);
        trailers::tidy(&mut fields, self.notes.names(), &self.config);
        Ok(fields)
    }
}
