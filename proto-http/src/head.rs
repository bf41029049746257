//! Heads of requests and responses in the neutral form.

mod convert;

use bytes::Bytes;
use http::{Method, StatusCode, Version};

use crate::fields::{Fields, Known};
use crate::priority::Priority;
use crate::target::Target;

/// The head of a request.
#[derive(Clone, Debug)]
pub struct RequestHead {
    /// The method.
    pub method: Method,
    /// The target, byte for byte as it was received.
    pub target: Target,
    /// The version it was received in; an encoder writes its own.
    pub version: Version,
    /// The protocol the sender wants to switch to (RFC 9110 §7.8, RFC 8441 `:protocol`): `None` on an ordinary request.
    pub upgrade: Option<Bytes>,
    /// The fields. Framing fields that belong to the transfer (Transfer-Encoding) are not among them.
    pub fields: Fields,
}

/// The head of a response.
#[derive(Clone, Debug)]
pub struct ResponseHead {
    /// The status.
    pub status: StatusCode,
    /// The version it was received in; an encoder writes its own.
    pub version: Version,
    /// The reason phrase if it was not the standard one (HTTP/1 only).
    pub reason: Option<Bytes>,
    /// With 101: the protocol that was switched to.
    pub upgrade: Option<Bytes>,
    /// The fields. Framing fields that belong to the transfer (Transfer-Encoding) are not among them.
    pub fields: Fields,
}

impl RequestHead {
    /// A head with no fields, version HTTP/1.1.
    pub const fn new(method: Method, target: Target) -> Self {
        Self { method, target, version: Version::HTTP_11, upgrade: None, fields: Fields::new() }
    }

    /// What [`Self::authority`] gives, to keep: shares the received octets.
    pub fn authority_bytes(&self) -> Option<Bytes> {
        match self.target.authority() {
            Some(authority) => Some(self.target.to_bytes().slice_ref(authority)),
            None => self.fields.shared(Known::Host),
        }
    }

    /// The authority this request is for: that of an absolute-form or authority-form target, else the Host field.
    pub fn authority(&self) -> Option<&[u8]> {
        self.target.authority().or_else(|| self.fields.get(Known::Host))
    }

    /// How urgent the response is to the client (RFC 9218). The field goes on to the origin as it is.
    pub fn priority(&self) -> Priority {
        Priority::of(&self.fields)
    }

    /// Whether the sender waits for 100 (Continue) before it sends content (RFC 9110 §10.1.1). Version 1.0 has no such thing.
    pub fn expects_continue(&self) -> bool {
        self.version != Version::HTTP_10
            && self.fields.elements(Known::Expect).any(|value| value.eq_ignore_ascii_case(b"100-continue"))
    }
}

impl ResponseHead {
    /// What the server says of the priority that the client asked for (RFC 9218 §8): see [`Priority::merged`].
    pub fn priority(&self) -> Priority {
        Priority::of(&self.fields)
    }

    /// A head with no fields, version HTTP/1.1.
    pub const fn new(status: StatusCode) -> Self {
        Self { status, version: Version::HTTP_11, reason: None, upgrade: None, fields: Fields::new() }
    }

    /// Whether this is an informational response (1xx) after which another head follows. 101 is final.
    pub fn is_interim(&self) -> bool {
        self.status.is_informational() && self.status != StatusCode::SWITCHING_PROTOCOLS
    }
}

#[cfg(test)]
mod tests;
