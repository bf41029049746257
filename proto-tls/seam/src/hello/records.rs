//! From records to a handshake message (RFC 8446 §5.1): fragments of any size are joined.

use bytes::{Bytes, BytesMut};

use crate::error::Reason;

/// Content type of a handshake record.
const HANDSHAKE: u8 = 22;
/// Octets of plaintext that a record may hold.
const MOST_IN_RECORD: usize = 1 << 14;
/// Octets before the fragment: type, version, length.
const RECORD_HEAD: usize = 5;
/// Octets before the body of a handshake message: type, length.
const MESSAGE_HEAD: usize = 4;

/// How far records were taken apart.
#[derive(Debug, Default)]
pub(super) struct Scan {
    at: usize,
    message: BytesMut,
}

impl Scan {
    /// The first handshake message, once it is whole. `octets` is all that came so far; what was seen is not looked at again.
    pub(super) fn message(&mut self, octets: &[u8], most: usize) -> Result<Option<Bytes>, Reason> {
        while let Some(fragment) = self.fragment(octets)? {
            self.message.extend_from_slice(fragment);
            if let Some(&[kind, a, b, c]) = self.message.first_chunk::<MESSAGE_HEAD>() {
                let whole = MESSAGE_HEAD + (usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c));
                if kind != 1 {
                    return Err(Reason::Malformed);
                }
                // However it came cut, what it is in counts with it.
                if whole.max(self.at) > most {
                    return Err(Reason::HelloTooLarge);
                }
                if self.message.len() > whole {
                    // Nothing may follow a ClientHello before it is answered.
                    return Err(Reason::Malformed);
                }
                if self.message.len() == whole {
                    return Ok(Some(self.message.split().freeze()));
                }
            }
        }
        if octets.len() > most { Err(Reason::HelloTooLarge) } else { Ok(None) }
    }

    fn fragment<'a>(&mut self, octets: &'a [u8]) -> Result<Option<&'a [u8]>, Reason> {
        let rest = &octets[self.at..];
        let is_foreign = rest.first().is_some_and(|kind| *kind != HANDSHAKE) || rest.get(1).is_some_and(|v| *v != 3);
        if is_foreign {
            return Err(Reason::Malformed);
        }
        let Some(head) = rest.first_chunk::<RECORD_HEAD>() else { return Ok(None) };
        let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
        if length == 0 || length > MOST_IN_RECORD {
            return Err(Reason::Malformed);
        }
        let Some(fragment) = rest.get(RECORD_HEAD..RECORD_HEAD + length) else { return Ok(None) };
        self.at += RECORD_HEAD + length;
        Ok(Some(fragment))
    }
}
