//! Responses made here, not by an origin.

use bytes::Bytes;
use http::StatusCode;
use simplon_core::{Error, Kind};
use simplon_proto_http::ResponseHead;
use simplon_proto_http::fields::{AsName, FieldError};

/// A whole response. Framing follows from the body: nobody sets Content-Length by hand.
#[derive(Clone, Debug)]
pub struct Response {
    /// The head.
    pub head: ResponseHead,
    /// The content.
    pub body: Bytes,
}

impl Response {
    /// A response without content.
    pub fn new(status: StatusCode) -> Self {
        Self { head: ResponseHead::new(status), body: Bytes::new() }
    }

    /// A response of plain text.
    pub fn text(status: StatusCode, text: impl Into<Bytes>) -> Self {
        let mut response = Self::new(status).body(text);
        let added = response.head.fields.set("Content-Type", "text/plain; charset=utf-8");
        debug_assert_eq!(added, Ok(()));
        response
    }

    /// With this content.
    #[must_use]
    pub fn body(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self
    }

    /// With one more field.
    ///
    /// # Errors
    /// Name or value is not well-formed.
    pub fn field(mut self, name: impl AsName, value: impl AsRef<[u8]>) -> Result<Self, FieldError> {
        self.head.fields.append(name, value)?;
        Ok(self)
    }
}

/// The error by which a filter gives a request up with a status: [`crate::Rescue`] makes the response.
pub fn reject(status: StatusCode) -> Error {
    Error::internal(Kind::Rejected(status))
}
