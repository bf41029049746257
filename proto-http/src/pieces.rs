//! Content that is kept for longer than it takes to pass it on, without the buffers that it was read into.
//!
//! A piece of content is a view of what was read from a socket, and keeps all of that: of a frame of one octet its padding too, and the frames of
//! other streams beside it. Whatever may be much smaller than its buffer is therefore copied, small pieces together. What is kept takes at most
//! twice as much memory as it has octets, and a little for each [`BLOCK`] octets.

use bytes::{Bytes, BytesMut};

/// A piece of so many octets is kept as it is: no buffer that is read into is more than twice as large.
pub const LARGE: usize = 32 << 10;
/// What small pieces are joined to at most.
pub const BLOCK: usize = 16 << 10;

/// Keeps a piece behind `last`, the piece that was kept before it, if it may be joined to that. Gives what is to be kept by itself.
///
/// Cost:    one copy of a piece that is not [`LARGE`].
///
/// ```
/// use bytes::Bytes;
/// use simplon_proto_http::pieces::keep;
///
/// let read = Bytes::from(vec![b'x'; 64 << 10]);
/// let mut first = keep(None, read.slice(..1)).unwrap();
/// assert_eq!(keep(Some(&mut first), read.slice(1..3)), None);
/// assert_eq!(first, "xxx");
/// assert!(read.is_unique());
/// ```
pub fn keep(last: Option<&mut Bytes>, octets: Bytes) -> Option<Bytes> {
    if octets.len() >= LARGE {
        return Some(octets);
    }
    match last {
        Some(last) if last.len() + octets.len() <= BLOCK => {
            if !octets.is_empty() {
                *last = joined(std::mem::take(last), &octets);
            }
            None
        }
        _ => Some(Bytes::copy_from_slice(&octets)),
    }
}

/// A piece without the buffer that it was read into, where that may be much larger than itself and hold what belongs to others.
pub fn own(octets: Bytes) -> Bytes {
    if octets.len() < BLOCK { Bytes::copy_from_slice(&octets) } else { octets }
}

/// Both in one piece, in place where the first is nobody else's.
fn joined(before: Bytes, octets: &[u8]) -> Bytes {
    let mut whole = before.try_into_mut().unwrap_or_else(|before| {
        let mut copy = BytesMut::with_capacity((before.len() + octets.len()).next_power_of_two());
        copy.extend_from_slice(&before);
        copy
    });
    whole.extend_from_slice(octets);
    whole.freeze()
}
