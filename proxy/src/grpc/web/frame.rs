//! Trailers as a frame of content.

use bytes::{BufMut, Bytes, BytesMut};
use simplon_proto_http::Fields;

/// A flag, the length in four octets, and the trailers as lines of HTTP/1 with names in lower case.
///
/// Cost:    O(trailers); one allocation.
/// Source:  gRPC-Web, "Message framing".
pub(super) fn trailers(fields: &Fields) -> Bytes {
    let octets = fields.octets() + fields.len() * 4;
    let mut frame = BytesMut::with_capacity(5 + octets);
    frame.put_u8(IS_TRAILERS);
    // A list of fields is bounded far below this.
    frame.put_u32(u32::try_from(octets).unwrap_or(u32::MAX));
    for (name, value) in fields.iter() {
        frame.extend(name.iter().map(u8::to_ascii_lowercase));
        frame.extend_from_slice(b": ");
        frame.extend_from_slice(value);
        frame.extend_from_slice(b"\r\n");
    }
    frame.freeze()
}

/// The most significant bit of a frame's flags.
const IS_TRAILERS: u8 = 0x80;

#[cfg(test)]
mod tests;
