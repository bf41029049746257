//! The text of a status, on the wire.

use std::fmt::Write;

/// The value of `grpc-message` for this text: visible ASCII and spaces as they are, all else and the percent sign as `%XX` of its UTF-8.
///
/// Cost:    O(text); one allocation unless much is encoded.
/// Source:  gRPC over HTTP/2, "Responses", Percent-Encoded.
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for octet in text.bytes() {
        match octet {
            b'%' | ..0x20 | 0x7f.. => drop(write!(encoded, "%{octet:02X}")),
            _ => encoded.push(char::from(octet)),
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
