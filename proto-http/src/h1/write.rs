//! Content and trailers into the outbox.

use bytes::Bytes;

use super::chunk;
use super::state::{State, Write};
use crate::fields::Fields;
use crate::trailers;
use crate::transfer::{Last, Misuse};

const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

impl State {
    pub(super) fn write_data(&mut self, octets: Bytes, last: Last) -> Result<(), Misuse> {
        let n = octets.len() as u64;
        let next = match self.write {
            Write::Length(left) => {
                let next = length_after(left, n, last)?;
                self.pass(octets, next)
            }
            Write::Chunked => self.write_chunk(octets, last),
            Write::UntilClose => self.pass(octets, if last == Last::Yes { Write::Ended } else { Write::UntilClose }),
            Write::Raw => self.pass(octets, if last == Last::Yes { Write::RawEnded } else { Write::Raw }),
            Write::Nothing => {
                self.write = if last == Last::Yes { Write::Ended } else { Write::Nothing };
                return Ok(());
            }
            Write::Failed(misuse) => return Err(misuse),
            Write::Head | Write::Ended | Write::RawEnded => return Err(Misuse::OutOfOrder),
        };
        self.write = next;
        self.content_out += n;
        Ok(())
    }

    pub(super) fn write_trailers(&mut self, fields: &Fields) -> Result<(), Misuse> {
        match self.write {
            Write::Length(1..) => return Err(Misuse::TooShort),
            Write::Chunked => self.out.copy(|out| {
                out.extend_from_slice(b"0\r\n");
                trailers::to_send(fields).write_to(out, 0);
                out.extend_from_slice(b"\r\n");
            }),
            // There is no place for them: the length or the end of the connection frames the content.
            Write::Length(0) | Write::UntilClose | Write::Nothing => {}
            Write::Failed(misuse) => return Err(misuse),
            Write::Head | Write::Ended | Write::Raw | Write::RawEnded => return Err(Misuse::OutOfOrder),
        }
        self.write = Write::Ended;
        Ok(())
    }

    pub(super) fn bypassed_writing(&mut self, n: u64) {
        let Write::Length(left) = self.write else { return };
        debug_assert!(n <= left, "more than was announced");
        self.write = Write::Length(left.saturating_sub(n));
        self.content_out += n;
        self.octets_out += n;
    }

    fn pass(&mut self, octets: Bytes, next: Write) -> Write {
        self.out.push(octets);
        next
    }

    fn write_chunk(&mut self, octets: Bytes, last: Last) -> Write {
        if !octets.is_empty() {
            self.out.copy(|out| chunk::write(out, octets.len()));
            self.out.push(octets);
            self.out.copy(|out| out.extend_from_slice(b"\r\n"));
        }
        if last == Last::No {
            return Write::Chunked;
        }
        self.out.copy(|out| out.extend_from_slice(LAST_CHUNK));
        Write::Ended
    }
}

/// What is left of an announced length after `n` more octets.
fn length_after(left: u64, n: u64, last: Last) -> Result<Write, Misuse> {
    match (left.checked_sub(n), last) {
        (None, _) => Err(Misuse::TooLong),
        (Some(0), Last::Yes) => Ok(Write::Ended),
        (Some(_), Last::Yes) => Err(Misuse::TooShort),
        (Some(left), Last::No) => Ok(Write::Length(left)),
    }
}
