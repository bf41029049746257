//! What the bridge reads and writes, for fuzz targets.

use bytes::Bytes;
use simplon_proto_http::{Fields, RequestHead};

use super::base64::{self, Decoder};
use super::{WebCall, frame};

/// The octets of some text that comes in pieces. `None` if it is not base64, or ends within a group.
pub fn decode<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Option<Vec<u8>> {
    let mut decoder = Decoder::default();
    let mut octets = Vec::new();
    for piece in pieces {
        octets.extend_from_slice(&decoder.decode(piece)?);
    }
    decoder.is_whole().then_some(octets)
}

/// Octets as text.
pub fn encode(octets: &[u8]) -> Bytes {
    base64::encode(octets)
}

/// Trailers as a frame.
pub fn trailers(fields: &Fields) -> Bytes {
    frame::trailers(fields)
}

/// What becomes of a request's head: the media types of the request and of its answer; those of gRPC itself if it is left alone.
pub fn begin(head: &mut RequestHead) -> (&'static str, &'static str) {
    let call = WebCall::begin(head).unwrap_or_default();
    (call.request.media_type(), call.response.media_type())
}
